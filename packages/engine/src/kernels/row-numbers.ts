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
  for (let i = 0; i < words.length / 2; i++) {
    const index = words[2 * i + 1]! * 2 ** 32 + (words[2 * i]! >>> 0);
    if (index >= 0 && index < rows) {
      to[i] = index;
      continue;
    }
    const row = otherwise(i, index);
    if (row === undefined) {
      throw new EngineError(kernel, `index ${i} is out of range`, rows === 0 ? 'no rows' : range, index);
    }
    to[i] = row;
  }
}
