// Reads int64 indices as row numbers, checked.

import { EngineError } from '../errors.ts';
import { integersOf, type Region } from '../runtime/region.ts';

/**
 * Writes int64 indices as row numbers.
 *
 * @param otherwise - the row of an index that is none of `rows`; undefined where that is an error.
 * @throws EngineError when an index is out of range.
 */
export function readRows(
  kernel: string,
  indices: Region,
  to: Int32Array,
  rows: number,
  otherwise: (place: number, index: number) => number | undefined = () => undefined,
  range: string = `0 to ${rows - 1}`,
): void {
  const words = integersOf(indices);
  const few = Math.min(rows, 2 ** 31);
  for (let i = 0; i < words.length / 2; i++) {
    const low = words[2 * i]!;
    if (low >= 0 && low < few && words[2 * i + 1] === 0) {
      to[i] = low;
      continue;
    }
    const index = words[2 * i + 1]! * 2 ** 32 + (low >>> 0);
    const row = otherwise(i, index);
    if (row === undefined) {
      throw new EngineError(kernel, `index ${i} is out of range`, rows === 0 ? 'no rows' : range, index);
    }
    to[i] = row;
  }
}
