// Pooling over windows of volumes.

import { type FloatDType, floatLanes } from '../float-type.ts';
import { checkSizes, regionOf } from '../operands.ts';
import type { Pool2dParameters, Slice } from '../types.ts';
import { pool, poolPlan } from './pool.ts';
import { type PoolAxis, slidingWindows } from './pool-windows.ts';
import { checkPoolAxes } from './pool2d.ts';

/** Depth, height and width. */
export type Triple = readonly [depth: number, height: number, width: number];

/** Parameters of {@link pool3d}; a line has one row, a plane one slice. */
export interface Pool3dParameters extends Pick<Pool2dParameters, 'kind' | 'countIncludePad' | 'divisor'> {
  /** Of all elements; `float32` by default. */
  readonly dtype?: FloatDType;
  readonly x: Slice;
  readonly y: Slice;
  /** Images times channels. */
  readonly volumes: number;
  readonly inSize: Triple;
  readonly outSize: Triple;
  readonly kernel: Triple;
  readonly stride: Triple;
  readonly padding: readonly [
    front: number,
    back: number,
    top: number,
    bottom: number,
    left: number,
    right: number,
  ];
  /** For `max` only; 1 by default. */
  readonly dilation?: Triple;
}

const NAME = 'pool3d';

/**
 * Maximum or average over windows of each volume, as {@link pool2d} of each plane.
 *
 * @throws EngineError when sizes are invalid, windows leave the padded volume by more than ceil mode lets them, a dtype is
 * neither float32 nor float64, or a slice is too small.
 */
export function pool3d(p: Pool3dParameters): void {
  const { kind, volumes, inSize, outSize, kernel, stride, padding, divisor, countIncludePad = true } = p;
  const { type, bytes } = floatLanes(NAME, p.dtype);
  const dilation = p.dilation ?? [1, 1, 1];
  const sizes = [inSize, outSize, kernel, stride, padding, dilation].join(' ');
  const plan = poolPlan(type, `3d ${kind} ${sizes} ${countIncludePad} ${divisor}`, () => {
    const axes = [0, 1, 2].map(
      (d): PoolAxis => ({
        ...{ size: inSize[d]!, outputs: outSize[d]!, kernel: kernel[d]!, stride: stride[d]! },
        ...{ dilation: dilation[d]!, before: padding[2 * d]!, after: padding[2 * d + 1]! },
      }),
    );
    checkPoolAxes(NAME, kind, axes);
    const [slices, rows, columns] = axes as [PoolAxis, PoolAxis, PoolAxis];
    return {
      kind,
      size: inSize,
      windows: [
        slidingWindows(slices, countIncludePad),
        slidingWindows(rows, countIncludePad),
        slidingWindows(columns, countIncludePad),
      ],
      dilation: [dilation[0], dilation[1]],
      kernelRows: kernel[1],
      columns,
      divisor,
    };
  });
  checkSizes(NAME, { volumes });
  pool(plan, {
    x: regionOf(NAME, 'x', p.x, volumes * plan.inPlane, bytes),
    y: regionOf(NAME, 'y', p.y, volumes * plan.outPlane, bytes),
    planes: volumes,
  });
}
