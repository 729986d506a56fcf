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
import { type ActivationKind, activate } from '../activation.ts';

/** What a direct kernel is recorded for. */
export interface DirectSpec {
  /** Vectors of output channels in a tile. */
  readonly vectors: number;
  /** Rows of a tile: the usual ones, then a smaller one if rows do not divide evenly. */
  readonly rows: readonly number[];
  /** Columns of a tile, likewise. */
  readonly columns: readonly number[];
  /** Elements from the input of one output pixel to that of the next. */
  readonly pixel: number;
  /** Inputs of one round of the innermost loop, all unrolled, and the elements from one to the next. */
  readonly unit: { readonly count: number; readonly step: number };
  readonly bias: boolean;
  readonly residual: boolean;
  readonly activation: ActivationKind;
  /** Whether the last vector holds padding, which a mask keeps zero. */
  readonly masked: boolean;
  /** Lanes that are stored of each vector, where a group of channels shares its block with others; all unless given. */
  readonly stored?: number | undefined;
}

/** Arguments of {@link directKernel}; distances in elements. */
export interface DirectArguments {
  /** Input of the first tap of the first output. */
  readonly x: Region;
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

/** A place in the nest: input, output and residual of the next tile. */
interface Position {
  readonly x: Pointer<'f32'>;
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
    const matrix: Position = { x: k.pointer('x'), y: k.pointer('y'), residual: undefined };
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
  x: Pointer<'f32'>,
  w: Pointer<'f32'>,
): Vector<'f32'>[][][] {
  const lanes = k.lanes('f32');
  const [rows, columns, vectors] = [tile.rows, tile.columns, spec.vectors].map((n) => [...Array(n).keys()]);
  const sums = vectors!.map(() => rows!.map(() => columns!.map(() => k.zero('f32'))));
  const block = k.variable(x);
  const left = k.integer('units');
  k.loop(k.integer('blocks'), () => {
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
          for (let i = 0; i < spec.unit.count; i++) {
            const weights = vectors!.map((v) => k.load(w, (i * spec.vectors + v) * lanes));
            for (const r of rows!) {
              for (const c of columns!) {
                const element = k.broadcast(at[r]!, c * spec.pixel + i * spec.unit.step);
                for (const v of vectors!) k.accumulate(sums[v]![r]![c]!, element, weights[v]!);
              }
            }
          }
          k.advance(w, spec.unit.count * spec.vectors * lanes);
          for (const pointer of at) k.advance(pointer, spec.unit.count * spec.unit.step);
        });
        k.advance(tap, k.integer('tapColumn'));
      });
      k.advance(tapRow, k.integer('tapRow'));
    });
    k.advance(block, k.integer('xBlock'));
  });
  return sums;
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
  const mask = spec.masked ? k.load(k.pointer('mask')) : undefined;
  const stored = spec.stored === undefined ? undefined : k.variable(spec.stored);
  const y = k.variable(at.y);
  const residual = at.residual && k.variable(at.residual);
  for (const [v, rows] of sums.entries()) {
    const shift = bias && k.load(bias, v * lanes);
    const [to, other] = [k.variable(y), residual && k.variable(residual)];
    for (const [r, columns] of rows.entries()) {
      for (const [c, sum] of columns.entries()) {
        let value = shift ? k.add(sum, shift) : sum;
        if (other)
          value = k.add(value, stored ? k.loadPartial(other, c * lanes, stored) : k.load(other, c * lanes));
        value = activate(k, spec.activation, value, bounds);
        if (mask && v === sums.length - 1) value = k.and(value, mask);
        if (stored) k.storePartial(value, to, c * lanes, stored);
        else k.store(value, to, c * lanes);
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
