// The first half of a pooling: rows (and slices) of windows, folded for whole lines of the image.

import type { Integer, Pointer, Vector } from '@sconce/codegen';
import {
  fieldsOf,
  inPairs,
  type PoolBand,
  type PoolBuilder,
  type PoolFold,
  type PoolSpec,
} from './pool-spec.ts';

/** Windows of up to so many rows are unrolled. */
const UNROLLED_ROWS = 3;

/** What becomes of vectors of a line whose rows are folded; `last` where they end the line. */
interface Sink {
  put(sums: readonly Vector<'f32'>[], last: boolean): void;
  /** To the next line. */
  next(): void;
}

/**
 * Folds the rows of the windows of all lines of a band. Behind its columns a line of the band holds what folds to nothing.
 */
export function foldLines(k: PoolBuilder, type: 'f32', spec: PoolSpec, fold: PoolFold, band: PoolBand): void {
  const lanes = k.lanes(type);
  const unit = inPairs(spec) ? 2 : 1;
  const width = k.integer('width');
  const units = k.shr(width, Math.log2(unit * lanes));
  const [side, rest] = [fold.vectors / unit, k.and(width, unit * lanes - 1)];
  const [groups, singles] = [k.shr(units, Math.log2(side)), k.and(units, side - 1)];
  const counts = unit === 2 ? [rest, k.sub(rest, lanes)] : [rest];
  const tapRow = k.integer('tapRow');
  const [plane, line] = [k.variable(band.x), k.variable(band.lines)];
  const sink = sinkOf(k, type, spec, fold, band, units);

  const oneLine = (): void => {
    const from = k.variable(plane);
    k.advance(from, k.loadInteger(line));
    const rows = k.loadInteger(line, 1);
    const slices = spec.slices ? k.loadInteger(line, 2) : undefined;
    /** Goes over the line, `sums` giving so many vectors, or those that end it. */
    const overLine = (sums: (vectors: number, counts: readonly Integer[] | undefined) => Vector<'f32'>[]) => {
      const group = (vectors: number): void => {
        sink.put(sums(vectors, undefined), false);
        k.advance(from, vectors * lanes);
      };
      k.loop(groups, () => group(fold.vectors));
      if (side > 1) k.loop(singles, () => group(unit));
      k.when(rest, '>', 0, () => sink.put(sums(unit, counts), true));
    };
    /** Folds windows of so many rows, or of `rows`. */
    const folded =
      (known: number | undefined) => (vectors: number, counts: readonly Integer[] | undefined) => {
        const load = (at: Pointer<'f32'>, i: number): Vector<'f32'> => {
          const count = counts?.[i];
          const value = count ? k.loadPartial(at, i * lanes, count, fold.start) : k.load(at, i * lanes);
          const watch = fold.watch?.[i];
          if (watch) k.assign(watch, k.add(watch, value));
          return value;
        };
        const at = k.variable(from);
        const sums = Array.from({ length: vectors }, (_, i) => load(at, i));
        const more = (row: Pointer<'f32'>): void =>
          sums.forEach((sum, i) => void fold.into(sum, load(row, i)));
        const nextRow = (): void => {
          k.advance(at, tapRow);
          more(at);
        };
        if (known === undefined) k.loop(k.sub(rows, 1), nextRow);
        else for (let r = 1; r < known; r++) nextRow();
        if (slices) {
          const slice = k.variable(from);
          k.loop(k.sub(slices, 1), () => {
            k.advance(slice, k.integer('tapSlice'));
            const row = k.variable(slice);
            k.loop(rows, () => {
              more(row);
              k.advance(row, tapRow);
            });
          });
        }
        return sums;
      };
    const nothing = (vectors: number): Vector<'f32'>[] => Array.from({ length: vectors }, () => fold.start);
    const some = (): void => {
      const inside = slices ? k.mul(rows, slices) : rows;
      k.when(
        inside,
        '>',
        0,
        () => overLine(folded(undefined)),
        () => overLine(nothing),
      );
    };
    // Folds that keep NaN run so seldom that they are kept short.
    if (spec.rows > UNROLLED_ROWS || (spec.kind === 'max' && !fold.watch)) some();
    else k.when(rows, '==', spec.rows, () => overLine(folded(spec.rows)), some);
  };

  k.loop(band.some, () => {
    k.loop(band.count, () => {
      oneLine();
      sink.next();
      k.advance(line, fieldsOf(spec));
    });
    k.assign(line, band.lines);
    k.advance(plane, k.integer('plane'));
  });
}

function sinkOf(
  k: PoolBuilder,
  type: 'f32',
  spec: PoolSpec,
  fold: PoolFold,
  { y }: PoolBand,
  units: Integer,
): Sink {
  const lanes = k.lanes(type);
  const { columns } = spec;
  const apart = (sums: readonly Vector<'f32'>[], pattern: 'even' | 'odd'): Vector<'f32'>[] =>
    sums.flatMap((sum, i) => (i % 2 === 0 ? [k.shuffle(pattern, sum, sums[i + 1]!)] : []));
  if (typeof columns !== 'string' && columns.layout === 'direct') {
    const rest = k.sub(k.integer('outWidth'), k.mul(units, lanes));
    return {
      put: (sums, last) => {
        const values = columns.stride === 2 ? apart(sums, 'even') : sums;
        if (columns.kernel === 2) {
          for (const [i, odd] of apart(sums, 'odd').entries()) fold.into(values[i]!, odd);
        }
        for (const [i, sum] of values.entries()) {
          const value = spec.kind === 'average' ? k.mul(sum, k.scalar('factor')) : sum;
          if (last) k.storePartial(value, y, 0, rest);
          else k.store(value, y, i * lanes);
        }
        k.advance(y, last ? rest : values.length * lanes);
      },
      next: () => {},
    };
  }
  const line = k.pointer('band');
  k.advance(line, k.integer('left'));
  const to = k.variable(line);
  const split = inPairs(spec);
  const odd = split ? k.variable(line) : undefined;
  if (odd) k.advance(odd, k.integer('half'));
  return {
    put: (sums) => {
      const values = split ? apart(sums, 'even') : sums;
      for (const [i, sum] of values.entries()) k.store(sum, to, i * lanes);
      k.advance(to, values.length * lanes);
      if (odd) {
        for (const [i, sum] of apart(sums, 'odd').entries()) k.store(sum, odd, i * lanes);
        k.advance(odd, values.length * lanes);
      }
    },
    next: () => {
      k.advance(line, k.integer('pitch'));
      k.assign(to, line);
      if (odd) {
        k.assign(odd, line);
        k.advance(odd, k.integer('half'));
      }
    },
  };
}
