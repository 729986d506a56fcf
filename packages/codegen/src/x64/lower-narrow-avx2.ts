/** Narrow elements on AVX2: whole vectors by packing within halves, counted ones element by element. */

import type { PackedType } from '../operations.ts';
import { elementBytes, type Integer } from '../types.ts';
import type { FunctionWriter } from './function-writer.ts';
import type { X64Handlers } from './handlers.ts';
import { widening } from './lower-vector.ts';
import { as, Label, type Memory, memory, type Register } from './operands.ts';
import type { NarrowOperation } from './prepare.ts';

/** How vpshufb brings the lower bytes of four lanes together; a set high bit gives zero. */
const lowerBytes = {
  /** To the front of each half. */
  2: [0x05040100, 0x0d0c0908, -1, -1, 0x05040100, 0x0d0c0908, -1, -1],
  /** To the first word of the lower half and the second word of the upper half. */
  1: [0x0c080400, -1, -1, -1, -1, 0x0c080400, -1, -1],
} as const;

export const avx2NarrowHandlers: X64Handlers<NarrowOperation> = {
  loadWide(w, { to, at, element, count }) {
    const place = w.address(at);
    if (!count) return w.emit(widening[element], w.write(to), place);
    const { scratch } = w;
    const bytes = elementBytes[element];
    const vector = w.temporaryVector();
    w.clear(vector);
    w.emit('vmovups_store', scratch, vector);
    // integers are widened on their way, float16 as a vector
    const step = element === 'f16' ? 2 : 4;
    eachElement(w, place, bytes, count, (value, from, lane) => {
      const inScratch = memory(scratch.base, scratch.displacement + lane * step);
      const signed = element === 'i8' || element === 'i16';
      w.emit(signed ? 'movsx' : 'movzx', as(value, 32), { ...from, bits: bytes === 1 ? 8 : 16 });
      w.emit('mov', { ...inScratch, bits: step === 2 ? 16 : 32 }, as(value, step === 2 ? 16 : 32));
    });
    if (element === 'f16') w.emit('vcvtph2ps', w.write(to), scratch);
    else w.emit('vmovups', w.write(to), scratch);
  },
  storeNarrow(w, { from, at, element, count }) {
    const place = w.address(at);
    const source = w.read(from);
    if (!count) return storeWhole(w, element, place, source);
    const { scratch } = w;
    const bytes = elementBytes[element];
    if (element === 'f16') w.emit('vcvtps2ph', scratch, source, 0);
    else w.emit('vmovups_store', scratch, source);
    const step = element === 'f16' ? 2 : 4;
    eachElement(w, place, bytes, count, (value, to, lane) => {
      const inScratch = memory(scratch.base, scratch.displacement + lane * step);
      w.emit('movzx', as(value, 32), { ...inScratch, bits: bytes === 1 ? 8 : 16 });
      w.emit('mov', { ...to, bits: bytes === 1 ? 8 : 16 }, as(value, bytes === 1 ? 8 : 16));
    });
  },
};

function storeWhole(w: FunctionWriter, element: PackedType, place: Memory, source: Register): void {
  if (element === 'f16') {
    w.emit('vcvtps2ph', place, source, 0);
    return;
  }
  const bytes = elementBytes[element] as 1 | 2;
  const packed = w.temporaryVector();
  w.emit('vpshufb', packed, source, memory(w.pool.vector('i32', lowerBytes[bytes])));
  if (bytes === 2) {
    w.emit('vpermpd', packed, packed, 0x08);
    w.emit('vmovups_store', place, as(packed, 128));
  } else {
    const other = w.temporaryVector();
    w.emit('vpermpd', other, packed, 0x4e);
    w.emit('vorps', packed, packed, other);
    w.emit('vmovsd_store', place, as(packed, 128));
  }
}

/** Calls `move` for every element below the count, with a general-purpose register to go through. */
function eachElement(
  w: FunctionWriter,
  place: Memory,
  bytes: number,
  count: Integer,
  move: (value: Register, place: Memory, lane: number) => void,
): void {
  const limit = w.readGeneral(count);
  const value = w.temporaryGeneral();
  const done = new Label();
  for (let lane = 0; lane < w.vectorBytes / 4; lane++) {
    w.emit('cmp', limit, lane);
    w.emit('jle', done);
    move(value, memory(place.base, place.displacement + lane * bytes), lane);
  }
  w.code.bind(done);
}
