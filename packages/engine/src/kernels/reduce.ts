// Reductions along one axis of [outer, size, inner]: across lanes where the axis is contiguous, lane by lane
// otherwise.

import { input, integer, type KernelBuilder, output, scalar, type Vector } from '@sconce/codegen';
import { checkSizes, regionOf } from '../operands.ts';
import { executor } from '../runtime/executor.ts';
import { family } from '../runtime/family.ts';
import { part } from '../runtime/region.ts';
import { forkRanges, passTime } from '../threads/split.ts';
import type { ReduceOp, ReduceParameters } from '../types.ts';
import { type Fold, foldBlocks, foldRow, overColumns, sumFold } from './fold.ts';

/** What a reduction is recorded for. */
interface ReduceSpec {
  readonly op: ReduceOp;
  /** Along neighbouring elements, or across rows of neighbours. */
  readonly along: 'row' | 'columns';
}

type F32 = Vector<'f32'>;

/** A reduction: a fold of mapped elements, and what is made of its total. */
interface Reduction {
  readonly fold: Fold;
  readonly map?: (k: KernelBuilder, x: F32) => F32;
  readonly finish?: (k: KernelBuilder, total: F32, size: F32) => F32;
}

/** Each reduction. Maxima and minima are NaN where an element is. */
const reductions: Record<ReduceOp, Reduction> = {
  sum: { fold: sumFold },
  mean: { fold: sumFold, finish: (k, total, size) => k.div(total, size) },
  max: { fold: { identity: Number.NEGATIVE_INFINITY, combine: (k, a, b) => k.max(a, b) } },
  min: { fold: { identity: Number.POSITIVE_INFINITY, combine: (k, a, b) => k.min(a, b) } },
  prod: { fold: { identity: 1, combine: (k, a, b) => k.mul(a, b) } },
  norm1: { fold: sumFold, map: (k, x) => k.abs(x) },
  norm2: { fold: sumFold, map: (k, x) => k.mul(x, x), finish: (k, total) => k.sqrt(total) },
};

/** `y[outer, inner]` from `x[outer, size, inner]`; `inner` is 1 along rows. */
const reduceKernel = family(
  'reduce',
  {
    x: input('f32'),
    y: output('f32'),
    outer: integer(),
    size: integer(),
    inner: integer(),
    divisor: scalar('f32'),
  },
  (k, spec: ReduceSpec) => {
    const { fold, map = (_, x) => x, finish = (_, total) => total } = reductions[spec.op];
    const [x, y] = [k.pointer('x'), k.pointer('y')];
    const [size, inner] = [k.integer('size'), k.integer('inner')];
    const divisor = k.scalar('divisor');
    const one = (value: F32): F32 => map(k, value);

    if (spec.along === 'row') {
      // Elements beyond the end must leave the fold as it is: all maps take zero to zero.
      k.loop(k.integer('outer'), () => {
        const total = foldRow(k, fold, x, size, one);
        k.storeFirst(finish(k, total, divisor), y);
        k.advance(y, 1);
      });
      return;
    }
    k.loop(k.integer('outer'), () => {
      const from = k.variable(x);
      overColumns(k, inner, [from, y], ({ vectors, load, store }) => {
        const at = k.variable(from);
        const totals = Array.from({ length: vectors }, () => k.variable(k.constant('f32', fold.identity)));
        foldBlocks(k, fold, size, totals, () => {
          const values = load(at).map(one);
          k.advance(at, inner);
          return values;
        });
        store(
          totals.map((total) => finish(k, total, divisor)),
          y,
        );
      });
      k.advance(x, k.mul(size, inner));
    });
  },
);

/**
 * Reduces `x[outer, size, inner]` along `size` into `y[outer, inner]`. Over nothing a sum and a norm are 0, a product is 1,
 * a mean NaN, a maximum minus infinity and a minimum infinity. Maxima and minima are NaN where an element is. `norm1` sums
 * magnitudes; `norm2` is the root of the sum of squares, infinite where that sum is.
 *
 * @throws EngineError when a size is invalid or a slice too small.
 */
export function reduce(p: ReduceParameters): void {
  const { outer, size, inner } = p;
  checkSizes('reduce', { outer, size, inner });
  const x = regionOf('reduce', 'x', p.x, outer * size * inner);
  const y = regionOf('reduce', 'y', p.y, outer * inner);
  const kernel = reduceKernel({ op: p.op, along: inner === 1 ? 'row' : 'columns' });
  const current = executor();
  forkRanges(outer, passTime(outer * size * inner), (first, count) => {
    current.launch(kernel, {
      x: part(x, first * size * inner, count * size * inner),
      y: part(y, first * inner, count * inner),
      outer: count,
      size,
      inner,
      divisor: size,
    });
  });
}
