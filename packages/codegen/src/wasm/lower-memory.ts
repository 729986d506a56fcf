/** Vectors from memory and to it in WebAssembly. Partial accesses branch on the count, so that no byte too many is touched. */

import type { Address, Handlers, MemoryOperation } from '../operations.ts';
import { elementBytes, type Integer, type LaneType, type Vector } from '../types.ts';
import { blockLocal, type FunctionWriter } from './function-writer.ts';

export const memoryHandlers: Handlers<MemoryOperation, FunctionWriter> = {
  scalar(w, { to, slot }) {
    w.emit('local.get', blockLocal);
    w.emit(`v128.load${bitsOf(to.type)}_splat`, slot * 8);
    w.pop(to);
  },
  load(w, { to, at }) {
    w.emit('v128.load', w.pushAddress(at));
    w.pop(to);
  },
  loadPartial(w, { to, at, count, fill }) {
    const whole = (): void => {
      w.emit('v128.load', w.pushAddress(at));
      w.pop(to);
    };
    const start = (): void => {
      w.push(fill);
      w.pop(to);
    };
    partial(w, to.type, count, whole, start, (bits, offset) => {
      const base = w.pushAddress(at, offset);
      w.push(to);
      w.emit(`v128.load${bits}_lane`, base, (offset * 8) / bits);
      w.pop(to);
    });
  },
  broadcast(w, { to, at }) {
    w.emit(`v128.load${bitsOf(to.type)}_splat`, w.pushAddress(at));
    w.pop(to);
  },
  store(w, { from, at }) {
    const offset = w.pushAddress(at);
    w.push(from);
    w.emit('v128.store', offset);
  },
  storePartial(w, { from, at, count }) {
    const whole = (): void => {
      const offset = w.pushAddress(at);
      w.push(from);
      w.emit('v128.store', offset);
    };
    partial(w, from.type, count, whole, undefined, (bits, offset) => {
      storeLane(w, bits, from, at, offset);
    });
  },
  storeFirst(w, { from, at }) {
    storeLane(w, bitsOf(from.type), from, at, 0);
  },
  gather(w, { to, at, stride, count, fill }) {
    w.push(fill);
    w.pop(to);
    eachStrided(w, to.type, at, stride, count, (lane, offset) => {
      w.push(to);
      w.emit(`v128.load${bitsOf(to.type)}_lane`, offset, lane);
      w.pop(to);
    });
  },
  scatter(w, { from, at, stride, count }) {
    eachStrided(w, from.type, at, stride, count, (lane, offset) => {
      w.push(from);
      w.emit(`v128.store${bitsOf(from.type)}_lane`, offset, lane);
    });
  },
};

function bitsOf(type: LaneType): 32 | 64 {
  return type === 'f64' ? 64 : 32;
}

function storeLane(w: FunctionWriter, bits: 32 | 64, from: Vector, at: Address, offset: number): void {
  const base = w.pushAddress(at, offset);
  w.push(from);
  w.emit(`v128.store${bits}_lane`, base, (offset * 8) / bits);
}

/** `whole` for a full count; else `start`, then `part` for each piece of 64 or 32 bits that the count covers. */
function partial(
  w: FunctionWriter,
  type: LaneType,
  count: Integer,
  whole: () => void,
  start: (() => void) | undefined,
  part: (bits: 32 | 64, offset: number) => void,
): void {
  const when = (operator: 'i32.ge_s' | 'i32.and' | 'i32.gt_s', value: number): void => {
    w.push(count, value);
    w.emit(operator);
    w.emit('if');
  };
  when('i32.ge_s', 16 / elementBytes[type]);
  whole();
  w.emit('else');
  start?.();
  when('i32.gt_s', 0);
  if (type === 'f64') part(64, 0);
  else {
    when('i32.and', 2);
    part(64, 0);
    when('i32.and', 1);
    part(32, 8);
    w.emit('end');
    w.emit('else');
    part(32, 0);
    w.emit('end');
  }
  w.emit('end');
  w.emit('end');
}

/** Calls `access` for every lane below the count, with the lane's base address pushed. */
function eachStrided(
  w: FunctionWriter,
  type: LaneType,
  at: Address,
  stride: Integer,
  count: Integer | undefined,
  access: (lane: number, offset: number) => void,
): void {
  const lanes = 16 / elementBytes[type];
  for (let lane = 0; lane < lanes; lane++) {
    if (count) {
      w.push(count, lane);
      w.emit('i32.gt_s');
      w.emit('if');
    }
    if (lane === 0) w.push(at.pointer);
    else {
      w.emit('local.get', w.scratch);
      w.push(stride);
      w.emit('i32.add');
    }
    w.emit('local.tee', w.scratch);
    if (at.bytes < 0) {
      w.push(at.bytes);
      w.emit('i32.add');
    }
    access(lane, Math.max(at.bytes, 0));
  }
  if (count) for (let lane = 0; lane < lanes; lane++) w.emit('end');
}
