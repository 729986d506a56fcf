// The kernels that bring weights into the order in which convolutions on blocked images read them.

import {
  type Integer,
  input,
  integer,
  type KernelBuilder,
  output,
  type Pointer,
  type Vector,
} from '@sconce/codegen';
import { type Family, family, type Region } from '../../runtime/family.ts';
import { type WinogradMethod, winogradForms } from './winograd-transforms.ts';

/** Arguments of the packing kernels; distances in elements. */
export interface PackArguments {
  /** `[output channels][input channels][taps]`. */
  readonly w: Region;
  readonly to: Region;
  /** Groups of output blocks, and the channels from the first group's first to the last there is. */
  readonly groups: number;
  readonly outputs: number;
  readonly inputs: number;
  /** Input channels of a block. */
  readonly blockInputs: number;
  readonly blocks: number;
  readonly taps: number;
  /** From one output channel's weights to the next. */
  readonly stride: number;
  /** For Winograd: from one matrix to the next. */
  readonly matrix: number;
}

const contract = {
  w: input('f32'),
  to: output('f32'),
  groups: integer(),
  outputs: integer(),
  inputs: integer(),
  blockInputs: integer(),
  blocks: integer(),
  taps: integer(),
  stride: integer(),
  matrix: integer(),
} as const;

/** For each vector of a group: where its first channel's weights are, and how many channels there are from it on. */
interface Lanes {
  readonly at: Pointer<'f32'>;
  readonly count: Integer;
}

/** Calls `body` for each group of output blocks, with the places of its vectors. */
function eachGroup(
  k: KernelBuilder<typeof contract>,
  vectors: number,
  body: (lanes: readonly Lanes[]) => void,
): void {
  const width = k.lanes('f32');
  const w = k.pointer('w');
  const left = k.integer('outputs');
  const step = k.mul(k.integer('stride'), width);
  k.loop(k.integer('groups'), () => {
    const lanes: Lanes[] = [];
    for (let v = 0; v < vectors; v++) {
      lanes.push({ at: k.variable(w), count: k.variable(left) });
      k.advance(w, step);
      k.increment(left, -width);
    }
    body(lanes);
  });
}

/** What {@link packTaps} is recorded for: vectors of a group, and the inputs that a block's are padded to a multiple of. */
export interface PackSpec {
  readonly vectors: number;
  readonly unit: number;
}

/** `[groups][blocks][taps][inputs of the block][vectors * lanes]`; missing inputs and outputs are zero. */
export const packTaps: Family<PackSpec, PackArguments> = family(
  'blocked-pack',
  contract,
  (k, { vectors, unit }: PackSpec) => {
    const width = k.lanes('f32');
    const to = k.pointer('to');
    const [taps, stride] = [k.integer('taps'), k.integer('stride')];
    eachGroup(k, vectors, (lanes) => {
      const left = k.integer('inputs');
      k.loop(k.integer('blocks'), () => {
        const inputs = k.min(left, k.integer('blockInputs'));
        k.assign(left, k.sub(left, inputs));
        k.loop(taps, (tap) => {
          const places = lanes.map(({ at }) => k.variable(at));
          for (const place of places) k.advance(place, tap);
          k.loop(inputs, () => {
            for (const [v, { count }] of lanes.entries()) {
              k.store(k.loadStrided(places[v]!, 0, stride, count), to, v * width);
            }
            for (const place of places) k.advance(place, taps);
            k.advance(to, vectors * width);
          });
          if (unit === 1) return;
          k.loop(k.and(k.sub(k.variable(0), inputs), unit - 1), () => {
            for (let v = 0; v < vectors; v++) k.store(0, to, v * width);
            k.advance(to, vectors * width);
          });
        });
        const step = k.mul(inputs, taps);
        for (const { at } of lanes) k.advance(at, step);
      });
    });
  },
);

/** What {@link packWinograd} is recorded for. */
export interface PackWinogradSpec extends PackSpec {
  readonly method: WinogradMethod;
}

/** `[matrices][groups][inputs][vectors * lanes]` of transformed windows of 3x3; missing inputs and outputs are zero. */
export const packWinograd: Family<PackWinogradSpec, PackArguments> = family(
  'blocked-pack-winograd',
  contract,
  (k, { method, vectors, unit }: PackWinogradSpec) => {
    const width = k.lanes('f32');
    const to = k.pointer('to');
    const [stride, inputs] = [k.integer('stride'), k.integer('inputs')];
    const matrix = k.shl(k.integer('matrix'), 2);
    const { size, weight: transform } = winogradForms[method];
    eachGroup(k, vectors, (lanes) => {
      k.loop(inputs, () => {
        for (const [v, { at, count }] of lanes.entries()) {
          const columns = [0, 1, 2].map((s) =>
            transform(
              k,
              [0, 1, 2].map((r) => k.loadStrided(at, 3 * r + s, stride, count)),
            ),
          );
          const place = k.variable(to);
          for (let i = 0; i < size; i++) {
            const row: Vector<'f32'>[] = columns.map((column) => column[i]!);
            for (const value of transform(k, row)) {
              k.store(value, place, v * width);
              k.advanceBytes(place, matrix);
            }
          }
          k.advance(at, 9);
        }
        k.advance(to, vectors * width);
      });
      k.loop(k.and(k.sub(k.variable(0), inputs), unit - 1), () => {
        const place = k.variable(to);
        k.loop(size * size, () => {
          for (let v = 0; v < vectors; v++) k.store(0, place, v * width);
          k.advanceBytes(place, matrix);
        });
        k.advance(to, vectors * width);
      });
    });
  },
);

/** Arguments of {@link packPairs}. */
export interface PackPairsArguments {
  /** What {@link packTaps} made, which is replaced. */
  readonly from: Region;
  readonly to: Region;
  /** Pairs of inputs, of all blocks and taps. */
  readonly pairs: number;
}

/** What {@link packPairs} is recorded for. */
export interface PackPairsSpec {
  readonly vectors: number;
  /** Halves of the vectors that hold output channels. */
  readonly halves: number;
}

/**
 * Brings the weights of each two inputs together: vectors of half as many output channels, two inputs of each side by
 * side. The result takes no more room than what it is made from, and may replace it.
 */
export const packPairs: Family<PackPairsSpec, PackPairsArguments> = family(
  'blocked-pack-pairs',
  { from: input('f32'), to: output('f32'), pairs: integer() },
  (k, { vectors, halves }: PackPairsSpec) => {
    const width = k.lanes('f32');
    const [from, to] = [k.pointer('from'), k.pointer('to')];
    k.loop(k.integer('pairs'), () => {
      const packed: Vector<'f32'>[] = [];
      for (let v = 0; v < vectors; v++) {
        let [low, high] = [k.load(from, v * width), k.load(from, (vectors + v) * width)];
        // every second lane, as often as lanes count bits: each round moves a lane's number by one bit
        for (let lanes = width; lanes > 1; lanes /= 2) {
          [low, high] = [k.shuffle('even', low, high), k.shuffle('odd', low, high)];
        }
        packed.push(low, high);
      }
      for (let h = 0; h < halves; h++) k.store(packed[h]!, to, h * width);
      k.advance(from, 2 * vectors * width);
      k.advance(to, halves * width);
    });
  },
);
