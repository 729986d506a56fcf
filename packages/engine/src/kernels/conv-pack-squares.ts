// Packs weights whose channels fill whole blocks straight into the order of direct sums, by squares transposed in registers.

import { type Integer, input, integer, output, type Pointer, type Vector } from '@sconce/codegen';
import { type Family, family, type Region } from '../runtime/family.ts';

/** What {@link packSquares} is recorded for. */
export interface PackSquaresSpec {
  /** Vectors of a group of outputs. */
  readonly vectors: number;
  readonly taps: number;
  /** The stored tap of each tap of the convolution. */
  readonly order: readonly number[];
  /** Whether inputs are the rows of the weights, instead of outputs. */
  readonly transposed: boolean;
}

/** Arguments of {@link packSquares}. */
export interface PackSquaresArguments {
  readonly from: Region;
  readonly to: Region;
  /** Blocks of inputs; of a last one, inputs that may be read beyond their taps, and those that may not. */
  readonly blocks: number;
  readonly rest: number;
  readonly last: number;
  /** From one row of the weights to the next. */
  readonly stride: number;
}

/** Taps up to which a kernel, which has them all unrolled, is of reasonable size. */
export const MOST_SQUARE_TAPS = 9;

/** One group of outputs: `[blocks][order][lanes of inputs][vectors * lanes]`. */
export const packSquares: Family<PackSquaresSpec, PackSquaresArguments> = family(
  'conv-pack-squares',
  {
    from: input('f32'),
    to: output('f32'),
    blocks: integer(),
    rest: integer(),
    last: integer(),
    stride: integer(),
  },
  (k, { vectors, taps, order, transposed }: PackSquaresSpec) => {
    const lanes = k.lanes('f32');
    const [from, to, stride] = [k.pointer('from'), k.pointer('to'), k.integer('stride')];
    const wide = vectors * lanes;
    /** Where an input's tap goes within its block; nowhere if no tap of the convolution is it. */
    const put = (value: Vector<'f32'>, at: Pointer<'f32'>, tap: number, channel: number, v: number): void => {
      const place = order.indexOf(tap);
      if (place >= 0) k.store(value, at, (place * lanes + channel) * wide + v * lanes);
    };

    if (!transposed) {
      k.loop(k.integer('blocks'), () => {
        const row = k.variable(from);
        for (let v = 0; v < vectors; v++) {
          for (let square = 0; square < taps; square++) {
            const at = k.variable(row);
            const rows = Array.from({ length: lanes }, () => {
              const values = k.load(at, square * lanes);
              k.advance(at, stride);
              return values;
            });
            if (square === taps - 1) k.assign(row, at);
            for (const [i, value] of k.transpose(rows).entries()) {
              const element = square * lanes + i;
              put(value, to, element % taps, Math.floor(element / taps), v);
            }
          }
        }
        k.advance(from, taps * lanes);
        k.advance(to, order.length * lanes * wide);
      });
      return;
    }

    const inputs = (count: Integer | number, beyond: boolean, at: Pointer<'f32'>): void =>
      k.loop(count, () => {
        for (let v = 0; v < vectors; v++) {
          const first = v * lanes * taps;
          if (taps === 1) put(k.load(from, first), at, 0, 0, v);
          else if (beyond) {
            for (let start = 0; start < taps; start += lanes) {
              const rows = Array.from({ length: lanes }, (_, c) => k.load(from, first + c * taps + start));
              for (const [i, value] of k.transpose(rows).entries()) {
                if (start + i < taps) put(value, at, start + i, 0, v);
              }
            }
          } else {
            for (let tap = 0; tap < taps; tap++) {
              put(k.loadStrided(from, first + tap, taps), at, tap, 0, v);
            }
          }
        }
        k.advance(from, stride);
        k.advance(at, wide);
      });
    k.loop(k.integer('blocks'), () => {
      inputs(lanes, true, k.variable(to));
      k.advance(to, order.length * lanes * wide);
    });
    const at = k.variable(to);
    inputs(k.integer('rest'), true, at);
    inputs(k.integer('last'), false, at);
  },
);
