/** Vectors from memory and to it: what both instruction sets do alike, and accesses lane by lane. */

import type { Address, PrefetchHint } from '../operations.ts';
import { type Integer, type LaneType, laneBits } from '../types.ts';
import type { Mnemonic } from './assembler.ts';
import type { FunctionWriter } from './function-writer.ts';
import type { X64Handlers } from './handlers.ts';
import { as, Label, type Memory, memory, xmm } from './operands.ts';
import type { MaskedOperation, NarrowOperation, X64MemoryOperation } from './prepare.ts';

type Common = Exclude<X64MemoryOperation, MaskedOperation | NarrowOperation>;

const prefetchInstruction = {
  l1: 'prefetcht0',
  l2: 'prefetcht1',
  once: 'prefetchnta',
  write: 'prefetchw',
} as const satisfies Record<PrefetchHint, Mnemonic>;

export const memoryHandlers: X64Handlers<Common> = {
  prefetch(w, { at, hint }) {
    w.emit(prefetchInstruction[hint], w.address(at));
  },
  scalar(w, { to, slot }) {
    if (w.isPermanent(to)) return; // stays in the argument block
    w.emit(broadcastOf(to.type), w.write(to), w.argument(slot));
  },
  load(w, { to, at }) {
    const place = w.address(at);
    w.emit('vmovups', w.write(to), place);
  },
  broadcast(w, { to, at }) {
    const place = w.address(at);
    w.emit(broadcastOf(to.type), w.write(to), place);
  },
  store(w, { from, at, streaming }) {
    const place = w.address(at);
    w.emit(streaming ? 'vmovntps_store' : 'vmovups_store', place, w.read(from));
  },
  storeFirst(w, { from, at }) {
    const place = w.address(at);
    w.emit(laneBits(from.type) === 64 ? 'vmovsd_store' : 'vmovss_store', place, as(w.read(from), 128));
  },
  gather(w, { to, at, stride, count, fill }) {
    if (!count) return gatherAll(w, to.type, at, stride, () => w.write(to));
    const { scratch } = w;
    w.emit('vmovups_store', scratch, w.read(fill));
    eachLane(w, to.type, at, stride, count, (place, inScratch, value) => {
      w.emit('mov', value, place);
      w.emit('mov', inScratch, value);
    });
    w.emit('vmovups', w.write(to), scratch);
  },
  scatter(w, { from, at, stride, count }) {
    w.emit('vmovups_store', w.scratch, w.read(from));
    eachLane(w, from.type, at, stride, count, (place, inScratch, value) => {
      w.emit('mov', value, inScratch);
      w.emit('mov', place, value);
    });
  },
};

function broadcastOf(type: LaneType): 'vbroadcastss' | 'vbroadcastsd' {
  return laneBits(type) === 64 ? 'vbroadcastsd' : 'vbroadcastss';
}

/** The address of lane after lane: call once for each, in order. */
function lanePlaces(w: FunctionWriter, at: Address, stride: Integer): () => Memory {
  const step = w.readGeneral(stride);
  let base = w.readGeneral(at.pointer);
  const moving = w.temporaryGeneral();
  let steps = 0;
  return () => {
    if (steps === 3) {
      w.emit('lea', moving, memory(base, 0, { index: step, scale: 2 }));
      base = moving;
      steps = 1;
    }
    const place =
      steps === 0 ? memory(base, at.bytes) : memory(base, at.bytes, { index: step, scale: steps as 1 | 2 });
    steps++;
    return place;
  };
}

/** Calls `access` for every lane below the count, through a general-purpose register. */
function eachLane(
  w: FunctionWriter,
  type: LaneType,
  at: Address,
  stride: Integer,
  count: Integer | undefined,
  access: (place: Memory, inScratch: Memory, value: ReturnType<typeof as>) => void,
): void {
  const next = lanePlaces(w, at, stride);
  const limit = count && w.readGeneral(count);
  const bytes = w.laneBytes(type);
  const value = as(w.temporaryGeneral(), bytes === 8 ? 64 : 32);
  const done = new Label();
  for (let lane = 0; lane < w.vectorBytes / bytes; lane++) {
    if (limit) {
      w.emit('cmp', limit, lane);
      w.emit('jle', done);
    }
    const { base, displacement } = w.scratch;
    access(next(), memory(base, displacement + lane * bytes), value);
  }
  w.code.bind(done);
}

/** All lanes: pieces of 16 bytes are put together in a register, then pieces to a vector. */
function gatherAll(
  w: FunctionWriter,
  type: LaneType,
  at: Address,
  stride: Integer,
  target: () => { number: number },
): void {
  const next = lanePlaces(w, at, stride);
  const other = xmm[w.temporaryVector().number]!;
  const whole = w.vectorRegister(target().number);
  const lanes = 16 / w.laneBytes(type);
  for (let piece = 0; piece < w.vectorBytes / 16; piece++) {
    const low = piece === 0 ? xmm[whole.number]! : other;
    w.emit(laneBits(type) === 64 ? 'vmovsd' : 'vmovss', low, next());
    for (let lane = 1; lane < lanes; lane++) {
      if (laneBits(type) === 64) w.emit('vmovhpd', low, low, next());
      else w.emit('vinsertps', low, low, next(), lane << 4);
    }
    if (piece === 0) continue;
    w.emit(w.family === 'avx512' ? 'vinsertf32x4' : 'vinsertf128', whole, whole, low, piece);
  }
}
