/** A short way to write the formulas that the engine makes kernels of. */
import type { Condition, Expression, ExpressionComparison } from '@sconce/engine';

type OperatorName = Extract<Expression, { readonly op: string }>['op'];

/** A function of expressions. */
export function apply(op: OperatorName, ...args: readonly Expression[]): Expression {
  // The union ties each name to its number of arguments, which the engine checks.
  return { op, args } as unknown as Expression;
}

/** Whether the comparison holds. */
export function compare(left: Expression, comparison: ExpressionComparison, right: Expression): Condition {
  return { compare: comparison, args: [left, right] };
}

/** Whether a value is NaN. */
export function isNaNOf(x: Expression): Condition {
  return { is: 'nan', args: [x] };
}

/** Both conditions hold. */
export function both(a: Condition, b: Condition): Condition {
  return { logic: 'and', args: [a, b] };
}

/** The condition does not hold. */
export function not(a: Condition): Condition {
  return { logic: 'not', args: [a] };
}

/** `yes` where the condition holds, else `no`. */
export function select(condition: Condition, yes: Expression, no: Expression): Expression {
  return { select: condition, args: [yes, no] };
}

/** `yes` where the comparison of `left` and `right` holds, else `no`. */
export function choose(
  comparison: ExpressionComparison,
  left: Expression,
  right: Expression,
  yes: Expression,
  no: Expression,
): Expression {
  return select(compare(left, comparison, right), yes, no);
}

/** `yes` where low < x < high, else `no`. */
export function chooseInside(
  x: Expression,
  [low, high]: readonly [Expression, Expression],
  yes: Expression,
  no: Expression,
): Expression {
  return select(both(compare(x, '>', low), compare(x, '<', high)), yes, no);
}
