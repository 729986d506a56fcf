/** The part of the kernel language that computes with vectors, masks and integers. */

import type { Contract } from './contract.ts';
import { doubleToLong, longToDouble } from './long-conversions.ts';
import { MemoryRecorder } from './memory-recorder.ts';
import {
  type BinaryOperator,
  binaryTypes,
  type Comparison,
  type Half,
  type IntegerOperator,
  type MaskOperator,
  type ShiftOperator,
  type ShufflePattern,
  type UnaryOperator,
  unaryTypes,
} from './operations.ts';
import {
  describe,
  type FloatType,
  type Integer,
  type IntegerType,
  isIntegerType,
  type LaneType,
  laneBits,
  type Mask,
  type Operand,
  type Vector,
} from './types.ts';

/** Records operators. Kernels use it as {@link KernelBuilder}. */
export class ArithmeticRecorder<C extends Contract> extends MemoryRecorder<C> {
  /** An integer in every lane. */
  splat<T extends IntegerType = 'i32'>(integer: Integer, type?: T): Vector<T> {
    const to = this.newVector(type ?? ('i32' as T));
    this.emit({ code: 'splat', to, from: integer });
    return to;
  }

  // ---- arithmetic on vectors and on integers

  /** `a + b`. Lanes and integers wrap around at 32 bits. */
  add(a: Integer, b: Integer | number): Integer;
  add<T extends LaneType>(a: Operand<T>, b: Operand<T>): Vector<T>;
  add(a: Operand | Integer, b: Operand | Integer): Vector | Integer {
    return this.#either('add', a, b);
  }

  /** `a - b`. */
  sub(a: Integer, b: Integer | number): Integer;
  sub<T extends LaneType>(a: Operand<T>, b: Operand<T>): Vector<T>;
  sub(a: Operand | Integer, b: Operand | Integer): Vector | Integer {
    return this.#either('sub', a, b);
  }

  /** `a * b`. */
  mul(a: Integer, b: Integer | number): Integer;
  mul<T extends LaneType>(a: Operand<T>, b: Operand<T>): Vector<T>;
  mul(a: Operand | Integer, b: Operand | Integer): Vector | Integer {
    return this.#either('mul', a, b);
  }

  /** `a / b`. */
  div<T extends FloatType>(a: Operand<T>, b: Operand<T>): Vector<T> {
    return this.#binary('div', a, b) as Vector<T>;
  }

  /** `a * 2^b` for whole numbers `b`, rounded once; only where `target.scale` says so. */
  scale<T extends FloatType>(a: Operand<T>, b: Operand<T>): Vector<T> {
    return this.#binary('scale', a, b) as Vector<T>;
  }

  /** `a * b + c`, rounded once where the target multiplies and adds in one instruction, else twice. */
  fma<T extends FloatType>(a: Operand<T>, b: Operand<T>, c: Operand<T>): Vector<T> {
    return this.#fma(a, b, c, false) as Vector<T>;
  }

  /** `c - a * b`, rounded as {@link fma}. */
  fnma<T extends FloatType>(a: Operand<T>, b: Operand<T>, c: Operand<T>): Vector<T> {
    return this.#fma(a, b, c, true) as Vector<T>;
  }

  /** `sum += a * b`, rounded as {@link fma}. */
  accumulate<T extends FloatType>(sum: Vector<T>, a: Operand<NoInfer<T>>, b: Operand<NoInfer<T>>): void {
    this.mutable('accumulate', sum);
    const [x, y] = [this.operand('accumulate', sum.type, a), this.operand('accumulate', sum.type, b)];
    this.emit({ code: 'fma', negated: false, to: sum, a: x, b: y, c: sum });
  }

  /**
   * `a < b ? b : a` in one instruction: a NaN in `a` stays, a NaN in `b` gives `a`. `pmax(x, 0)` is ReLU as PyTorch has it.
   */
  pmax<T extends LaneType>(a: Operand<T>, b: Operand<T>): Vector<T> {
    return this.#binary('pmax', a, b) as Vector<T>;
  }

  /** `b < a ? b : a` in one instruction: a NaN in `a` stays, a NaN in `b` gives `a`. */
  pmin<T extends LaneType>(a: Operand<T>, b: Operand<T>): Vector<T> {
    return this.#binary('pmin', a, b) as Vector<T>;
  }

  /** The larger; NaN if either is (PyTorch's `maximum`). Of zeros of both signs either may come. */
  max(a: Integer, b: Integer | number): Integer;
  max<T extends LaneType>(a: Operand<T>, b: Operand<T>): Vector<T>;
  max(a: Operand | Integer, b: Operand | Integer): Vector | Integer {
    return this.#extremum('max', 'pmax', a, b);
  }

  /** The smaller; NaN if either is (PyTorch's `minimum`). Of zeros of both signs either may come. */
  min(a: Integer, b: Integer | number): Integer;
  min<T extends LaneType>(a: Operand<T>, b: Operand<T>): Vector<T>;
  min(a: Operand | Integer, b: Operand | Integer): Vector | Integer {
    return this.#extremum('min', 'pmin', a, b);
  }

  /** `-a`, the sign bit turned over. */
  neg<T extends LaneType>(a: Vector<T>): Vector<T> {
    return this.#unary('neg', a);
  }

  /** `|a|`, the sign bit cleared. */
  abs<T extends LaneType>(a: Vector<T>): Vector<T> {
    return this.#unary('abs', a);
  }

  /** The square root, correctly rounded. */
  sqrt<T extends FloatType>(a: Vector<T>): Vector<T> {
    return this.#unary('sqrt', a);
  }

  /** Rounds towards minus infinity. */
  floor<T extends FloatType>(a: Vector<T>): Vector<T> {
    return this.#unary('floor', a);
  }

  /** Rounds towards plus infinity. */
  ceil<T extends FloatType>(a: Vector<T>): Vector<T> {
    return this.#unary('ceil', a);
  }

  /** Rounds towards zero. */
  trunc<T extends FloatType>(a: Vector<T>): Vector<T> {
    return this.#unary('trunc', a);
  }

  /** Rounds to the nearest whole number, halves to even (PyTorch's `round`). */
  nearest<T extends FloatType>(a: Vector<T>): Vector<T> {
    return this.#unary('nearest', a);
  }

  // ---- bits

  /** Bits of both. On integers, vectors of any type, and masks. */
  and(a: Integer, b: Integer | number): Integer;
  and(a: Mask, b: Mask): Mask;
  and<T extends LaneType>(a: Operand<T>, b: Operand<T>): Vector<T>;
  and(a: Operand | Integer | Mask, b: Operand | Integer | Mask): Vector | Integer | Mask {
    return isMask(a) ? this.#mask('and', a, b) : this.#either('and', a, b);
  }

  /** Bits of either. */
  or(a: Mask, b: Mask): Mask;
  or<T extends LaneType>(a: Operand<T>, b: Operand<T>): Vector<T>;
  or(a: Operand | Mask, b: Operand | Mask): Vector | Mask {
    return isMask(a) ? this.#mask('or', a, b) : this.#binary('or', a, b as Operand);
  }

  /** Bits of one of the two. */
  xor(a: Mask, b: Mask): Mask;
  xor<T extends LaneType>(a: Operand<T>, b: Operand<T>): Vector<T>;
  xor(a: Operand | Mask, b: Operand | Mask): Vector | Mask {
    return isMask(a) ? this.#mask('xor', a, b) : this.#binary('xor', a, b as Operand);
  }

  /** Bits of `a` that are not in `b`. */
  andNot(a: Mask, b: Mask): Mask;
  andNot<T extends LaneType>(a: Operand<T>, b: Operand<T>): Vector<T>;
  andNot(a: Operand | Mask, b: Operand | Mask): Vector | Mask {
    return isMask(a) ? this.#mask('andNot', a, b) : this.#binary('andNot', a, b as Operand);
  }

  /** Shifts an integer by 0 to 31 bits to the left, or integer lanes by a constant below their width. */
  shl(a: Integer, count: Integer | number): Integer;
  shl<T extends IntegerType>(a: Vector<T>, count: number): Vector<T>;
  shl(a: Integer | Vector<IntegerType>, count: Integer | number): Integer | Vector {
    return a.kind === 'integer' ? this.#integer('shl', a, count) : this.#shift('shl', a, count as number);
  }

  /** Shifts to the right as {@link shl}, keeping the sign: division by a power of two, rounded down. */
  shr(a: Integer, count: Integer | number): Integer;
  shr<T extends IntegerType>(a: Vector<T>, count: number): Vector<T>;
  shr(a: Integer | Vector<IntegerType>, count: Integer | number): Integer | Vector {
    return a.kind === 'integer'
      ? this.#integer('shr', a, count)
      : this.#shift('shrArithmetic', a, count as number);
  }

  /** Shifts the lanes to the right by a constant below their width, filling with zeros. */
  shrLogical<T extends IntegerType>(a: Vector<T>, count: number): Vector<T> {
    return this.#shift('shrLogical', a, count);
  }

  /** The same bits as lanes of another type. */
  reinterpret<T extends LaneType>(type: T, from: Vector): Vector<T> {
    const to = this.newVector(type);
    this.emit({ code: 'reinterpret', to, from });
    return to;
  }

  /**
   * The same values as lanes of another type of the same width: i32 to f32 and i64 to f64 round to nearest, ties to even; f32 to
   * i32 and f64 to i64 round towards zero, and their result is unspecified for NaN and for values that the integer cannot hold.
   */
  convert<T extends 'f32' | 'i32'>(type: T, from: Vector<'f32' | 'i32'>): Vector<T>;
  convert<T extends 'f64' | 'i64'>(type: T, from: Vector<'f64' | 'i64'>): Vector<T>;
  convert(type: LaneType, from: Vector): Vector {
    if (from.type === type) this.fail('convert', 'already of that type', 'another type', type);
    if (type === 'f64' || type === 'i64') {
      this.#accepts('convert', ['f64', 'i64'], from);
      return type === 'f64'
        ? longToDouble(this, from as Vector<'i64'>)
        : doubleToLong(this, from as Vector<'f64'>);
    }
    this.#accepts('convert', ['f32', 'i32'], from);
    const to = this.newVector(type);
    this.emit({ code: 'convert', to, from });
    return to;
  }

  // ---- masks

  /** Compares lane by lane: `k.compare(x, '<', 0)`. With a NaN only `!=` is true. */
  compare<T extends LaneType>(a: Operand<T>, comparison: Comparison, b: Operand<T>): Mask {
    const [x, y] = this.#pair('compare', a, b);
    const to = this.newMask(laneBits(x.type));
    this.emit({ code: 'compare', comparison, to, a: x, b: y });
    return to;
  }

  /** As {@link compare}, of integer lanes without a sign. */
  compareUnsigned<T extends IntegerType>(a: Operand<T>, comparison: Comparison, b: Operand<T>): Mask {
    if (comparison === '==' || comparison === '!=') return this.compare(a, comparison, b);
    const [x, y] = this.#pair('compareUnsigned', a, b) as [Vector<T>, Vector<T>];
    this.#accepts('compareUnsigned', ['i32', 'i64'], x);
    const sign = this.constant(x.type, x.type === 'i64' ? -(2 ** 63) : -(2 ** 31));
    return this.compare(this.xor(x, sign), comparison, this.xor(y, sign));
  }

  /** Where `a` is NaN. */
  isNaN(a: Vector<FloatType>): Mask {
    return this.compare(a, '!=', a);
  }

  /** The opposite truth values. */
  not(a: Mask): Mask {
    const to = this.newMask(a.bits);
    this.emit({ code: 'not', to, a });
    return to;
  }

  /** The mask of the first or the second half of the lanes, for lanes of 64 bits. */
  widenMask(from: Mask, half: Half): Mask {
    if (from.bits !== 32) this.fail('widenMask', 'mask', 'of 32-bit lanes', describe(from));
    const to = this.newMask(64);
    this.emit({ code: 'widenMask', to, from, half });
    return to;
  }

  /** The mask, for lanes of 32 bits, of the lanes of two vectors of 64-bit lanes. */
  narrowMask(low: Mask, high: Mask): Mask {
    const wrong = [low, high].find(({ bits }) => bits !== 64);
    if (wrong) this.fail('narrowMask', 'mask', 'of 64-bit lanes', describe(wrong));
    const to = this.newMask(32);
    this.emit({ code: 'narrowMask', to, low, high });
    return to;
  }

  /** 1 if the mask holds in any lane, else 0. */
  any(a: Mask): Integer {
    const to = this.newInteger();
    this.emit({ code: 'any', to, a });
    return to;
  }

  /** `a` where the mask holds, else `b`. */
  select<T extends LaneType>(mask: Mask, a: Operand<T>, b: Operand<T>): Vector<T> {
    const [x, y] = this.#pair('select', a, b);
    if (mask.bits !== laneBits(x.type)) {
      this.fail('select', 'mask of another lane width', describe(x), describe(mask));
    }
    const to = this.newVector(x.type);
    this.emit({ code: 'select', to, mask, a: x, b: y });
    return to as Vector<T>;
  }

  // ---- across lanes

  /** Rearranges lanes of two vectors; see {@link ShufflePattern}. `distance` belongs to `swap`, `low` and `high`. */
  shuffle<T extends LaneType>(pattern: ShufflePattern, a: Vector<T>, b: Vector<T>, distance = 1): Vector<T> {
    const lanes = this.lanes(a.type);
    if (a.type !== b.type) this.fail('shuffle', 'lane types differ', describe(a), describe(b));
    if (![1, 2, 4, 8, 16].includes(distance) || distance >= lanes) {
      this.fail('shuffle', 'distance', `a power of two below ${lanes}`, `${distance}`);
    }
    const to = this.newVector(a.type);
    this.emit({ code: 'shuffle', pattern, distance, to, a, b });
    return to;
  }

  /** The first lane in every lane. */
  first<T extends LaneType>(a: Vector<T>): Vector<T> {
    return this.shuffle('first', a, a);
  }

  /** Folds all lanes with `combine`, halves first; every lane of the result holds it. */
  reduce<T extends LaneType>(a: Vector<T>, combine: (a: Vector<T>, b: Vector<T>) => Vector<T>): Vector<T> {
    let result = a;
    for (let distance = this.lanes(a.type) / 2; distance >= 1; distance /= 2) {
      result = combine(result, this.shuffle('swap', result, result, distance));
    }
    return result;
  }

  /** The sum of all lanes, in every lane. */
  reduceSum<T extends LaneType>(a: Vector<T>): Vector<T> {
    return this.reduce(a, (x, y) => this.add(x, y));
  }

  /** The largest lane, or NaN if there is one, in every lane. */
  reduceMax<T extends LaneType>(a: Vector<T>): Vector<T> {
    return this.reduce(a, (x, y) => this.max(x, y));
  }

  /** The smallest lane, or NaN if there is one, in every lane. */
  reduceMin<T extends LaneType>(a: Vector<T>): Vector<T> {
    return this.reduce(a, (x, y) => this.min(x, y));
  }

  /** Transposes a square of as many rows as a vector has lanes. */
  transpose<T extends LaneType>(rows: readonly Vector<T>[]): Vector<T>[] {
    const lanes = rows[0] ? this.lanes(rows[0].type) : 0;
    if (rows.length !== lanes || lanes === 0) this.fail('transpose', 'rows', `${lanes}`, `${rows.length}`);
    const result = [...rows];
    for (let distance = lanes / 2; distance >= 1; distance /= 2) {
      for (let i = 0; i < lanes; i++) {
        if (i & distance) continue;
        const [a, b] = [result[i]!, result[i + distance]!];
        result[i] = this.shuffle('low', a, b, distance);
        result[i + distance] = this.shuffle('high', a, b, distance);
      }
    }
    return result;
  }

  // ---- how the methods above record

  #pair(operation: string, a: Operand, b: Operand): [Vector, Vector] {
    const typed = typeof a === 'number' ? b : a;
    if (typeof typed === 'number') this.fail(operation, 'operands', 'a vector among them', `${a} and ${b}`);
    return [this.operand(operation, typed.type, a), this.operand(operation, typed.type, b)];
  }

  #unary<T extends LaneType>(operator: UnaryOperator, a: Vector<T>): Vector<T> {
    this.#accepts(operator, unaryTypes[operator], a);
    const to = this.newVector(a.type);
    this.emit({ code: 'unary', operator, to, a });
    return to;
  }

  #binary(operator: BinaryOperator, a: Operand, b: Operand): Vector {
    const [x, y] = this.#pair(operator, a, b);
    this.#accepts(operator, binaryTypes[operator], x);
    const to = this.newVector(x.type);
    this.emit({ code: 'binary', operator, to, a: x, b: y });
    return to;
  }

  #fma(a: Operand, b: Operand, c: Operand, negated: boolean): Vector {
    const typed = [a, b, c].find((operand) => typeof operand !== 'number') as Vector | undefined;
    if (!typed) this.fail('fma', 'operands', 'a vector among them', 'numbers');
    this.#accepts('fma', ['f32', 'f64'], typed);
    const to = this.newVector(typed.type);
    const [x, y, z] = [a, b, c].map((operand) => this.operand('fma', typed.type, operand));
    this.emit({ code: 'fma', negated, to, a: x!, b: y!, c: z! });
    return to;
  }

  #shift<T extends IntegerType>(operator: ShiftOperator, a: Vector<T>, count: number): Vector<T> {
    this.#accepts(operator, ['i32', 'i64'], a);
    this.#shiftCount(operator, count, laneBits(a.type));
    const to = this.newVector(a.type);
    this.emit({ code: 'shift', operator, to, a, count });
    return to;
  }

  #integer(operator: IntegerOperator, a: Integer, b: Integer | number): Integer {
    if ((operator === 'shl' || operator === 'shr') && typeof b === 'number') this.#shiftCount(operator, b);
    const to = this.newInteger();
    this.integerOperation(operator, to, a, b);
    return to;
  }

  #mask(operator: MaskOperator, a: Mask, b: Operand | Integer | Mask): Mask {
    if (!isMask(b) || b.bits !== a.bits) {
      this.fail(operator, 'operand', describe(a), typeof b === 'number' ? `${b}` : describe(b));
    }
    const to = this.newMask(a.bits);
    this.emit({ code: 'mask', operator, to, a, b });
    return to;
  }

  /** Integers if the first operand is one, vectors otherwise. */
  #either(
    operator: IntegerOperator & BinaryOperator,
    a: Operand | Integer,
    b: Operand | Integer | Mask,
  ): Vector | Integer {
    return isInteger(a)
      ? this.#integer(operator, a, b as Integer | number)
      : this.#binary(operator, a, b as Operand);
  }

  #extremum(
    integer: 'min' | 'max',
    vector: 'pmin' | 'pmax',
    a: Operand | Integer,
    b: Operand | Integer,
  ): Vector | Integer {
    if (isInteger(a)) return this.#integer(integer, a, b as Integer | number);
    const [x, y] = this.#pair(integer, a, b as Operand);
    const picked = this.#binary(vector, x, y);
    if (isIntegerType(y.type) || (typeof b === 'number' && !Number.isNaN(b))) return picked;
    return this.select(this.isNaN(y as Vector<FloatType>), y, picked);
  }

  #accepts(operator: string, types: readonly LaneType[], a: Vector): void {
    if (!types.includes(a.type)) this.fail(operator, 'lane type', types.join(' or '), a.type);
  }

  #shiftCount(operator: string, count: number, bits = 32): void {
    if (!Number.isInteger(count) || count < 0 || count >= bits) {
      this.fail(operator, 'count', `a constant from 0 to ${bits - 1}`, `${count}`);
    }
  }
}

function isInteger(operand: Operand | Integer | Mask): operand is Integer {
  return typeof operand === 'object' && operand.kind === 'integer';
}

function isMask(operand: Operand | Integer | Mask): operand is Mask {
  return typeof operand === 'object' && operand.kind === 'mask';
}
