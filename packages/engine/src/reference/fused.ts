// The judge of fused elementwise kernels: expressions evaluated one position and one operation at a time, each result
// rounded to float32.

import type { Condition, Expression, ExpressionComparison } from '../types.ts';
import { binary, unary } from './elementwise.ts';

/** Where an expression finds its inputs and parameters. */
interface Environment {
  readonly inputs: readonly number[];
  readonly parameters: readonly number[];
}

const comparisons: Record<ExpressionComparison, (x: number, y: number) => boolean> = {
  '==': (x, y) => x === y,
  '!=': (x, y) => x !== y,
  '<': (x, y) => x < y,
  '<=': (x, y) => x <= y,
  '>': (x, y) => x > y,
  '>=': (x, y) => x >= y,
};

/** An expression's value. */
function evaluate(e: Expression, environment: Environment): number {
  return Math.fround(exact(e, environment));
}

function exact(e: Expression, environment: Environment): number {
  if (typeof e === 'number') return e;
  if ('input' in e) return environment.inputs[e.input]!;
  if ('parameter' in e) return environment.parameters[e.parameter]!;
  const args = e.args.map((argument) => evaluate(argument, environment));
  if ('select' in e) return holds(e.select, environment) ? args[0]! : args[1]!;
  if (e.op === 'fma') return args[0]! * args[1]! + args[2]!;
  return e.op in unary
    ? unary[e.op as keyof typeof unary](args[0]!, args.slice(1))
    : binary[e.op as keyof typeof binary](args[0]!, args[1]!, []);
}

function holds(c: Condition, environment: Environment): boolean {
  if ('compare' in c) {
    return comparisons[c.compare](evaluate(c.args[0], environment), evaluate(c.args[1], environment));
  }
  const truths = c.args.map((argument) => holds(argument, environment));
  if (c.logic === 'not') return !truths[0];
  if (c.logic === 'and') return truths.every(Boolean);
  return c.logic === 'or' ? truths.some(Boolean) : truths[0] !== truths[1];
}

/** {@link fusedElementwise} over plain arrays. */
export function referenceFused(p: {
  expressions: readonly Expression[];
  inputs: readonly { data: Float32Array; strides: readonly number[] }[];
  outputs: readonly { data: Float32Array; strides: readonly number[] }[];
  shape: readonly number[];
  parameters: readonly number[];
}): void {
  const parameters = p.parameters.map(Math.fround);
  const visit = (position: readonly number[]): void => {
    if (position.length < p.shape.length) {
      for (let i = 0; i < p.shape[position.length]!; i++) visit([...position, i]);
      return;
    }
    const at = (strides: readonly number[]): number =>
      position.reduce((sum, i, d) => sum + i * strides[d]!, 0);
    const inputs = p.inputs.map(({ data, strides }) => data[at(strides)]!);
    p.expressions.forEach((expression, i) => {
      const { data, strides } = p.outputs[i]!;
      data[at(strides)] = evaluate(expression, { inputs, parameters });
    });
  };
  visit([]);
}
