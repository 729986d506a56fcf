/** Operators that pick and move single elements. */
import { copyElements, materialize, newTensor, viewOf } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail } from '../errors.ts';
import { contiguousStrides, numelOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';

/** [..., C r², H, W] to [..., C, H r, W r]. Canonical: (x, upscaleFactor). */
export const pixelShuffle: (x: Tensor, upscaleFactor: number) => Tensor = defineOperator({
  name: 'pixelShuffle',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number] => {
    checkTensor('pixelShuffle', 'input', x);
    const { upscaleFactor: r } = bindArguments<{ upscaleFactor: number }>(
      'pixelShuffle',
      ['upscaleFactor'],
      rest,
    );
    if (r === undefined || !Number.isInteger(r) || r < 1) {
      fail('pixelShuffle', 'pixel_shuffle expects a positive upscale_factor', 'an integer >= 1', String(r));
    }
    if (x.ndim < 3) {
      fail(
        'pixelShuffle',
        `pixel_shuffle expects input to have at least 3 dimensions, but got input with ${x.ndim} dimension(s)`,
      );
    }
    if (x.shape.at(-3)! % (r * r) !== 0) {
      fail(
        'pixelShuffle',
        `pixel_shuffle expects its input's 'channel' dimension to be divisible by the square of upscale_factor, but input.size(-3)=${x.shape.at(-3)} is not divisible by ${r * r}`,
      );
    }
    return [x, r];
  },
  forward: (x: Tensor, r: number) => {
    const [channels, height, width] = x.shape.slice(-3) as [number, number, number];
    const batch = x.shape.slice(0, -3);
    const count = numelOf(batch);
    const dense = materialize(x);
    const area = height * width;
    // [n, c, r, r, h, w] read in the order [n, c, h, r, w, r].
    const shape = [count, channels / (r * r), height, r, width, r];
    const strides = [channels * area, r * r * area, width, r * area, 1, area];
    const output = newTensor([...batch, channels / (r * r), height * r, width * r], x.dtype);
    copyElements(viewOf(dense, shape, strides), viewOf(output, shape, contiguousStrides(shape)));
    return output;
  },
  derivatives: [
    (grad, [x, r]) => {
      const batch = x.shape.slice(0, -3);
      const [channels, height, width] = x.shape.slice(-3) as [number, number, number];
      const n = batch.length;
      return grad
        .reshape([...batch, channels / (r * r), height, r, width, r])
        .permute([...batch.keys(), n, n + 2, n + 4, n + 1, n + 3])
        .reshape(x.shape);
    },
    null,
  ],
});

/** Picking and moving elements as methods. */
export interface IndexingMethods {
  /** [..., C r², H, W] to [..., C, H r, W r]. */
  pixelShuffle(upscaleFactor: number): Tensor;
}
