// Variance and standard deviation along one axis of [outer, size, inner], in two passes: what the mean leaves is squared.

import { input, integer, output, scalar, type Vector } from '@sconce/codegen';
import { EngineError } from '../errors.ts';
import { floatLanes } from '../float-type.ts';
import { checkSizes, regionOf } from '../operands.ts';
import { executor } from '../runtime/executor.ts';
import { nothing, part } from '../runtime/region.ts';
import { forkRanges, passTime } from '../threads/split.ts';
import type { VarianceParameters } from '../types.ts';
import { floatFamily } from './float-family.ts';
import { foldBlocks, foldRow, overColumns, sumFold } from './fold.ts';

type F32 = Vector<'f32'>;

interface VarianceSpec {
  readonly root: boolean;
  readonly mean: boolean;
  readonly along: 'row' | 'columns';
}

const varianceKernel = floatFamily(
  'variance',
  (type) => ({
    x: input(type),
    y: output(type),
    mean: output(type),
    outer: integer(),
    size: integer(),
    inner: integer(),
    count: scalar(type),
    divisor: scalar(type),
  }),
  (k, spec: VarianceSpec, type) => {
    const [x, y, mean] = [k.pointer('x'), k.pointer('y'), k.pointer('mean')];
    const [size, inner] = [k.integer('size'), k.integer('inner')];
    const [count, divisor] = [k.scalar('count'), k.scalar('divisor')];
    const square = (value: F32, center: F32): F32 => {
      const difference = k.sub(value, center);
      return k.mul(difference, difference);
    };
    const finish = (squares: F32): F32 => {
      const quotient = k.div(squares, divisor);
      return spec.root ? k.sqrt(quotient) : quotient;
    };

    if (spec.along === 'row') {
      k.loop(k.integer('outer'), () => {
        const center = k.div(foldRow(k, sumFold, k.variable(x), size), count);
        const squares = foldRow(k, sumFold, x, size, (value) => square(value, center), center);
        k.storeFirst(finish(squares), y);
        k.advance(y, 1);
        if (spec.mean) {
          k.storeFirst(center, mean);
          k.advance(mean, 1);
        }
      });
      return;
    }
    k.loop(k.integer('outer'), () => {
      const from = k.variable(x);
      overColumns(k, inner, [from, y, mean], ({ vectors, load, store }) => {
        const total = (map: (value: F32, i: number) => F32): F32[] => {
          const at = k.variable(from);
          const totals = Array.from({ length: vectors }, () => k.zero(type));
          foldBlocks(k, sumFold, size, totals, () => {
            const values = load(at).map(map);
            k.advance(at, inner);
            return values;
          });
          return totals;
        };
        const centers = total((value) => value).map((sum) => k.div(sum, count));
        if (spec.mean) store(centers, mean);
        store(total((value, i) => square(value, centers[i]!)).map(finish), y);
      });
      k.advance(x, k.mul(size, inner));
    });
  },
);

/**
 * The variance of `x[outer, size, inner]` along `size`, or its root, into `y[outer, inner]`: the sum of squared distances from
 * the mean, divided by `size - correction` (zero if that is negative, which gives NaN or infinity).
 *
 * @throws EngineError when a size is invalid or a slice too small.
 */
export function variance(p: VarianceParameters): void {
  const { outer, size, inner, correction = 1 } = p;
  checkSizes('variance', { outer, size, inner });
  const { type, bytes } = floatLanes('variance', p.dtype);
  if (!Number.isFinite(correction)) {
    throw new EngineError('variance', 'invalid correction', 'a finite number', correction);
  }
  const kernel = varianceKernel[type]({
    root: p.root ?? false,
    mean: p.mean !== undefined,
    along: inner === 1 ? 'row' : 'columns',
  });
  const x = regionOf('variance', 'x', p.x, outer * size * inner, bytes);
  const y = regionOf('variance', 'y', p.y, outer * inner, bytes);
  const mean = p.mean && regionOf('variance', 'mean', p.mean, outer * inner, bytes);
  const current = executor();
  forkRanges(outer, passTime((2 * outer * size * inner * bytes) / 4), (first, count) => {
    current.launch(kernel, {
      x: part(x, first * size * inner, count * size * inner, bytes),
      y: part(y, first * inner, count * inner, bytes),
      mean: mean ? part(mean, first * inner, count * inner, bytes) : nothing,
      outer: count,
      size,
      inner,
      count: size,
      divisor: Math.max(0, size - correction),
    });
  });
}
