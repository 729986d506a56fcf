// Where the windows of a pooling lie along one axis of the image, and what they count for in an average.

import { EngineError } from '../errors.ts';
import { checkSizes } from '../operands.ts';

/** Windows at equal distances along an axis. */
export interface PoolAxis {
  readonly size: number;
  readonly outputs: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  readonly after: number;
}

/**
 * Checks the windows along an axis, which may hang over the padding by what ceil mode lets them.
 * @throws EngineError
 */
export function checkPoolAxis(kernel: string, name: string, axis: PoolAxis): void {
  const { size, outputs, stride, dilation, before, after } = axis;
  const counts = {
    [`kernel ${name}`]: axis.kernel,
    [`stride ${name}`]: stride,
    [`dilation ${name}`]: dilation,
  };
  checkSizes(kernel, counts, 1);
  const sizes = { [`in ${name}`]: size, [`out ${name}`]: outputs };
  checkSizes(kernel, { ...sizes, [`padding before ${name}`]: before, [`padding after ${name}`]: after });
  const reach = (outputs - 1) * stride + (axis.kernel - 1) * dilation + 1;
  const allowed = size + before + after + stride - 1;
  if (outputs > 0 && reach > allowed) {
    throw new EngineError(kernel, `windows reach beyond the padded ${name}`, `at most ${allowed}`, reach);
  }
}

/** The part of a window that is inside the image, along an axis. */
export interface PoolWindow {
  /** The first tap inside; 0 where there is none. */
  readonly start: number;
  readonly taps: number;
  /** What the window counts for in the divisor of an average. */
  readonly extent: number;
}

/**
 * The windows of all outputs. With `includePad` their extent counts the padding, but not what ceil mode lets them hang over
 * it.
 */
export function slidingWindows(axis: PoolAxis, includePad: boolean): PoolWindow[] {
  const { size, outputs, kernel, stride, dilation, before, after } = axis;
  return Array.from({ length: outputs }, (_, i) => {
    const origin = i * stride - before;
    const first = Math.max(0, Math.ceil(-origin / dilation));
    const end = Math.min(kernel, Math.ceil((size - origin) / dilation));
    const taps = Math.max(0, end - first);
    const padded = Math.min(origin + kernel, size + after) - origin;
    return {
      start: taps === 0 ? 0 : origin + first * dilation,
      taps,
      extent: Math.max(1, includePad ? padded : taps),
    };
  });
}

/** The windows that adaptive pooling divides an axis into, as PyTorch does: they differ by one at most and may overlap. */
export function adaptiveWindows(size: number, outputs: number): PoolWindow[] {
  return Array.from({ length: outputs }, (_, i) => {
    const start = Math.floor((i * size) / outputs);
    const taps = Math.ceil(((i + 1) * size) / outputs) - start;
    return { start, taps, extent: Math.max(1, taps) };
  });
}

/**
 * What averages are divided by, where neither a `divisor` is given nor all windows have the same extent: the product of a
 * number for each line of outputs and one for each column. The last axis is the columns'.
 */
export function divisorsOf(
  kind: 'max' | 'average',
  divisor: number | undefined,
  axes: readonly (readonly PoolWindow[])[],
): { lines: number[]; columns: number[] } | undefined {
  if (kind === 'max' || divisor !== undefined) return undefined;
  if (axes.every((axis) => axis.every(({ extent }) => extent === axis[0]!.extent))) return undefined;
  const extents = axes.map((axis) => axis.map(({ extent }) => extent));
  const columns = extents.pop()!;
  const lines = extents.reduce(
    (products, axis) => products.flatMap((product) => axis.map((extent) => product * extent)),
    [1],
  );
  return { lines, columns };
}
