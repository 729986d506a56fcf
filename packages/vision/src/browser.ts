/** Images from and to what browsers have: `ImageData` and `ImageBitmap`. */
import { VisionError } from './errors.ts';
import { convertImage, createImage, type Image } from './image.ts';

/** The pixels of a canvas (`context.getImageData`), RGBA. The image holds a copy. */
export function fromImageData(imageData: ImageData): Image {
  const { width, height, data } = imageData;
  return createImage(width, height, 4, Uint8Array.from(data));
}

/**
 * A decoded picture (`createImageBitmap(blob)`), RGBA.
 *
 * @throws {VisionError} when the browser has no canvas to read it through
 */
export function fromImageBitmap(bitmap: ImageBitmap): Image {
  const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext('2d', {
    willReadFrequently: true,
  });
  if (!context) throw new VisionError('fromImageBitmap', 'expected a 2D canvas, got none from this browser');
  context.drawImage(bitmap, 0, 0);
  return fromImageData(context.getImageData(0, 0, bitmap.width, bitmap.height));
}

/** The image as `ImageData`, for `context.putImageData`. */
export function toImageData(image: Image): ImageData {
  const { width, height, data } = convertImage(image, 4);
  return new ImageData(new Uint8ClampedArray(data), width, height);
}
