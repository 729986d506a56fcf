// The judge of fused elementwise kernels: expressions evaluated one position and one operation at a time, each result cast to
// the computing type.

import { type ComputeType, computeTypeOf, type EngineDType, isIntegerDType } from '../dtype.ts';
import type { Condition, Expression, ExpressionComparison } from '../elementwise-types.ts';
import { castScalar, readScalar, type Scalar, writeScalar } from './dtypes.ts';
import { binary, ternary, unary } from './elementwise.ts';
import { integerOperations } from './integers.ts';

/** Where an expression finds its inputs and parameters, and what it computes in. */
interface Environment {
  readonly type: ComputeType;
  readonly inputs: readonly Scalar[];
  readonly parameters: readonly Scalar[];
}

const comparisons: Record<ExpressionComparison, (x: Scalar, y: Scalar) => boolean> = {
  '==': (x, y) => x === y,
  '!=': (x, y) => x !== y,
  '<': (x, y) => x < y,
  '<=': (x, y) => x <= y,
  '>': (x, y) => x > y,
  '>=': (x, y) => x >= y,
};

/** An operation on values of a computing type, without its rounding. */
export function applyOperation(op: string, type: ComputeType, args: readonly Scalar[]): Scalar {
  if (isIntegerDType(type)) {
    const [x, y = 0n, z = 0n] = args as readonly bigint[];
    return integerOperations[op as keyof typeof integerOperations]!(type, x!, y, z);
  }
  const [x, y, z] = args as readonly number[];
  // what is rounded on the way
  const product = (): number => castScalar(y! * z!, type) as number;
  if (op === 'scaledAdd') return x! + product();
  if (op === 'scaledSub') return x! - product();
  if (op === 'truncDivide') return Math.trunc(castScalar(x! / y!, type) as number);
  if (op in unary && args.length === 1) return unary[op as keyof typeof unary](x!, []);
  if (op in ternary) return ternary[op as keyof typeof ternary](x!, y!, z!);
  if (op === 'leakyRelu' || op === 'elu') return unary[op](x!, [y!]);
  return binary[op as keyof typeof binary](x!, y!, []);
}

/** An expression's value. */
function evaluate(e: Expression, environment: Environment): Scalar {
  return castScalar(unrounded(e, environment), environment.type);
}

function unrounded(e: Expression, environment: Environment): Scalar {
  if (typeof e !== 'object') return e;
  if ('input' in e) return environment.inputs[e.input]!;
  if ('parameter' in e) return environment.parameters[e.parameter]!;
  if ('select' in e) return evaluate(e.args[holds(e.select, environment) ? 0 : 1], environment);
  if (!('op' in e)) return holds(e, environment) ? 1n : 0n;
  return applyOperation(
    e.op,
    environment.type,
    e.args.map((argument) => evaluate(argument, environment)),
  );
}

function holds(c: Condition, environment: Environment): boolean {
  if ('compare' in c) {
    return comparisons[c.compare](evaluate(c.args[0], environment), evaluate(c.args[1], environment));
  }
  if ('is' in c) {
    const [looked] = c.args;
    const asItIs = typeof looked === 'object' && 'input' in looked;
    const value = asItIs ? environment.inputs[looked.input]! : evaluate(looked, environment);
    if (c.is === 'true') return Number(value) !== 0;
    return c.is === 'nan' ? Number.isNaN(value) : Math.abs(Number(value)) === Number.POSITIVE_INFINITY;
  }
  const truths = c.args.map((argument) => holds(argument, environment));
  if (c.logic === 'not') return !truths[0];
  if (c.logic === 'and') return truths.every(Boolean);
  return c.logic === 'or' ? truths.some(Boolean) : truths[0] !== truths[1];
}

/** Elements of a dtype with strides over a shape. */
export interface TypedArray {
  readonly dtype?: EngineDType;
  readonly data: Float32Array | Uint8Array;
  readonly strides: readonly number[];
}

/** {@link fusedElementwise} over plain arrays; those of other dtypes than float32 are given as bytes. */
export function referenceFused(p: {
  expressions: readonly Expression[];
  inputs: readonly TypedArray[];
  outputs: readonly TypedArray[];
  shape: readonly number[];
  parameters: readonly Scalar[];
  dtype?: EngineDType;
}): void {
  const type = computeTypeOf(p.dtype ?? 'float32');
  const bytesOf = ({ data }: TypedArray): Uint8Array =>
    new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const visit = (position: readonly number[]): void => {
    if (position.length < p.shape.length) {
      for (let i = 0; i < p.shape[position.length]!; i++) visit([...position, i]);
      return;
    }
    const at = (strides: readonly number[]): number =>
      position.reduce((sum, i, d) => sum + i * strides[d]!, 0);
    const inputs = p.inputs.map((array) =>
      readScalar(array.dtype ?? 'float32', bytesOf(array), at(array.strides)),
    );
    p.expressions.forEach((expression, i) => {
      const array = p.outputs[i]!;
      const dtype = array.dtype ?? 'float32';
      const value = evaluate(expression, { type, inputs, parameters: p.parameters });
      writeScalar(dtype, bytesOf(array), at(array.strides), castScalar(value, dtype));
    });
  };
  visit([]);
}
