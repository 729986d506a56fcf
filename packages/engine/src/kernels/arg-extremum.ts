// Positions of the largest or smallest elements along one axis of [outer, size, inner].

import { input, integer, type Mask, output, overVectors, type Pointer, type Vector } from '@sconce/codegen';
import { EngineError } from '../errors.ts';
import { checkSizes, regionOf } from '../operands.ts';
import { executor } from '../runtime/executor.ts';
import { family } from '../runtime/family.ts';
import { nothing, part } from '../runtime/region.ts';
import { forkRanges, passTime } from '../threads/split.ts';
import type { ArgExtremumParameters } from '../types.ts';
import { overColumns } from './fold.ts';

type F32 = Vector<'f32'>;
type I32 = Vector<'i32'>;

interface ArgSpec {
  readonly op: 'max' | 'min';
  readonly values: boolean;
  readonly along: 'row' | 'columns';
}

const LAST = 2 ** 31 - 1;

/** Indices are written as pairs of 32-bit words, the lower one first. */
const argKernel = family(
  'arg-extremum',
  {
    x: input('f32'),
    indices: output('i32'),
    values: output('f32'),
    outer: integer(),
    size: integer(),
    inner: integer(),
  },
  (k, spec: ArgSpec) => {
    const lanes = k.lanes('f32');
    const [x, indices, values] = [k.pointer('x'), k.pointer('indices'), k.pointer('values')];
    const [size, inner] = [k.integer('size'), k.integer('inner')];
    const worst = spec.op === 'max' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
    /** Only what is better replaces the best so far, so the first of equal ones stays, and so does the first NaN. */
    const better = (candidate: F32, best: F32): Mask =>
      k.or(
        k.compare(candidate, spec.op === 'max' ? '>' : '<', best),
        k.and(k.isNaN(candidate), k.not(k.isNaN(best))),
      );
    const take = (candidate: F32, index: I32, best: F32, position: I32): void => {
      const isBetter = better(candidate, best);
      k.assign(best, k.select(isBetter, candidate, best));
      k.assign(position, k.select(isBetter, index, position));
    };

    if (spec.along === 'row') {
      k.loop(k.integer('outer'), () => {
        const best = k.variable(k.constant('f32', worst));
        const index = k.variable(k.constant('i32', (lane) => lane));
        const position = k.variable(index);
        const at = k.variable(x);
        overVectors(k, 'f32', size, [at], (access) => {
          take(access.load(at, worst), index, best, position);
          k.assign(index, k.add(index, lanes));
        });
        const extremum = spec.op === 'max' ? k.reduceMax(best) : k.reduceMin(best);
        const isExtremum = k.or(k.compare(best, '==', extremum), k.and(k.isNaN(best), k.isNaN(extremum)));
        const first = k.reduceMin(k.select<'i32'>(isExtremum, position, LAST));
        k.storeFirst(first, indices);
        k.storeFirst<'i32'>(0, indices, 1);
        if (spec.values) {
          const element = k.variable(x);
          k.advance(element, k.loadInteger(indices));
          k.copyElement(element, 0, values, 0);
          k.advance(values, 1);
        }
        k.advance(indices, 2);
        k.advance(x, size);
      });
      return;
    }
    k.loop(k.integer('outer'), () => {
      const from = k.variable(x);
      overColumns(k, inner, [from, values], ({ vectors, count, load, store }) => {
        const at: Pointer<'f32'> = k.variable(from);
        const best = Array.from({ length: vectors }, () => k.variable(k.constant('f32', worst)));
        const position = best.map(() => k.zero('i32'));
        const index = k.zero('i32');
        k.loop(size, () => {
          load(at).forEach((value, i) => void take(value, index, best[i]!, position[i]!));
          k.assign(index, k.add(index, 1));
          k.advance(at, inner);
        });
        if (spec.values) store(best, values);
        position.forEach((value, i) => {
          k.storeStrided(value, indices, 2 * i * lanes, 2, count);
          k.storeStrided<'i32'>(0, indices, 2 * i * lanes + 1, 2, count);
        });
        k.advance(indices, count ? k.shl(count, 1) : 2 * vectors * lanes);
      });
      k.advance(x, k.mul(size, inner));
    });
  },
);

/**
 * Where the largest (or smallest) element of `x[outer, size, inner]` along `size` is: the first of equal ones; NaN goes before
 * everything. As PyTorch's argmax and max along a dimension.
 *
 * @throws EngineError when a size is invalid, there is nothing along `size`, or a slice is too small.
 */
export function argExtremum(p: ArgExtremumParameters): void {
  const { outer, size, inner } = p;
  checkSizes('argExtremum', { outer, size, inner });
  if (outer * inner === 0) return;
  if (size === 0 || size > LAST) {
    throw new EngineError('argExtremum', 'invalid size', `1 to ${LAST} elements`, size);
  }
  const along = inner === 1 ? 'row' : 'columns';
  const kernel = argKernel({ op: p.op, values: p.values !== undefined, along });
  const x = regionOf('argExtremum', 'x', p.x, outer * size * inner);
  const indices = regionOf('argExtremum', 'indices', p.indices, outer * inner, 8);
  const values = p.values && regionOf('argExtremum', 'values', p.values, outer * inner);
  const current = executor();
  forkRanges(outer, passTime(outer * size * inner), (first, count) => {
    current.launch(kernel, {
      x: part(x, first * size * inner, count * size * inner),
      indices: part(indices, first * inner, count * inner, 8),
      values: values ? part(values, first * inner, count * inner) : nothing,
      outer: count,
      size,
      inner,
    });
  });
}
