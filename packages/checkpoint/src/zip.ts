/**
 * Reads the members of a zip archive: stored members (all that PyTorch writes) as views of the file's bytes, deflated
 * ones through fflate. Everything the directory says is checked before it is used, and members may not overlap.
 */
import { inflateSync } from 'fflate';
import { CheckpointError } from './errors.ts';

const END_OF_DIRECTORY = 0x06054b50;
const END_OF_DIRECTORY_64_LOCATOR = 0x07064b50;
const END_OF_DIRECTORY_64 = 0x06064b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;

/** Deflated members may unpack to this many bytes in all, or to this many times the file, whichever is more. */
const MAX_UNPACKED_BYTES = 64 * 1024 * 1024;
const MAX_UNPACKED_RATIO = 100;

/** One member of an archive. */
export interface ZipMember {
  readonly name: string;
  /** Bytes of the member once unpacked. */
  readonly size: number;
  /** Unpacks the member; a view of the file's bytes when it is stored. */
  readonly read: () => Uint8Array;
}

interface DirectoryEntry {
  readonly name: string;
  readonly deflated: boolean;
  readonly packedSize: number;
  readonly size: number;
  readonly headerAt: number;
}

/** Whether the bytes begin as a zip archive does. */
export function isZip(bytes: Uint8Array): boolean {
  return (
    bytes[0] === 0x50 &&
    bytes[1] === 0x4b &&
    ((bytes[2] === 3 && bytes[3] === 4) || (bytes[2] === 5 && bytes[3] === 6))
  );
}

/**
 * The members of an archive by name, in order of its directory. Folders are left out.
 *
 * @throws {CheckpointError} when the archive is truncated, malformed, encrypted, or unpacks to far more than it is
 */
export function readZip(bytes: Uint8Array, file?: string): Map<string, ZipMember> {
  return new ZipReader(bytes, file).members();
}

class ZipReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #file: string | undefined;

  constructor(bytes: Uint8Array, file: string | undefined) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#file = file;
  }

  members(): Map<string, ZipMember> {
    const entries = this.#directory();
    const members = new Map<string, ZipMember>();
    const places: { name: string; begin: number; end: number }[] = [];
    let unpacked = 0;
    for (const entry of entries) {
      if (members.has(entry.name)) this.#fail('occurs twice in the zip archive', entry.name);
      const begin = this.#dataStart(entry);
      const end = begin + entry.packedSize;
      if (end > this.#bytes.length) {
        this.#fail(`runs past the end of the zip archive, expected ${entry.packedSize} bytes`, entry.name);
      }
      if (!entry.deflated && entry.packedSize !== entry.size) {
        this.#fail(`stored size ${entry.packedSize} is not its size ${entry.size}`, entry.name);
      }
      if (entry.deflated) unpacked += entry.size;
      places.push({ name: entry.name, begin, end });
      members.set(entry.name, {
        name: entry.name,
        size: entry.size,
        read: () => this.#read(entry, begin, end),
      });
    }
    const most = Math.max(MAX_UNPACKED_BYTES, MAX_UNPACKED_RATIO * this.#bytes.length);
    if (unpacked > most) this.#fail(`zip archive unpacks to ${unpacked} bytes, expected at most ${most}`);
    this.#checkOverlap(places);
    return members;
  }

  #fail(what: string, entry?: string, cause?: unknown): never {
    throw new CheckpointError(what, { file: this.#file, entry }, { cause });
  }

  /** Checks that `length` bytes are there at `at`. */
  #need(at: number, length: number, what: string): void {
    if (!Number.isSafeInteger(at) || at < 0 || at + length > this.#bytes.length) {
      this.#fail(`zip archive is truncated, expected ${what} at byte ${at} of ${this.#bytes.length}`);
    }
  }

  #u16(at: number): number {
    return this.#view.getUint16(at, true);
  }

  #u32(at: number): number {
    return this.#view.getUint32(at, true);
  }

  #u64(at: number): number {
    return Number(this.#view.getBigUint64(at, true));
  }

  #directory(): DirectoryEntry[] {
    const { count, start } = this.#findDirectory();
    const entries: DirectoryEntry[] = [];
    let at = start;
    for (let i = 0; i < count; i++) {
      this.#need(at, 46, `entry ${i} of its directory`);
      if (this.#u32(at) !== DIRECTORY_ENTRY) this.#fail(`zip directory is damaged at byte ${at}`);
      const nameLength = this.#u16(at + 28);
      const extraLength = this.#u16(at + 30);
      const next = at + 46 + nameLength + extraLength + this.#u16(at + 32);
      this.#need(at, next - at, `entry ${i} of its directory`);
      const name = new TextDecoder().decode(this.#bytes.subarray(at + 46, at + 46 + nameLength));
      const method = this.#u16(at + 10);
      if (this.#u16(at + 8) & 1) this.#fail('is encrypted, expected a plain zip archive', name);
      if (method !== 0 && method !== 8)
        this.#fail(`compression method ${method}, expected stored or deflated`, name);
      const sizes = this.#sizes(at, name, at + 46 + nameLength, extraLength);
      if (!name.endsWith('/')) entries.push({ name, deflated: method === 8, ...sizes });
      at = next;
    }
    return entries;
  }

  /** Sizes and place of a member; those that do not fit 32 bits lie in the zip64 field. */
  #sizes(
    at: number,
    name: string,
    extraAt: number,
    extraLength: number,
  ): Omit<DirectoryEntry, 'name' | 'deflated'> {
    const values = { size: this.#u32(at + 24), packedSize: this.#u32(at + 20), headerAt: this.#u32(at + 42) };
    const large = (Object.keys(values) as (keyof typeof values)[]).filter(
      (key) => values[key] === 0xffffffff,
    );
    if (large.length === 0) return values;
    const end = extraAt + extraLength;
    for (let field = extraAt; field + 4 <= end; field += 4 + this.#u16(field + 2)) {
      if (this.#u16(field) !== 1) continue;
      const length = this.#u16(field + 2);
      if (length < 8 * large.length || field + 4 + length > end) break;
      large.forEach((key, i) => {
        values[key] = this.#u64(field + 4 + 8 * i);
      });
      return values;
    }
    return this.#fail('zip64 sizes are missing', name);
  }

  #findDirectory(): { count: number; start: number } {
    const length = this.#bytes.length;
    for (let at = length - 22; at >= Math.max(0, length - 22 - 0xffff); at--) {
      if (this.#u32(at) !== END_OF_DIRECTORY) continue;
      const count = this.#u16(at + 10);
      const start = this.#u32(at + 16);
      if (count !== 0xffff && start !== 0xffffffff) return { count, start };
      this.#need(at - 20, 20, 'the zip64 locator');
      if (this.#u32(at - 20) !== END_OF_DIRECTORY_64_LOCATOR) return { count, start };
      const record = this.#u64(at - 12);
      this.#need(record, 56, 'the zip64 end of directory');
      if (this.#u32(record) !== END_OF_DIRECTORY_64) this.#fail('zip64 end of directory is damaged');
      return { count: this.#u64(record + 32), start: this.#u64(record + 48) };
    }
    return this.#fail('zip archive is truncated, its directory (at the end of the file) is missing');
  }

  #dataStart(entry: DirectoryEntry): number {
    const at = entry.headerAt;
    this.#need(at, 30, `the header of ${entry.name}`);
    if (this.#u32(at) !== LOCAL_HEADER) this.#fail(`its header at byte ${at} is damaged`, entry.name);
    return at + 30 + this.#u16(at + 26) + this.#u16(at + 28);
  }

  #checkOverlap(places: { name: string; begin: number; end: number }[]): void {
    places.sort((a, b) => a.begin - b.begin || a.end - b.end);
    for (const [i, place] of places.entries()) {
      const before = places[i - 1];
      if (before && place.begin < before.end)
        this.#fail(`overlaps ${before.name} in the zip archive`, place.name);
    }
  }

  #read(entry: DirectoryEntry, begin: number, end: number): Uint8Array {
    const packed = this.#bytes.subarray(begin, end);
    if (!entry.deflated) return packed;
    // One byte more than promised, so that a member which unpacks to more is noticed; fflate never grows it.
    const out = new Uint8Array(entry.size + 1);
    let unpacked: Uint8Array;
    try {
      unpacked = inflateSync(packed, { out });
    } catch (cause) {
      return this.#fail('its deflated data is damaged', entry.name, cause);
    }
    if (unpacked.length !== entry.size) {
      this.#fail(
        `unpacks to ${unpacked.length > entry.size ? 'more' : 'fewer'} than ${entry.size} bytes`,
        entry.name,
      );
    }
    return unpacked;
  }
}
