/** Writes zip archives as PyTorch does: stored members, each one's bytes beginning at a multiple of 64. */
import { CheckpointError } from './errors.ts';

const LOCAL_HEADER = 0x04034b50;
const DIRECTORY_ENTRY = 0x02014b50;
const END_OF_DIRECTORY = 0x06054b50;
const ALIGNMENT = 64;
/** Sizes and places are 32-bit numbers. */
const LARGEST = 2 ** 32 - 1;
/** Zip's day zero, 1 January 1980: the same tensors give the same bytes. */
const DATE = 0x0021;
/** Names are UTF-8. */
const FLAGS = 0x0800;
const VERSION = 20;

/** A member to be written. */
export interface ZipEntry {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * The bytes of an archive.
 *
 * @throws {CheckpointError} when it would be larger than 4 GiB
 */
export function writeZip(entries: readonly ZipEntry[]): Uint8Array {
  const placed: (ZipEntry & { name8: Uint8Array; headerAt: number; padding: number; checksum: number })[] =
    [];
  let at = 0;
  let directory = 0;
  for (const { name, bytes } of entries) {
    const name8 = new TextEncoder().encode(name);
    // An extra field has a header of 4 bytes of its own.
    const unpadded = at + 30 + name8.length + 4;
    const padding = 4 + ((ALIGNMENT - (unpadded % ALIGNMENT)) % ALIGNMENT);
    placed.push({ name, bytes, name8, headerAt: at, padding, checksum: crc32(bytes) });
    at += 30 + name8.length + padding + bytes.length;
    directory += 46 + name8.length;
  }
  const size = at + directory + 22;
  if (size > LARGEST) throw new CheckpointError(`archive of ${size} bytes, expected at most ${LARGEST}`);
  const out = new Uint8Array(size);
  const view = new DataView(out.buffer);
  const u16 = (where: number, ...values: number[]): void =>
    values.forEach((value, i) => {
      view.setUint16(where + 2 * i, value, true);
    });
  const u32 = (where: number, ...values: number[]): void =>
    values.forEach((value, i) => {
      view.setUint32(where + 4 * i, value, true);
    });
  let entryAt = at;
  for (const { bytes, name8, headerAt, padding, checksum } of placed) {
    u32(headerAt, LOCAL_HEADER);
    u16(headerAt + 4, VERSION, FLAGS, 0, 0, DATE);
    u32(headerAt + 14, checksum, bytes.length, bytes.length);
    u16(headerAt + 26, name8.length, padding);
    out.set(name8, headerAt + 30);
    const extraAt = headerAt + 30 + name8.length;
    // "FB" is the field with which PyTorch pads.
    u16(extraAt, 0x4246, padding - 4);
    out.fill(0x5a, extraAt + 4, extraAt + padding);
    out.set(bytes, extraAt + padding);

    u32(entryAt, DIRECTORY_ENTRY);
    u16(entryAt + 4, VERSION, VERSION, FLAGS, 0, 0, DATE);
    u32(entryAt + 16, checksum, bytes.length, bytes.length);
    u16(entryAt + 28, name8.length);
    u32(entryAt + 42, headerAt);
    out.set(name8, entryAt + 46);
    entryAt += 46 + name8.length;
  }
  u32(entryAt, END_OF_DIRECTORY);
  u16(entryAt + 8, placed.length, placed.length);
  u32(entryAt + 12, directory, at);
  return out;
}

const tables = crcTables();

/** Remainders of single bytes, and of bytes that three others follow, for four bytes at a time. */
function crcTables(): readonly Uint32Array[] {
  const list = Array.from({ length: 4 }, () => new Uint32Array(256));
  for (let i = 0; i < 256; i++) {
    let value = i;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    list[0]![i] = value >>> 0;
  }
  for (let k = 1; k < 4; k++) {
    for (let i = 0; i < 256; i++) {
      const before = list[k - 1]![i]!;
      list[k]![i] = ((before >>> 8) ^ list[0]![before & 0xff]!) >>> 0;
    }
  }
  return list;
}

/** The checksum of zip members (CRC-32 of ISO 3309), four bytes at a time. */
function crc32(bytes: Uint8Array): number {
  const [t0, t1, t2, t3] = tables as [Uint32Array, Uint32Array, Uint32Array, Uint32Array];
  let crc = 0xffffffff;
  let i = 0;
  for (; i + 4 <= bytes.length; i += 4) {
    crc ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    crc = t3[crc & 0xff]! ^ t2[(crc >>> 8) & 0xff]! ^ t1[(crc >>> 16) & 0xff]! ^ t0[crc >>> 24]!;
  }
  for (; i < bytes.length; i++) crc = (crc >>> 8) ^ t0[(crc ^ bytes[i]!) & 0xff]!;
  return (crc ^ 0xffffffff) >>> 0;
}
