// Depthwise convolution of blocked images: each lane is a channel with weights of its own.

import {
  input,
  integer,
  type KernelBuilder,
  output,
  type Pointer,
  scalar,
  type Target,
  type Vector,
} from '@sconce/codegen';
import { executor } from '../../runtime/executor.ts';
import { family } from '../../runtime/family.ts';
import { kept } from '../../runtime/kept.ts';
import { nothing, part, type Region } from '../../runtime/region.ts';
import { forkRanges, productTime } from '../../threads/split.ts';
import { type ActivationKind, activate, activationBounds, activationKind } from '../activation.ts';
import type { Epilogue } from './direct.ts';
import { type BlockedView, blockRuns, from } from './image.ts';
import type { PackedConv2d } from './packed.ts';
import { type Cut, tilingOf } from './tile.ts';

/** What a depthwise kernel is recorded for. */
interface DepthwiseSpec {
  /** Rows and columns of outputs of a tile: the usual ones, then smaller ones. */
  readonly rows: readonly number[];
  readonly columns: readonly number[];
  /** The window if it is unrolled. */
  readonly window: readonly [number, number] | undefined;
  readonly stride: readonly [number, number];
  readonly residual: boolean;
  readonly activation: ActivationKind;
  readonly masked: boolean;
}

const contract = {
  x: input('f32'),
  w: input('f32'),
  bias: input('f32'),
  mask: input('f32'),
  residual: input('f32'),
  y: output('f32'),
  blocks: integer(),
  weights: integer(),
  kernelRows: integer(),
  kernelColumns: integer(),
  xPitch: integer(),
  tapRow: integer(),
  tapColumn: integer(),
  xRow: integer(),
  xBlock: integer(),
  yRow: integer(),
  yBlock: integer(),
  rRow: integer(),
  rBlock: integer(),
  rowTiles: integer(),
  lastRowTiles: integer(),
  columnTiles: integer(),
  lastColumnTiles: integer(),
  /** Elements from a tile's inputs to those of the next one, which are asked for ahead. */
  ahead: integer(),
  min: scalar('f32'),
  max: scalar('f32'),
} as const;

type Builder = KernelBuilder<typeof contract>;

/** Windows of up to this many rows and columns, without dilation, are unrolled. */
const UNROLLED = 7;

/** Sums of a tile that leave registers for weights and inputs. */
function tileSums(target: Target, taps: number): number {
  const held = holdsWeights(target.vectorRegisters, taps) ? taps : 0;
  return target.vectorRegisters - (held || 8) - (target.fusedMultiplyAdd ? 2 : 3);
}

/** Whether all weights of a window stay in registers beside a useful number of sums. */
function holdsWeights(registers: number, taps: number): boolean {
  return taps + 14 + 2 <= registers;
}

const depthwiseKernel = family('blocked-depthwise', contract, (k, spec: DepthwiseSpec) => {
  const lanes = k.lanes('f32');
  const [x, y, w, bias] = [k.pointer('x'), k.pointer('y'), k.pointer('w'), k.pointer('bias')];
  const residual = spec.residual ? k.pointer('residual') : undefined;
  const bounds = { min: k.scalar('min'), max: k.scalar('max') };
  const taps = spec.window ? spec.window[0] * spec.window[1] : 0;
  k.loop(k.integer('blocks'), () => {
    const held =
      spec.window && holdsWeights(k.vectorRegisters, taps)
        ? Array.from({ length: taps }, (_, i) => k.load(w, i * lanes))
        : undefined;
    const row = { x: k.variable(x), y: k.variable(y), residual: residual && k.variable(residual) };
    for (const [i, rows] of spec.rows.entries()) {
      k.loop(k.integer(i === 0 ? 'rowTiles' : 'lastRowTiles'), () => {
        const at = {
          x: k.variable(row.x),
          y: k.variable(row.y),
          residual: row.residual && k.variable(row.residual),
        };
        for (const [j, columns] of spec.columns.entries()) {
          k.loop(k.integer(j === 0 ? 'columnTiles' : 'lastColumnTiles'), () => {
            const sums = [...Array(rows)].map(() => [...Array(columns)].map(() => k.zero('f32')));
            if (spec.window) unrolledWindow(k, spec.window, spec.stride, sums, at.x, w, held);
            else anyWindow(k, spec.stride, sums, at.x, w);
            const shift = k.load(bias);
            const mask = spec.masked ? k.load(k.pointer('mask')) : undefined;
            const [to, other] = [k.variable(at.y), at.residual && k.variable(at.residual)];
            for (const line of sums) {
              for (const [c, sum] of line.entries()) {
                let value = k.add(sum, shift);
                if (other) value = k.add(value, k.load(other, c * lanes));
                value = activate(k, spec.activation, value, bounds);
                k.store(mask ? k.and(value, mask) : value, to, c * lanes);
              }
              k.advance(to, k.integer('yRow'));
              if (other) k.advance(other, k.integer('rRow'));
            }
            k.advance(at.x, columns * spec.stride[1] * lanes);
            k.advance(at.y, columns * lanes);
            if (at.residual) k.advance(at.residual, columns * lanes);
          });
        }
        for (let r = 0; r < rows; r++) {
          k.advance(row.x, k.integer('xRow'));
          k.advance(row.y, k.integer('yRow'));
          if (row.residual) k.advance(row.residual, k.integer('rRow'));
        }
      });
    }
    k.advance(x, k.integer('xBlock'));
    k.advance(y, k.integer('yBlock'));
    k.advance(w, k.integer('weights'));
    k.advance(bias, lanes);
    if (residual) k.advance(residual, k.integer('rBlock'));
  });
});

/** A row of sums, and the weights of the row of taps that some row of inputs is for it. */
interface RowUse {
  readonly sums: readonly Vector<'f32'>[];
  readonly weights: readonly Vector<'f32'>[];
}

/**
 * Goes over the rows of inputs of a tile. Where the weights are held, each input is loaded once for all rows of sums;
 * otherwise a row of weights is loaded at a time.
 */
function unrolledWindow(
  k: Builder,
  [kernelRows, kernelColumns]: readonly [number, number],
  [strideY, strideX]: readonly [number, number],
  sums: readonly Vector<'f32'>[][],
  x: Pointer<'f32'>,
  w: Pointer<'f32'>,
  held: readonly Vector<'f32'>[] | undefined,
): void {
  const lanes = k.lanes('f32');
  const at = k.variable(x);
  const rows = (sums.length - 1) * strideY + kernelRows;
  for (let row = 0; row < rows; row++) {
    const uses = sums
      .map((line, i) => ({ line, first: (row - i * strideY) * kernelColumns }))
      .filter(({ first }) => first >= 0 && first < kernelRows * kernelColumns);
    if (held && uses.length > 0) {
      const all = uses.map(({ line, first }) => ({
        sums: line,
        weights: held.slice(first, first + kernelColumns),
      }));
      convolveRow(k, at, all, strideX);
    } else if (!held) {
      for (const { line, first } of uses) {
        const weights = Array.from({ length: kernelColumns }, (_, s) => k.load(w, (first + s) * lanes));
        convolveRow(k, at, [{ sums: line, weights }], strideX);
      }
    }
    // The rows above were there for the tiles above.
    if (row >= rows - sums.length * strideY) {
      const next = k.variable(at);
      k.advance(next, k.integer('ahead'));
      for (let column = 0; column < sums[0]!.length * strideX; column++) k.prefetch(next, column * lanes);
    }
    k.advance(at, k.integer('xPitch'));
  }
}

/** Adds one row of inputs, each loaded once, to all sums whose windows hold it. */
function convolveRow(k: Builder, at: Pointer<'f32'>, uses: readonly RowUse[], strideX: number): void {
  const lanes = k.lanes('f32');
  const [{ sums, weights }] = uses as [RowUse];
  for (let column = 0; column < (sums.length - 1) * strideX + weights.length; column++) {
    const taps = sums.map((_, c) => column - c * strideX);
    if (!taps.some((tap) => tap >= 0 && tap < weights.length)) continue;
    const pixel = k.load(at, column * lanes);
    for (const use of uses) {
      for (const [c, sum] of use.sums.entries()) {
        const weight = use.weights[taps[c]!];
        if (weight) k.accumulate(sum, pixel, weight);
      }
    }
  }
}

/** Loops over the taps of a window of any size and dilation. */
function anyWindow(
  k: Builder,
  [, strideX]: readonly [number, number],
  sums: readonly Vector<'f32'>[][],
  x: Pointer<'f32'>,
  w: Pointer<'f32'>,
): void {
  const lanes = k.lanes('f32');
  const [weights, row] = [k.variable(w), k.variable(x)];
  k.loop(k.integer('kernelRows'), () => {
    const tap = k.variable(row);
    k.loop(k.integer('kernelColumns'), () => {
      const weight = k.load(weights);
      const at = k.variable(tap);
      for (const line of sums) {
        for (const [c, sum] of line.entries()) k.accumulate(sum, k.load(at, c * strideX * lanes), weight);
        if (sums.length > 1) k.advance(at, k.integer('xRow'));
      }
      k.advance(weights, lanes);
      k.advance(tap, k.integer('tapColumn'));
    });
    k.advance(row, k.integer('tapRow'));
  });
}

/** A depthwise convolution of whole images. */
export interface DepthwiseJob extends Epilogue {
  readonly packed: PackedConv2d;
  readonly weights: Region;
  readonly x: BlockedView;
  readonly y: BlockedView;
  readonly residual: BlockedView | undefined;
}

/** How outputs are cut into tiles, and the kernels for that: with a mask for the block that holds padding, and without. */
interface Plan {
  readonly rows: readonly Cut[];
  readonly columns: readonly Cut[];
  readonly kernels: readonly [whole: Kernel, masked: Kernel];
}

type Kernel = ReturnType<typeof depthwiseKernel>;

const planOf = kept(
  (
    target: Target,
    { kernel, stride, dilation }: PackedConv2d,
    y: BlockedView,
    epilogue: EpilogueSpec,
  ): Plan => {
    const unrolled = dilation.every((step) => step === 1) && Math.max(...kernel) <= UNROLLED;
    const most = tileSums(target, unrolled ? kernel[0] * kernel[1] : 0);
    const rowsMost = most >= 14 ? 2 : 1;
    const { rows } = tilingOf(y.height, 1, Math.min(rowsMost, y.height));
    const { columns } = tilingOf(1, y.width, Math.min(Math.floor(most / rowsMost), 14));
    const sizes = (cuts: readonly Cut[]): number[] => cuts.map(({ size }) => size);
    const of = (masked: boolean): Kernel =>
      depthwiseKernel({
        rows: sizes(rows),
        columns: sizes(columns),
        window: unrolled ? [kernel[0], kernel[1]] : undefined,
        stride: [stride[0], stride[1]],
        ...epilogue,
        masked,
      });
    return { rows, columns, kernels: [of(false), of(true)] };
  },
);

type EpilogueSpec = Pick<DepthwiseSpec, 'residual' | 'activation'>;

/** Convolves all images. */
export function depthwise(job: DepthwiseJob): void {
  const { packed, x, y, residual } = job;
  const { kernel, stride, dilation, padding } = packed;
  const { target } = executor();
  const epilogue = { residual: residual !== undefined, activation: activationKind(job.activation) };
  const window = `${kernel[0]} ${kernel[1]} ${stride[0]} ${stride[1]} ${dilation[0]} ${dilation[1]}`;
  const key = `${target.name} ${y.lanes} ${y.height} ${y.width} ${window} ${epilogue.residual} ${epilogue.activation}`;
  const { rows, columns, kernels } = planOf(key, target, packed, y, epilogue);
  const taps = kernel[0] * kernel[1];
  const before = padding[0] * x.row + padding[2] * x.lanes;
  const time = productTime(y.batch * y.blocks * y.lanes * y.height * y.width * taps);
  forkRanges(y.batch * y.blocks, time, (first, count) => {
    for (const { image, block, blocks, masked } of blockRuns(y, first, count)) {
      executor().launch(kernels[masked ? 1 : 0], {
        x: from(x, image, block, before),
        w: part(job.weights, block * taps * x.lanes),
        bias: part(job.bias, block * x.lanes),
        mask: job.mask,
        residual: residual ? from(residual, image, block) : nothing,
        y: from(y, image, block),
        blocks,
        weights: taps * x.lanes,
        kernelRows: kernel[0],
        kernelColumns: kernel[1],
        xPitch: x.row,
        tapRow: dilation[0] * x.row,
        tapColumn: dilation[1] * x.lanes,
        xRow: stride[0] * x.row,
        xBlock: x.block,
        yRow: y.row,
        yBlock: y.block,
        rRow: residual?.row ?? 0,
        rBlock: residual?.block ?? 0,
        rowTiles: rows[0]!.count,
        lastRowTiles: rows[1]?.count ?? 0,
        columnTiles: columns[0]!.count,
        lastColumnTiles: columns[1]?.count ?? 0,
        ahead: columns[0]!.size * stride[1] * x.lanes,
        ...activationBounds(job.activation),
      });
    }
  });
}
