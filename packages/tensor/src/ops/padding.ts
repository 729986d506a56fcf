/** Padding of tensors in all modes. */
import { pad as enginePad } from '@sconce/engine';
import { copyElements, denseCopy, fillElements, materialize, newTensor, sliceOf } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail, showSizes } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { narrowView, selectView } from '../views.ts';

/** How {@link pad} fills. */
export type PadMode = 'constant' | 'reflect' | 'replicate' | 'circular';

/** Options of {@link pad}. */
export interface PadOptions {
  readonly mode?: PadMode;
  /** The constant: 0 by default. */
  readonly value?: number | boolean | null;
}

/** Signature of {@link pad}. */
export interface PadOperator {
  (x: Tensor, pads: readonly number[], mode?: PadMode, value?: number | boolean | null): Tensor;
  (x: Tensor, pads: readonly number[], options?: PadOptions): Tensor;
}

/**
 * Elements added before and after, from the last dimension on: [left, right, top, bottom, ...]. Negative numbers crop.
 * Canonical: (x, pads, { mode, value }).
 */
export const pad: PadOperator = defineOperator({
  name: 'pad',
  normalize: (
    x: Tensor,
    pads: readonly number[],
    ...rest: unknown[]
  ): [Tensor, readonly number[], { mode: PadMode; value: number | boolean }] => {
    checkTensor('pad', 'input', x);
    const { mode = 'constant', value = 0 } = bindArguments<PadOptions>('pad', ['mode', 'value'], rest);
    if (pads.length % 2 !== 0) fail('pad', 'Padding length must be divisible by 2');
    if (pads.length / 2 > x.ndim) {
      fail(
        'pad',
        `Padding length should be less than or equal to two times the input dimension but got padding length ${pads.length} and input of dimension ${x.ndim}`,
      );
    }
    pads.forEach((_, i) => {
      if (i % 2 === 1) return;
      const dim = x.ndim - 1 - i / 2;
      checkPadding(x.shape[dim]!, [pads[i]!, pads[i + 1]!], mode, dim, x.shape);
    });
    return [x, pads, { mode, value: value ?? 0 }];
  },
  forward: (x: Tensor, pads: readonly number[], { mode, value }) => {
    const before = x.shape.map((_, d) => pads[2 * (x.ndim - 1 - d)] ?? 0);
    const after = x.shape.map((_, d) => pads[2 * (x.ndim - 1 - d) + 1] ?? 0);
    if (x.dtype === 'float32' && (mode !== 'circular' || pads.every((count) => count >= 0))) {
      return padOnEngine(x, before, after, mode, Number(value));
    }
    if (mode === 'constant') return padConstant(x, before, after, value);
    if (x.dtype === 'bool' && mode !== 'circular') {
      fail('pad', `"${mode === 'reflect' ? 'reflection' : 'replication'}_pad2d" not implemented for 'Bool'`);
    }
    if (mode === 'circular') {
      // Cropping comes first: what is cut off does not come round on the other side.
      const crop = (pads: readonly number[]): number[] => pads.map((count) => Math.min(count, 0));
      const grow = (pads: readonly number[]): number[] => pads.map((count) => Math.max(count, 0));
      const [cropped, [front, back]] = [
        padConstant(x, crop(before), crop(after), 0),
        [grow(before), grow(after)],
      ];
      return x.shape.reduce((result, _, d) => padByIndex(result, d, front[d]!, back[d]!, mode), cropped);
    }
    return x.shape.reduce((result, _, d) => padByIndex(result, d, before[d]!, after[d]!, mode), denseCopy(x));
  },
});

function checkPadding(
  size: number,
  [before, after]: readonly [number, number],
  mode: PadMode,
  dim: number,
  shape: readonly number[],
): void {
  const largest = Math.max(before, after);
  if (!Number.isInteger(before) || !Number.isInteger(after)) {
    fail('pad', 'padding must be integers', 'integers', `${before}, ${after}`);
  }
  if (!['constant', 'reflect', 'replicate', 'circular'].includes(mode)) {
    fail(
      'pad',
      `Unrecognised padding mode ${String(mode)}`,
      'constant, reflect, replicate or circular',
      String(mode),
    );
  }
  if (mode === 'reflect' && largest >= size && largest > 0) {
    fail(
      'pad',
      `Padding size should be less than the corresponding input dimension, but got: padding (${before}, ${after}) at dimension ${dim} of input ${showSizes(shape)}`,
    );
  }
  if (mode === 'circular' && largest > size) {
    fail('pad', 'Padding value causes wrapping around more than once.');
  }
  if (mode === 'replicate' && size === 0 && largest > 0) {
    fail(
      'pad',
      'cannot replicate an edge of a dimension without elements',
      'a non-empty dimension',
      showSizes(shape),
    );
  }
  if (size + before + after < 0) {
    fail(
      'pad',
      `The input size ${size}, plus negative padding ${before} and ${after}, resulted in a negative output size, which is invalid. Check dimension ${dim} of your input.`,
    );
  }
}

function padOnEngine(
  x: Tensor,
  before: readonly number[],
  after: readonly number[],
  mode: PadMode,
  value: number,
): Tensor {
  const pads = x.shape.map((_, d) => [before[d]!, after[d]!] as const);
  const output = newTensor(
    x.shape.map((size, d) => size + before[d]! + after[d]!),
    x.dtype,
  );
  enginePad({ x: sliceOf(materialize(x)), y: sliceOf(output), shape: x.shape, pads, mode, value });
  return output;
}

function padConstant(
  x: Tensor,
  before: readonly number[],
  after: readonly number[],
  value: number | boolean,
): Tensor {
  const output = newTensor(
    x.shape.map((size, d) => size + before[d]! + after[d]!),
    x.dtype,
  );
  fillElements(output, value);
  let from = x;
  let to = output;
  x.shape.forEach((size, d) => {
    const length = Math.max(size + Math.min(before[d]!, 0) + Math.min(after[d]!, 0), 0);
    from = narrowView(from, d, Math.max(-before[d]!, 0), length);
    to = narrowView(to, d, Math.max(before[d]!, 0), length);
  });
  copyElements(from, to);
  return output;
}

/** Pads one dimension by copying the slices that the mode puts outside. */
function padByIndex(x: Tensor, dim: number, before: number, after: number, mode: PadMode): Tensor {
  if (before === 0 && after === 0) return x;
  const size = x.shape[dim]!;
  const output = newTensor(x.shape.with(dim, size + before + after), x.dtype);
  const source = (i: number): number => {
    if (mode === 'replicate') return Math.min(Math.max(i, 0), size - 1);
    if (mode === 'circular') return ((i % size) + size) % size;
    return i < 0 ? -i : i >= size ? 2 * (size - 1) - i : i;
  };
  for (let i = 0; i < size + before + after; i++) {
    copyElements(selectView(x, dim, source(i - before)), selectView(output, dim, i));
  }
  return output;
}

/** Padding as methods. */
export interface PaddingMethods {
  /**
   * Elements added before and after, from the last dimension on: [left, right, top, bottom, ...]. Negative
   * numbers crop.
   */
  pad(pads: readonly number[], options?: PadOptions): Tensor;
  pad(pads: readonly number[], mode?: PadMode, value?: number | boolean | null): Tensor;
}
