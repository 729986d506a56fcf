// Packing: the kernels that lay the operands of a matrix product out in the order the micro-kernel reads them.

import { input, integer, output } from '@sconce/codegen';
import { type Family, family, type Region } from '../runtime/family.ts';

/** Steps along k that packing of rows unrolls. */
const UNROLL = 4;

/** Arguments of {@link packRows}. */
export interface PackRowsArguments {
  readonly from: Region;
  readonly to: Region;
  readonly k: number;
  readonly panels: number;
  readonly stride: number;
}

/**
 * Panels of `rows` rows of A: element (row r, column x) of a panel goes to `x * rows + r`. `stride` elements
 * separate the rows of A as stored, or its columns when `transposed`.
 */
export const packRows: Family<{ rows: number; transposed: boolean }, PackRowsArguments> = family(
  'gemm-pack-rows',
  {
    from: input('f32'),
    to: output('f32'),
    k: integer(),
    panels: integer(),
    stride: integer(),
  },
  (k, spec: { rows: number; transposed: boolean }) => {
    const rows = [...Array(spec.rows).keys()];
    const from = k.pointer('from');
    const to = k.pointer('to');
    const stride = k.integer('stride');
    k.loop(k.integer('panels'), () => {
      if (spec.transposed) {
        const column = k.variable(from);
        k.loop(k.integer('k'), () => {
          for (const r of rows) k.copyElement(column, r, to, r);
          k.advance(column, stride);
          k.advance(to, spec.rows);
        });
        k.advance(from, spec.rows);
        return;
      }
      const at = rows.map(() => {
        const row = k.variable(from);
        k.advance(from, stride);
        return row;
      });
      const columns = (count: number): void => {
        for (let x = 0; x < count; x++) for (const r of rows) k.copyElement(at[r]!, x, to, x * spec.rows + r);
        for (const row of at) k.advance(row, count);
        k.advance(to, count * spec.rows);
      };
      const depth = k.integer('k');
      k.loop(k.shr(depth, Math.log2(UNROLL)), () => columns(UNROLL));
      k.loop(k.and(depth, UNROLL - 1), () => columns(1));
    });
  },
);

/** Arguments of {@link packColumns}. */
export interface PackColumnsArguments {
  readonly from: Region;
  readonly to: Region;
  readonly k: number;
  readonly panels: number;
  readonly tail: number;
  readonly stride: number;
}

/**
 * Panels of `columns` columns of B, row after row, the last panel filled up with zeros when `tail` columns are
 * left. Rows of B are `stride` elements apart; `transposed` B has a column in each row.
 */
export const packColumns: Family<{ columns: number; transposed: boolean }, PackColumnsArguments> = family(
  'gemm-pack-columns',
  {
    from: input('f32'),
    to: output('f32'),
    k: integer(),
    panels: integer(),
    tail: integer(),
    stride: integer(),
  },
  (k, spec: { columns: number; transposed: boolean }) => {
    const lanes = k.lanes('f32');
    const vectors = [...Array(spec.columns / lanes).keys()];
    const from = k.pointer('from');
    const to = k.pointer('to');
    const stride = k.integer('stride');
    const depth = k.integer('k');
    const tail = k.integer('tail');

    if (!spec.transposed) {
      const counts = vectors.map((v) => k.sub(tail, v * lanes));
      const panel = (whole: boolean): void => {
        const row = k.variable(from);
        k.loop(depth, () => {
          for (const v of vectors) {
            const part = whole ? k.load(row, v * lanes) : k.loadPartial(row, v * lanes, counts[v]!);
            k.store(part, to, v * lanes);
          }
          k.advance(row, stride);
          k.advance(to, spec.columns);
        });
      };
      k.loop(k.integer('panels'), () => {
        panel(true);
        k.advance(from, spec.columns);
      });
      k.when(tail, '>', 0, () => panel(false));
      return;
    }

    k.loop(k.integer('panels'), () => {
      const columns = [...Array(spec.columns).keys()].map(() => {
        const column = k.variable(from);
        k.advance(from, stride);
        return column;
      });
      k.loop(k.shr(depth, Math.log2(lanes)), () => {
        for (const v of vectors) {
          const block = columns.slice(v * lanes, (v + 1) * lanes).map((column) => k.load(column));
          k.transpose(block).forEach((row, x) => void k.store(row, to, x * spec.columns + v * lanes));
        }
        for (const column of columns) k.advance(column, lanes);
        k.advance(to, lanes * spec.columns);
      });
      k.loop(k.and(depth, lanes - 1), () => {
        columns.forEach((column, j) => void k.copyElement(column, 0, to, j));
        for (const column of columns) k.advance(column, 1);
        k.advance(to, spec.columns);
      });
    });
    k.when(tail, '>', 0, () => {
      const row = k.variable(to);
      k.loop(depth, () => {
        for (const v of vectors) k.store(0, row, v * lanes);
        k.advance(row, spec.columns);
      });
      k.loop(tail, () => {
        const column = k.variable(from);
        const at = k.variable(to);
        k.loop(depth, () => {
          k.copyElement(column, 0, at, 0);
          k.advance(column, 1);
          k.advance(at, spec.columns);
        });
        k.advance(from, stride);
        k.advance(to, 1);
      });
    });
  },
);
