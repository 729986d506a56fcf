// Pooling over windows of image planes. The maximum together with its positions is plain TypeScript in
// pool2d-indices.ts; everything else runs in kernels.

import { inout, input, integer, output } from '@sconce/codegen';
import { checkWindows } from '../convolution-operands.ts';
import { EngineError } from '../errors.ts';
import { checkSizes, regionOf } from '../operands.ts';
import { executor, withScratch } from '../runtime/executor.ts';
import { family } from '../runtime/family.ts';
import { floatsOf, nothing, part } from '../runtime/region.ts';
import { forkRanges, passTime } from '../threads/split.ts';
import type { Pool2dParameters } from '../types.ts';
import { copyPlane, paddedPlane } from './padded-plane.ts';
import { maxPoolWithIndices } from './pool2d-indices.ts';
import { slideWindow, type WindowSpec } from './window.ts';

/** What a pooling kernel is recorded for. */
interface PoolSpec extends WindowSpec {
  readonly kind: 'max' | 'average';
}

/** All planes: each is copied into the padded plane, whose border does not matter to the result, and pooled there. */
const poolKernel = family(
  'pool2d',
  {
    x: input('f32'),
    plane: inout('f32'),
    divisors: input('f32'),
    y: output('f32'),
    planes: integer(),
    inHeight: integer(),
    inWidth: integer(),
    pitch: integer(),
    origin: integer(),
    outHeight: integer(),
    outWidth: integer(),
    rowStep: integer(),
    tapStep: integer(),
  },
  (k, spec: PoolSpec) => {
    const [x, plane, y] = [k.pointer('x'), k.pointer('plane'), k.pointer('y')];
    const inside = k.variable(plane);
    k.advance(inside, k.integer('origin'));
    const copy = { height: k.integer('inHeight'), width: k.integer('inWidth'), pitch: k.integer('pitch') };
    const extent = { outHeight: k.integer('outHeight'), outWidth: k.integer('outWidth') };
    const steps = { rowStep: k.integer('rowStep'), tapStep: k.integer('tapStep') };
    const isMax = spec.kind === 'max';
    const start = k.constant('f32', isMax ? Number.NEGATIVE_INFINITY : 0);
    k.loop(k.integer('planes'), () => {
      copyPlane(k, { from: x, to: inside, ...copy });
      const divisors = k.pointer('divisors');
      slideWindow(
        k,
        spec,
        { plane, to: y, ...extent, ...steps },
        {
          start: () => k.variable(start),
          tap: () => undefined,
          fold: (sum, image) => k.assign(sum, isMax ? k.max(sum, image) : k.add(sum, image)),
          finish: (sum, at, offset, count) => {
            if (count === undefined) {
              k.store(isMax ? sum : k.div(sum, k.load(divisors, offset)), at, offset);
            } else {
              const divisor = isMax ? undefined : k.loadPartial(divisors, offset, count, 1);
              k.storePartial(divisor === undefined ? sum : k.div(sum, divisor), at, offset, count);
            }
          },
          advance: (outputs) => {
            if (!isMax) k.advance(divisors, outputs);
          },
        },
      );
    });
  },
);

/**
 * Maximum or average over windows of each plane. A maximum ignores padding and is NaN where a window holds one; an
 * average divides by what PyTorch divides by (`countIncludePad`, `divisor`, windows that hang over the padding).
 *
 * @throws EngineError when sizes are invalid, windows leave the padded plane by more than ceil mode lets them, or a
 * slice is too small.
 */
export function pool2d(p: Pool2dParameters): void {
  const dilation = p.dilation ?? ([1, 1] as const);
  const shape = { ...p, dilation };
  checkSizes('pool2d', {
    planes: p.planes,
    inHeight: p.inHeight,
    inWidth: p.inWidth,
    outHeight: p.outHeight,
    outWidth: p.outWidth,
  });
  const counts = {
    'kernel height': p.kernel[0],
    'kernel width': p.kernel[1],
    'stride height': p.stride[0],
    'stride width': p.stride[1],
  };
  checkSizes('pool2d', { ...counts, 'dilation height': dilation[0], 'dilation width': dilation[1] }, 1);
  p.padding.forEach((padding, side) => void checkSizes('pool2d', { [`padding ${side}`]: padding }));
  checkWindows('pool2d', shape, [p.inHeight, p.inWidth], [p.outHeight, p.outWidth], 'stride');
  if (p.kind === 'average' && dilation.some((step) => step !== 1)) {
    throw new EngineError('pool2d', 'averages take no dilation', '1,1', dilation.join());
  }
  const inPlane = p.inHeight * p.inWidth;
  const outPlane = p.outHeight * p.outWidth;
  const x = regionOf('pool2d', 'x', p.x, p.planes * inPlane);
  const y = regionOf('pool2d', 'y', p.y, p.planes * outPlane);
  const indices = p.indices && regionOf('pool2d', 'indices', p.indices, p.planes * outPlane, 8);
  if (p.planes === 0 || outPlane === 0) return;
  const current = executor();
  if (indices !== undefined) {
    if (p.kind !== 'max') throw new EngineError('pool2d', 'only maxima have indices', 'max', p.kind);
    maxPoolWithIndices(shape, { x, y, indices });
    return;
  }
  const padded = paddedPlane(shape, current.target.lanes('f32'));
  const kernel = poolKernel({
    kind: p.kind,
    kernel: [p.kernel[0], p.kernel[1]],
    strideX: p.stride[1],
    dilationX: dilation[1],
  });
  const average = p.kind === 'average';
  withScratch(average ? outPlane : 0, (divisors) => {
    if (average) writeDivisors(p, floatsOf(divisors));
    const time = passTime(p.planes * (inPlane + outPlane * p.kernel[0] * p.kernel[1]));
    forkRanges(p.planes, time, (first, planes) =>
      withScratch(padded.elements, (plane) => {
        floatsOf(plane).fill(average ? 0 : Number.NEGATIVE_INFINITY);
        current.launch(kernel, {
          x: part(x, first * inPlane, planes * inPlane),
          plane,
          divisors: average ? divisors : nothing,
          y: part(y, first * outPlane, planes * outPlane),
          planes,
          inHeight: p.inHeight,
          inWidth: p.inWidth,
          pitch: padded.pitch,
          origin: p.padding[0] * padded.pitch + p.padding[2],
          outHeight: p.outHeight,
          outWidth: p.outWidth,
          rowStep: p.stride[0] * padded.pitch,
          tapStep: dilation[0] * padded.pitch,
        });
      }),
    );
  });
}

/** What PyTorch divides each output of a plane by; 1 where the window lies in the padding alone, so that 0 comes out. */
export function writeDivisors(p: Omit<Pool2dParameters, 'x' | 'y' | 'planes'>, divisors: Float32Array): void {
  let at = 0;
  const includePad = p.countIncludePad ?? true;
  /** Extent of window `i` along an axis, with the padding and without. */
  const extents = (axis: 0 | 1, i: number): { padded: number; inside: number } => {
    const size = axis === 0 ? p.inHeight : p.inWidth;
    const start = i * p.stride[axis] - p.padding[2 * axis]!;
    const end = start + p.kernel[axis];
    return {
      padded: Math.min(end, size + p.padding[2 * axis + 1]!) - start,
      inside: Math.max(0, Math.min(end, size) - Math.max(start, 0)),
    };
  };
  for (let row = 0; row < p.outHeight; row++) {
    const rows = extents(0, row);
    for (let column = 0; column < p.outWidth; column++) {
      const columns = extents(1, column);
      const inside = rows.inside * columns.inside;
      const divisor = p.divisor ?? (includePad ? rows.padded * columns.padded : inside);
      divisors[at++] = inside === 0 ? 1 : divisor;
    }
  }
}
