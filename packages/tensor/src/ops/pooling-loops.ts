/** Poolings that the engine has no kernels for: largest elements with their places, integers, and all gradients. */
import type { AxisWindows } from './pooling-windows.ts';
import { inThreeDimensions } from './pooling-windows.ts';

/** Elements of one dtype. Those of int64 are bigints, with which the same operations work. */
export interface PoolElements {
  readonly length: number;
  [index: number]: number;
  subarray(begin: number, end?: number): PoolElements;
}

function elementsOfPlane(axes: readonly AxisWindows[]): number {
  return axes.reduce((all, { size }) => all * size, 1);
}

/**
 * The largest element of each window, all of which hold some. Of equal ones the first counts, of NaNs the last, as in PyTorch.
 * @param at gets the places in their planes, as the lower and upper halves of 64-bit integers; null where they are
 *   not wanted
 */
export function maxOfWindows(
  axes: readonly AxisWindows[],
  planes: number,
  from: PoolElements,
  to: PoolElements,
  at: Int32Array | null,
): void {
  const [slices, rows, columns] = inThreeDimensions(axes);
  const plane = elementsOfPlane(axes);
  const [slice, width] = [rows.size * columns.size, columns.size];
  const [counts, starts, ends] = [columns.start.length, columns.start, columns.end];
  let out = 0;
  for (let p = 0; p < planes; p++) {
    const base = p * plane;
    for (let o = 0; o < slices.start.length; o++) {
      const [z0, z1] = [slices.start[o]!, slices.end[o]!];
      for (let q = 0; q < rows.start.length; q++) {
        const [y0, y1] = [rows.start[q]!, rows.end[q]!];
        for (let r = 0; r < counts; r++, out++) {
          const x0 = starts[r]!;
          const x1 = ends[r]!;
          let best = z0 * slice + y0 * width + x0;
          let largest = from[base + best]!;
          for (let z = z0; z < z1; z += slices.step) {
            for (let y = y0; y < y1; y += rows.step) {
              const line = z * slice + y * width;
              for (let x = x0; x < x1; x += columns.step) {
                const value = from[base + line + x]!;
                // biome-ignore lint/suspicious/noSelfCompare: holds for NaN only, and works for bigints.
                if (value > largest || value !== value) {
                  largest = value;
                  best = line + x;
                }
              }
            }
          }
          to[out] = largest;
          if (at !== null) {
            at[2 * out] = best;
            at[2 * out + 1] = 0;
          }
        }
      }
    }
  }
}

/** Means of windows of integers, cut off towards zero: sums over `divisor`, or over what each window counts. */
export function integerMeans(
  axes: readonly AxisWindows[],
  planes: number,
  from: BigInt64Array,
  to: BigInt64Array,
  divisor: number | null,
): void {
  const [slices, rows, columns] = inThreeDimensions(axes);
  const plane = elementsOfPlane(axes);
  let out = 0;
  for (let p = 0; p < planes; p++) {
    for (let o = 0; o < slices.start.length; o++) {
      for (let q = 0; q < rows.start.length; q++) {
        for (let r = 0; r < columns.start.length; r++, out++) {
          let sum = 0n;
          for (let z = slices.start[o]!; z < slices.end[o]!; z++) {
            for (let y = rows.start[q]!; y < rows.end[q]!; y++) {
              const line = p * plane + (z * rows.size + y) * columns.size;
              for (let x = columns.start[r]!; x < columns.end[r]!; x++) sum += from[line + x]!;
            }
          }
          to[out] = sum / BigInt(divisor ?? slices.extent[o]! * rows.extent[q]! * columns.extent[r]!);
        }
      }
    }
  }
}

/**
 * The gradient of means of windows: adds the gradient of each, divided by `divisor` or by what the window counts, to
 * all elements of the window.
 * @param to filled with zeros
 */
export function spreadMeans(
  axes: readonly AxisWindows[],
  planes: number,
  from: Float32Array | Float64Array,
  to: Float32Array | Float64Array,
  divisor: number | null,
): void {
  const [slices, rows, columns] = inThreeDimensions(axes);
  const plane = elementsOfPlane(axes);
  const { start, end, extent } = columns;
  let out = 0;
  for (let p = 0; p < planes; p++) {
    for (let o = 0; o < slices.start.length; o++) {
      const [z0, z1] = [slices.start[o]!, slices.end[o]!];
      for (let q = 0; q < rows.start.length; q++) {
        const [y0, y1] = [rows.start[q]!, rows.end[q]!];
        const counted = slices.extent[o]! * rows.extent[q]!;
        for (let r = 0; r < start.length; r++) {
          const share = from[out++]! / (divisor ?? counted * extent[r]!);
          const [x0, x1] = [start[r]!, end[r]!];
          for (let z = z0; z < z1; z++) {
            for (let y = y0; y < y1; y++) {
              const line = p * plane + (z * rows.size + y) * columns.size;
              for (let i = line + x0; i < line + x1; i++) to[i]! += share;
            }
          }
        }
      }
    }
  }
}

/**
 * The gradient of largest elements: adds the gradient of each to the element at its place.
 * @param at places in their planes, as halves of 64-bit integers
 * @param to filled with zeros
 */
export function addAtPlaces(
  planes: number,
  from: Float32Array | Float64Array,
  at: Int32Array,
  to: Float32Array | Float64Array,
): void {
  if (planes === 0) return;
  const [count, plane] = [from.length / planes, to.length / planes];
  let i = 0;
  for (let p = 0; p < planes; p++) {
    const base = p * plane;
    for (let n = 0; n < count; n++, i++) to[base + at[2 * i]!]! += from[i]!;
  }
}
