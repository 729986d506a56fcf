/**
 * Brings elements of every dtype to numbers that are ordered as PyTorch orders them: NaN after everything, both zeros
 * equal. Sorting and selecting then work on one kind of array.
 */
import { cast, materialize } from '../access.ts';
import { dtypeInfo } from '../dtype.ts';
import { elementsOf } from '../memory.ts';
import type { Tensor } from '../tensor.ts';
import { loopDType } from './along-core.ts';
import { argsortWords } from './radix-sort.ts';

/** A tensor read as lines along a dimension, whose keys are fetched line by line, with no allocation in between. */
export interface KeyLines {
  readonly size: number;
  /** Number of lines. */
  readonly count: number;
  /** Elements between neighbours of a line. */
  readonly step: number;
  /** Where a line starts. */
  start(line: number): number;
  /** The sortable 32-bit words of a line, low word first (one array for dtypes of up to 32 bits). Reused. */
  words(line: number): readonly Uint32Array[];
  /** The line's keys as comparable doubles. Reused between calls. */
  doubles(line: number): Float64Array;
}

/** Reads a tensor's lines along `dim`. A 0-dim tensor is a line of one element. */
export function keyLines(x: Tensor, dim: number): KeyLines {
  const compute = loopDType('sort', x.dtype);
  const dense = materialize(cast(x, compute));
  const size = x.shape[dim] ?? 1;
  const step = x.shape.slice(dim + 1).reduce((n, s) => n * s, 1);
  const count = size === 0 ? 0 : x.numel() / size;
  const start = (line: number): number => Math.floor(line / step) * size * step + (line % step);
  const { kind, bytes } = dtypeInfo(compute);
  let view: Uint32Array | undefined;
  // Read at the first line, when the caller has allocated what it needs: allocations may detach views.
  const bitsOf = (): Uint32Array => {
    if (view === undefined) {
      const { buffer, byteOffset } = elementsOf(dense);
      view = new Uint32Array(buffer, byteOffset + dense.offset * bytes, (dense.numel() * bytes) / 4);
    }
    return view;
  };
  const low = new Uint32Array(size);
  const high = new Uint32Array(bytes === 8 ? size : 0);
  const narrow = [low];
  const wide = [low, high];
  const words = (line: number): readonly Uint32Array[] => {
    const at = start(line);
    const bits = bitsOf();
    if (bytes === 4) {
      if (kind === 'float') floatWords(bits, at, step, low);
      else for (let i = 0; i < size; i++) low[i] = bits[at + i * step]! ^ 0x80000000;
      return narrow;
    }
    if (kind === 'float') doubleWords(bits, at, step, low, high);
    else {
      for (let i = 0; i < size; i++) {
        const place = 2 * (at + i * step);
        low[i] = bits[place]!;
        high[i] = bits[place + 1]! ^ 0x80000000;
      }
    }
    return wide;
  };
  const keys = new Float64Array(size);
  const doubles = (line: number): Float64Array => {
    const at = start(line);
    const bits = bitsOf();
    if (compute === 'int32') {
      for (let i = 0; i < size; i++) keys[i] = bits[at + i * step]! | 0;
    } else if (compute === 'float32') {
      float32Keys(bits, at, step, keys);
    } else {
      const exact = compute === 'int64' ? int64Keys(bits, at, step, keys) : float64Keys(bits, at, step, keys);
      if (!exact) rankKeys(words(line), keys);
    }
    return keys;
  };
  return { size, count, step, start, words, doubles };
}

/** Bits of float32 made to numbers without sign in the same order. */
function floatWords(bits: Uint32Array, at: number, step: number, words: Uint32Array): void {
  for (let i = 0; i < words.length; i++) {
    const own = bits[at + i * step]!;
    const magnitude = own & 0x7fffffff;
    if (magnitude > 0x7f800000) words[i] = 0xffffffff;
    else if (magnitude === 0) words[i] = 0x80000000;
    else words[i] = own >>> 31 === 0 ? own | 0x80000000 : ~own;
  }
}

function doubleWords(bits: Uint32Array, at: number, step: number, low: Uint32Array, high: Uint32Array): void {
  for (let i = 0; i < low.length; i++) {
    const place = 2 * (at + i * step);
    const l = bits[place]!;
    const h = bits[place + 1]!;
    const magnitude = h & 0x7fffffff;
    if (magnitude > 0x7ff00000 || (magnitude === 0x7ff00000 && l !== 0)) {
      low[i] = 0xffffffff;
      high[i] = 0xffffffff;
    } else if (magnitude === 0 && l === 0) {
      low[i] = 0;
      high[i] = 0x80000000;
    } else if (h >>> 31 === 0) {
      low[i] = l;
      high[i] = h | 0x80000000;
    } else {
      low[i] = ~l;
      high[i] = ~h;
    }
  }
}

const holder = new Float32Array(1);
const holderBits = new Uint32Array(holder.buffer);

/** float32 as doubles, in which there is room above the largest one: infinity becomes it, NaN infinity. */
function float32Keys(bits: Uint32Array, at: number, step: number, keys: Float64Array): void {
  for (let i = 0; i < keys.length; i++) {
    holderBits[0] = bits[at + i * step]!;
    const value = holder[0]!;
    if (value === Number.POSITIVE_INFINITY) keys[i] = Number.MAX_VALUE;
    else keys[i] = Number.isNaN(value) ? Number.POSITIVE_INFINITY : value;
  }
}

const wideHolder = new Float64Array(1);
const wideBits = new Uint32Array(wideHolder.buffer);

/** float64 as they are; false where there is a NaN. */
function float64Keys(bits: Uint32Array, at: number, step: number, keys: Float64Array): boolean {
  for (let i = 0; i < keys.length; i++) {
    const place = 2 * (at + i * step);
    wideBits[0] = bits[place]!;
    wideBits[1] = bits[place + 1]!;
    const value = wideHolder[0]!;
    if (Number.isNaN(value)) return false;
    keys[i] = value;
  }
  return true;
}

/** int64 as doubles; false where one of them is not exact. */
function int64Keys(bits: Uint32Array, at: number, step: number, keys: Float64Array): boolean {
  for (let i = 0; i < keys.length; i++) {
    const place = 2 * (at + i * step);
    const value = (bits[place + 1]! | 0) * 2 ** 32 + bits[place]!;
    if (!Number.isSafeInteger(value)) return false;
    keys[i] = value;
  }
  return true;
}

/** The rank of each element, equal ones sharing it. */
function rankKeys(words: readonly Uint32Array[], keys: Float64Array): void {
  const order = argsortWords(words, keys.length, false);
  let rank = 0;
  for (let p = 0; p < keys.length; p++) {
    if (p > 0 && words.some((word) => word[order[p]!] !== word[order[p - 1]!])) rank++;
    keys[order[p]!] = rank;
  }
}
