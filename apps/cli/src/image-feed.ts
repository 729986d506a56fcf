/** Turns an image file into the tensor that a model's image input asks for. */
import type { InferenceSession } from '@sconce/onnx';
import type { Tensor } from '@sconce/tensor';
import { convertImage, normalize, readImage, resize, toTensor } from '@sconce/vision';
import { UsageError } from './errors.ts';

/** How pixels become numbers, where the model does not say. */
export interface ImageOptions {
  readonly size?: readonly [number, number];
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
}

/**
 * The image as the model's image input: resized to the input's height and width, its channels converted to the
 * input's count (1 grayscale, 3 RGB, 4 with alpha), pixels in 0..1, then `(x - mean) / std`.
 *
 * @param given names of inputs that are fed otherwise
 * @throws {UsageError} when the model has no single input of shape [batch, channels, height, width], or its size is
 *   open and none is given
 */
export async function imageFeed(
  session: InferenceSession,
  path: string,
  options: ImageOptions,
  given: readonly string[],
): Promise<{ name: string; tensor: Tensor }> {
  const candidates = session.inputs.filter(({ name, shape }) => !given.includes(name) && shape?.length === 4);
  const [input] = candidates;
  if (input === undefined || candidates.length > 1) {
    const inputs = session.inputs.map(({ name, shape }) => `${name} [${shape?.join(', ') ?? '?'}]`);
    throw new UsageError(
      `--image: expected a model with one input [batch, channels, height, width], got ${inputs.join(', ')}`,
    );
  }
  const [, channels, height, width] = input.shape ?? [];
  const fixed =
    typeof height === 'number' && typeof width === 'number' ? ([height, width] as const) : undefined;
  const photograph = await readImage(path);
  const image =
    typeof channels === 'number' ? convertImage(photograph, channelCount(channels, input.name)) : photograph;
  const size = fixed ?? options.size ?? ([image.height, image.width] as const);
  const normalized = normalize(toTensor(resize(image, size)), options.mean ?? [0], options.std ?? [1]);
  return { name: input.name, tensor: normalized.unsqueeze(0) };
}

function channelCount(channels: number, input: string): 1 | 3 | 4 {
  if (channels === 1 || channels === 3 || channels === 4) return channels;
  throw new UsageError(`--image: input ${input}: expected 1, 3 or 4 channels, got ${channels}`);
}
