/** Normalizations over batches, layers, instances, groups and roots of mean squares. */

import type { Tensor } from '@sconce/tensor';
import * as t from '@sconce/tensor';
import { attribute } from '../attributes.ts';
import { defineOperator, type OperatorDefinition } from '../operator.ts';
import { alongChannels, count, toAxis } from './helpers.ts';

const epsilon = attribute.float.default(1e-5);

/** Normalizes groups of consecutive elements of each sample, then scales and shifts per channel. */
function perGroup(x: Tensor, groups: number, scale: Tensor, bias: Tensor, eps: number): Tensor {
  const samples = x.reshape([x.shape[0]!, groups, -1]);
  const normalized = t
    .layerNorm(samples, [samples.shape[2]!], undefined, undefined, { eps })
    .reshape(x.shape);
  return t.add(t.mul(normalized, alongChannels(scale, x.ndim)), alongChannels(bias, x.ndim));
}

export const normalization: readonly OperatorDefinition[] = [
  defineOperator('BatchNormalization', {
    inputs: 5,
    outputs: [1, 3],
    attributes: {
      epsilon,
      momentum: attribute.float.default(0.9),
      training_mode: attribute.flag.default(false),
    },
    run(call, x: Tensor, scale: Tensor, bias: Tensor, mean: Tensor, variance: Tensor) {
      const { epsilon: eps, momentum, training_mode: training } = call.attributes;
      if (!training) {
        if (call.wants(1) || call.wants(2)) call.fail('expected 1 output without training_mode, got more');
        return t.batchNorm(x, mean, variance, scale, bias, { training: false, eps });
      }
      const dim = x.shape.map((_size, axis) => axis).filter((axis) => axis !== 1);
      const batchMean = t.mean(x, { dim });
      const batchVariance = t.var(x, { dim, correction: 0 });
      const y = t.batchNorm(x, batchMean, batchVariance, scale, bias, { training: false, eps });
      const blend = (old: Tensor, now: Tensor): Tensor =>
        t.add(t.mul(old, momentum), t.mul(now, 1 - momentum));
      return [y, blend(mean, batchMean), blend(variance, batchVariance)];
    },
  }),
  defineOperator('LayerNormalization', {
    inputs: [2, 3],
    outputs: [1, 3],
    attributes: { axis: attribute.int.default(-1), epsilon, stash_type: attribute.int.default(1) },
    run(call, x: Tensor, scale: Tensor, bias?: Tensor) {
      const { epsilon: eps } = call.attributes;
      const axis = toAxis(call, call.attributes.axis, x.ndim);
      const shape = x.shape.slice(axis);
      const isWhole = (part: Tensor): boolean =>
        part.ndim === shape.length && part.shape.every((size, i) => size === shape[i]);
      const whole = isWhole(scale) && (bias === undefined || isWhole(bias));
      let y = t.layerNorm(x, shape, whole ? scale : undefined, whole ? bias : undefined, { eps });
      if (!whole) {
        y = t.mul(y, scale);
        if (bias) y = t.add(y, bias);
      }
      if (!call.wants(1) && !call.wants(2)) return y;
      const dim = shape.map((_size, index) => axis + index);
      const mean = t.mean(x, { dim, keepdim: true });
      return [y, mean, t.rsqrt(t.add(t.var(x, { dim, correction: 0, keepdim: true }), eps))];
    },
  }),
  defineOperator('InstanceNormalization', {
    inputs: 3,
    attributes: { epsilon },
    run: ({ attributes }, x: Tensor, scale: Tensor, bias: Tensor) =>
      perGroup(x, x.shape[1]!, scale, bias, attributes.epsilon),
  }),
  defineOperator('GroupNormalization', {
    inputs: 3,
    attributes: { epsilon, num_groups: attribute.int.required(), stash_type: attribute.int.default(1) },
    run(call, x: Tensor, scale: Tensor, bias: Tensor) {
      const { num_groups: groups, epsilon: eps } = call.attributes;
      if (groups < 1 || x.shape[1]! % groups !== 0)
        call.fail(`attribute 'num_groups': expected a divisor of ${x.shape[1]} channels, got ${groups}`);
      return perGroup(x, groups, scale, bias, eps);
    },
  }),
  defineOperator('RMSNormalization', {
    inputs: 2,
    attributes: { axis: attribute.int.default(-1), epsilon, stash_type: attribute.int.default(1) },
    run(call, x: Tensor, scale: Tensor) {
      const axis = toAxis(call, call.attributes.axis, x.ndim);
      const dim = x.shape.slice(axis).map((_size, index) => axis + index);
      const meanSquare = t.mean(t.mul(x, x), { dim, keepdim: true });
      return t.mul(t.mul(x, t.rsqrt(t.add(meanSquare, call.attributes.epsilon))), scale);
    },
  }),
  defineOperator('LRN', {
    inputs: 1,
    attributes: {
      alpha: attribute.float.default(1e-4),
      beta: attribute.float.default(0.75),
      bias: attribute.float.default(1),
      size: attribute.int.required(),
    },
    run(call, x: Tensor) {
      const { alpha, beta, bias, size } = call.attributes;
      if (size < 1 || x.ndim < 2)
        call.fail(`expected channels and a size of at least 1, got [${x.shape.join(', ')}], ${size}`);
      // Sums over neighbouring channels, zeros standing for those outside.
      const before = Math.floor((size - 1) / 2);
      const sides = [...x.shape.slice(2).flatMap(() => [0, 0]), before, size - 1 - before];
      const squares = t.pad(t.mul(x, x), sides);
      let sums = t.narrow(squares, 1, 0, x.shape[1]!);
      for (let shift = 1; shift < size; shift++) sums = t.add(sums, t.narrow(squares, 1, shift, x.shape[1]!));
      return t.div(x, t.pow(t.add(t.mul(sums, alpha / size), bias), beta));
    },
  }),
  defineOperator('LpNormalization', {
    inputs: 1,
    attributes: { axis: attribute.int.default(-1), p: attribute.int.default(2) },
    run(call, x: Tensor) {
      const dim = toAxis(call, call.attributes.axis, x.ndim);
      if (count(x.shape) === 0) return x;
      const { p } = call.attributes;
      if (p !== 1 && p !== 2) call.fail(`attribute 'p': expected 1 or 2, got ${p}`);
      const sums = t.sum(p === 1 ? t.abs(x) : t.mul(x, x), { dim, keepdim: true });
      const norm = p === 1 ? sums : t.sqrt(sums);
      return t.where(t.eq(norm, 0), t.zerosLike(x), t.div(x, norm));
    },
  }),
];
