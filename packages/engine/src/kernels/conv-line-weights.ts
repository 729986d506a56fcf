// Weights in the order in which convolution along lines reads them: the channels of a tile side by side, tap after tap.

import { input, integer, output } from '@sconce/codegen';
import { executor } from '../runtime/executor.ts';
import { family } from '../runtime/family.ts';
import type { Region } from '../runtime/region.ts';
import type { Cut } from './blocked/tile.ts';

/** Where the weights of a convolution lie, in elements; steps may be negative. */
export interface LineWeights {
  readonly w: Region;
  /** The first tap of the first input and output. */
  readonly first: number;
  readonly outStep: number;
  readonly inStep: number;
  readonly rowStep: number;
  readonly columnStep: number;
  readonly groupStep: number;
}

const orderWeights = family(
  'conv-line-weights',
  {
    from: input('f32'),
    to: output('f32'),
    first: integer(),
    groups: integer(),
    tiles: integer(),
    lastTiles: integer(),
    inputs: integer(),
    rows: integer(),
    columns: integer(),
    groupStep: integer(),
    outStep: integer(),
    inStep: integer(),
    rowStep: integer(),
    columnStep: integer(),
  },
  (k, spec: { readonly channels: readonly number[] }) => {
    const [from, to] = [k.pointer('from'), k.pointer('to')];
    k.advance(from, k.integer('first'));
    k.loop(k.integer('groups'), () => {
      const tile = k.variable(from);
      for (const [i, channels] of spec.channels.entries()) {
        k.loop(k.integer(i === 0 ? 'tiles' : 'lastTiles'), () => {
          const plane = k.variable(tile);
          k.loop(k.integer('inputs'), () => {
            const row = k.variable(plane);
            k.loop(k.integer('rows'), () => {
              const tap = k.variable(row);
              k.loop(k.integer('columns'), () => {
                const at = k.variable(tap);
                for (let c = 0; c < channels; c++) {
                  k.copyElement(at, 0, to, c);
                  k.advance(at, k.integer('outStep'));
                }
                k.advance(to, channels);
                k.advance(tap, k.integer('columnStep'));
              });
              k.advance(row, k.integer('rowStep'));
            });
            k.advance(plane, k.integer('inStep'));
          });
          k.loop(channels, () => k.advance(tile, k.integer('outStep')));
        });
      }
      k.advance(from, k.integer('groupStep'));
    });
  },
);

/** Brings the weights of all groups into `to`: `[groups][tiles][inputs][rows][columns][channels of the tile]`. */
export function orderLineWeights(
  weights: LineWeights,
  shape: {
    readonly groups: number;
    readonly inputs: number;
    readonly rows: number;
    readonly columns: number;
  },
  channels: readonly Cut[],
  to: Region,
): void {
  const { w, ...steps } = weights;
  executor().launch(orderWeights({ channels: channels.map(({ size }) => size) }), {
    ...{ from: w, to, ...steps, ...shape },
    tiles: channels[0]!.count,
    lastTiles: channels[1]?.count ?? 0,
  });
}
