// Pooling over windows of image planes. The maximum together with its positions is plain TypeScript in
// pool2d-indices.ts; everything else runs in kernels.

import { EngineError } from '../errors.ts';
import { floatLanes } from '../float-type.ts';
import { checkSizes, regionOf } from '../operands.ts';
import type { Pair, Pool2dParameters } from '../types.ts';
import { pool, poolPlan } from './pool.ts';
import { checkPoolAxis, type PoolAxis, slidingWindows } from './pool-windows.ts';
import { maxPoolWithIndices } from './pool2d-indices.ts';

const NAME = 'pool2d';

/**
 * Maximum or average over windows of each plane. A maximum ignores padding and is NaN where a window holds one; an
 * average divides by what PyTorch divides by (`countIncludePad`, `divisor`, windows that hang over the padding).
 *
 * @throws EngineError when sizes are invalid, windows leave the padded plane by more than ceil mode lets them, a dtype is
 * neither float32 nor float64, or a slice is too small.
 */
export function pool2d(p: Pool2dParameters): void {
  const { planes, inHeight, inWidth, outHeight, outWidth, kernel, stride, padding } = p;
  const { type, bytes } = floatLanes(NAME, p.dtype);
  const dilation = p.dilation ?? ([1, 1] as const);
  const includePad = p.countIncludePad ?? true;
  const sizes = `${inHeight} ${inWidth} ${outHeight} ${outWidth} ${dilation[0]} ${dilation[1]} ${includePad}`;
  const windows = `${kernel[0]} ${kernel[1]} ${stride[0]} ${stride[1]} ${padding[0]} ${padding[1]} ${padding[2]} ${padding[3]}`;
  const plan = poolPlan(type, `${p.kind} ${sizes} ${windows} ${p.divisor}`, () => {
    const axes = poolAxes({ ...p, dilation }, [inHeight, inWidth], [outHeight, outWidth]);
    checkPoolAxes(NAME, p.kind, axes);
    const [rows, columns] = axes;
    return {
      kind: p.kind,
      size: [1, inHeight, inWidth],
      windows: [oneSlice, slidingWindows(rows, includePad), slidingWindows(columns, includePad)],
      dilation: [1, dilation[0]],
      kernelRows: kernel[0],
      columns,
      divisor: p.divisor,
    };
  });
  if (!Number.isSafeInteger(planes) || planes < 0) checkSizes(NAME, { planes });
  const x = regionOf(NAME, 'x', p.x, planes * plan.inPlane, bytes);
  const y = regionOf(NAME, 'y', p.y, planes * plan.outPlane, bytes);
  if (p.indices === undefined) {
    pool(plan, { x, y, planes });
    return;
  }
  if (p.kind !== 'max') throw new EngineError(NAME, 'only maxima have indices', 'max', p.kind);
  const indices = regionOf(NAME, 'indices', p.indices, planes * plan.outPlane, 8);
  maxPoolWithIndices({ ...p, dilation }, { x, y, indices }, type);
}

/** The axes of a pooling of planes: rows, then columns. */
export function poolAxes(
  p: Pick<Pool2dParameters, 'kernel' | 'stride' | 'padding'> & { readonly dilation: Pair },
  image: Pair,
  map: Pair,
): readonly [PoolAxis, PoolAxis] {
  const axis = (d: 0 | 1): PoolAxis => ({
    ...{ size: image[d], outputs: map[d], kernel: p.kernel[d], stride: p.stride[d] },
    ...{ dilation: p.dilation[d], before: p.padding[2 * d]!, after: p.padding[2 * d + 1]! },
  });
  return [axis(0), axis(1)];
}

/** The window along the slices of a plane, of which there is one. */
const oneSlice: readonly [{ readonly start: 0; readonly taps: 1; readonly extent: 1 }] = [
  { start: 0, taps: 1, extent: 1 },
];

/**
 * Checks the windows of a pooling of planes.
 * @throws EngineError
 */
export function checkPoolAxes(name: string, kind: Pool2dParameters['kind'], axes: readonly PoolAxis[]): void {
  const names = ['depth', 'height', 'width'].slice(-axes.length);
  for (const [d, axis] of axes.entries()) checkPoolAxis(name, names[d]!, axis);
  const dilations = axes.map(({ dilation }) => dilation);
  if (kind === 'average' && dilations.some((step) => step !== 1)) {
    throw new EngineError(name, 'averages take no dilation', dilations.map(() => 1).join(), dilations.join());
  }
}
