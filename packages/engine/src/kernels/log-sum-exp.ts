// The logarithm of a sum of exponentials along one axis of [outer, size, inner], with the largest element taken out first.

import { exp, input, integer, log, output, type Vector } from '@sconce/codegen';
import { floatLanes } from '../float-type.ts';
import { checkSizes, regionOf } from '../operands.ts';
import { executor } from '../runtime/executor.ts';
import { part } from '../runtime/region.ts';
import { forkRanges, passTime } from '../threads/split.ts';
import type { LogSumExpParameters } from '../types.ts';
import { floatFamily } from './float-family.ts';
import { type Fold, foldBlocks, foldRow, overColumns, sumFold } from './fold.ts';

type F32 = Vector<'f32'>;

const maximum: Fold = { identity: Number.NEGATIVE_INFINITY, combine: (k, a, b) => k.max(a, b) };

const logSumExpKernel = floatFamily(
  'log-sum-exp',
  (type) => ({ x: input(type), y: output(type), outer: integer(), size: integer(), inner: integer() }),
  (k, spec: { along: 'row' | 'columns' }, type) => {
    const [x, y] = [k.pointer('x'), k.pointer('y')];
    const [size, inner] = [k.integer('size'), k.integer('inner')];
    /** An infinite maximum is not taken out: infinity less infinity would be NaN. */
    const shiftOf = (largest: F32): F32 =>
      k.select(k.compare(k.abs(largest), '==', Number.POSITIVE_INFINITY), 0, largest);

    if (spec.along === 'row') {
      k.loop(k.integer('outer'), () => {
        const shift = shiftOf(foldRow(k, maximum, k.variable(x), size));
        const sum = foldRow(
          k,
          sumFold,
          x,
          size,
          (value) => exp(k, k.sub(value, shift)),
          Number.NEGATIVE_INFINITY,
        );
        k.storeFirst(k.add(log(k, sum), shift), y);
        k.advance(y, 1);
      });
      return;
    }
    k.loop(k.integer('outer'), () => {
      const from = k.variable(x);
      overColumns(k, inner, [from, y], ({ vectors, load, store }) => {
        const total = (fold: Fold, map: (value: F32, i: number) => F32): F32[] => {
          const at = k.variable(from);
          const totals = Array.from({ length: vectors }, () => k.variable(k.constant(type, fold.identity)));
          foldBlocks(k, fold, size, totals, () => {
            const values = load(at).map(map);
            k.advance(at, inner);
            return values;
          });
          return totals;
        };
        const shifts = total(maximum, (value) => value).map(shiftOf);
        const sums = total(sumFold, (value, i) => exp(k, k.sub(value, shifts[i]!)));
        store(
          sums.map((sum, i) => k.add(log(k, sum), shifts[i]!)),
          y,
        );
      });
      k.advance(x, k.mul(size, inner));
    });
  },
);

/**
 * `log(sum(exp(x)))` of `x[outer, size, inner]` along `size`, into `y[outer, inner]`. Minus infinity of nothing and of minus
 * infinities, infinity where an element is, NaN where one is.
 *
 * @throws EngineError when a size is invalid or a slice too small.
 */
export function logSumExp(p: LogSumExpParameters): void {
  const { outer, size, inner } = p;
  checkSizes('logSumExp', { outer, size, inner });
  const { type, bytes } = floatLanes('logSumExp', p.dtype);
  const x = regionOf('logSumExp', 'x', p.x, outer * size * inner, bytes);
  const y = regionOf('logSumExp', 'y', p.y, outer * inner, bytes);
  const kernel = logSumExpKernel[type]({ along: inner === 1 ? 'row' : 'columns' });
  const current = executor();
  forkRanges(outer, passTime((3 * outer * size * inner * bytes) / 4), (first, count) => {
    current.launch(kernel, {
      x: part(x, first * size * inner, count * size * inner, bytes),
      y: part(y, first * inner, count * inner, bytes),
      outer: count,
      size,
      inner,
    });
  });
}
