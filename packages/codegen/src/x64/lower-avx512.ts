/** What AVX-512 does in its own way: masks in opmask registers, rearrangements of lanes of 512 bits. Needs F, DQ, BW and VL. */

import type { ShufflePattern } from '../operations.ts';
import { shuffleLanes } from '../operations.ts';
import { elementBytes, laneBits, type Mask, type Vector } from '../types.ts';
import type { FunctionWriter } from './function-writer.ts';
import type { X64Handlers } from './handlers.ts';
import { type FamilyVectorHandlers, halfConversion, suffix, widening, wideningOf } from './lower-vector.ts';
import { as, memory, under, xmm } from './operands.ts';
import type { MaskedOperation, NarrowOperation } from './prepare.ts';

/** Predicates of vcmpps (quiet; with a NaN only `!=` holds) and of vpcmpd. */
const predicate = {
  '==': { float: 0x00, integer: 0 },
  '!=': { float: 0x04, integer: 4 },
  '<': { float: 0x11, integer: 1 },
  '<=': { float: 0x12, integer: 2 },
  '>': { float: 0x1e, integer: 6 },
  '>=': { float: 0x1d, integer: 5 },
} as const;

/** Opmask instructions on as many bits as a vector has lanes. */
function lanesOf({ bits }: Mask): 'w' | 'b' {
  return bits === 64 ? 'b' : 'w';
}

export const avx512Handlers: FamilyVectorHandlers & X64Handlers<MaskedOperation | NarrowOperation> = {
  splat(w, { to, from }) {
    const source = w.readGeneral(from);
    if (to.type === 'i64') w.emit('vpbroadcastq_general', w.write(to), source);
    else w.emit('vpbroadcastd_general', w.write(to), as(source, 32));
  },
  compare(w, { comparison, to, a, b }) {
    const left = w.read(a);
    const right = w.operand(b);
    const { float, integer } = predicate[comparison];
    if (a.type === 'i32') w.emit('vpcmpd', w.writeMask(to), left, right, integer);
    else if (a.type === 'i64') w.emit('vpcmpq', w.writeMask(to), left, right, integer);
    else w.emit(`vcmp${suffix(a.type)}`, w.writeMask(to), left, right, float);
  },
  mask(w, { operator, to, a, b }) {
    const name = ({ and: 'kand', or: 'kor', xor: 'kxor', andNot: 'kandn' } as const)[operator];
    // andNot inverts its second operand, the instruction its first
    const [first, second] = operator === 'andNot' ? [b, a] : [a, b];
    const [left, right] = [w.readMask(first), w.readMask(second)];
    w.emit(`${name}${lanesOf(to)}`, w.writeMask(to), left, right);
  },
  not(w, { to, a }) {
    const source = w.readMask(a);
    w.emit(`knot${lanesOf(a)}`, w.writeMask(to), source);
  },
  widenMask(w, { to, from, half }) {
    // what is above the lanes of a mask does not matter
    if (half === 'low') return w.moveMask(to, from);
    const source = w.readMask(from);
    w.emit('kshiftrw', w.writeMask(to), source, 8);
  },
  narrowMask(w, { to, low, high }) {
    const [first, second] = [w.readMask(low), w.readMask(high)];
    w.emit('kunpckbw', w.writeMask(to), second, first);
  },
  any(w, { to, a }) {
    const source = w.readMask(a);
    w.emit(`kortest${lanesOf(a)}`, source, source);
    const target = w.writeGeneral(to);
    w.emit('setne', as(target, 8));
    w.emit('movzx', as(target, 32), as(target, 8));
  },
  select(w, { to, mask, a, b }) {
    const holds = w.readMask(mask);
    if (w.isZero(b)) {
      const source = w.read(a);
      w.emit(laneBits(to.type) === 64 ? 'vmovapd' : 'vmovaps', under(w.write(to), holds, true), source);
      return;
    }
    const otherwise = w.read(b);
    const source = w.operand(a);
    w.emit(
      laneBits(to.type) === 64 ? 'vblendmpd' : 'vblendmps',
      under(w.write(to), holds),
      otherwise,
      source,
    );
  },
  shuffle(w, { pattern, distance, to, a, b }) {
    const lanes = shuffleLanes(pattern, distance, w.lanes(to.type));
    if (pattern === 'first') {
      const source = xmm[w.read(a).number]!;
      w.emit(laneBits(to.type) === 64 ? 'vbroadcastsd' : 'vbroadcastss', w.write(to), source);
    } else if (pattern === 'swap') swap(w, distance * w.laneBytes(to.type), to, a);
    else if (!halves(w, pattern, distance * w.laneBytes(to.type), to, a, b)) permute(w, lanes, to, a, b);
  },
  loadWide(w, { to, at, element, mask }) {
    const place = w.address(at);
    const holds = mask && w.readMask(mask);
    const target = w.write(to);
    w.emit(widening[element], holds ? under(target, holds, true) : target, place);
  },
  storeNarrow(w, { from, at, element, mask }) {
    const whole = w.address(at);
    const place = mask ? under(whole, w.readMask(mask)) : whole;
    const source = w.read(from);
    if (element === 'f16') w.emit('vcvtps2ph', place, source, 0);
    else w.emit(elementBytes[element] === 1 ? 'vpmovdb_store' : 'vpmovdw_store', place, source);
  },
  widen(w, { to, from, half }) {
    const source = w.read(from);
    const target = w.write(to);
    if (half === 'high') w.emit('vshuff32x4', target, source, source, 0x4e);
    const lower = as(half === 'high' ? target : source, 256);
    w.emit(wideningOf(to, from), target, lower);
  },
  narrow(w, { to, low, high }) {
    const mnemonic = halfConversion[to.type as 'f32' | 'i32'].narrow;
    const [first, second] = [w.read(low), w.read(high)];
    const upper = w.temporaryVector();
    w.emit(mnemonic, as(upper, 256), second);
    const target = w.write(to);
    w.emit(mnemonic, as(target, 256), first);
    w.emit('vshuff32x4', target, target, upper, 0x44);
  },
  countMask(w, { to, count }) {
    const source = as(w.readGeneral(count), 32);
    // masks of 64-bit lanes have eight bits: as many as half a vector of 32-bit lanes
    const bits = to.bits === 64 ? 256 : 512;
    const counts = as(w.temporaryVector(), bits);
    w.emit('vpbroadcastd_general', counts, source);
    const indices = Array.from({ length: bits / 32 }, (_, lane) => lane);
    w.emit('vpcmpgtd', w.writeMask(to), counts, memory(w.pool.vector('i32', indices)));
  },
  maskedLoad(w, { to, at, mask, fill }) {
    const place = w.address(at);
    const holds = w.readMask(mask);
    const load = laneBits(to.type) === 64 ? 'vmovupd' : 'vmovups';
    if (w.isZero(fill)) return w.emit(load, under(w.write(to), holds, true), place);
    let target: ReturnType<typeof w.read>;
    if (w.isInRegister(fill) && w.canTakeOver(to, fill)) {
      w.read(fill);
      target = w.vectorRegister(w.allocator.takeOver(to, fill));
    } else target = w.copyApart(to, fill);
    w.emit(load, under(target, holds), place);
  },
  maskedStore(w, { from, at, mask }) {
    const place = w.address(at);
    const holds = w.readMask(mask);
    w.emit(laneBits(from.type) === 64 ? 'vmovupd_store' : 'vmovups_store', under(place, holds), w.read(from));
  },
};

/** Every group of `bytes` bytes changes places with its neighbour. */
function swap(w: FunctionWriter, bytes: number, to: Vector, a: Vector): void {
  if (bytes >= 16) {
    const source = w.read(a);
    w.emit('vshuff32x4', w.write(to), source, source, bytes === 16 ? 0xb1 : 0x4e);
  } else {
    const source = w.operand(a, laneBits(to.type) === 32);
    w.emit('vpermilps', w.write(to), source, bytes === 4 ? 0xb1 : 0x4e);
  }
}

/** Patterns of two vectors that are one instruction without a table: `low` and `high` of halves and of pairs of pairs. */
function halves(
  w: FunctionWriter,
  pattern: ShufflePattern,
  bytes: number,
  to: Vector,
  a: Vector,
  b: Vector,
): boolean {
  if ((pattern !== 'low' && pattern !== 'high') || (bytes !== 32 && bytes !== 8)) return false;
  const left = w.read(a);
  if (bytes === 32) {
    const right = w.operand(b, laneBits(to.type) === 32);
    w.emit('vshuff32x4', w.write(to), left, right, pattern === 'low' ? 0x44 : 0xee);
  } else {
    // a broadcast element has the width that the instruction gives it
    const right = w.operand(b, laneBits(to.type) === 64);
    w.emit(pattern === 'low' ? 'vunpcklpd' : 'vunpckhpd', w.write(to), left, right);
  }
  return true;
}

/** Any lanes of two vectors, by a table. */
function permute(w: FunctionWriter, lanes: readonly number[], to: Vector, a: Vector, b: Vector): void {
  const [left, right] = [w.read(a), w.read(b)];
  const wide = laneBits(to.type) === 64;
  const words = wide ? lanes.flatMap((lane) => [lane, 0]) : lanes;
  const target = w.writeApart(to);
  w.emit('vmovups', target, memory(w.pool.vector('i32', words)));
  w.emit(wide ? 'vpermi2pd' : 'vpermi2ps', target, left, right);
}
