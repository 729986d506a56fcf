/** Vectors and masks on the interpreter: what each operator does to one lane, in plain JavaScript. */

import {
  type BinaryOperator,
  type Handlers,
  type MaskOperator,
  type ShiftOperator,
  shuffleLanes,
  type UnaryOperator,
  type VectorOperation,
} from '../operations.ts';
import type { Integer, Mask, Pointer, Vector } from '../types.ts';
import type { Machine, PointerValue } from './machine.ts';
import { comparisons } from './scalar.ts';

/** Results are rounded to the lane type where they are written. */
const unaryLane: Readonly<Record<UnaryOperator, (a: number) => number>> = {
  neg: (a) => -a,
  abs: Math.abs,
  sqrt: Math.sqrt,
  floor: Math.floor,
  ceil: Math.ceil,
  trunc: Math.trunc,
  nearest: roundHalfEven,
};

const binaryLane: Readonly<Record<Exclude<BinaryOperator, MaskOperator>, (a: number, b: number) => number>> =
  {
    add: (a, b) => a + b,
    sub: (a, b) => a - b,
    mul: (a, b) => a * b,
    div: (a, b) => a / b,
    // in two factors, of which neither is beyond float64
    scale: (a, b) => a * 2 ** Math.floor(b / 2) * 2 ** Math.ceil(b / 2),
    // biome-ignore lint/complexity/useMathMinMax: NaN and zeros of both signs come out differently
    pmin: (a, b) => (b < a ? b : a),
    // biome-ignore lint/complexity/useMathMinMax: NaN and zeros of both signs come out differently
    pmax: (a, b) => (a < b ? b : a),
  };

/** On lanes of i64; results wrap around where they are written. */
const longLane: Readonly<
  Record<Exclude<BinaryOperator, MaskOperator | 'div' | 'scale'>, (a: bigint, b: bigint) => bigint>
> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  // biome-ignore lint/complexity/useMathMinMax: there is none for bigints
  pmin: (a, b) => (b < a ? b : a),
  // biome-ignore lint/complexity/useMathMinMax: there is none for bigints
  pmax: (a, b) => (a < b ? b : a),
};

const longShift: Readonly<Record<ShiftOperator, (a: bigint, count: bigint) => bigint>> = {
  shl: (a, count) => a << count,
  shrLogical: (a, count) => BigInt.asUintN(64, a) >> count,
  shrArithmetic: (a, count) => a >> count,
};

/** On 32-bit words; masks are words of ones or zeros. */
const bitWord: Readonly<Record<MaskOperator, (a: number, b: number) => number>> = {
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  andNot: (a, b) => a & ~b,
};

const shiftLane: Readonly<Record<ShiftOperator, (a: number, count: number) => number>> = {
  shl: (a, count) => a << count,
  shrLogical: (a, count) => a >>> count,
  shrArithmetic: (a, count) => a >> count,
};

export const vectorHandlers: Handlers<VectorOperation, Machine> = {
  move(m, { to, from }) {
    if (to.kind === 'vector' || to.kind === 'mask') copyWords(m, to, from as Vector | Mask);
    else m.set(to, m.get(from as Integer | Pointer) as number | PointerValue);
  },
  reinterpret(m, { to, from }) {
    copyWords(m, to, from);
  },
  splat(m, { to, from }) {
    const value = m.integer(from);
    m.setLanes(to, () => (to.type === 'i64' ? BigInt(value) : value));
  },
  unary(m, { operator, to, a }) {
    if (to.type === 'i64') {
      const x = m.longs(a);
      m.setLanes(to, (lane) => (operator === 'neg' || x[lane]! < 0n ? -x[lane]! : x[lane]!));
      return;
    }
    const [x, apply] = [m.numbers(a), unaryLane[operator]];
    m.setLanes(to, (lane) => apply(x[lane]!));
  },
  binary(m, { operator, to, a, b }) {
    if (operator in bitWord) return bits(m, operator as MaskOperator, to, a, b);
    if (to.type === 'i64') {
      const [x, y, long] = [m.longs(a), m.longs(b), longLane[operator as keyof typeof longLane]];
      m.setLanes(to, (lane) => long(x[lane]!, y[lane]!));
      return;
    }
    const [x, y] = [m.numbers(a), m.numbers(b)];
    const exact = binaryLane[operator as keyof typeof binaryLane];
    const apply = operator === 'mul' && to.type === 'i32' ? Math.imul : exact;
    m.setLanes(to, (lane) => apply(x[lane]!, y[lane]!));
  },
  fma(m, { negated, to, a, b, c }) {
    const [x, y, z] = [m.numbers(a), m.numbers(b), m.numbers(c)];
    const sign = negated ? -1 : 1;
    m.setLanes(to, (lane) => sign * x[lane]! * y[lane]! + z[lane]!);
  },
  shift(m, { operator, to, a, count }) {
    if (to.type === 'i64') {
      const [x, long] = [m.longs(a), longShift[operator]];
      m.setLanes(to, (lane) => long(x[lane]!, BigInt(count)));
      return;
    }
    const [x, apply] = [m.numbers(a), shiftLane[operator]];
    m.setLanes(to, (lane) => apply(x[lane]!, count));
  },
  convert(m, { to, from }) {
    const x = m.lanes(from);
    m.setLanes(to, (lane) => x[lane]!);
  },
  widen(m, { to, from, half }) {
    const x = m.numbers(from);
    const first = half === 'low' ? 0 : m.laneCount(to);
    m.setLanes(to, (lane) => (to.type === 'i64' ? BigInt(x[first + lane]!) : x[first + lane]!));
  },
  narrow(m, { to, low, high }) {
    const both = [...m.lanes(low), ...m.lanes(high)];
    m.setLanes(to, (lane) => both[lane]!);
  },
  compare(m, { comparison, to, a, b }) {
    const [x, y, holds] = [m.lanes(a), m.lanes(b), comparisons[comparison]];
    const words = to.bits / 32;
    m.setWords(to, (word) => {
      const lane = Math.floor(word / words);
      return holds(x[lane]!, y[lane]!) ? -1 : 0;
    });
  },
  mask(m, { operator, to, a, b }) {
    bits(m, operator, to, a, b);
  },
  not(m, { to, a }) {
    const x = m.words(a);
    m.setWords(to, (word) => ~x[word]!);
  },
  widenMask(m, { to, from, half }) {
    const x = m.words(from);
    const first = half === 'low' ? 0 : x.length / 2;
    m.setWords(to, (word) => x[first + (word >> 1)]!);
  },
  narrowMask(m, { to, low, high }) {
    const both = [...m.words(low), ...m.words(high)];
    m.setWords(to, (word) => both[2 * word]!);
  },
  any(m, { to, a }) {
    m.set(to, m.words(a).some((word) => word !== 0) ? 1 : 0);
  },
  select(m, { to, mask, a, b }) {
    const [holds, x, y] = [m.words(mask), m.words(a), m.words(b)];
    m.setWords(to, (word) => (holds[word] ? x[word]! : y[word]!));
  },
  shuffle(m, { pattern, distance, to, a, b }) {
    const both = [...m.lanes(a), ...m.lanes(b)];
    const lanes = shuffleLanes(pattern, distance, m.laneCount(to));
    m.setLanes(to, (lane) => both[lanes[lane]!]!);
  },
};

function copyWords(m: Machine, to: Vector | Mask, from: Vector | Mask): void {
  const words = m.words(from);
  m.setWords(to, (word) => words[word]!);
}

function bits<V extends Vector | Mask>(m: Machine, operator: MaskOperator, to: V, a: V, b: V): void {
  const [x, y, apply] = [m.words(a), m.words(b), bitWord[operator]];
  m.setWords(to, (word) => apply(x[word]!, y[word]!));
}

/** Keeps the sign of what rounds to zero. */
function roundHalfEven(a: number): number {
  const tie = Math.abs(a - Math.trunc(a)) === 0.5;
  const rounded = tie ? 2 * Math.round(a / 2) : Math.round(a);
  return rounded === 0 ? a * 0 : rounded;
}
