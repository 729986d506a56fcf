/** Type promotion: which dtype an operator on several tensors and numbers computes in (PyTorch's `torch.result_type`). */
import { type DType, dtypeInfo } from './dtype.ts';
import { fail } from './errors.ts';

/** A number beside a tensor. A JavaScript number that is an integer counts as a Python int, any other as a float. */
export type Scalar = number | boolean | bigint;

/** Whatever takes part in promotion: a tensor (only its dtype and rank matter) or a number. */
export type PromotionOperand = { readonly dtype: DType; readonly shape: readonly number[] } | Scalar;

/** The dtype a number has before it meets a tensor. */
export function scalarDType(value: Scalar): DType {
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'bigint' || Number.isInteger(value)) return 'int64';
  return 'float32';
}

/** Categories of dtypes; a higher one wins. */
const rank = { bool: 0, int: 1, float: 2 };

/** Whether PyTorch has this dtype without promoting it to other integers. */
function isUnsignedOnly(dtype: DType): boolean {
  return dtype === 'uint16' || dtype === 'uint32' || dtype === 'uint64';
}

function refusePromotion(a: DType, b: DType): never {
  const [first, second] = [dtypeInfo(a).scalarName, dtypeInfo(b).scalarName];
  fail(
    'promoteTypes',
    `Promotion for uint16, uint32, uint64 types is not supported, attempted to promote ${first} and ${second}`,
  );
}

/** The dtype that holds both (PyTorch's `torch.promote_types`). */
export function promoteTypes(a: DType, b: DType): DType {
  if (a === b) return a;
  const left = dtypeInfo(a);
  const right = dtypeInfo(b);
  if (left.kind !== right.kind) {
    const winner = rank[left.kind] > rank[right.kind] ? a : b;
    // With floats they promote, with truth values not.
    if (isUnsignedOnly(winner)) refusePromotion(a, b);
    return winner;
  }
  if (isUnsignedOnly(a) || isUnsignedOnly(b)) refusePromotion(a, b);
  // float16 with bfloat16, and uint8 with int8, have no common type of their own width.
  if (left.bytes === right.bytes) return left.kind === 'float' ? 'float32' : 'int16';
  return left.bytes > right.bytes ? a : b;
}

/**
 * The dtype of an operator's result. Tensors with dimensions decide; 0-dim tensors, and after them numbers, only
 * count where they are of a higher category (bool < int < float).
 */
export function resultType(...operands: readonly PromotionOperand[]): DType {
  if (operands.length === 2) {
    const simple = resultOfPair(operands[0]!, operands[1]!);
    if (simple !== undefined) return simple;
  }
  let dimensioned: DType | undefined;
  let zeroDim: DType | undefined;
  let numbers: DType | undefined;
  for (const operand of operands) {
    if (typeof operand !== 'object') numbers = merge(numbers, scalarDType(operand));
    else if (operand.shape.length === 0) zeroDim = merge(zeroDim, operand.dtype);
    else dimensioned = merge(dimensioned, operand.dtype);
  }
  return combine(dimensioned, combine(zeroDim, numbers)) ?? 'float32';
}

/** The common cases: two tensors of one dtype, or one of floats and a number. */
function resultOfPair(x: PromotionOperand, y: PromotionOperand): DType | undefined {
  if (typeof x === 'object') {
    if (typeof y === 'object') return x.dtype === y.dtype ? x.dtype : undefined;
    return dtypeInfo(x.dtype).kind === 'float' ? x.dtype : undefined;
  }
  return typeof y === 'object' && dtypeInfo(y.dtype).kind === 'float' ? y.dtype : undefined;
}

function merge(current: DType | undefined, next: DType): DType {
  return current === undefined ? next : promoteTypes(current, next);
}

function combine(higher: DType | undefined, lower: DType | undefined): DType | undefined {
  if (higher === undefined || lower === undefined) return higher ?? lower;
  const high = dtypeInfo(higher).kind;
  const low = dtypeInfo(lower).kind;
  if (high === 'float') return higher;
  if (high === 'bool' || low === 'float') return promoteTypes(higher, lower);
  return higher;
}

/** Whether PyTorch casts from one dtype to the other without being asked (`torch.can_cast`): not down a category. */
export function canCast(from: DType, to: DType): boolean {
  return rank[dtypeInfo(from).kind] <= rank[dtypeInfo(to).kind];
}
