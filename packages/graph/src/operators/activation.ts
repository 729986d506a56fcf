/** Activation functions. */

import type { Tensor } from '@sconce/tensor';
import * as t from '@sconce/tensor';
import { attribute } from '../attributes.ts';
import { defineOperator, type OperatorDefinition } from '../operator.ts';
import { toAxis } from './helpers.ts';

function simple(opType: string, apply: (x: Tensor) => Tensor): OperatorDefinition {
  return defineOperator(opType, { inputs: 1, run: (_call, x: Tensor) => apply(x) });
}

/** An activation with one parameter `alpha`. */
function withAlpha(
  opType: string,
  alpha: number,
  apply: (x: Tensor, alpha: number) => Tensor,
): OperatorDefinition {
  return defineOperator(opType, {
    inputs: 1,
    attributes: { alpha: attribute.float.default(alpha) },
    run: ({ attributes }, x: Tensor) => apply(x, attributes.alpha),
  });
}

function alongAxis(opType: string, apply: (x: Tensor, axis: number) => Tensor): OperatorDefinition {
  return defineOperator(opType, {
    inputs: 1,
    attributes: { axis: attribute.int.default(-1) },
    run: (call, x: Tensor) => apply(x, toAxis(call, call.attributes.axis, x.ndim)),
  });
}

/** ONNX's default parameters of Selu, from the paper on self-normalizing networks. */
const SELU_ALPHA = 1.6732632423543772;
const SELU_GAMMA = 1.0507009873554805;

export const activation: readonly OperatorDefinition[] = [
  simple('Relu', t.relu),
  simple('Sigmoid', t.sigmoid),
  simple('Tanh', t.tanh),
  simple('HardSwish', t.hardswish),
  simple('Softplus', (x) => t.softplus(x)),
  simple('Softsign', (x) => t.div(x, t.add(t.abs(x), 1))),
  simple('Mish', t.mish),
  withAlpha('LeakyRelu', 0.01, (x, alpha) => t.leakyRelu(x, alpha)),
  withAlpha('Elu', 1, (x, alpha) => t.elu(x, alpha)),
  withAlpha('Celu', 1, (x, alpha) => t.mul(t.elu(t.div(x, alpha), 1), alpha)),
  withAlpha('Swish', 1, (x, alpha) => (alpha === 1 ? t.silu(x) : t.mul(x, t.sigmoid(t.mul(x, alpha))))),
  withAlpha('ThresholdedRelu', 1, (x, alpha) => t.where(t.gt(x, alpha), x, t.zerosLike(x))),
  alongAxis('Softmax', t.softmax),
  alongAxis('LogSoftmax', t.logSoftmax),
  defineOperator('Selu', {
    inputs: 1,
    attributes: { alpha: attribute.float.default(SELU_ALPHA), gamma: attribute.float.default(SELU_GAMMA) },
    run: ({ attributes: { alpha, gamma } }, x: Tensor) => t.mul(t.elu(x, alpha), gamma),
  }),
  defineOperator('HardSigmoid', {
    inputs: 1,
    attributes: { alpha: attribute.float.default(0.2), beta: attribute.float.default(0.5) },
    run({ attributes: { alpha, beta } }, x: Tensor) {
      if (Math.fround(alpha) === Math.fround(1 / 6) && beta === 0.5) return t.hardsigmoid(x);
      return t.clamp(t.add(t.mul(x, alpha), beta), { min: 0, max: 1 });
    },
  }),
  defineOperator('Gelu', {
    inputs: 1,
    attributes: { approximate: attribute.oneOf(['none', 'tanh']).default('none') },
    run: ({ attributes: { approximate } }, x: Tensor) => t.gelu(x, { approximate }),
  }),
  defineOperator('PRelu', {
    inputs: 2,
    run: (_call, x: Tensor, slope: Tensor) => t.where(t.lt(x, 0), t.mul(x, slope), x),
  }),
  defineOperator('Dropout', {
    inputs: [1, 3],
    outputs: [1, 2],
    attributes: { seed: attribute.int.optional() },
    run(call, x: Tensor, _ratio?: Tensor, training?: Tensor) {
      if (training?.item())
        call.fail('training_mode: expected false, got true; random masks are not supported');
      return call.wants(1) ? [x, t.ones(x.shape, { dtype: 'bool' })] : x;
    },
  }),
];
