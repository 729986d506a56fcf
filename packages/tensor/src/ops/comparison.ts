/** Comparisons, logic on truth values, and the choice between two tensors by a condition. */
import { cast, newTensor } from '../access.ts';
import { checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail } from '../errors.ts';
import { elementsOf } from '../memory.ts';
import { resultType } from '../promotion.ts';
import { broadcastShapes } from '../shape.ts';
import { forEachRow } from '../strided.ts';
import type { Tensor } from '../tensor.ts';
import { type Operand, operandOf, runComparison, runTest, shapeOf } from './elementwise-core.ts';

type Test = (x: number | bigint, y: number | bigint) => boolean;
type ComparisonOperator = (x: Operand, y: Operand) => Tensor;
type TestOperator = (x: Tensor) => Tensor;

function comparison(name: string, test: Test): ComparisonOperator {
  return defineOperator({ name, forward: (x: Operand, y: Operand) => runComparison(name, test, x, y) });
}

function test(name: string, holds: (x: number) => boolean): TestOperator {
  return defineOperator({ name, forward: (x: Tensor) => runTest(holds, x) });
}

const isTrue = (x: number | bigint): boolean => Number(x) !== 0;

/** x = y, elementwise, bool. */
export const eq: ComparisonOperator = comparison('eq', (x, y) => x === y);
/** x ≠ y, elementwise, bool. */
export const ne: ComparisonOperator = comparison('ne', (x, y) => x !== y);
/** x < y, elementwise, bool. */
export const lt: ComparisonOperator = comparison('lt', (x, y) => x < y);
/** x ≤ y, elementwise, bool. */
export const le: ComparisonOperator = comparison('le', (x, y) => x <= y);
/** x > y, elementwise, bool. */
export const gt: ComparisonOperator = comparison('gt', (x, y) => x > y);
/** x ≥ y, elementwise, bool. */
export const ge: ComparisonOperator = comparison('ge', (x, y) => x >= y);
/** Both are not zero. NaN counts as true. */
export const logicalAnd: ComparisonOperator = comparison('logicalAnd', (x, y) => isTrue(x) && isTrue(y));
/** One of both is not zero. */
export const logicalOr: ComparisonOperator = comparison('logicalOr', (x, y) => isTrue(x) || isTrue(y));
/** Exactly one of both is not zero. */
export const logicalXor: ComparisonOperator = comparison('logicalXor', (x, y) => isTrue(x) !== isTrue(y));
/** x is zero. */
export const logicalNot: TestOperator = test('logicalNot', (x) => x === 0);
/** x is NaN. */
export const isnan: TestOperator = test('isnan', Number.isNaN);
/** x is plus or minus infinity. */
export const isinf: TestOperator = test('isinf', (x) => Math.abs(x) === Number.POSITIVE_INFINITY);
/** x is neither NaN nor infinite. */
export const isfinite: TestOperator = test('isfinite', Number.isFinite);

/** `a` where the condition holds, else `b`; all three are broadcast, a and b promoted. Canonical: (condition, a, b). */
export const where: (condition: Tensor, a: Operand, b: Operand) => Tensor = defineOperator({
  name: 'where',
  normalize: (condition: Tensor, a: Operand, b: Operand): [Tensor, Operand, Operand] => {
    checkTensor('where', 'condition', condition);
    if (condition.dtype !== 'bool' && condition.dtype !== 'uint8') {
      fail(
        'where',
        `expected condition to be a boolean tensor, but got a tensor with dtype ${condition.dtype}`,
      );
    }
    return [condition, a, b];
  },
  forward: (condition: Tensor, a: Operand, b: Operand) => {
    const dtype = resultType(a, b);
    const shape = broadcastShapes('where', condition.shape, shapeOf(a), shapeOf(b));
    const output = newTensor(shape, dtype);
    const operands = [
      operandOf(cast(condition, 'bool'), 'bool', shape),
      operandOf(a, dtype, shape),
      operandOf(b, dtype, shape),
    ] as const;
    const [choice, left, right] = operands.map((operand) => operand.elements());
    const to = elementsOf(output);
    forEachRow(shape, [output, ...operands], (offsets, length, steps) => {
      let [o, c, i, j] = offsets as [number, number, number, number];
      const [step, stepC, stepI, stepJ] = steps as [number, number, number, number];
      for (let n = 0; n < length; n++, o += step, c += stepC, i += stepI, j += stepJ) {
        to[o] = choice![c] !== 0 ? left![i]! : right![j]!;
      }
    });
    return output;
  },
});

/** Comparisons as methods. */
export interface ComparisonMethods {
  /** x = y, elementwise, bool. */
  eq(other: Operand): Tensor;
  /** x ≠ y, elementwise, bool. */
  ne(other: Operand): Tensor;
  /** x < y, elementwise, bool. */
  lt(other: Operand): Tensor;
  /** x ≤ y, elementwise, bool. */
  le(other: Operand): Tensor;
  /** x > y, elementwise, bool. */
  gt(other: Operand): Tensor;
  /** x ≥ y, elementwise, bool. */
  ge(other: Operand): Tensor;
  /** Both are not zero. NaN counts as true. */
  logicalAnd(other: Operand): Tensor;
  /** One of both is not zero. */
  logicalOr(other: Operand): Tensor;
  /** Exactly one of both is not zero. */
  logicalXor(other: Operand): Tensor;
  /** x is zero. */
  logicalNot(): Tensor;
  /** x is NaN. */
  isnan(): Tensor;
  /** x is plus or minus infinity. */
  isinf(): Tensor;
  /** x is neither NaN nor infinite. */
  isfinite(): Tensor;
  /** This tensor where the condition holds, else `other`. */
  where(condition: Tensor, other: Operand): Tensor;
}
