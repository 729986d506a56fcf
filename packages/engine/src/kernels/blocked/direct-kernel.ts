// The kernel of every convolution on blocked images that is a sum of products: tiles of sums in registers over pixels of a
// row or of a few, broadcast inputs, vectors of weights in the order of execution.

import {
  input,
  integer,
  type KernelBuilder,
  output,
  type Pointer,
  scalar,
  type Vector,
} from '@sconce/codegen';
import { type Family, family, type Region } from '../../runtime/family.ts';
import { type EpilogueSpec, finishSum } from './epilogue.ts';

/** What a direct kernel is recorded for. */
export interface DirectSpec extends EpilogueSpec {
  /** Vectors of output channels in a tile. */
  readonly vectors: number;
  /**
   * Halves of those vectors, where a vector of sums holds half as many output channels and two inputs of each: an input that
   * is loaded once then serves twice as many products, and half a vector of padding is not computed. Both inputs are
   * broadcast at once, so all distances of `x` count pairs of elements.
   */
  readonly halves?: number | undefined;
  /** Rows of a tile: the usual ones, then a smaller one if rows do not divide evenly. */
  readonly rows: readonly number[];
  /** Columns of a tile, likewise. */
  readonly columns: readonly number[];
  /** Elements from the input of one output pixel to that of the next. */
  readonly pixel: number;
  /** Inputs (or pairs) of one round of the innermost loop, all unrolled, and the elements from one to the next. */
  readonly unit: { readonly count: number; readonly step: number };
  /** Sums that the inputs of a unit take turns in, so that a small tile does not wait for its own sums; 1 unless given. */
  readonly chains?: number | undefined;
  /** Whether the inputs of the next tile are asked for: in pointwise convolutions they are those that no tile has read. */
  readonly ahead?: boolean;
  readonly bias: boolean;
  /** Lanes that are stored of each vector, where a group of channels shares its block with others; all unless given. */
  readonly stored?: number | undefined;
}

/** Arguments of {@link directKernel}; distances in elements. */
export interface DirectArguments {
  /** Input of the first tap of the first output; `xPairs` is the same place where inputs are read in pairs. */
  readonly x: Region;
  readonly xPairs: Region;
  readonly w: Region;
  readonly bias: Region;
  /** One vector: all bits set in the lanes that are channels. */
  readonly mask: Region;
  readonly residual: Region;
  readonly y: Region;
  /** Products one after the other, with the steps between their operands. */
  readonly matrices: number;
  readonly xMatrix: number;
  readonly yMatrix: number;
  /** Groups of `vectors` blocks of output channels, and the weights of one. */
  readonly groups: number;
  /** Input blocks; units in each but the last, units in all. */
  readonly blocks: number;
  readonly blockUnits: number;
  readonly units: number;
  readonly kernelRows: number;
  readonly kernelColumns: number;
  readonly tapRow: number;
  readonly tapColumn: number;
  readonly xBlock: number;
  /** From the input of one output row to that of the next. */
  readonly xRow: number;
  readonly yBlock: number;
  readonly yRow: number;
  readonly rBlock: number;
  readonly rRow: number;
  readonly rowTiles: number;
  readonly lastRowTiles: number;
  readonly columnTiles: number;
  readonly lastColumnTiles: number;
  readonly min: number;
  readonly max: number;
}

const contract = {
  x: input('f32'),
  xPairs: input('f64'),
  w: input('f32'),
  bias: input('f32'),
  mask: input('f32'),
  residual: input('f32'),
  y: output('f32'),
  matrices: integer(),
  xMatrix: integer(),
  yMatrix: integer(),
  groups: integer(),
  blocks: integer(),
  blockUnits: integer(),
  units: integer(),
  kernelRows: integer(),
  kernelColumns: integer(),
  tapRow: integer(),
  tapColumn: integer(),
  xBlock: integer(),
  xRow: integer(),
  yBlock: integer(),
  yRow: integer(),
  rBlock: integer(),
  rRow: integer(),
  rowTiles: integer(),
  lastRowTiles: integer(),
  columnTiles: integer(),
  lastColumnTiles: integer(),
  min: scalar('f32'),
  max: scalar('f32'),
} as const;

type Builder = KernelBuilder<typeof contract>;
type InputPointer = Pointer<'f32'> | Pointer<'f64'>;

/** A place in the nest: input, output and residual of the next tile. */
interface Position {
  readonly x: InputPointer;
  readonly y: Pointer<'f32'>;
  readonly residual: Pointer<'f32'> | undefined;
}

/**
 * `y = activation(x * w + bias + residual)` over all tiles of all groups of output channels. Weights:
 * `[groups][blocks][kernelRows][kernelColumns][units][unit count][vectors * lanes]`.
 */
export const directKernel: Family<DirectSpec, DirectArguments> = family(
  'blocked-direct',
  contract,
  (k, spec: DirectSpec) => {
    const lanes = k.lanes('f32');
    const copy = (at: Position): Position => ({
      x: k.variable(at.x),
      y: k.variable(at.y),
      residual: at.residual && k.variable(at.residual),
    });
    const x = spec.halves === undefined ? k.pointer('x') : k.pointer('xPairs');
    const matrix: Position = { x, y: k.pointer('y'), residual: undefined };
    const w = k.pointer('w');
    k.loop(k.integer('matrices'), () => {
      const group: Position = {
        x: matrix.x,
        y: k.variable(matrix.y),
        residual: spec.residual ? k.pointer('residual') : undefined,
      };
      const bias = spec.bias ? k.pointer('bias') : undefined;
      k.loop(k.integer('groups'), () => {
        const weights = k.variable(w);
        const row = copy(group);
        for (const [i, rows] of spec.rows.entries()) {
          k.loop(k.integer(i === 0 ? 'rowTiles' : 'lastRowTiles'), () => {
            const column = copy(row);
            for (const [j, columns] of spec.columns.entries()) {
              k.loop(k.integer(j === 0 ? 'columnTiles' : 'lastColumnTiles'), () => {
                k.assign(w, weights);
                const sums = multiply(k, spec, { rows, columns }, column.x, w);
                finish(k, spec, sums, column, bias);
                k.advance(column.x, columns * spec.pixel);
                k.advance(column.y, columns * lanes);
                if (column.residual) k.advance(column.residual, columns * lanes);
              });
            }
            for (let r = 0; r < rows; r++) {
              k.advance(row.x, k.integer('xRow'));
              k.advance(row.y, k.integer('yRow'));
              if (row.residual) k.advance(row.residual, k.integer('rRow'));
            }
          });
        }
        for (let v = 0; v < spec.vectors; v++) {
          k.advance(group.y, k.integer('yBlock'));
          if (group.residual) k.advance(group.residual, k.integer('rBlock'));
        }
        if (bias) k.advance(bias, spec.vectors * lanes);
      });
      k.advance(matrix.x, k.integer('xMatrix'));
      k.advance(matrix.y, k.integer('yMatrix'));
    });
  },
);

/** Sums of one tile, by vector, row and column. Moves `w` behind the weights of its group. */
function multiply(
  k: Builder,
  spec: DirectSpec,
  tile: { rows: number; columns: number },
  x: InputPointer,
  w: Pointer<'f32'>,
): Vector<'f32'>[][][] {
  const weightVectors = spec.halves ?? spec.vectors;
  const chains = Array.from({ length: spec.chains ?? 1 }, () => zeroSums(k, weightVectors, tile));
  const block = k.variable(x);
  const left = k.integer('units');
  k.loop(k.integer('blocks'), () => {
    if (spec.ahead) {
      for (let c = 0; c < tile.columns; c++) k.prefetch(block, (tile.columns + c) * spec.pixel, 'l2');
    }
    const units = k.min(left, k.integer('blockUnits'));
    k.assign(left, k.sub(left, units));
    const tapRow = k.variable(block);
    k.loop(k.integer('kernelRows'), () => {
      const tap = k.variable(tapRow);
      k.loop(k.integer('kernelColumns'), () => {
        const at = [k.variable(tap)];
        for (let r = 1; r < tile.rows; r++) {
          const next = k.variable(at[r - 1]!);
          k.advance(next, k.integer('xRow'));
          at.push(next);
        }
        k.loop(units, () => {
          multiplyUnit(k, { ...spec, vectors: weightVectors }, chains, at, w);
        });
        k.advance(tap, k.integer('tapColumn'));
      });
      k.advance(tapRow, k.integer('tapRow'));
    });
    k.advance(block, k.integer('xBlock'));
  });
  const sums = chains.reduce((a, b) =>
    a.map((lines, v) => lines.map((line, r) => line.map((sum, c) => k.add(sum, b[v]![r]![c]!)))),
  );
  return spec.halves === undefined ? sums : addPairs(k, spec.vectors, sums);
}

/** Sums of a tile at zero, by vector, row and column. */
export function zeroSums(
  k: KernelBuilder,
  vectors: number,
  { rows, columns }: { readonly rows: number; readonly columns: number },
): Vector<'f32'>[][][] {
  const times = <T>(n: number, make: () => T): T[] => Array.from({ length: n }, make);
  return times(vectors, () => times(rows, () => times(columns, () => k.zero('f32'))));
}

/** Adds the products of a unit's inputs to the sums of a tile, and moves on all pointers: one to each row, and the weights'. */
export function multiplyUnit(
  k: KernelBuilder,
  { vectors, pixel, unit }: Pick<DirectSpec, 'vectors' | 'pixel' | 'unit'>,
  chains: readonly Vector<'f32'>[][][][],
  rows: readonly InputPointer[],
  w: Pointer<'f32'>,
): void {
  const lanes = k.lanes('f32');
  for (let i = 0; i < unit.count; i++) {
    const sums = chains[i % chains.length]!;
    const weights = sums.map((_, v) => k.load(w, (i * vectors + v) * lanes));
    for (const [r, at] of rows.entries()) {
      for (let c = 0; c < sums[0]![r]!.length; c++) {
        const element = broadcast(k, at, c * pixel + i * unit.step);
        for (const [v, weight] of weights.entries()) k.accumulate(sums[v]![r]![c]!, element, weight);
      }
    }
  }
  k.advance(w, unit.count * vectors * lanes);
  for (const at of rows) k.advance(at, unit.count * unit.step);
}

/** One input in every lane, or two in turns. */
function broadcast(k: KernelBuilder, at: InputPointer, offset: number): Vector<'f32'> {
  return at.element === 'f32'
    ? k.broadcast(at as Pointer<'f32'>, offset)
    : k.reinterpret('f32', k.broadcast(at, offset));
}

/** Adds up the two sums of each output, which brings two halves together into one vector. */
function addPairs(k: Builder, vectors: number, halves: readonly Vector<'f32'>[][][]): Vector<'f32'>[][][] {
  return Array.from({ length: vectors }, (_, v) => {
    const [lows, highs] = [halves[2 * v]!, halves[2 * v + 1]];
    return lows.map((line, r) =>
      line.map((low, c) => {
        const high = highs ? highs[r]![c]! : k.zero('f32');
        return k.add(k.shuffle('even', low, high), k.shuffle('odd', low, high));
      }),
    );
  });
}

/** Bias, residual, activation, and the stores. */
function finish(
  k: Builder,
  spec: DirectSpec,
  sums: readonly Vector<'f32'>[][][],
  at: Position,
  bias: Pointer<'f32'> | undefined,
): void {
  const lanes = k.lanes('f32');
  const bounds = { min: k.scalar('min'), max: k.scalar('max') };
  const lastMask = spec.masked ? k.load(k.pointer('mask')) : undefined;
  const stored = spec.stored === undefined ? undefined : k.variable(spec.stored);
  const y = k.variable(at.y);
  const residual = at.residual && k.variable(at.residual);
  for (const [v, rows] of sums.entries()) {
    const shift = bias && k.load(bias, v * lanes);
    const mask = v === sums.length - 1 ? lastMask : undefined;
    const [to, other] = [k.variable(y), residual && k.variable(residual)];
    for (const [r, columns] of rows.entries()) {
      for (const [c, sum] of columns.entries()) {
        const place = c * lanes;
        const added = other && (stored ? k.loadPartial(other, place, stored) : k.load(other, place));
        const value = finishSum(k, spec.activation, sum, { bias: shift, residual: added, bounds, mask });
        if (stored) k.storePartial(value, to, place, stored);
        else k.store(value, to, place);
      }
      if (r === rows.length - 1) continue;
      k.advance(to, k.integer('yRow'));
      if (other) k.advance(other, k.integer('rRow'));
    }
    if (v === sums.length - 1) continue;
    k.advance(y, k.integer('yBlock'));
    if (residual) k.advance(residual, k.integer('rBlock'));
  }
}
