/** Comparisons, logic on truth values, and the choice between two tensors by a condition. */
import { filledTensor } from '../access.ts';
import { checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail } from '../errors.ts';
import { resultType } from '../promotion.ts';
import { broadcastShapes } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import {
  type BinaryEntry,
  binaryOperator,
  launch,
  newTensorAs,
  type Operand,
  shapeOf,
  type TensorBinaryOperator,
  type TensorFirstOperator,
  type UnaryOperator,
  unaryOperator,
} from './elementwise-core.ts';
import { compare } from './expressions.ts';

function comparison(name: 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge'): TensorFirstOperator {
  return binaryOperator({ name, result: 'bool', engine: name, numbers: 'second' });
}

function logical(name: 'logicalAnd' | 'logicalOr' | 'logicalXor'): TensorBinaryOperator {
  return binaryOperator({ name, result: 'bool', engine: name, numbers: 'none' });
}

function test(name: 'logicalNot' | 'isnan' | 'isinf' | 'isfinite'): UnaryOperator {
  return unaryOperator({ name, result: 'bool', engine: name });
}

/** x = y, elementwise, bool. */
export const eq: TensorFirstOperator = comparison('eq');
/** x ≠ y, elementwise, bool. */
export const ne: TensorFirstOperator = comparison('ne');
/** x < y, elementwise, bool. */
export const lt: TensorFirstOperator = comparison('lt');
/** x ≤ y, elementwise, bool. */
export const le: TensorFirstOperator = comparison('le');
/** x > y, elementwise, bool. */
export const gt: TensorFirstOperator = comparison('gt');
/** x ≥ y, elementwise, bool. */
export const ge: TensorFirstOperator = comparison('ge');
/** Both are not zero. NaN counts as true. */
export const logicalAnd: TensorBinaryOperator = logical('logicalAnd');
/** One of both is not zero. */
export const logicalOr: TensorBinaryOperator = logical('logicalOr');
/** Exactly one of both is not zero. */
export const logicalXor: TensorBinaryOperator = logical('logicalXor');
/** x is zero. */
export const logicalNot: UnaryOperator = test('logicalNot');
/** x is NaN. */
export const isnan: UnaryOperator = test('isnan');
/** x is plus or minus infinity. */
export const isinf: UnaryOperator = test('isinf');
/** x is neither NaN nor infinite. */
export const isfinite: UnaryOperator = test('isfinite');

function isInfinity(name: string, infinity: number): UnaryOperator {
  const own = unaryOperator({ name, result: 'bool', formula: (x) => compare(x!, '==', infinity) });
  return defineOperator({
    name,
    constant: true,
    forward: (x: Tensor) =>
      dtypeInfo(x.dtype).kind === 'float' ? own(x) : filledTensor(x.shape, 'bool', false),
  });
}

/** x is infinity. */
export const isposinf: UnaryOperator = isInfinity('isposinf', Number.POSITIVE_INFINITY);
/** x is minus infinity. */
export const isneginf: UnaryOperator = isInfinity('isneginf', Number.NEGATIVE_INFINITY);

/** Whether elements are real numbers: all are. */
export const isreal: UnaryOperator = defineOperator({
  name: 'isreal',
  constant: true,
  forward: (x: Tensor) => filledTensor(x.shape, 'bool', true),
});

/** Signature of {@link where}. */
export interface WhereOperator {
  (condition: Tensor, a: Operand, b: Operand): Tensor;
  (condition: Tensor): readonly Tensor[];
}

const choice: Pick<BinaryEntry, 'name' | 'engine'> = { name: 'where', engine: 'where' };

/** `a` where the condition holds, else `b`; all three are broadcast, a and b promoted. */
const choose = defineOperator({
  name: 'where',
  normalize: (condition: Tensor, a: Operand, b: Operand): [Tensor, Operand, Operand] => {
    checkTensor('where', 'condition', condition);
    if (condition.dtype !== 'bool' && condition.dtype !== 'uint8') {
      fail(
        'where',
        `where expected condition to be a boolean tensor, but got a tensor with dtype ${dtypeInfo(condition.dtype).scalarName}`,
      );
    }
    return [condition, a, b];
  },
  forward: (condition: Tensor, a: Operand, b: Operand) => {
    const dtype = resultType(a, b);
    const shape = broadcastShapes('where', condition.shape, shapeOf(a), shapeOf(b));
    const output = newTensorAs([condition, a, b], shape, dtype);
    launch(choice, [condition, a, b], [], dtype, output);
    return output;
  },
  derivatives: [
    null,
    { reads: [0], of: (grad, [condition]) => grad.where(condition, 0) },
    { reads: [0], of: (grad, [condition]) => grad.where(condition.logicalNot(), 0) },
  ],
});

/**
 * `a` where the condition holds, else `b`; all three are broadcast, a and b promoted. With the condition alone the
 * positions where it holds, a tensor for each dimension. Canonical: (condition, a, b).
 */
export const where: WhereOperator = ((condition: Tensor, ...rest: readonly Operand[]) =>
  rest.length === 0
    ? condition.nonzero({ asTuple: true })
    : choose(condition, rest[0]!, rest[1]!)) as WhereOperator;

/** Another name of {@link gt}. */
export const greater: TensorFirstOperator = gt;
/** Another name of {@link ge}. */
export const greaterEqual: TensorFirstOperator = ge;
/** Another name of {@link lt}. */
export const less: TensorFirstOperator = lt;
/** Another name of {@link le}. */
export const lessEqual: TensorFirstOperator = le;
/** Another name of {@link ne}. */
export const notEqual: TensorFirstOperator = ne;

/** Comparisons as methods. */
export interface ComparisonMethods {
  /** x = y, elementwise, bool. */
  eq(other: Operand): Tensor;
  /** x ≠ y, elementwise, bool. */
  ne(other: Operand): Tensor;
  /** x ≠ y, elementwise, bool. */
  notEqual(other: Operand): Tensor;
  /** x < y, elementwise, bool. */
  lt(other: Operand): Tensor;
  /** x < y, elementwise, bool. */
  less(other: Operand): Tensor;
  /** x ≤ y, elementwise, bool. */
  le(other: Operand): Tensor;
  /** x ≤ y, elementwise, bool. */
  lessEqual(other: Operand): Tensor;
  /** x > y, elementwise, bool. */
  gt(other: Operand): Tensor;
  /** x > y, elementwise, bool. */
  greater(other: Operand): Tensor;
  /** x ≥ y, elementwise, bool. */
  ge(other: Operand): Tensor;
  /** x ≥ y, elementwise, bool. */
  greaterEqual(other: Operand): Tensor;
  /** Both are not zero. NaN counts as true. */
  logicalAnd(other: Tensor): Tensor;
  /** One of both is not zero. */
  logicalOr(other: Tensor): Tensor;
  /** Exactly one of both is not zero. */
  logicalXor(other: Tensor): Tensor;
  /** x is zero. */
  logicalNot(): Tensor;
  /** x is NaN. */
  isnan(): Tensor;
  /** x is plus or minus infinity. */
  isinf(): Tensor;
  /** x is neither NaN nor infinite. */
  isfinite(): Tensor;
  /** x is infinity. */
  isposinf(): Tensor;
  /** x is minus infinity. */
  isneginf(): Tensor;
  /** Whether elements are real numbers: all are. */
  isreal(): Tensor;
  /** This tensor where the condition holds, else `other`. */
  where(condition: Tensor, other: Operand): Tensor;
}
