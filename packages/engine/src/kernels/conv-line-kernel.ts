// The kernel of convolution from planes to planes: vectors of neighbouring outputs, several lines and channels of them in
// registers, over padded copies of an image's planes; or vectors of output channels, transposed into planes at the end.

import {
  type Integer,
  inout,
  input,
  integer,
  type KernelBuilder,
  output,
  type Pointer,
  scalar,
  type Vector,
} from '@sconce/codegen';
import { type Family, family, type Region } from '../runtime/family.ts';
import { type ActivationKind, activate } from './activation.ts';
import { copyPlane } from './padded-plane.ts';

/** What {@link lineKernel} is recorded for. */
export interface LineSpec {
  /** Whether vectors are output channels, which then fill them, and not neighbours of a line. */
  readonly across: boolean;
  /** Outputs of a tile along each axis: the usual number, then a smaller one if they do not divide evenly. Channels are vectors if `across`. */
  readonly channels: readonly number[];
  readonly rows: readonly number[];
  /** In vectors unless `across`. */
  readonly columns: readonly number[];
  /** Whether the last vector of a line is part of one. */
  readonly tail: boolean;
  /** Columns of the window, and the elements from one to the next. */
  readonly taps: number;
  readonly dilation: number;
  readonly bias: boolean;
  readonly activation: ActivationKind;
}

/** Arguments of {@link lineKernel}; distances in elements. */
export interface LineArguments {
  readonly x: Region;
  /** Holds the padded planes of one group. */
  readonly planes: Region;
  /** As `orderLineWeights` writes them, from the first group on. */
  readonly w: Region;
  readonly bias: Region;
  readonly y: Region;
  /** Vectors of `planes`. */
  readonly vectors: number;
  readonly images: number;
  readonly groups: number;
  /** Elements between the groups computed of one image and those of the next. */
  readonly xSkip: number;
  readonly ySkip: number;
  readonly inputs: number;
  readonly inHeight: number;
  readonly inWidth: number;
  readonly pitch: number;
  readonly plane: number;
  readonly origin: number;
  readonly kernelRows: number;
  readonly tapRow: number;
  readonly channelTiles: number;
  readonly lastChannelTiles: number;
  readonly rowTiles: number;
  readonly lastRowTiles: number;
  /** Tiles of whole vectors. */
  readonly columnTiles: number;
  readonly lastColumnTiles: number;
  /** Outputs of the last vector of a line. */
  readonly tail: number;
  readonly outPlane: number;
  /** Where results go first if `across`, all pixels of each vector of channels. */
  readonly stage: Region;
  /** From one line of results to the next, and from one channel (or vector of them) of a tile. */
  readonly toRow: number;
  readonly toChannel: number;
  readonly min: number;
  readonly max: number;
}

const contract = {
  x: input('f32'),
  planes: inout('f32'),
  w: input('f32'),
  bias: input('f32'),
  y: output('f32'),
  vectors: integer(),
  images: integer(),
  groups: integer(),
  xSkip: integer(),
  ySkip: integer(),
  inputs: integer(),
  inHeight: integer(),
  inWidth: integer(),
  pitch: integer(),
  plane: integer(),
  origin: integer(),
  kernelRows: integer(),
  tapRow: integer(),
  channelTiles: integer(),
  lastChannelTiles: integer(),
  rowTiles: integer(),
  lastRowTiles: integer(),
  columnTiles: integer(),
  lastColumnTiles: integer(),
  tail: integer(),
  outPlane: integer(),
  stage: inout('f32'),
  toRow: integer(),
  toChannel: integer(),
  min: scalar('f32'),
  max: scalar('f32'),
} as const;

type Builder = KernelBuilder<typeof contract>;

/** `y = activation(x * w + bias)` over all images and groups, stride one. */
export const lineKernel: Family<LineSpec, LineArguments> = family(
  'conv-lines',
  contract,
  (k, spec: LineSpec) => {
    const lanes = k.lanes('f32');
    const [x, planes, y] = [k.pointer('x'), k.pointer('planes'), k.pointer('y')];
    zeroVectors(k, planes, k.integer('vectors'));
    const copy = { height: k.integer('inHeight'), width: k.integer('inWidth'), pitch: k.integer('pitch') };
    k.loop(k.integer('images'), () => {
      const [w, bias] = [k.variable(k.pointer('w')), k.variable(k.pointer('bias'))];
      k.loop(k.integer('groups'), () => {
        const inside = k.variable(planes);
        k.advance(inside, k.integer('origin'));
        k.loop(k.integer('inputs'), () => {
          copyPlane(k, { from: x, to: inside, ...copy });
          k.advance(inside, k.integer('plane'));
        });
        for (const [i, channels] of spec.channels.entries()) {
          k.loop(k.integer(i === 0 ? 'channelTiles' : 'lastChannelTiles'), () => {
            const next = k.variable(w);
            const to = k.variable(spec.across ? k.pointer('stage') : y);
            const from = k.variable(planes);
            for (const [j, rows] of spec.rows.entries()) {
              k.loop(k.integer(j === 0 ? 'rowTiles' : 'lastRowTiles'), () => {
                const [fromColumn, toColumn] = [k.variable(from), k.variable(to)];
                for (const [l, columns] of spec.columns.entries()) {
                  k.loop(k.integer(l === 0 ? 'columnTiles' : 'lastColumnTiles'), () => {
                    tile(
                      k,
                      spec,
                      { channels, rows, columns },
                      fromColumn,
                      { w, next, bias },
                      toColumn,
                      false,
                    );
                    k.advance(fromColumn, spec.across ? columns : columns * lanes);
                    k.advance(toColumn, columns * lanes);
                  });
                }
                const columns = spec.columns.at(-1)!;
                if (spec.tail) {
                  tile(k, spec, { channels, rows, columns }, fromColumn, { w, next, bias }, toColumn, true);
                }
                for (let r = 0; r < rows; r++) {
                  k.advance(from, k.integer('pitch'));
                  k.advance(to, k.integer('toRow'));
                }
              });
            }
            k.assign(w, next);
            if (spec.across) {
              const stage = k.variable(k.pointer('stage'));
              k.loop(channels, () => {
                toPlanes(k, { stage, y, plane: k.integer('outPlane') });
                k.advance(stage, k.integer('toChannel'));
              });
            } else for (let c = 0; c < channels; c++) k.advance(y, k.integer('outPlane'));
            if (spec.bias) k.advance(bias, spec.across ? channels * lanes : channels);
          });
        }
      });
      k.advance(x, k.integer('xSkip'));
      k.advance(y, k.integer('ySkip'));
    });
  },
);

/** Stores zeros over `vectors` vectors. */
export function zeroVectors(k: KernelBuilder, from: Pointer<'f32'>, vectors: Integer): void {
  const at = k.variable(from);
  k.loop(vectors, () => {
    k.store(0, at);
    k.advance(at, k.lanes('f32'));
  });
}

/** One tile of outputs; leaves `next` behind the weights of its channels. */
function tile(
  k: Builder,
  spec: LineSpec,
  size: { readonly channels: number; readonly rows: number; readonly columns: number },
  from: Pointer<'f32'>,
  weights: { readonly w: Pointer<'f32'>; readonly next: Pointer<'f32'>; readonly bias: Pointer<'f32'> },
  to: Pointer<'f32'>,
  partial: boolean,
): void {
  const lanes = k.lanes('f32');
  const { across } = spec;
  const upTo = (count: number): number[] => [...Array(count).keys()];
  const [channels, rows, columns] = [upTo(size.channels), upTo(size.rows), upTo(size.columns)];
  const weightAt = (at: Pointer<'f32'>, i: number): Vector<'f32'> =>
    across ? k.load(at, i * lanes) : k.broadcast(at, i);
  const sums = channels.map((c) => {
    const start = spec.bias ? weightAt(weights.bias, c) : k.zero('f32');
    return rows.map((r) => columns.map((v) => (r + v === 0 ? start : k.variable(start))));
  });
  const [plane, w] = [k.variable(from), weights.next];
  k.assign(w, weights.w);
  k.loop(k.integer('inputs'), () => {
    const row = k.variable(plane);
    k.loop(k.integer('kernelRows'), () => {
      const at = [row];
      for (const r of rows.slice(1)) {
        const line = k.variable(at[r - 1]!);
        k.advance(line, k.integer('pitch'));
        at.push(line);
      }
      for (let s = 0; s < spec.taps; s++) {
        const weight = (c: number): Vector<'f32'> => weightAt(w, s * size.channels + c);
        const image = (r: number, v: number): Vector<'f32'> => {
          const offset = s * spec.dilation;
          return across ? k.broadcast(at[r]!, v + offset) : k.load(at[r]!, v * lanes + offset);
        };
        // Vectors stay in registers while each broadcast element meets all of them.
        if (across) {
          const held = channels.map(weight);
          for (const r of rows) {
            for (const v of columns) {
              const element = image(r, v);
              for (const c of channels) k.accumulate(sums[c]![r]![v]!, element, held[c]!);
            }
          }
        } else {
          const held = rows.map((r) => columns.map((v) => image(r, v)));
          for (const c of channels) {
            const element = weight(c);
            for (const r of rows) {
              for (const v of columns) k.accumulate(sums[c]![r]![v]!, held[r]![v]!, element);
            }
          }
        }
      }
      k.advance(w, spec.taps * size.channels * (across ? lanes : 1));
      k.advance(row, k.integer('tapRow'));
    });
    k.advance(plane, k.integer('plane'));
  });
  const bounds = { min: k.scalar('min'), max: k.scalar('max') };
  const channel = k.variable(to);
  for (const c of channels) {
    const line = k.variable(channel);
    for (const r of rows) {
      for (const v of columns) {
        const value = activate(k, spec.activation, sums[c]![r]![v]!, bounds);
        if (partial && v === size.columns - 1) k.storePartial(value, line, v * lanes, k.integer('tail'));
        else k.store(value, line, v * lanes);
      }
      if (r < size.rows - 1) k.advance(line, k.integer('toRow'));
    }
    if (c < size.channels - 1) k.advance(channel, k.integer('toChannel'));
  }
}

/** Brings a vector of channels into planes, and moves `y` on to the next ones. */
function toPlanes(
  k: Builder,
  {
    stage,
    y,
    plane,
  }: { readonly stage: Pointer<'f32'>; readonly y: Pointer<'f32'>; readonly plane: Integer },
): void {
  const lanes = k.lanes('f32');
  const [from, to] = [k.variable(stage), k.variable(y)];
  const square = (store: (row: Vector<'f32'>, at: Pointer<'f32'>) => void): void => {
    const rows = Array.from({ length: lanes }, (_, i) => k.load(from, i * lanes));
    const at = k.variable(to);
    for (const row of k.transpose(rows)) {
      store(row, at);
      k.advance(at, plane);
    }
  };
  k.loop(k.shr(plane, Math.log2(lanes)), () => {
    square((row, at) => k.store(row, at));
    k.advance(from, lanes * lanes);
    k.advance(to, lanes);
  });
  const rest = k.and(plane, lanes - 1);
  k.when(rest, '>', 0, () => square((row, at) => k.storePartial(row, at, 0, rest)));
  k.loop(lanes, () => k.advance(y, plane));
}
