/** What AVX2 does in its own way: masks are vectors of ones and zeros, rearrangements cross halves of 128 bits. */

import { type Comparison, type ShufflePattern, shuffleLanes } from '../operations.ts';
import { isIntegerType, laneBits, type Vector } from '../types.ts';
import type { FunctionWriter } from './function-writer.ts';
import type { X64Handlers } from './handlers.ts';
import { avx2NarrowHandlers } from './lower-narrow-avx2.ts';
import { type FamilyVectorHandlers, halfConversion, suffix, wideningOf } from './lower-vector.ts';
import { as, memory, type Register, xmm } from './operands.ts';
import type { MaskedOperation, NarrowOperation } from './prepare.ts';

/** Predicates of vcmpps, quiet; with a NaN only `!=` holds. */
const predicate = { '==': 0x00, '!=': 0x04, '<': 0x11, '<=': 0x12, '>': 0x1e, '>=': 0x1d } as const;

/** Comparisons of integers are equal or greater, with operands exchanged or the result inverted. */
const integerComparison: Readonly<
  Record<Comparison, { mnemonic: 'vpcmpeq' | 'vpcmpgt'; exchange: boolean; invert: boolean }>
> = {
  '==': { mnemonic: 'vpcmpeq', exchange: false, invert: false },
  '!=': { mnemonic: 'vpcmpeq', exchange: false, invert: true },
  '>': { mnemonic: 'vpcmpgt', exchange: false, invert: false },
  '<=': { mnemonic: 'vpcmpgt', exchange: false, invert: true },
  '<': { mnemonic: 'vpcmpgt', exchange: true, invert: false },
  '>=': { mnemonic: 'vpcmpgt', exchange: true, invert: true },
};

export const avx2Handlers: FamilyVectorHandlers & X64Handlers<MaskedOperation | NarrowOperation> = {
  splat(w, { to, from }) {
    const source = as(w.readGeneral(from), 32);
    const target = w.write(to);
    const low = xmm[target.number]!;
    if (to.type === 'i64') {
      w.emit('vmovq', low, as(source, 64));
      w.emit('vpbroadcastq', target, low);
      return;
    }
    w.emit('vmovd', low, source);
    w.emit('vpbroadcastd', target, low);
  },
  compare(w, { comparison, to, a, b }) {
    if (!isIntegerType(a.type)) {
      const left = w.read(a);
      const right = w.operand(b);
      w.emit(`vcmp${suffix(a.type)}`, w.writeMask(to), left, right, predicate[comparison]);
      return;
    }
    const { mnemonic, exchange, invert } = integerComparison[comparison];
    const [first, second] = exchange ? [b, a] : [a, b];
    const left = w.read(first);
    const right = w.operand(second);
    const ones = invert ? allOnes(w) : undefined;
    const target = w.writeMask(to);
    w.emit(`${mnemonic}${a.type === 'i64' ? 'q' : 'd'}`, target, left, right);
    if (ones) w.emit('vxorps', target, target, ones);
  },
  mask(w, { operator, to, a, b }) {
    const mnemonic = ({ and: 'vandps', or: 'vorps', xor: 'vxorps', andNot: 'vandnps' } as const)[operator];
    // andNot inverts its second operand, the instruction its first
    const [first, second] = operator === 'andNot' ? [b, a] : [a, b];
    const [left, right] = [w.readMask(first), w.readMask(second)];
    w.emit(mnemonic, w.writeMask(to), left, right);
  },
  not(w, { to, a }) {
    const source = w.readMask(a);
    const ones = allOnes(w);
    w.emit('vxorps', w.writeMask(to), source, ones);
  },
  widenMask(w, { to, from, half }) {
    const source = w.readMask(from);
    const target = w.writeMask(to);
    if (half === 'high') w.emit('vpermpd', target, source, 0x4e);
    w.emit('vpmovsxdq', target, as(half === 'high' ? target : source, 128));
  },
  narrowMask(w, { to, low, high }) {
    const [first, second] = [w.readMask(low), w.readMask(high)];
    const target = w.writeMask(to);
    w.emit('vshufps', target, first, second, 0x88);
    w.emit('vpermpd', target, target, 0xd8);
  },
  any(w, { to, a }) {
    const source = w.readMask(a);
    w.emit('vptest', source, source);
    const target = w.writeGeneral(to);
    w.emit('setne', as(target, 8));
    w.emit('movzx', as(target, 32), as(target, 8));
  },
  select(w, { to, mask, a, b }) {
    const holds = w.readMask(mask);
    const source = w.read(a);
    if (w.isZero(b)) return w.emit(`vand${suffix(to.type)}`, w.write(to), holds, source);
    const otherwise = w.read(b);
    w.emit(blend(to), w.write(to), otherwise, source, holds);
  },
  shuffle(w, { pattern, distance, to, a, b }) {
    if (pattern === 'first') {
      const source = xmm[w.read(a).number]!;
      w.emit(laneBits(to.type) === 64 ? 'vbroadcastsd' : 'vbroadcastss', w.write(to), source);
    } else if (pattern === 'swap') swap(w, distance * w.laneBytes(to.type), to, a);
    else if (pattern === 'even' || pattern === 'odd') everySecond(w, pattern, to, a, b);
    else interleave(w, pattern, distance * w.laneBytes(to.type), to, a, b);
  },
  ...avx2NarrowHandlers,
  widen(w, { to, from, half }) {
    const source = w.read(from);
    const target = w.write(to);
    if (half === 'high') w.emit('vpermpd', target, source, 0x4e);
    const lower = as(half === 'high' ? target : source, 128);
    w.emit(wideningOf(to, from), target, lower);
  },
  narrow(w, { to, low, high }) {
    const mnemonic = halfConversion[to.type as 'f32' | 'i32'].narrow;
    const [first, second] = [w.read(low), w.read(high)];
    const upper = as(w.temporaryVector(), 128);
    w.emit(mnemonic, upper, second);
    const target = w.write(to);
    w.emit(mnemonic, as(target, 128), first);
    w.emit('vinsertf128', target, target, upper, 1);
  },
  countMask(w, { to, count }) {
    const source = w.readGeneral(count);
    const counts = w.temporaryVector();
    const low = xmm[counts.number]!;
    const wide = to.bits === 64;
    const lanes = Array.from({ length: w.vectorBytes / 4 }, (_, i) => (wide ? (i % 2 ? 0 : i / 2) : i));
    const indices = memory(w.pool.vector('i32', lanes));
    if (wide) {
      w.emit('vmovq', low, source);
      w.emit('vpbroadcastq', counts, low);
      w.emit('vpcmpgtq', w.writeMask(to), counts, indices);
    } else {
      w.emit('vmovd', low, as(source, 32));
      w.emit('vpbroadcastd', counts, low);
      w.emit('vpcmpgtd', w.writeMask(to), counts, indices);
    }
  },
  maskedLoad(w, { to, at, mask, fill }) {
    const place = w.address(at);
    const holds = w.readMask(mask);
    const load = `vmaskmov${suffix(to.type)}` as const;
    if (w.isZero(fill)) return w.emit(load, w.write(to), holds, place);
    const otherwise = w.read(fill);
    const loaded = w.temporaryVector();
    w.emit(load, loaded, holds, place);
    w.emit(blend(to), w.write(to), otherwise, loaded, holds);
  },
  maskedStore(w, { from, at, mask }) {
    const place = w.address(at);
    const holds = w.readMask(mask);
    w.emit(`vmaskmov${suffix(from.type)}_store`, place, holds, w.read(from));
  },
};

function blend({ type }: Vector): 'vblendvps' | 'vblendvpd' {
  return laneBits(type) === 64 ? 'vblendvpd' : 'vblendvps';
}

/** A temporary with every bit set. */
function allOnes(w: FunctionWriter): Register {
  const ones = w.temporaryVector();
  w.emit('vpcmpeqd', ones, ones, ones);
  return ones;
}

/** Every group of `bytes` bytes changes places with its neighbour. */
function swap(w: FunctionWriter, bytes: number, to: Vector, a: Vector): void {
  const source = w.operand(a);
  if (bytes === 16) w.emit('vpermpd', w.write(to), source, 0x4e);
  else w.emit('vpermilps', w.write(to), source, bytes === 4 ? 0xb1 : 0x4e);
}

/** `low` and `high`. */
function interleave(
  w: FunctionWriter,
  pattern: ShufflePattern,
  bytes: number,
  to: Vector,
  a: Vector,
  b: Vector,
): void {
  const isLow = pattern === 'low';
  const left = w.read(a);
  if (bytes === 4) {
    // lanes that come from the other place are moved there, then every second lane is taken
    const right = w.read(b);
    const moved = w.temporaryVector();
    w.emit(isLow ? 'vmovsldup' : 'vmovshdup', moved, isLow ? right : left);
    w.emit('vblendps', w.write(to), isLow ? left : moved, isLow ? moved : right, 0xaa);
    return;
  }
  const right = w.operand(b);
  if (bytes === 8) w.emit(isLow ? 'vunpcklpd' : 'vunpckhpd', w.write(to), left, right);
  else w.emit('vperm2f128', w.write(to), left, right, isLow ? 0x20 : 0x31);
}

/** Within halves first, then the quarters of both vectors in order. */
function everySecond(w: FunctionWriter, pattern: 'even' | 'odd', to: Vector, a: Vector, b: Vector): void {
  const lanes = shuffleLanes(pattern, 1, 4);
  const left = w.read(a);
  const right = w.operand(b);
  const target = w.write(to);
  if (laneBits(to.type) === 64) w.emit(pattern === 'even' ? 'vunpcklpd' : 'vunpckhpd', target, left, right);
  else w.emit('vshufps', target, left, right, lanes[0] === 0 ? 0x88 : 0xdd);
  w.emit('vpermpd', target, target, 0xd8);
}
