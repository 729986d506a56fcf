/** Images for models, in Node: the face of `@sconce/vision`. */
export * from './common.ts';
export { drawBoundingBoxes } from './draw.ts';
export { ImageFolder, type ImageFolderOptions } from './image-folder.ts';
export { getImageNumChannels, readImage } from './read.ts';
export { encodeImage, type ImageFormat, writeImage } from './write.ts';
