/** What the package offers everywhere, in Node and in browsers. */
export { type Box, boxArea, boxIou, intersectionArea, nms } from './boxes.ts';
export type { Color } from './color.ts';
export type { Colormap } from './colormap.ts';
export { centerCrop, crop, type PadOptions, pad } from './crop.ts';
export {
  DETECTOR_METADATA_KEY,
  type Detection,
  type DetectorInput,
  type DetectorSettings,
  decodeDetections,
  parseDetectorSettings,
  prepareDetection,
} from './detection.ts';
export { VisionError } from './errors.ts';
export { type FeatureMapOptions, visualizeFeatureMaps } from './feature-maps.ts';
export { horizontalFlip, type RandomFlipOptions, randomHorizontalFlip } from './flip.ts';
export { type HeatmapOptions, overlayHeatmap } from './heatmap.ts';
export { type Channels, convertImage, createImage, type Image } from './image.ts';
export { type KernelOptions, visualizeKernels } from './kernels.ts';
export type { HookedModel, HookedModule } from './models.ts';
export { boxesSvg, type DrawOptions } from './overlay.ts';
export { type ResizeOptions, resize } from './resize.ts';
export { normalize, toImage, toTensor } from './tensor.ts';
