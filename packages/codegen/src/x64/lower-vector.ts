/** Arithmetic on vectors: what both instruction sets do alike. */

import type { BinaryOperator, PackedType, UnaryOperator, VectorOperation } from '../operations.ts';
import { isIntegerType, type LaneType, laneBits, type Vector } from '../types.ts';
import type { FunctionWriter } from './function-writer.ts';
import type { X64Handlers } from './handlers.ts';
import { absLong, longBinary, shiftLong } from './lower-long-avx2.ts';
import { memory } from './operands.ts';

/** Operations that each instruction set has a table of its own for. */
export type FamilyCode =
  | 'splat'
  | 'compare'
  | 'mask'
  | 'not'
  | 'widenMask'
  | 'narrowMask'
  | 'any'
  | 'select'
  | 'shuffle'
  | 'widen'
  | 'narrow';

/** Loads of narrow elements into 32-bit lanes. */
export const widening: Readonly<
  Record<PackedType, 'vpmovsxbd' | 'vpmovzxbd' | 'vpmovsxwd' | 'vpmovzxwd' | 'vcvtph2ps'>
> = {
  i8: 'vpmovsxbd',
  u8: 'vpmovzxbd',
  i16: 'vpmovsxwd',
  u16: 'vpmovzxwd',
  f16: 'vcvtph2ps',
};

/** Conversions of half a vector to f64, and back. */
export const halfConversion = {
  f32: { widen: 'vcvtps2pd', narrow: 'vcvtpd2ps' },
  i32: { widen: 'vcvtdq2pd', narrow: 'vcvttpd2dq' },
} as const;

/** The conversion of half a vector. */
export function wideningOf(to: Vector, from: Vector): 'vcvtps2pd' | 'vcvtdq2pd' | 'vpmovsxdq' {
  return to.type === 'i64' ? 'vpmovsxdq' : halfConversion[from.type as 'f32' | 'i32'].widen;
}

/** The suffix of instructions on floats; bits of integers count as floats of the same width. */
export function suffix(type: LaneType): 'ps' | 'pd' {
  return laneBits(type) === 64 ? 'pd' : 'ps';
}

export const vectorHandlers: X64Handlers<Exclude<VectorOperation, { code: FamilyCode }>> = {
  move(w, { to, from }) {
    if (to.kind === 'integer' || to.kind === 'pointer') {
      const source = w.readGeneral(from as typeof to);
      if (w.canTakeOver(to, from)) w.takeOverGeneral(to, from as typeof to);
      else w.emit('mov', w.writeGeneral(to), source);
    } else if (to.kind === 'vector') copy(w, to, from as Vector);
    else w.moveMask(to, from as typeof to);
  },
  reinterpret(w, { to, from }) {
    copy(w, to, from);
  },
  unary(w, { operator, to, a }) {
    unaryHandlers[operator](w, to, a);
  },
  binary(w, { operator, to, a, b }) {
    if (to.type === 'i64' && w.family === 'avx2' && operator in longBinary) {
      longBinary[operator as keyof typeof longBinary](w, to, a, b);
      return;
    }
    const { mnemonic, commutes } = binaryInstruction(operator, to.type);
    // the second operand may stand in memory
    const swap = backwards.has(operator) || (commutes && !w.isInRegister(a) && w.isInRegister(b));
    const [first, second] = swap ? [b, a] : [a, b];
    const left = w.read(first);
    const right = w.operand(second);
    w.emit(mnemonic, w.write(to), left, right);
  },
  fma(w, { negated, to, a, b, c }) {
    const sum = (digits: '132' | '213' | '231') =>
      `vf${negated ? 'n' : ''}madd${digits}${suffix(to.type)}` as const;
    // 231: c += a * b; 213: a = b * a + c; 132: a = a * b + c. Only the last operand may stand in memory.
    if (w.isInRegister(c) && w.canTakeOver(to, c)) {
      w.read(c);
      const [first, second] = w.isInRegister(a) ? [a, b] : [b, a];
      const left = w.read(first);
      const right = w.operand(second);
      w.emit(sum('231'), w.vectorRegister(w.allocator.takeOver(to, c)), left, right);
      return;
    }
    const [over, factor] = w.isInRegister(a) && w.canTakeOver(to, a) ? [a, b] : [b, a];
    if (w.isInRegister(over) && w.canTakeOver(to, over)) {
      w.read(over);
      const inMemory = w.isInRegister(factor) ? undefined : w.operand(factor);
      if (inMemory?.kind === 'memory') {
        const addend = w.read(c);
        w.emit(sum('132'), w.vectorRegister(w.allocator.takeOver(to, over)), addend, inMemory);
      } else {
        const left = w.read(factor);
        const addend = w.operand(c);
        w.emit(sum('213'), w.vectorRegister(w.allocator.takeOver(to, over)), left, addend);
      }
      return;
    }
    const left = w.read(a);
    const right = w.operand(b);
    const target = w.copyApart(to, c);
    w.emit(sum('231'), target, left, right);
  },
  shift(w, { operator, to, a, count }) {
    if (to.type === 'i64' && w.family === 'avx2' && operator === 'shrArithmetic') {
      shiftLong(w, to, a, count);
      return;
    }
    const source = w.read(a);
    const mnemonic = ({ shl: 'vpsll', shrLogical: 'vpsrl', shrArithmetic: 'vpsra' } as const)[operator];
    w.emit(`${mnemonic}${to.type === 'i64' ? 'q' : 'd'}`, w.write(to), source, count);
  },
  convert(w, { to, from }) {
    const source = w.operand(from);
    w.emit(to.type === 'f32' ? 'vcvtdq2ps' : 'vcvttps2dq', w.write(to), source);
  },
};

/** A copy, or another name for the register where the source is read for the last time. */
function copy(w: FunctionWriter, to: Vector, from: Vector): void {
  if (w.isInRegister(from) && w.canTakeOver(to, from)) {
    w.read(from);
    w.allocator.takeOver(to, from);
  } else w.copyApart(to, from);
}

/** Rounding modes of vroundps, exceptions off. */
const rounding = { nearest: 8, floor: 9, ceil: 10, trunc: 11 } as const;

function round(w: FunctionWriter, mode: keyof typeof rounding, to: Vector, a: Vector): void {
  const source = w.operand(a);
  const mnemonic = w.family === 'avx512' ? 'vrndscale' : 'vround';
  w.emit(`${mnemonic}${suffix(to.type)}`, w.write(to), source, rounding[mode]);
}

const unaryHandlers: Readonly<Record<UnaryOperator, (w: FunctionWriter, to: Vector, a: Vector) => void>> = {
  neg(w, to, a) {
    const source = w.read(a);
    if (isIntegerType(to.type)) {
      const zero = w.temporaryVector();
      w.clear(zero);
      return w.emit(to.type === 'i64' ? 'vpsubq' : 'vpsubd', w.write(to), zero, source);
    }
    const lanes = Array.from({ length: w.lanes(to.type) }, () => -0);
    w.emit(`vxor${suffix(to.type)}`, w.write(to), source, memory(w.pool.vector(to.type, lanes)));
  },
  abs(w, to, a) {
    if (to.type === 'i64' && w.family === 'avx2') return absLong(w, to, a);
    if (isIntegerType(to.type)) {
      const source = w.operand(a);
      return w.emit(to.type === 'i64' ? 'vpabsq' : 'vpabsd', w.write(to), source);
    }
    const source = w.read(a);
    // every bit but the sign, as 32-bit words
    const words = Array.from({ length: w.lanes('i32') }, (_, i) =>
      to.type === 'f64' && i % 2 === 0 ? -1 : 0x7fffffff,
    );
    w.emit(`vand${suffix(to.type)}`, w.write(to), source, memory(w.pool.vector('i32', words)));
  },
  sqrt(w, to, a) {
    const source = w.operand(a);
    w.emit(`vsqrt${suffix(to.type)}`, w.write(to), source);
  },
  floor: (w, to, a) => round(w, 'floor', to, a),
  ceil: (w, to, a) => round(w, 'ceil', to, a),
  trunc: (w, to, a) => round(w, 'trunc', to, a),
  nearest: (w, to, a) => round(w, 'nearest', to, a),
};

/** Operators whose instruction takes the operands the other way round: it gives its second one where neither is larger. */
const backwards: ReadonlySet<BinaryOperator> = new Set(['pmin', 'pmax', 'andNot']);

const floatName = {
  add: 'vadd',
  sub: 'vsub',
  mul: 'vmul',
  div: 'vdiv',
  scale: 'vscalef',
  pmin: 'vmin',
  pmax: 'vmax',
} as const;
const integerName = {
  add: 'vpaddd',
  sub: 'vpsubd',
  mul: 'vpmulld',
  pmin: 'vpminsd',
  pmax: 'vpmaxsd',
} as const;
const longName = {
  add: 'vpaddq',
  sub: 'vpsubq',
  mul: 'vpmullq',
  pmin: 'vpminsq',
  pmax: 'vpmaxsq',
} as const;
const bitName = { and: 'vand', or: 'vor', xor: 'vxor', andNot: 'vandn' } as const;
const commutative: ReadonlySet<BinaryOperator> = new Set(['add', 'mul', 'and', 'or', 'xor']);

function binaryInstruction(operator: BinaryOperator, type: LaneType) {
  const commutes = commutative.has(operator);
  if (operator === 'and' || operator === 'or' || operator === 'xor' || operator === 'andNot') {
    return { mnemonic: `${bitName[operator]}${suffix(type)}` as const, commutes };
  }
  if (type === 'i32' && operator !== 'div' && operator !== 'scale')
    return { mnemonic: integerName[operator], commutes };
  if (type === 'i64' && operator !== 'div' && operator !== 'scale')
    return { mnemonic: longName[operator], commutes };
  return { mnemonic: `${floatName[operator]}${suffix(type)}` as const, commutes };
}

/** The table of an instruction set. */
export type FamilyVectorHandlers = X64Handlers<Extract<VectorOperation, { code: FamilyCode }>>;
