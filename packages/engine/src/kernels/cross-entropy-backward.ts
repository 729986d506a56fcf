// The gradient of the cross entropy with respect to scores: probabilities less a one at each target, times what the target counts.

import { exp, input, integer, output, overVectors, type Vector } from '@sconce/codegen';
import { floatLanes, numbersOf } from '../float-type.ts';
import { checkSizes, regionOf } from '../operands.ts';
import { executor, withScratch } from '../runtime/executor.ts';
import { integersOf, part } from '../runtime/region.ts';
import { forkRanges, passTime } from '../threads/split.ts';
import type { CrossEntropyBackwardParameters } from '../types.ts';
import { floatFamily } from './float-family.ts';
import { readRows } from './row-numbers.ts';

interface CrossEntropyBackwardSpec {
  /** Classes are neighbours, or rows of neighbours. */
  readonly along: 'row' | 'columns';
}

const crossEntropyBackwardKernel = floatFamily(
  'cross-entropy-backward',
  (type) => ({
    y: input(type),
    targets: input('i32'),
    scales: input(type),
    dx: output(type),
    outer: integer(),
    classes: integer(),
    inner: integer(),
  }),
  (k, spec: CrossEntropyBackwardSpec, type) => {
    const [y, dx, scales] = [k.pointer('y'), k.pointer('dx'), k.pointer('scales')];
    const targets = k.pointer('targets');
    const [classes, inner] = [k.integer('classes'), k.integer('inner')];
    const count = spec.along === 'row' ? classes : inner;
    const tail = k.and(count, k.lanes(type) - 1);
    k.loop(k.integer('outer'), () => {
      const start = k.variable(dx);
      const line = (scale: Vector<'f32'> | undefined): void => {
        const own = k.variable(scales);
        overVectors(k, type, count, [y, dx, ...(scale ? [] : [own])], (at) => {
          at.store(k.mul(exp(k, at.load(y)), scale ?? at.load(own)), dx);
        });
        k.advance(y, tail);
        k.advance(dx, tail);
      };
      if (spec.along === 'row') line(k.broadcast(scales));
      else k.loop(classes, () => line(undefined));
      k.loop(inner, () => {
        const at = k.variable(start);
        k.advance(at, spec.along === 'row' ? k.loadInteger(targets) : k.mul(k.loadInteger(targets), inner));
        k.storeFirst(k.sub(k.broadcast(at), k.broadcast(scales)), at);
        k.advance(start, 1);
        k.advance(scales, 1);
        k.advance(targets, 1);
      });
    });
  },
);

/**
 * `dx[o, c, i] = (exp(y[o, c, i]) - (c = targets[o, i])) * scales[o, i]`: the gradient of the cross entropy of scores whose
 * logarithmic softmax is `y`.
 *
 * @throws EngineError when a target that counts is out of range, a size invalid or a slice too small, before anything is written.
 */
export function crossEntropyBackward(p: CrossEntropyBackwardParameters): void {
  const name = 'crossEntropyBackward';
  const { outer, classes, inner } = p;
  checkSizes(name, { outer, classes, inner });
  const { type, bytes } = floatLanes(name, p.dtype);
  const count = outer * classes * inner;
  const y = regionOf(name, 'logProbabilities', p.logProbabilities, count, bytes);
  const dx = regionOf(name, 'dx', p.dx, count, bytes);
  const targets = regionOf(name, 'targets', p.targets, outer * inner, 8);
  const scales = regionOf(name, 'scales', p.scales, outer * inner, bytes);
  withScratch(Math.max(1, outer * inner), (table) => {
    const numbers = numbersOf(scales, type);
    // What is ignored is taken off the first class: nothing.
    readRows(name, targets, integersOf(table), classes, (place) => (numbers[place] === 0 ? 0 : undefined));
    if (count === 0) return;
    const current = executor();
    const kernel = crossEntropyBackwardKernel[type]({ along: inner === 1 ? 'row' : 'columns' });
    const plane = classes * inner;
    forkRanges(outer, passTime((4 * count * bytes) / 4), (first, some) => {
      current.launch(kernel, {
        y: part(y, first * plane, some * plane, bytes),
        dx: part(dx, first * plane, some * plane, bytes),
        targets: part(table, first * inner, some * inner),
        scales: part(scales, first * inner, some * inner, bytes),
        outer: some,
        classes,
        inner,
      });
    });
  });
}
