/** Images and tensors: torchvision's `ToTensor`, `Normalize`, and back. */
import { div, fromTypedArray, sub, Tensor } from '@sconce/tensor';
import { VisionError } from './errors.ts';
import { type Channels, createImage, type Image } from './image.ts';
import { clamp8 } from './rounding.ts';

/** The image as a float32 tensor `[channels, height, width]` of values from 0 to 1 (torchvision's `ToTensor`). */
export function toTensor(image: Image): Tensor {
  const { width, height, channels } = image;
  const planes = toPlanes(image);
  for (let i = 0; i < planes.length; i++) planes[i] = planes[i]! / 255;
  return fromTypedArray(planes, [channels, height, width]);
}

/** The pixels as they are, plane after plane (CHW). */
export function toPlanes(image: Image): Float32Array {
  const { channels, data } = image;
  const count = image.width * image.height;
  const planes = new Float32Array(data.length);
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < count; i++) planes[c * count + i] = data[i * channels + c]!;
  }
  return planes;
}

/**
 * A tensor `[channels, height, width]` or `[height, width]` as an image. Floating-point values are taken from 0 to 1,
 * clamped and rounded (torchvision's `save_image`); uint8 values as they are.
 *
 * @throws {VisionError} when the shape or the dtype is not that of an image
 */
export function toImage(tensor: Tensor): Image {
  const { shape, dtype } = tensor;
  const [channels, height, width] = shape.length === 2 ? [1, ...shape] : shape;
  if (shape.length < 2 || shape.length > 3 || ![1, 3, 4].includes(channels!) || tensor.numel() === 0) {
    const expected = '[height, width] or [channels, height, width] with 1, 3 or 4 channels';
    throw new VisionError('toImage', `expected a tensor ${expected}, got [${shape.join(', ')}]`);
  }
  const isFloat = tensor.isFloatingPoint();
  if (!isFloat && dtype !== 'uint8')
    throw new VisionError('toImage', `expected floating point or uint8, got ${dtype}`);
  const planes = tensor.toTypedArray() as Float32Array | Float64Array | Uint8Array;
  const count = height! * width!;
  const data = new Uint8Array(planes.length);
  for (let c = 0; c < channels!; c++) {
    for (let i = 0; i < count; i++) {
      const value = planes[c * count + i]!;
      data[i * channels! + c] = isFloat ? toByte(value) : value;
    }
  }
  return createImage(width!, height!, channels as Channels, data);
}

/** `value * 255` to the nearest integer, rounded in float32 as PyTorch does. */
function toByte(value: number): number {
  return Math.floor(clamp8(Math.fround(Math.fround(value * 255) + 0.5)));
}

/**
 * `(tensor - mean) / std` for each channel (torchvision's `Normalize`).
 *
 * @param tensor `[..., channels, height, width]`, floating point
 * @param mean one number per channel
 * @param std one number per channel, none of them 0
 * @throws {VisionError} when the tensor is not floating point, or a count does not agree with its channels
 */
export function normalize(tensor: Tensor, mean: readonly number[], std: readonly number[]): Tensor {
  const { shape, dtype } = tensor;
  if (!tensor.isFloatingPoint())
    throw new VisionError('normalize', `expected a floating-point tensor, got ${dtype}`);
  if (shape.length < 3) {
    const got = `[${shape.join(', ')}]`;
    throw new VisionError('normalize', `expected a tensor [..., channels, height, width], got ${got}`);
  }
  const channels = shape.at(-3)!;
  for (const [name, values] of Object.entries({ mean, std })) {
    if (values.length !== channels && values.length !== 1) {
      throw new VisionError('normalize', `expected ${channels} numbers in ${name}, got ${values.length}`);
    }
  }
  if (std.some((value) => value === 0))
    throw new VisionError('normalize', 'expected numbers other than 0 in std');
  return div(sub(tensor, perChannel(mean, tensor)), perChannel(std, tensor));
}

function perChannel(values: readonly number[], like: Tensor): Tensor {
  return fromTypedArray(Float64Array.from(values), [values.length, 1, 1], { dtype: like.dtype });
}

/** Boxes or scores given as a tensor or as plain lists, as plain lists. */
export function toRows(
  operation: string,
  boxes: Tensor | readonly (readonly number[])[],
): readonly (readonly number[])[] {
  if (!(boxes instanceof Tensor)) return boxes;
  if (boxes.ndim !== 2)
    throw new VisionError(operation, `expected boxes [n, 4], got [${boxes.shape.join(', ')}]`);
  return boxes.tolist() as unknown as number[][];
}
