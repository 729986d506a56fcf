// Checks of indices: one pass of vectors finds their ends, and only a wrong index is looked for one by one.

import { input, integer, output } from '@sconce/codegen';
import { dtypeBytes } from '../dtype.ts';
import { EngineError } from '../errors.ts';
import { checkSizes, regionOf } from '../operands.ts';
import { executor, withScratch } from '../runtime/executor.ts';
import { family } from '../runtime/family.ts';
import { integersOf, part, type Region } from '../runtime/region.ts';
import { forkRanges, passTime } from '../threads/split.ts';
import type { IndexDType, IndicesInRangeParameters } from '../types.ts';

/** Vectors looked at side by side. */
const ASIDE = 4;
/** Words that threads take at a time, a multiple of two. */
const CHUNK = 2 ** 16;

/** Writes the largest lanes of `count` words, then the smallest ones, starting from zero. */
const endsKernel = family(
  'index-ends',
  { words: input('i32'), ends: output('i32'), count: integer() },
  (k) => {
    const [words, ends, count] = [k.pointer('words'), k.pointer('ends'), k.integer('count')];
    const lanes = k.lanes('i32');
    const least = Array.from({ length: ASIDE }, () => k.zero('i32'));
    const most = Array.from({ length: ASIDE }, () => k.zero('i32'));
    const look = (i: number, value = k.load(words, i * lanes)): void => {
      k.assign(least[i]!, k.pmin(least[i]!, value));
      k.assign(most[i]!, k.pmax(most[i]!, value));
    };
    k.loop(k.shr(count, Math.log2(ASIDE * lanes)), () => {
      for (let i = 0; i < ASIDE; i++) look(i);
      k.advance(words, ASIDE * lanes);
    });
    k.loop(k.shr(k.and(count, ASIDE * lanes - 1), Math.log2(lanes)), () => {
      look(0);
      k.advance(words, lanes);
    });
    look(0, k.loadPartial(words, 0, k.and(count, lanes - 1)));
    k.store(
      most.reduce((a, b) => k.pmax(a, b)),
      ends,
    );
    k.store(
      least.reduce((a, b) => k.pmin(a, b)),
      ends,
      lanes,
    );
  },
);

/**
 * Checks that each of some neighbouring indices is at least 0 and below `size`.
 * @throws EngineError, unless `outOfRange` throws, for the first index that is not.
 */
export function checkIndices(
  kernel: string,
  indices: Region,
  dtype: IndexDType,
  size: number,
  outOfRange?: (index: bigint) => never,
): void {
  if (indices.bytes === 0 || inRange(indices, dtype, size)) return;
  const step = dtype === 'int64' ? 2 : 1;
  const words = integersOf(indices);
  for (let i = 0; i < words.length; i += step) {
    const low = words[i]!;
    if (low >= 0 && low < size && (step === 1 || words[i + 1] === 0)) continue;
    const index = step === 1 ? BigInt(low) : (BigInt(words[i + 1]!) << 32n) | BigInt.asUintN(32, BigInt(low));
    outOfRange?.(index);
    const range = size === 0 ? 'none, since the dimension has size 0' : `0 to ${size - 1}`;
    throw new EngineError(kernel, `index ${i / step} is out of range`, range, `${index}`);
  }
}

/**
 * Whether each of `count` indices is at least 0 and below `size`.
 * @throws EngineError when a size is invalid or the slice too small.
 */
export function indicesInRange(p: IndicesInRangeParameters): boolean {
  const { count, size, dtype = 'int64' } = p;
  checkSizes('indicesInRange', { count, size });
  const indices = regionOf('indicesInRange', 'indices', p.indices, count, dtypeBytes[dtype]);
  return count === 0 || inRange(indices, dtype, size);
}

function inRange(indices: Region, dtype: IndexDType, size: number): boolean {
  if (size === 0) return false;
  const current = executor();
  const lanes = current.target.lanes('i32');
  const count = indices.bytes / 4;
  const chunks = Math.ceil(count / CHUNK);
  const places = 2 * lanes * chunks;
  return withScratch(places, (ends) => {
    integersOf(ends).fill(0);
    // each part of the work writes the ends of its first chunk
    forkRanges(chunks, passTime(count), (first, some) => {
      const words = Math.min(count, (first + some) * CHUNK) - first * CHUNK;
      current.launch(endsKernel({}), {
        words: part(indices, first * CHUNK, words),
        ends: part(ends, 2 * lanes * first, 2 * lanes),
        count: words,
      });
    });
    return integersOf(ends)
      .subarray(0, places)
      .every((end, i) => {
        // an int64 is two words, the upper one 0
        const upper = dtype === 'int64' && i % 2 === 1;
        return upper ? end === 0 : end >= 0 && end < size;
      });
  });
}
