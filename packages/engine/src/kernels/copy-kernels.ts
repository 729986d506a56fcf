// The kernels of strided copies: runs of neighbours, single elements of any size, and transposed squares.

import { input, integer, output, type Pointer } from '@sconce/codegen';
import { type Family, family, type Region } from '../runtime/family.ts';
import { elementTypes } from './row-copy.ts';

/** How the innermost dimensions are copied. */
export interface CopySpec {
  /**
   * `run`: both sides are contiguous innermost. `element`: one by one. `transpose`: the output is contiguous
   * innermost (dimension 0), the input in dimension 1.
   */
  readonly mode: 'run' | 'element' | 'transpose';
  readonly elementBytes: 1 | 2 | 4 | 8;
}

/** Arguments of {@link copyKernel}: `n0` is the innermost size, `from1` a step of the input in dimension 1. */
export interface CopyArguments {
  readonly from: Region;
  readonly to: Region;
  readonly n0: number;
  readonly n1: number;
  readonly n2: number;
  readonly n3: number;
  readonly from0: number;
  readonly from1: number;
  readonly from2: number;
  readonly from3: number;
  readonly to0: number;
  readonly to1: number;
  readonly to2: number;
  readonly to3: number;
}

/** The copying kernel for each element size. */
export function copyKernel(spec: CopySpec): ReturnType<Family<CopySpec, CopyArguments>> {
  return families[spec.elementBytes](spec);
}

const families: Record<CopySpec['elementBytes'], Family<CopySpec, CopyArguments>> = {
  1: copyFamily(elementTypes[1]),
  2: copyFamily(elementTypes[2]),
  4: copyFamily(elementTypes[4]),
  8: copyFamily(elementTypes[8]),
};

function copyFamily(element: 'u8' | 'u16' | 'f32' | 'f64'): Family<CopySpec, CopyArguments> {
  return family(
    'copy',
    {
      from: input(element),
      to: output(element),
      n0: integer(),
      n1: integer(),
      n2: integer(),
      n3: integer(),
      from0: integer(),
      from1: integer(),
      from2: integer(),
      from3: integer(),
      to0: integer(),
      to1: integer(),
      to2: integer(),
      to3: integer(),
    },
    (k, spec) => {
      type P = Pointer<typeof element>;
      const n0 = k.integer('n0');
      const [from0, to0] = [k.integer('from0'), k.integer('to0')];

      const elements = (from: P, to: P, count: typeof n0): void =>
        k.loop(count, () => {
          k.copyElement(from, 0, to, 0);
          k.advance(from, from0);
          k.advance(to, to0);
        });
      const run = (from: Pointer<'f32'>, to: Pointer<'f32'>): void => {
        const lanes = k.lanes('f32');
        const tail = k.and(n0, lanes - 1);
        k.loop(k.shr(n0, Math.log2(lanes)), () => {
          k.store(k.load(from), to);
          k.advance(from, lanes);
          k.advance(to, lanes);
        });
        k.storePartial(k.loadPartial(from, 0, tail), to, 0, tail);
      };
      /** Squares of lanes x lanes: rows of the input along dimension 1 become rows of the output along dimension 0. */
      const transposed = (from: Pointer<'f32'>, to: Pointer<'f32'>): void => {
        const lanes = k.lanes('f32');
        const n1 = k.integer('n1');
        const to1 = k.integer('to1');
        const rest1 = k.and(n1, lanes - 1);
        k.loop(k.shr(n0, Math.log2(lanes)), () => {
          const rows = Array.from({ length: lanes }, () => {
            const row = k.variable(from);
            k.advance(from, from0);
            return row;
          });
          const at = k.variable(to);
          k.loop(k.shr(n1, Math.log2(lanes)), () => {
            for (const column of k.transpose(rows.map((row) => k.load(row)))) {
              k.store(column, at);
              k.advance(at, to1);
            }
            for (const row of rows) k.advance(row, lanes);
          });
          k.loop(rest1, () => {
            rows.forEach((row, i) => void k.copyElement(row, 0, at, i));
            for (const row of rows) k.advance(row, 1);
            k.advance(at, to1);
          });
          k.advance(to, lanes);
        });
        k.loop(k.and(n0, lanes - 1), () => {
          const [row, at] = [k.variable(from), k.variable(to)];
          k.loop(n1, () => {
            k.copyElement(row, 0, at, 0);
            k.advance(row, 1);
            k.advance(at, to1);
          });
          k.advance(from, from0);
          k.advance(to, 1);
        });
      };

      const nest = (dimension: 0 | 1 | 2 | 3, from: P, to: P): void => {
        if (dimension === 1 && spec.mode === 'transpose') {
          transposed(from as Pointer<'f32'>, to as Pointer<'f32'>);
          return;
        }
        if (dimension === 0) {
          if (spec.mode === 'run') run(from as Pointer<'f32'>, to as Pointer<'f32'>);
          else elements(from, to, n0);
          return;
        }
        const steps = [k.integer(`from${dimension}`), k.integer(`to${dimension}`)] as const;
        k.loop(k.integer(`n${dimension}`), () => {
          nest((dimension - 1) as 0 | 1 | 2, k.variable(from), k.variable(to));
          k.advance(from, steps[0]);
          k.advance(to, steps[1]);
        });
      };
      nest(3, k.pointer('from') as P, k.pointer('to') as P);
    },
  );
}
