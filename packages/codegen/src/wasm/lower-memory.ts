/** Vectors from memory and to it in WebAssembly. Partial accesses branch on the count, so that no byte too many is touched. */

import { CodegenError } from '../errors.ts';
import type { Address, Handlers, MemoryOperation, PackedType } from '../operations.ts';
import {
  elementBytes,
  type Integer,
  type LaneType,
  laneBits,
  type NarrowInteger,
  type Vector,
} from '../types.ts';
import { blockLocal, type FunctionWriter } from './function-writer.ts';
import { integerLoad } from './lower-scalar.ts';

export const memoryHandlers: Handlers<MemoryOperation, FunctionWriter> = {
  prefetch() {}, // WebAssembly has no such instruction
  scalar(w, { to, slot }) {
    w.emit('local.get', blockLocal);
    w.emit(`v128.load${laneBits(to.type)}_splat`, slot * 8);
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
    w.emit(`v128.load${laneBits(to.type)}_splat`, w.pushAddress(at));
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
    storeLane(w, laneBits(from.type), from, at, 0);
  },
  gather(w, { to, at, stride, count, fill }) {
    w.push(fill);
    w.pop(to);
    eachStrided(w, to.type, at, stride, count, (lane, offset) => {
      w.push(to);
      w.emit(`v128.load${laneBits(to.type)}_lane`, offset, lane);
      w.pop(to);
    });
  },
  scatter(w, { from, at, stride, count }) {
    eachStrided(w, from.type, at, stride, count, (lane, offset) => {
      w.push(from);
      w.emit(`v128.store${laneBits(from.type)}_lane`, offset, lane);
    });
  },
  loadWide(w, { to, at, element, count }) {
    const narrow = integerOf(element);
    const whole = (): void => {
      const sign = narrow.startsWith('u') ? 'u' : 's';
      if (elementBytes[narrow] === 2) w.emit(`v128.load16x4_${sign}`, w.pushAddress(at));
      else {
        w.emit('v128.load32_zero', w.pushAddress(at));
        w.emit(`i16x8.extend_low_i8x16_${sign}`);
        w.emit(`i32x4.extend_low_i16x8_${sign}`);
      }
      w.pop(to);
    };
    if (!count) return whole();
    const start = (): void => {
      w.emit('v128.const', new Uint8Array(16));
      w.pop(to);
    };
    eachBelow(w, count, whole, start, (lane) => {
      w.push(to);
      w.emit(integerLoad[narrow], w.pushAddress(at, lane * elementBytes[narrow]));
      w.emit('i32x4.replace_lane', lane);
      w.pop(to);
    });
  },
  storeNarrow(w, { from, at, element, count }) {
    const width = elementBytes[integerOf(element)];
    const whole = (): void => {
      const offset = w.pushAddress(at);
      w.push(from, from);
      // the lower bytes of all lanes, one behind the other
      const lower = (i: number): number => 4 * Math.floor(i / width) + (i % width);
      w.emit(
        'i8x16.shuffle',
        Uint8Array.from({ length: 16 }, (_, i) => lower(i % (4 * width))),
      );
      w.emit(width === 1 ? 'v128.store32_lane' : 'v128.store64_lane', offset, 0);
    };
    if (!count) return whole();
    eachBelow(w, count, whole, undefined, (lane) => {
      const offset = w.pushAddress(at, lane * width);
      w.push(from);
      if (width === 1) w.emit('v128.store8_lane', offset, 4 * lane);
      else w.emit('v128.store16_lane', offset, 2 * lane);
    });
  },
};

/** This target has no instructions on float16, so that none are recorded for it. */
function integerOf(element: PackedType): NarrowInteger {
  if (element === 'f16') throw new CodegenError('internal: WebAssembly', 'element', 'an integer', element);
  return element;
}

/** `whole` for a full count of 32-bit lanes; else `start`, then `one` for each lane below the count. */
function eachBelow(
  w: FunctionWriter,
  count: Integer,
  whole: () => void,
  start: (() => void) | undefined,
  one: (lane: number) => void,
): void {
  const when = (operator: 'i32.ge_s' | 'i32.gt_s', value: number): void => {
    w.push(count, value);
    w.emit(operator);
    w.emit('if');
  };
  when('i32.ge_s', 4);
  whole();
  w.emit('else');
  start?.();
  for (let lane = 0; lane < 3; lane++) {
    when('i32.gt_s', lane);
    one(lane);
  }
  for (let end = 0; end < 4; end++) w.emit('end');
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
  if (laneBits(type) === 64) part(64, 0);
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
