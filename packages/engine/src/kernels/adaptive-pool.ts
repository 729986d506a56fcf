// Adaptive pooling: as many windows as there are outputs, whatever the input's size.

import { EngineError } from '../errors.ts';
import { type FloatDType, floatLanes } from '../float-type.ts';
import { checkSizes, regionOf } from '../operands.ts';
import type { Slice } from '../types.ts';
import { pool, poolPlan } from './pool.ts';
import { adaptiveWindows } from './pool-windows.ts';

/** Parameters of {@link adaptivePool}. */
export interface AdaptivePoolParameters {
  readonly kind: 'max' | 'average';
  /** Of all elements; `float32` by default. */
  readonly dtype?: FloatDType;
  readonly x: Slice;
  readonly y: Slice;
  /** Images times channels. */
  readonly planes: number;
  /** The input's extent: of lines, planes or volumes. */
  readonly inSize: readonly number[];
  /** The output's, of the same rank. */
  readonly outSize: readonly number[];
}

const NAME = 'adaptivePool';

/** Columns that windows which lie side by side may have to be folded a vector of outputs at a time. */
const SIDE_BY_SIDE = 7;

/**
 * Maximum or average over windows from `floor(i * in / out)` to `ceil((i + 1) * in / out)` along each of one to three axes.
 * As PyTorch's adaptive_max_pool and adaptive_avg_pool; a window that holds a NaN gives NaN.
 *
 * @throws EngineError when a size is invalid, an axis is empty, the ranks differ, a dtype is neither float32 nor float64, or a
 * slice is too small.
 */
export function adaptivePool({ kind, planes, inSize, outSize, ...p }: AdaptivePoolParameters): void {
  const { type, bytes } = floatLanes(NAME, p.dtype);
  const plan = poolPlan(type, `adaptive ${kind} ${inSize} ${outSize}`, () => {
    const rank = inSize.length;
    if (rank < 1 || rank > 3) throw new EngineError(NAME, 'invalid rank', '1 to 3', rank);
    if (outSize.length !== rank) throw new EngineError(NAME, 'y has another rank', rank, outSize.length);
    for (const d of inSize.keys()) {
      checkSizes(NAME, { [`size of dimension ${d}`]: inSize[d]! }, 1);
      checkSizes(NAME, { [`outputs of dimension ${d}`]: outSize[d]! });
    }
    const whole = (sizes: readonly number[]) =>
      [...Array<number>(3 - rank).fill(1), ...sizes] as [number, number, number];
    const [size, outputs] = [whole(inSize), whole(outSize)];
    const [slices, rows, columns] = size.map((extent, d) => adaptiveWindows(extent, outputs[d]!));
    const step = size[2] / outputs[2];
    const alike = Number.isInteger(step) && step <= SIDE_BY_SIDE;
    return {
      kind,
      size,
      windows: [slices!, rows!, columns!],
      dilation: [1, 1],
      kernelRows: Math.max(1, ...rows!.map(({ taps }) => taps)),
      columns: alike ? { kernel: step, stride: step, dilation: 1, before: 0 } : undefined,
      divisor: undefined,
    };
  });
  checkSizes(NAME, { planes });
  pool(plan, {
    x: regionOf(NAME, 'x', p.x, planes * plan.inPlane, bytes),
    y: regionOf(NAME, 'y', p.y, planes * plan.outPlane, bytes),
    planes,
  });
}
