// Reductions along one axis of [outer, size, inner]: across lanes where the axis is contiguous, lane by lane
// otherwise. Sums are built in blocks, so that rounding errors do not grow with the length.

import {
  type Integer,
  input,
  integer,
  type KernelBuilder,
  output,
  type Pointer,
  scalar,
  type Vector,
} from '@sconce/codegen';
import { addressOf, checkSizes } from '../operands.ts';
import { executor, region } from '../runtime/executor.ts';
import { family } from '../runtime/family.ts';
import type { ReduceOp, ReduceParameters } from '../types.ts';

/** What a reduction is recorded for. */
interface ReduceSpec {
  readonly op: ReduceOp;
  /** Along neighbouring elements, or across rows of neighbours. */
  readonly along: 'row' | 'columns';
}

interface Fold {
  readonly identity: number;
  readonly combine: (k: KernelBuilder, a: Vector<'f32'>, b: Vector<'f32'>) => Vector<'f32'>;
}

const add: Fold = { identity: 0, combine: (k, a, b) => k.add(a, b) };

/** Each reduction as a fold; a mean is a sum, divided. Maxima and minima are NaN where an element is. */
const folds: Record<ReduceOp, Fold> = {
  sum: add,
  mean: add,
  max: { identity: Number.NEGATIVE_INFINITY, combine: (k, a, b) => k.max(a, b) },
  min: { identity: Number.POSITIVE_INFINITY, combine: (k, a, b) => k.min(a, b) },
  prod: { identity: 1, combine: (k, a, b) => k.mul(a, b) },
};

/** Vectors folded side by side, which hides the latency of each fold. */
const SIDE_BY_SIDE = 4;
/** Folds into one accumulator before it is folded into the next level's. */
const BLOCK = 64;
/** Levels of blocks: the top level folds blocks of BLOCK ** LEVELS. */
const LEVELS = 2;

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
    const lanes = k.lanes('f32');
    const { identity, combine } = folds[spec.op];
    const [x, y] = [k.pointer('x'), k.pointer('y')];
    const [size, inner] = [k.integer('size'), k.integer('inner')];
    const divisor = k.scalar('divisor');
    const start = k.constant('f32', identity);
    const finish = (total: Vector<'f32'>): Vector<'f32'> =>
      spec.op === 'mean' ? k.div(total, divisor) : total;
    const into = (total: Vector<'f32'>, value: Vector<'f32'>): void =>
      k.assign(total, combine(k, total, value));

    /** Folds `count` times what `load` finds into `totals`, in blocks of blocks. */
    const blocked = (
      count: Integer,
      totals: readonly Vector<'f32'>[],
      load: () => readonly Vector<'f32'>[],
    ): void => {
      /** Folds BLOCK ** level loads, each block into accumulators of its own first. */
      const block = (level: number, sums: readonly Vector<'f32'>[]): void => {
        if (level === 0) {
          load().forEach((value, i) => void into(sums[i]!, value));
          return;
        }
        const partial = sums.map(() => k.variable(start));
        k.loop(BLOCK, () => block(level - 1, partial));
        partial.forEach((value, i) => void into(sums[i]!, value));
      };
      for (let level = LEVELS; level >= 0; level--) {
        const blocks = k.shr(count, level * Math.log2(BLOCK));
        k.loop(level === LEVELS ? blocks : k.and(blocks, BLOCK - 1), () => block(level, totals));
      }
    };

    if (spec.along === 'row') {
      const step = SIDE_BY_SIDE * lanes;
      const rest = k.and(size, step - 1);
      const tail = k.and(size, lanes - 1);
      k.loop(k.integer('outer'), () => {
        const totals = Array.from({ length: SIDE_BY_SIDE }, () => k.variable(start));
        blocked(k.shr(size, Math.log2(step)), totals, () => {
          const values = totals.map((_, i) => k.load(x, i * lanes));
          k.advance(x, step);
          return values;
        });
        const [first, ...others] = totals as [Vector<'f32'>, ...Vector<'f32'>[]];
        for (const other of others) into(first, other);
        k.loop(k.shr(rest, Math.log2(lanes)), () => {
          into(first, k.load(x));
          k.advance(x, lanes);
        });
        into(first, k.loadPartial(x, 0, tail, identity));
        k.advance(x, tail);
        k.storeFirst(finish(k.reduce(first, (a, b) => combine(k, a, b))), y);
        k.advance(y, 1);
      });
      return;
    }

    const columns = (from: Pointer<'f32'>, vectors: number, count: Integer | undefined): void => {
      const at = k.variable(from);
      const totals = Array.from({ length: vectors }, () => k.variable(start));
      blocked(size, totals, () => {
        const values = totals.map((_, i) => (count ? k.loadPartial(at, 0, count) : k.load(at, i * lanes)));
        k.advance(at, inner);
        return values;
      });
      totals.forEach((total, i) => {
        if (count) k.storePartial(finish(total), y, 0, count);
        else k.store(finish(total), y, i * lanes);
      });
      k.advance(from, count ?? vectors * lanes);
      k.advance(y, count ?? vectors * lanes);
    };
    const vectors = k.shr(inner, Math.log2(lanes));
    const tail = k.and(inner, lanes - 1);
    k.loop(k.integer('outer'), () => {
      const from = k.variable(x);
      k.loop(k.shr(vectors, Math.log2(SIDE_BY_SIDE)), () => columns(from, SIDE_BY_SIDE, undefined));
      k.loop(k.and(vectors, SIDE_BY_SIDE - 1), () => columns(from, 1, undefined));
      k.when(tail, '>', 0, () => columns(from, 1, tail));
      k.advance(x, k.mul(size, inner));
    });
  },
);

/**
 * Reduces `x[outer, size, inner]` along `size` into `y[outer, inner]`. Over nothing a sum is 0, a product 1, a mean
 * NaN, a maximum minus infinity and a minimum infinity. Maxima and minima are NaN where an element is.
 *
 * @throws EngineError when a size is invalid or a slice too small.
 */
export function reduce(p: ReduceParameters): void {
  const { outer, size, inner } = p;
  checkSizes('reduce', { outer, size, inner });
  const x = region(addressOf('reduce', 'x', p.x, outer * size * inner), outer * size * inner);
  const y = region(addressOf('reduce', 'y', p.y, outer * inner), outer * inner);
  const kernel = reduceKernel({ op: p.op, along: inner === 1 ? 'row' : 'columns' });
  executor().launch(kernel, { x, y, outer, size, inner, divisor: size });
}
