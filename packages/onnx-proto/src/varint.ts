/** 64-bit varints as exact bigints, which protobufjs reads only through the package `long`. */

/** The parts of protobufjs's Reader that are needed here. */
interface Cursor {
  readonly buf: Uint8Array;
  pos: number;
  len: number;
}

/** Reads a varint of up to ten bytes as an unsigned 64-bit number. */
export function readVarint64(reader: Cursor): bigint {
  let low = 0;
  let shift = 1;
  for (let i = 0; i < 7; i++) {
    const byte = nextByte(reader);
    low += (byte & 127) * shift;
    if (byte < 128) return BigInt(low);
    shift *= 128;
  }
  let value = BigInt(low);
  for (let bit = 49n; bit < 70n; bit += 7n) {
    const byte = nextByte(reader);
    value |= BigInt(byte & 127) << bit;
    if (byte < 128) return BigInt.asUintN(64, value);
  }
  throw new RangeError('a number has more than ten bytes');
}

function nextByte(reader: Cursor): number {
  if (reader.pos >= reader.len) throw new RangeError('index out of range');
  return reader.buf[reader.pos++]!;
}

/** How many varints end in `bytes`: the length of a packed list. */
export function countTerminators(bytes: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < bytes.length; i++) if (bytes[i]! < 128) count++;
  return count;
}
