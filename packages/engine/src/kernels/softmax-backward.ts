// Gradients of softmax and its logarithm along one axis of [outer, size, inner]: a sum along the axis, then the result.

import { exp, input, integer, output, overVectors, type Vector } from '@sconce/codegen';
import { floatLanes } from '../float-type.ts';
import { checkSizes, regionOf } from '../operands.ts';
import { executor } from '../runtime/executor.ts';
import { part, type Region } from '../runtime/region.ts';
import { forkRanges, passTime } from '../threads/split.ts';
import type { SoftmaxBackwardParameters } from '../types.ts';
import { floatFamily } from './float-family.ts';
import { foldBlocks, overColumns, sumFold, sumTerms } from './fold.ts';

type F32 = Vector<'f32'>;

interface SoftmaxBackwardSpec {
  readonly log: boolean;
  /** Along neighbouring elements, or across rows of neighbours. */
  readonly along: 'row' | 'columns';
}

const softmaxBackwardKernel = floatFamily(
  'softmax-backward',
  (type) => ({
    dy: input(type),
    y: input(type),
    dx: output(type),
    outer: integer(),
    size: integer(),
    inner: integer(),
  }),
  (k, spec: SoftmaxBackwardSpec, type) => {
    const [dy, y, dx] = [k.pointer('dy'), k.pointer('y'), k.pointer('dx')];
    const [size, inner] = [k.integer('size'), k.integer('inner')];
    const result = (grad: F32, value: F32, total: F32): F32 =>
      spec.log ? k.fnma(exp(k, value), total, grad) : k.mul(k.sub(grad, total), value);

    if (spec.along === 'row') {
      k.loop(k.integer('outer'), () => {
        const [from, of] = [k.variable(dy), k.variable(y)];
        const pointers = spec.log ? [from] : [from, of];
        const [total] = sumTerms(
          k,
          pointers,
          size,
          (load) => [spec.log ? load(from) : k.mul(load(from), load(of))],
          1,
        );
        overVectors(k, type, size, [dy, y, dx], (at) => {
          at.store(result(at.load(dy), at.load(y), total!), dx);
        });
        const tail = k.and(size, k.lanes(type) - 1);
        for (const pointer of [dy, y, dx]) k.advance(pointer, tail);
      });
      return;
    }
    k.loop(k.integer('outer'), () => {
      const starts = [k.variable(dy), k.variable(y), k.variable(dx)] as const;
      overColumns(k, inner, starts, ({ vectors, load, store }) => {
        const [grads, values] = [k.variable(starts[0]), k.variable(starts[1])];
        const totals = Array.from({ length: vectors }, () => k.zero(type));
        foldBlocks(k, sumFold, size, totals, () => {
          const found = load(grads);
          const of = spec.log ? undefined : load(values);
          k.advance(grads, inner);
          k.advance(values, inner);
          return of ? found.map((grad, i) => k.mul(grad, of[i]!)) : found;
        });
        const [from, of, to] = starts.map((start) => k.variable(start)) as [typeof dy, typeof y, typeof dx];
        k.loop(size, () => {
          const found = load(of);
          store(
            load(from).map((grad, i) => result(grad, found[i]!, totals[i]!)),
            to,
          );
          for (const pointer of [from, of, to]) k.advance(pointer, inner);
        });
      });
      const plane = k.mul(size, inner);
      for (const pointer of [dy, y, dx]) k.advance(pointer, plane);
    });
  },
);

/**
 * The gradient of {@link softmax} with respect to its input, from its result `y` and the gradient `dy` of that, all
 * `[outer, size, inner]`: `(dy - sum(dy * y)) * y`, and with `log` `dy - exp(y) * sum(dy)`. `dx` may be `dy` or `y`.
 *
 * @throws EngineError when a size is invalid or a slice too small.
 */
export function softmaxBackward(p: SoftmaxBackwardParameters): void {
  const { outer, size, inner } = p;
  checkSizes('softmaxBackward', { outer, size, inner });
  const { type, bytes } = floatLanes('softmaxBackward', p.dtype);
  const count = outer * size * inner;
  const dy = regionOf('softmaxBackward', 'dy', p.dy, count, bytes);
  const y = regionOf('softmaxBackward', 'y', p.y, count, bytes);
  const dx = regionOf('softmaxBackward', 'dx', p.dx, count, bytes);
  const current = executor();
  const along = inner === 1 ? 'row' : 'columns';
  const kernel = softmaxBackwardKernel[type]({ log: p.log ?? false, along });
  const row = size * inner;
  forkRanges(outer, passTime((3 * count * bytes) / 4), (first, rows) => {
    const some = (all: Region): Region => part(all, first * row, rows * row, bytes);
    current.launch(kernel, { dy: some(dy), y: some(y), dx: some(dx), outer: rows, size, inner });
  });
}
