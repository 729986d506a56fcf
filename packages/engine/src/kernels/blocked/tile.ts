// How outputs are cut into register tiles: vectors of output channels by pixels.

import type { Target } from '@sconce/codegen';

/** Vectors of output channels across a tile. */
export const TILE_VECTORS = 2;

/** Rows that a tile spans at most. */
const MOST_ROWS = 4;

/** Pixels of the largest tile whose sums leave registers for weights and for two broadcast inputs. */
export function tilePixels(target: Target, vectors: number): number {
  const others = vectors + 2 + (target.fusedMultiplyAdd ? 0 : 1);
  return Math.floor((target.vectorRegisters - others) / vectors);
}

/** A length cut into parts of at most two sizes, the larger ones first. */
export interface Cut {
  readonly size: number;
  readonly count: number;
}

/** Cuts `length` into the fewest parts of at most `most`, as equal as can be. */
export function balanced(length: number, most: number): Cut[] {
  const parts = Math.ceil(length / most);
  const size = Math.floor(length / parts);
  const larger = length - size * parts;
  return [
    { size: size + 1, count: larger },
    { size, count: parts - larger },
  ].filter(({ count }) => count > 0);
}

/** How an area of pixels is cut into tiles of rows by columns. */
export interface Tiling {
  readonly rows: readonly Cut[];
  readonly columns: readonly Cut[];
}

/** Cuts rows into tiles; rows of half a tile and less share one. */
export function tilingOf(height: number, width: number, pixels: number): Tiling {
  const rows = Math.max(1, Math.min(MOST_ROWS, Math.floor(pixels / width)));
  return { rows: balanced(height, rows), columns: balanced(width, pixels) };
}
