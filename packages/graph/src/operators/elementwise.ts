/** Elementwise operators: arithmetic, comparison, logic, rounding, all with ONNX's multidirectional broadcasting. */

import type { Tensor } from '@sconce/tensor';
import * as t from '@sconce/tensor';
import { attribute } from '../attributes.ts';
import { defineOperator, type OperatorDefinition } from '../operator.ts';
import { isFloat } from './helpers.ts';

function unary(opType: string, apply: (x: Tensor) => Tensor): OperatorDefinition {
  return defineOperator(opType, { inputs: 1, run: (_call, x: Tensor) => apply(x) });
}

function binary(opType: string, apply: (a: Tensor, b: Tensor) => Tensor): OperatorDefinition {
  return defineOperator(opType, {
    inputs: 2,
    run(call, a: Tensor, b: Tensor) {
      if (a.dtype !== b.dtype) call.fail(`expected inputs of one dtype, got ${a.dtype} and ${b.dtype}`);
      return apply(a, b);
    },
  });
}

function variadic(opType: string, apply: (a: Tensor, b: Tensor) => Tensor): OperatorDefinition {
  return defineOperator(opType, {
    inputs: [1, Infinity],
    run: (_call, ...inputs: Tensor[]) => inputs.reduce((a, b) => apply(a, b)),
  });
}

/** Integers are divided as in C: towards zero. */
const divide = (a: Tensor, b: Tensor): Tensor =>
  isFloat(a.dtype) ? t.div(a, b) : t.div(a, b, { roundingMode: 'trunc' });

export const elementwise: readonly OperatorDefinition[] = [
  unary('Abs', t.abs),
  unary('Ceil', t.ceil),
  unary('Cos', t.cos),
  unary('Erf', t.erf),
  unary('Exp', t.exp),
  unary('Floor', t.floor),
  unary('Log', t.log),
  unary('Neg', t.neg),
  unary('Not', t.logicalNot),
  unary('Reciprocal', t.reciprocal),
  unary('Round', t.round),
  // PyTorch's sign of NaN is 0.
  unary('Sign', (x) => (isFloat(x.dtype) ? t.where(t.isnan(x), x, t.sign(x)) : t.sign(x))),
  unary('Sin', t.sin),
  unary('Sqrt', t.sqrt),
  unary('Tan', t.tan),
  unary('IsNaN', t.isnan),
  unary('Identity', (x) => x),

  binary('Add', t.add),
  binary('Sub', t.sub),
  binary('Mul', t.mul),
  binary('Div', divide),
  binary('And', t.logicalAnd),
  binary('Or', t.logicalOr),
  binary('Xor', t.ne),
  binary('Equal', t.eq),
  binary('Less', t.lt),
  binary('LessOrEqual', t.le),
  binary('Greater', t.gt),
  binary('GreaterOrEqual', t.ge),

  variadic('Max', t.maximum),
  variadic('Min', t.minimum),
  variadic('Sum', t.add),
  defineOperator('Mean', {
    inputs: [1, Infinity],
    run: (_call, ...inputs: Tensor[]) =>
      t.div(
        inputs.reduce((a, b) => t.add(a, b)),
        inputs.length,
      ),
  }),

  defineOperator('Pow', {
    inputs: 2,
    run: (_call, x: Tensor, y: Tensor) => t.pow(x, x.dtype === y.dtype ? y : y.to(x.dtype)),
  }),
  defineOperator('Mod', {
    inputs: 2,
    attributes: { fmod: attribute.flag.default(false) },
    run({ attributes }, a: Tensor, b: Tensor) {
      if (!attributes.fmod) return t.remainder(a, b);
      return t.sub(a, t.mul(t.div(a, b, { roundingMode: 'trunc' }), b));
    },
  }),
  defineOperator('Where', {
    inputs: 3,
    run: (_call, condition: Tensor, x: Tensor, y: Tensor) => t.where(condition, x, y),
  }),
  defineOperator('Clip', {
    inputs: [1, 3],
    run(call, x: Tensor, min?: Tensor, max?: Tensor) {
      for (const [name, bound] of [
        ['min', min],
        ['max', max],
      ] as const)
        if (bound && bound.numel() !== 1)
          call.fail(`${name}: expected one element, got shape [${bound.shape.join(', ')}]`);
      if (!min && !max) return x;
      if (isFloat(x.dtype))
        return t.clamp(x, {
          ...(min && { min: Number(min.item()) }),
          ...(max && { max: Number(max.item()) }),
        });
      const raised = min ? t.maximum(x, min.reshape([])) : x;
      return max ? t.minimum(raised, max.reshape([])) : raised;
    },
  }),
];
