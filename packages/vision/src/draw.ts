/** Draws boxes on images, through sharp. */
import type { Tensor } from '@sconce/tensor';
import sharp from 'sharp';
import { convertImage, createImage, type Image } from './image.ts';
import { boxesSvg, type DrawOptions } from './overlay.ts';

/**
 * The image with boxes and labels drawn on it, in RGB (RGBA if it has alpha), as `torchvision.utils.draw_bounding_boxes`.
 *
 * @param boxes rows `[x1, y1, x2, y2]` in pixels, as lists or as a tensor `[n, 4]`
 * @throws {VisionError} when a box, colour or count is not valid
 */
export async function drawBoundingBoxes(
  image: Image,
  boxes: Tensor | readonly (readonly number[])[],
  options: DrawOptions = {},
): Promise<Image> {
  const overlay = Buffer.from(boxesSvg(image, boxes, options));
  const { width, height, channels, data } = image.channels === 4 ? image : convertImage(image, 3);
  const drawn = sharp(data, { raw: { width, height, channels } }).composite([{ input: overlay }]);
  const { data: pixels, info } = await (channels === 4 ? drawn : drawn.removeAlpha())
    .raw()
    .toBuffer({ resolveWithObject: true });
  const bytes = new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength);
  return createImage(info.width, info.height, info.channels, bytes);
}
