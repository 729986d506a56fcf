// A window slid over padded planes, a vector of outputs at a time.

import type { Integer, KernelBuilder, Pointer, Vector } from '@sconce/codegen';

/** The part of a window that is fixed when the kernel is recorded. */
export interface WindowSpec {
  readonly kernel: readonly [number, number];
  readonly strideX: number;
  readonly dilationX: number;
}

/** Windows of up to this many rows are unrolled whole, taller ones loop over their rows. */
export const UNROLLED_ROWS: number = 7;

/** Vectors of outputs computed side by side, sharing what each tap loads besides the image. */
const SIDE_BY_SIDE = 2;

/** What to do with the elements under a window. */
export interface WindowFold {
  /** The value before the first tap. */
  start(): Vector<'f32'>;
  /** Loads what a tap needs besides the image; `row` counts the rows done when rows are looped over. */
  tap(r: number, s: number, row: Integer | undefined): Vector<'f32'> | undefined;
  /** Folds one image vector into the accumulator, in place. */
  fold(sum: Vector<'f32'>, image: Vector<'f32'>, tap: Vector<'f32'> | undefined): void;
  /** Makes outputs of the accumulator and stores them at the pointer; `count` lanes only when it is given. */
  finish(sum: Vector<'f32'>, at: Pointer<'f32'>, offset: number, count: Integer | undefined): void;
}

/** Records the window's slide over one padded plane; `to` moves on to the next plane of outputs. */
export function slideWindow(
  k: KernelBuilder,
  spec: WindowSpec,
  p: {
    plane: Pointer<'f32'>;
    to: Pointer<'f32'>;
    outHeight: Integer;
    outWidth: Integer;
    /** Elements from a row of windows to the next: stride times pitch. */
    rowStep: Integer;
    /** Elements from a row of the window to the next: dilation times pitch. */
    tapStep: Integer;
  },
  fold: WindowFold,
): void {
  const lanes = k.lanes('f32');
  const [height, width] = spec.kernel;
  const unrolled = height <= UNROLLED_ROWS;

  const outputs = (at: readonly Pointer<'f32'>[], vectors: number, count: Integer | undefined): void => {
    const sums = Array.from({ length: vectors }, () => fold.start());
    const rowOfTaps = (r: number, from: Pointer<'f32'>, row: Integer | undefined): void => {
      const images = sums.map((_, v) => imageLoader(k, spec, from, v * lanes * spec.strideX));
      for (let s = 0; s < width; s++) {
        const tap = fold.tap(r, s, row);
        sums.forEach((sum, v) => void fold.fold(sum, images[v]!(s * spec.dilationX), tap));
      }
    };
    if (unrolled) {
      for (let r = 0; r < height; r++) rowOfTaps(r, at[r]!, undefined);
    } else {
      const from = k.variable(at[0]!);
      k.loop(height, (row) => {
        rowOfTaps(0, from, row);
        k.advance(from, p.tapStep);
      });
    }
    sums.forEach((sum, v) => void fold.finish(sum, p.to, v * lanes, count));
  };

  const row = k.variable(p.plane);
  const tail = k.and(p.outWidth, lanes - 1);
  const vectors = k.shr(p.outWidth, Math.log2(lanes));
  k.loop(p.outHeight, () => {
    const next = k.variable(row);
    const at = Array.from({ length: unrolled ? height : 1 }, () => {
      const from = k.variable(next);
      k.advance(next, p.tapStep);
      return from;
    });
    const step = (count: number): void => {
      outputs(at, count, undefined);
      for (const from of at) k.advance(from, count * lanes * spec.strideX);
      k.advance(p.to, count * lanes);
    };
    k.loop(k.shr(vectors, Math.log2(SIDE_BY_SIDE)), () => step(SIDE_BY_SIDE));
    k.loop(k.and(vectors, SIDE_BY_SIDE - 1), () => step(1));
    k.when(tail, '>', 0, () => {
      outputs(at, 1, tail);
      k.advance(p.to, tail);
    });
    k.advance(row, p.rowStep);
  });
}

/** Loads the image under a tap for a vector of neighbouring outputs, which are `strideX` elements apart. */
function imageLoader(
  k: KernelBuilder,
  spec: WindowSpec,
  from: Pointer<'f32'>,
  first: number,
): (offset: number) => Vector<'f32'> {
  const lanes = k.lanes('f32');
  if (spec.strideX === 1) return (offset) => k.load(from, first + offset);
  if (spec.strideX === 2) {
    // A pair of vectors holds the elements of an even tap and of the odd one beside it.
    const pairs = new Map<number, [Vector<'f32'>, Vector<'f32'>]>();
    return (offset) => {
      const even = offset - (offset % 2);
      let pair = pairs.get(even);
      if (pair === undefined) {
        pair = [k.load(from, first + even), k.load(from, first + even + lanes)];
        pairs.set(even, pair);
      }
      return k.shuffle(offset % 2 === 0 ? 'even' : 'odd', pair[0], pair[1]);
    };
  }
  return (offset) => k.loadStrided(from, first + offset, spec.strideX);
}
