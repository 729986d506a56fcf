// Convolution as a matrix product without an im2col buffer: the panels of B are gathered straight from the
// (padded) image, by tables of where each output's window starts and where each tap lies in it.

import { input, integer, output } from '@sconce/codegen';
import { type Family, family } from '../runtime/family.ts';
import { after, integersOf, part, type Region } from '../runtime/region.ts';
import type { ConvolutionShape } from '../types.ts';

/** Arguments of {@link packPatches}. */
export interface PackPatchesArguments {
  readonly x: Region;
  readonly windows: Region;
  readonly runs: Region;
  readonly taps: Region;
  readonly to: Region;
  readonly k: number;
  readonly panels: number;
}

/**
 * Panels of `columns` outputs: element (tap t, output j) goes to `t * columns + j`. `windows` holds the byte
 * offset of each output's window in the image, `taps` that of each tap in a window; `runs` says for each panel
 * whether its windows are neighbours, so that a tap's elements are loaded as vectors.
 */
export const packPatches: Family<{ columns: number }, PackPatchesArguments> = family(
  'pack-patches',
  {
    x: input('f32'),
    windows: input('i32'),
    runs: input('i32'),
    taps: input('i32'),
    to: output('f32'),
    k: integer(),
    panels: integer(),
  },
  (k, spec) => {
    const lanes = k.lanes('f32');
    const columns = [...Array(spec.columns).keys()];
    const [windows, runs, to] = [k.pointer('windows'), k.pointer('runs'), k.pointer('to')];
    k.loop(k.integer('panels'), () => {
      const taps = k.pointer('taps');
      const each = (body: (tap: ReturnType<typeof k.loadInteger>) => void): void =>
        k.loop(k.integer('k'), () => {
          body(k.loadInteger(taps));
          k.advance(taps, 1);
          k.advance(to, spec.columns);
        });
      const windowAt = (j: number) => {
        const at = k.pointer('x');
        k.advanceBytes(at, k.loadInteger(windows, j));
        return at;
      };
      k.when(
        k.loadInteger(runs),
        '!=',
        0,
        () => {
          const window = windowAt(0);
          each((tap) => {
            const at = k.variable(window);
            k.advanceBytes(at, tap);
            for (let j = 0; j < spec.columns; j += lanes) k.store(k.load(at, j), to, j);
          });
        },
        () => {
          const starts = columns.map(windowAt);
          each((tap) => {
            for (const j of columns) {
              const at = k.variable(starts[j]!);
              k.advanceBytes(at, tap);
              k.copyElement(at, 0, to, j);
            }
          });
        },
      );
      k.advance(windows, spec.columns);
      k.advance(runs, 1);
    });
  },
);

/** The tables of a convolution in the engine's memory. */
export interface PatchTables {
  readonly windows: Region;
  readonly runs: Region;
  readonly taps: Region;
}

/** Elements of each table, for a scratch block that holds all three one after the other. */
export function tableElements(
  p: ConvolutionShape,
  columns: number,
): { windows: number; runs: number; taps: number } {
  const runs = Math.ceil((p.outHeight * p.outWidth) / columns);
  return { windows: runs * columns, runs, taps: (p.inChannels / p.groups) * p.kernel[0] * p.kernel[1] };
}

/** Writes the tables into `scratch`. `pitch` and `plane` are the elements of a row and of a plane of the image. */
export function writeTables(
  p: ConvolutionShape,
  columns: number,
  image: { pitch: number; plane: number },
  scratch: Region,
): PatchTables {
  const counts = tableElements(p, columns);
  const outputs = p.outHeight * p.outWidth;
  const windows = part(scratch, 0, counts.windows);
  const runs = after(windows, counts.runs);
  const taps = after(runs, counts.taps);

  const window = integersOf(windows);
  let at = 0;
  for (let y = 0; y < p.outHeight; y++) {
    for (let x = 0; x < p.outWidth; x++) window[at++] = (y * p.stride[0] * image.pitch + x * p.stride[1]) * 4;
  }
  // The last panel is filled up with windows that exist; what they give is not stored.
  window.fill(0, at);

  const run = integersOf(runs);
  for (let panel = 0; panel < counts.runs; panel++) {
    const first = panel * columns;
    const neighbours =
      p.stride[1] === 1 && first + columns <= outputs && (first % p.outWidth) + columns <= p.outWidth;
    run[panel] = neighbours ? 1 : 0;
  }

  const tap = integersOf(taps);
  at = 0;
  for (let c = 0; c < p.inChannels / p.groups; c++) {
    for (let r = 0; r < p.kernel[0]; r++) {
      for (let s = 0; s < p.kernel[1]; s++) {
        tap[at++] = (c * image.plane + r * p.dilation[0] * image.pitch + s * p.dilation[1]) * 4;
      }
    }
  }
  return { windows, runs, taps };
}
