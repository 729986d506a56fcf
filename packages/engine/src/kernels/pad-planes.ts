// The copy of an image's planes into padded ones.

import { inout, input, integer } from '@sconce/codegen';
import { type Family, family, type Region } from '../runtime/family.ts';
import { copyPlane } from './padded-plane.ts';

/** Arguments of {@link padPlanes}. */
export interface PadPlanesArguments {
  readonly from: Region;
  readonly to: Region;
  readonly planes: number;
  readonly height: number;
  readonly width: number;
  readonly pitch: number;
  readonly origin: number;
  readonly step: number;
}

/** Copies `planes` planes to `to`, `origin` elements into each padded plane; those are `step` elements apart. */
export const padPlanes: Family<object, PadPlanesArguments> = family(
  'pad-planes',
  {
    from: input('f32'),
    to: inout('f32'),
    planes: integer(),
    height: integer(),
    width: integer(),
    pitch: integer(),
    origin: integer(),
    step: integer(),
  },
  (k) => {
    const from = k.pointer('from');
    const to = k.pointer('to');
    k.advance(to, k.integer('origin'));
    const copy = { height: k.integer('height'), width: k.integer('width'), pitch: k.integer('pitch') };
    k.loop(k.integer('planes'), () => {
      copyPlane(k, { from, to, ...copy });
      k.advance(to, k.integer('step'));
    });
  },
);
