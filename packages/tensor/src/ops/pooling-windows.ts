/** Where the windows of poolings lie: read from options, checked, and as tables for each dimension. */
import { checkTensor } from '../arguments.ts';
import { fail, showSizes } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { type Sides, sidesOf, sizesOf, type WindowPadding, type WindowSize } from './window.ts';

/** What poolings have in common, for each dimension. */
export interface PoolWindow {
  readonly kernelSize: readonly number[];
  readonly stride: readonly number[];
  readonly padding: Sides;
}

/** Where windows lie along one dimension. */
export interface AxisWindows {
  /** Elements of the input. */
  readonly size: number;
  /** The first element of each window that lies in the input. */
  readonly start: Int32Array;
  /** Where each window ends: after its last element that lies in the input. */
  readonly end: Int32Array;
  /** Elements between those of a window. */
  readonly step: number;
  /** For averages: what each window counts in the divisor. */
  readonly extent: Int32Array;
}

/** Reads and checks the options that poolings have in common. */
export function readWindow(
  operator: string,
  rank: number,
  x: Tensor,
  named: {
    readonly kernelSize?: WindowSize;
    readonly stride?: WindowSize | null;
    readonly padding?: WindowPadding;
  },
  dilation: readonly number[],
): PoolWindow {
  checkTensor(operator, 'input', x);
  if (named.kernelSize === undefined) {
    fail(operator, "missing argument 'kernelSize'", 'an integer or one for each dimension');
  }
  const kernelSize = sizesOf(operator, 'kernelSize', named.kernelSize, rank);
  const given = named.stride;
  const stride =
    given == null || (typeof given !== 'number' && given.length === 0)
      ? kernelSize
      : sizesOf(operator, 'stride', given, rank);
  checkPositive(operator, 'kernel_size', kernelSize);
  checkPositive(operator, 'stride', stride);
  checkPositive(operator, 'dilation', dilation);
  const padding = sidesOf(
    operator,
    named.padding ?? 0,
    rank,
    (value) => `pad must be non-negative, but got pad: ${value}`,
  );
  for (let d = 0; d < rank; d++) {
    const most = Math.max(padding[d]![0], padding[d]![1]);
    if (most > ((kernelSize[d]! - 1) * dilation[d]! + 1) / 2) {
      fail(
        operator,
        `pad should be at most half of effective kernel size, but got pad=${most}, kernel_size=${kernelSize[d]} and dilation=${dilation[d]}`,
      );
    }
  }
  return { kernelSize, stride, padding };
}

function checkPositive(operator: string, name: string, values: readonly number[]): void {
  const wrong = values.find((value) => value < 1);
  if (wrong !== undefined) fail(operator, `${name} must be greater than zero, but got ${wrong}`);
}

/** Checks an input's rank, and that only its batch is empty. */
export function checkPoolInput(operator: string, rank: number, x: Tensor, kind: 'max' | 'average'): void {
  const size = x.shape.slice(x.ndim === rank + 2 ? 1 : 0);
  const rightRank = x.ndim === rank + 1 || x.ndim === rank + 2;
  if (rightRank && !size.includes(0)) return;
  if (rank === 3) {
    if (rightRank) {
      fail(
        operator,
        `Expected input's non-batch dimensions to have positive length, but input has a shape of ${showSizes(x.shape)} and non-batch dimension ${size.indexOf(0)} has length zero!`,
      );
    }
    fail(
      operator,
      `non-empty 4D or 5D (batch mode) tensor expected for input, but got input of size: ${showSizes(x.shape)}`,
    );
  }
  if (rank === 2 && kind === 'max' && !rightRank) {
    fail(operator, 'non-empty 3D or 4D (batch mode) tensor expected for input');
  }
  fail(
    operator,
    `Expected ${rank + 1}D or ${rank + 2}D (batch mode) tensor with optional 0 dim batch size for input, but got: ${showSizes(x.shape)}`,
  );
}

/** Number of windows along one dimension (PyTorch's `pooling_output_shape`). */
function windowCount(
  size: number,
  kernel: number,
  [before, after]: readonly [number, number],
  stride: number,
  dilation: number,
  ceilMode: boolean,
): number {
  const span = size + before + after - dilation * (kernel - 1) - 1;
  const count = Math.floor((span + (ceilMode ? stride - 1 : 0)) / stride) + 1;
  // The last window must start inside the image or the padding before it.
  return ceilMode && (count - 1) * stride >= size + before ? count - 1 : count;
}

/** The size of a pooling's output, without batch and channels. */
export function pooledSize(
  operator: string,
  x: Tensor,
  { kernelSize, stride, padding }: PoolWindow,
  dilation: readonly number[] | undefined,
  ceilMode: boolean,
): readonly number[] {
  const rank = kernelSize.length;
  const inSize = x.shape.slice(-rank);
  const outSize = inSize.map((size, d) =>
    windowCount(size, kernelSize[d]!, padding[d]!, stride[d]!, dilation?.[d] ?? 1, ceilMode),
  );
  if (outSize.some((size) => size < 1)) {
    const channels = x.shape[x.ndim - rank - 1]!;
    fail(
      operator,
      rank === 1
        ? `Invalid computed output size: ${outSize[0]}`
        : `Given input size: (${[channels, ...inSize].join('x')}). Calculated output size: (${[channels, ...outSize].join('x')}). Output size is too small`,
    );
  }
  return outSize;
}

/** Tables of sliding windows, for each dimension. */
export function slidingWindows(
  inSize: readonly number[],
  outSize: readonly number[],
  { kernelSize, stride, padding }: PoolWindow,
  dilation: readonly number[] | undefined,
  countIncludePad: boolean = true,
): readonly AxisWindows[] {
  return inSize.map((size, d) => {
    const [count, kernel, step] = [outSize[d]!, kernelSize[d]!, dilation?.[d] ?? 1];
    const [before, after] = padding[d]!;
    const windows = emptyWindows(size, count, step);
    for (let i = 0; i < count; i++) {
      const first = i * stride[d]! - before;
      const start = first < 0 ? first + Math.ceil(-first / step) * step : first;
      const end = Math.min(first + (kernel - 1) * step + 1, size);
      windows.start[i] = start;
      windows.end[i] = end;
      windows.extent[i] = countIncludePad ? Math.min(first + kernel, size + after) - first : end - start;
    }
    return windows;
  });
}

/** Tables of windows that split each dimension: window i is [floor(i n / m), ceil((i + 1) n / m)). */
export function adaptiveWindows(
  inSize: readonly number[],
  outSize: readonly number[],
): readonly AxisWindows[] {
  return inSize.map((size, d) => {
    const count = outSize[d]!;
    const windows = emptyWindows(size, count, 1);
    for (let i = 0; i < count; i++) {
      windows.start[i] = Math.floor((i * size) / count);
      windows.end[i] = Math.ceil(((i + 1) * size) / count);
      windows.extent[i] = windows.end[i]! - windows.start[i]!;
    }
    return windows;
  });
}

/** Tables of windows that are not set yet. */
export function emptyWindows(size: number, count: number, step: number): AxisWindows {
  const table = (): Int32Array => new Int32Array(count);
  return { size, start: table(), end: table(), step, extent: table() };
}

const single: AxisWindows = {
  size: 1,
  start: Int32Array.of(0),
  end: Int32Array.of(1),
  step: 1,
  extent: Int32Array.of(1),
};

/** Tables for three dimensions: those in front that are not there have one window of one element. */
export function inThreeDimensions(
  axes: readonly AxisWindows[],
): readonly [AxisWindows, AxisWindows, AxisWindows] {
  const [a, b, c] = axes;
  if (c !== undefined) return [a!, b!, c];
  return b !== undefined ? [single, a!, b] : [single, single, a!];
}
