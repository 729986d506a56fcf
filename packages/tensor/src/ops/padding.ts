/** Padding of tensors in all modes. */
import { pad as enginePad } from '@sconce/engine';
import {
  cast,
  copyElements,
  denseCopy,
  fillElements,
  int64Tensor,
  materialize,
  newTensor,
  sliceOf,
} from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail, showSizes } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { narrowView } from '../views.ts';
import { layoutOf } from './axis-taps.ts';
import { computeDType } from './elementwise-core.ts';
import { flatFloats } from './plane-places.ts';

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
    const padded = x.shape.reduce((result, size, d) => {
      if (before[d] === 0 && after[d] === 0) return result;
      const places = sourcesOf(size, before[d]!, after[d]!, mode);
      return result.indexSelect(d, int64Tensor([...places], [places.length]));
    }, x);
    return padded === x ? denseCopy(x) : padded;
  },
  backwardName: (x, _pads, { mode }) => {
    if (mode === 'constant') return 'ConstantPadNdBackward0';
    const names = { reflect: 'Reflection', replicate: 'Replication', circular: 'Circular' };
    return `${names[mode]}Pad${Math.max(x.ndim - 2, 1)}DBackward0`;
  },
  derivatives: [
    (grad, [x, pads, { mode }]): Tensor =>
      mode === 'constant'
        ? grad.constantPadNd(
            pads.map((count) => -count),
            0,
          )
        : padBackward(grad, x.shape, pads, mode),
  ],
});

/** Where the places of a padded dimension come from. */
function sourcesOf(size: number, before: number, after: number, mode: PadMode): Int32Array {
  const sources = new Int32Array(size + before + after);
  // Around a circle cropping comes first: what is cut off does not come round on the other side.
  const first = Math.max(-before, 0);
  const kept = size - first - Math.max(-after, 0);
  for (let n = 0; n < sources.length; n++) {
    const i = n - before;
    if (mode === 'replicate') sources[n] = Math.min(Math.max(i, 0), size - 1);
    else if (mode === 'circular') sources[n] = first + ((((i - first) % kept) + kept) % kept);
    else sources[n] = i < 0 ? -i : i >= size ? 2 * (size - 1) - i : i;
  }
  return sources;
}

/** Adds what lies in the padding of one dimension to where it came from. */
function foldEdges(
  x: Tensor,
  dim: number,
  size: number,
  before: number,
  after: number,
  mode: PadMode,
): Tensor {
  const result = newTensor(x.shape.with(dim, size), x.dtype);
  const first = Math.max(-before, 0);
  const kept = size - first - Math.max(-after, 0);
  const start = Math.max(before, 0);
  if (kept < size) fillElements(result, 0);
  if (kept > 0) copyElements(narrowView(x, dim, start, kept), narrowView(result, dim, first, kept));
  const places = sourcesOf(size, before, after, mode);
  const { outer, size: length, inner } = layoutOf(x.shape, dim);
  const [from, to] = [flatFloats(x), flatFloats(result)];
  for (let n = 0; n < length; n++) {
    // What is kept has been copied.
    if (n === start && kept > 0) n += kept;
    if (n >= length) break;
    for (let o = 0; o < outer; o++) {
      const [at, place] = [(o * length + n) * inner, (o * size + places[n]!) * inner];
      for (let i = 0; i < inner; i++) to[place + i]! += from[at + i]!;
    }
  }
  return result;
}

/** The gradient of {@link pad} in the modes that repeat elements. Canonical: (grad, the input's shape, pads, mode). */
const padBackward: (
  grad: Tensor,
  shape: readonly number[],
  pads: readonly number[],
  mode: PadMode,
) => Tensor = defineOperator({
  name: 'padBackward',
  forward: (grad: Tensor, shape: readonly number[], pads: readonly number[], mode: PadMode) => {
    let result = materialize(cast(grad, computeDType(grad.dtype)));
    shape.forEach((size, d) => {
      const [before = 0, after = 0] = pads.slice(2 * (shape.length - 1 - d));
      if (before !== 0 || after !== 0) result = foldEdges(result, d, size, before, after, mode);
    });
    return cast(result, grad.dtype);
  },
  derivatives: [(h, [, , pads, mode]) => h.pad(pads, mode)],
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

/** Padding as methods. */
export interface PaddingMethods {
  /**
   * Elements added before and after, from the last dimension on: [left, right, top, bottom, ...]. Negative
   * numbers crop.
   */
  pad(pads: readonly number[], options?: PadOptions): Tensor;
  pad(pads: readonly number[], mode?: PadMode, value?: number | boolean | null): Tensor;
}
