// Softmax and its logarithm along one axis of [outer, size, inner], in three passes: maximum, sum of exponentials,
// result.

import {
  exp,
  type Integer,
  input,
  integer,
  log,
  output,
  overVectors,
  type Pointer,
  type Vector,
} from '@sconce/codegen';
import { checkSizes, regionOf } from '../operands.ts';
import { executor } from '../runtime/executor.ts';
import { family } from '../runtime/family.ts';
import { part } from '../runtime/region.ts';
import { forkRanges, passTime } from '../threads/split.ts';
import type { SoftmaxParameters } from '../types.ts';

/** What a softmax is recorded for. */
interface SoftmaxSpec {
  readonly log: boolean;
  /** Along neighbouring elements, or across rows of neighbours. */
  readonly along: 'row' | 'columns';
}

/** `y` from `x`, both `[outer, size, inner]`; `inner` is 1 along rows. */
const softmaxKernel = family(
  'softmax',
  { x: input('f32'), y: output('f32'), outer: integer(), size: integer(), inner: integer() },
  (k, spec: SoftmaxSpec) => {
    const lanes = k.lanes('f32');
    const [x, y] = [k.pointer('x'), k.pointer('y')];
    const [size, inner] = [k.integer('size'), k.integer('inner')];
    const lowest = k.constant('f32', Number.NEGATIVE_INFINITY);

    if (spec.along === 'row') {
      k.loop(k.integer('outer'), () => {
        const largest = k.variable(lowest);
        const first = k.variable(x);
        overVectors(k, 'f32', size, [first], (at) =>
          k.assign(largest, k.max(largest, at.load(first, lowest))),
        );
        const shift = k.reduceMax(largest);
        const sum = k.zero('f32');
        const [from, to] = [k.variable(x), k.variable(y)];
        overVectors(k, 'f32', size, [from, to], (at) => {
          // Lanes beyond the end hold minus infinity, whose exponential adds nothing.
          const power = exp(k, k.sub(at.load(from, lowest), shift));
          k.assign(sum, k.add(sum, power));
          if (!spec.log) at.store(power, to);
        });
        const total = k.reduceSum(sum);
        const logarithm = spec.log ? log(k, total) : undefined;
        const [source, result] = [k.variable(spec.log ? x : y), k.variable(y)];
        overVectors(k, 'f32', size, [source, result], (at) => {
          const value = at.load(source);
          at.store(logarithm ? k.sub(k.sub(value, shift), logarithm) : k.div(value, total), result);
        });
        k.advance(x, size);
        k.advance(y, size);
      });
      return;
    }

    const columns = (from: Pointer<'f32'>, to: Pointer<'f32'>, count: Integer | undefined): void => {
      const load = (at: Pointer<'f32'>): Vector<'f32'> => (count ? k.loadPartial(at, 0, count) : k.load(at));
      const store = (value: Vector<'f32'>, at: Pointer<'f32'>): void => {
        if (count) k.storePartial(value, at, 0, count);
        else k.store(value, at);
      };
      const pass = (body: (source: Pointer<'f32'>, result: Pointer<'f32'>) => void): void => {
        const [source, result] = [k.variable(from), k.variable(to)];
        k.loop(size, () => {
          body(source, result);
          k.advance(source, inner);
          k.advance(result, inner);
        });
      };
      const shift = k.variable(lowest);
      pass((source) => k.assign(shift, k.max(shift, load(source))));
      const sum = k.zero('f32');
      pass((source, result) => {
        const power = exp(k, k.sub(load(source), shift));
        k.assign(sum, k.add(sum, power));
        if (!spec.log) store(power, result);
      });
      const logarithm = spec.log ? log(k, sum) : undefined;
      pass((source, result) => {
        if (logarithm) store(k.sub(k.sub(load(source), shift), logarithm), result);
        else store(k.div(load(result), sum), result);
      });
      k.advance(from, count ?? lanes);
      k.advance(to, count ?? lanes);
    };
    const plane = k.mul(size, inner);
    const tail = k.and(inner, lanes - 1);
    k.loop(k.integer('outer'), () => {
      const [from, to] = [k.variable(x), k.variable(y)];
      k.loop(k.shr(inner, Math.log2(lanes)), () => columns(from, to, undefined));
      k.when(tail, '>', 0, () => columns(from, to, tail));
      k.advance(x, plane);
      k.advance(y, plane);
    });
  },
);

/**
 * Softmax of `x[outer, size, inner]` along `size`, or its logarithm; `y` may be `x`. As in PyTorch, a NaN or a plus
 * infinity makes its whole row NaN.
 *
 * @throws EngineError when a size is invalid or a slice too small.
 */
export function softmax(p: SoftmaxParameters): void {
  const { outer, size, inner } = p;
  checkSizes('softmax', { outer, size, inner });
  const count = outer * size * inner;
  const x = regionOf('softmax', 'x', p.x, count);
  const y = regionOf('softmax', 'y', p.y, count);
  const kernel = softmaxKernel({ log: p.log ?? false, along: inner === 1 ? 'row' : 'columns' });
  const current = executor();
  const row = size * inner;
  forkRanges(outer, passTime(3 * count), (first, rows) => {
    const values = { x: part(x, first * row, rows * row), y: part(y, first * row, rows * row) };
    current.launch(kernel, { ...values, outer: rows, size, inner });
  });
}
