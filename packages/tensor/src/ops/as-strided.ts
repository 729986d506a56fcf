/** Views under any strides, and what their gradient is. */
import { viewOf } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { zeros } from '../creation.ts';
import { defineOperator } from '../dispatcher.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail, showSizes } from '../errors.ts';
import { arange } from '../ranges.ts';
import { checkSizes, extentOf, mayOverlap } from '../shape.ts';
import type { Tensor } from '../tensor.ts';

type AsStrided = [x: Tensor, size: readonly number[], stride: readonly number[], offset: number];

/** Where elements lie in memory. */
interface StridedLayout {
  readonly size: readonly number[];
  readonly stride: readonly number[];
  readonly storageOffset: number | null;
}

/** Signature of {@link asStrided}. */
export type AsStridedOperator = (
  x: Tensor,
  size: readonly number[],
  stride: readonly number[],
  storageOffset?: number | null | { readonly storageOffset?: number | null },
) => Tensor;

/**
 * A view of the tensor's memory under any sizes and strides, from element `storageOffset` of the storage on (the
 * tensor's own offset if left out). Canonical: (x, size, stride, storageOffset).
 * @throws TensorError where the view would reach out of the storage
 */
export const asStrided: AsStridedOperator = defineOperator({
  name: 'asStrided',
  normalize: (x: Tensor, ...rest: unknown[]): AsStrided => {
    checkTensor('asStrided', 'input', x);
    const names = ['size', 'stride', 'storageOffset'] as const;
    const { size, stride, storageOffset } = bindArguments<StridedLayout>('asStrided', names, rest);
    if (size === undefined || stride === undefined)
      fail('asStrided', 'missing argument, expected size and stride');
    checkSizes('asStrided', size);
    if (size.length !== stride.length) fail('asStrided', 'mismatch in length of strides and shape');
    if (!stride.every((step) => Number.isSafeInteger(step) && step >= 0)) {
      fail(
        'asStrided',
        `as_strided: Negative strides are not supported at the moment, got strides: ${showSizes(stride)}`,
      );
    }
    const offset = storageOffset ?? x.offset;
    const { bytes } = dtypeInfo(x.dtype);
    const needed = (offset + extentOf(size, stride)) * bytes;
    if (!Number.isSafeInteger(offset) || offset < 0 || needed > x.storage.byteLength) {
      fail(
        'asStrided',
        `setStorage: sizes ${showSizes(size)}, strides ${showSizes(stride)}, storage offset ${offset}, and itemsize ${bytes} requiring a storage size of ${needed} are out of bounds for storage of size ${x.storage.byteLength}`,
      );
    }
    return [x, size, stride, offset];
  },
  forward: (x: Tensor, size: readonly number[], stride: readonly number[], offset: number) =>
    viewOf(x, [...size], [...stride], offset),
  view: true,
  derivatives: [
    (grad, [x, size, stride, offset]) => {
      // All memory that either of the two sees, as one line.
      const first = Math.min(x.offset, offset);
      const end = Math.max(x.offset + extentOf(x.shape, x.strides), offset + extentOf(size, stride));
      const at = offset - first;
      let line = zeros([end - first], { dtype: grad.dtype });
      if (mayOverlap(size, stride)) {
        const places = arange(end - first)
          .asStrided(size, stride, at)
          .reshape(-1);
        line = line.indexAdd(0, places, grad.reshape(-1));
      } else line.asStrided(size, stride, at).copy_(grad);
      return line.asStrided(x.shape, x.strides, x.offset - first);
    },
  ],
});

/** Views under any strides as methods. */
export interface AsStridedMethods {
  /** A view of the tensor's memory under any sizes and strides. */
  asStrided(
    size: readonly number[],
    stride: readonly number[],
    storageOffset?: number | null | { readonly storageOffset?: number | null },
  ): Tensor;
}
