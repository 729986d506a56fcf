// Brings weights `[inputs][channels][taps]` into vectors of channels, by squares transposed in registers.

import { input, integer, output, type Pointer } from '@sconce/codegen';
import { executor } from '../runtime/executor.ts';
import { family } from '../runtime/family.ts';
import { part, type Region } from '../runtime/region.ts';

/** `to[inputs][taps][lanes]` of one vector of channels; the first `whole` inputs may be read a vector beyond their taps. */
const lanesKernel = family(
  'conv-transpose-lanes',
  {
    from: input('f32'),
    to: output('f32'),
    whole: integer(),
    rest: integer(),
    stride: integer(),
    channels: integer(),
  },
  (k, { taps }: { readonly taps: number }) => {
    const lanes = k.lanes('f32');
    const [from, to, channels] = [k.pointer('from'), k.pointer('to'), k.integer('channels')];
    const single = (first: number, last: number): void => {
      for (let t = first; t < last; t++) {
        k.store(
          taps === 1 ? k.loadPartial(from, t, channels) : k.loadStrided(from, t, taps, channels),
          to,
          t * lanes,
        );
      }
    };
    const next = (): void => {
      k.advance(from, k.integer('stride'));
      k.advance(to, taps * lanes);
    };
    k.loop(k.integer('whole'), () => {
      for (let first = 0; first < taps; first += lanes) {
        const count = Math.min(lanes, taps - first);
        if (taps === 1) k.store(k.load(from), to);
        else if (count * 4 <= lanes) single(first, taps);
        else square(first, count);
      }
      next();
    });
    k.loop(k.integer('rest'), () => {
      single(0, taps);
      next();
    });

    function square(first: number, count: number): void {
      const rows = Array.from({ length: lanes }, (_, c) => k.load(from as Pointer<'f32'>, c * taps + first));
      for (const [t, row] of k.transpose(rows).slice(0, count).entries()) {
        k.store(row, to, (first + t) * lanes);
      }
    }
  },
);

/** Parameters of {@link transposeToLanes}; distances in elements. */
export interface TransposeToLanesParameters {
  readonly from: Region;
  /** `[vectors][inputs][taps][lanes]`; lanes behind the last channel become zero. */
  readonly to: Region;
  readonly channels: number;
  readonly inputs: number;
  readonly taps: number;
  /** From one input to the next. */
  readonly stride: number;
  /** From one vector of channels to the next. */
  readonly block: number;
}

/** Runs the kernel for each vector of channels. */
export function transposeToLanes(p: TransposeToLanesParameters): void {
  const current = executor();
  const lanes = current.target.lanes('f32');
  for (let first = 0; first < p.channels; first += lanes) {
    const channels = Math.min(lanes, p.channels - first);
    // Another input follows all but the last, long enough for what is read beyond the taps.
    const whole = channels === lanes && (p.stride >= lanes || p.taps === 1) ? p.inputs - 1 : 0;
    current.launch(lanesKernel({ taps: p.taps }), {
      from: part(p.from, first * p.taps),
      to: part(p.to, (first / lanes) * p.block, p.inputs * p.taps * lanes),
      whole,
      rest: p.inputs - whole,
      stride: p.stride,
      channels,
    });
  }
}
