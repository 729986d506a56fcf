// Products with few rows and a transposed B (a linear layer on a small batch): dot products along contiguous rows,
// without packing, since each element of B is used only once or twice.

import { input, integer, output, type Pointer, scalar, type Vector } from '@sconce/codegen';
import { type Family, family, type Region } from '../runtime/family.ts';
import { type ActivationKind, activate } from './activation.ts';

/** What a dot-product kernel is recorded for. */
export interface DotSpec {
  readonly rows: number;
  readonly bias: boolean;
  readonly rowBias: boolean;
  readonly activation: ActivationKind;
}

/** Arguments of {@link dotKernel}. */
export interface DotArguments {
  readonly a: Region;
  readonly b: Region;
  readonly c: Region;
  readonly bias: Region;
  readonly rowBias: Region;
  readonly k: number;
  readonly n: number;
  readonly lda: number;
  readonly ldb: number;
  readonly ldc: number;
  readonly alpha: number;
  readonly min: number;
  readonly max: number;
}

/**
 * `C = alpha A B^T + bias` for `rows` rows of A and `n` rows of B. As many rows of B as a vector has lanes are
 * taken together, so that their sums end in one vector.
 */
export const dotKernel: Family<DotSpec, DotArguments> = family(
  'gemm-dot',
  {
    a: input('f32'),
    b: input('f32'),
    c: output('f32'),
    bias: input('f32'),
    rowBias: input('f32'),
    k: integer(),
    n: integer(),
    lda: integer(),
    ldb: integer(),
    ldc: integer(),
    alpha: scalar('f32'),
    min: scalar('f32'),
    max: scalar('f32'),
  },
  (k, spec: DotSpec) => {
    const lanes = k.lanes('f32');
    const rows = [...Array(spec.rows).keys()];
    const [b, c, bias] = [k.pointer('b'), k.pointer('c'), k.pointer('bias')];
    const [lda, ldb, ldc] = [k.integer('lda'), k.integer('ldb'), k.integer('ldc')];
    const [depth, n] = [k.integer('k'), k.integer('n')];
    const alpha = k.scalar('alpha');
    const bounds = { min: k.scalar('min'), max: k.scalar('max') };
    const rest = k.and(depth, lanes - 1);

    /** Sums of `columns` rows of B with every row of A, before they are folded across lanes. */
    const sumsOf = (columns: number): Vector<'f32'>[][] => {
      const a0 = k.pointer('a');
      const a = rows.map(() => {
        const row = k.variable(a0);
        k.advance(a0, lda);
        return row;
      });
      const at = [...Array(columns).keys()].map(() => {
        const row = k.variable(b);
        k.advance(b, ldb);
        return row;
      });
      const sums = rows.map(() => at.map(() => k.zero('f32')));
      const step = (load: (from: Pointer<'f32'>) => Vector<'f32'>): void => {
        const x = a.map(load);
        at.forEach((row, j) => {
          const y = load(row);
          for (const r of rows) k.accumulate(sums[r]![j]!, x[r]!, y);
        });
      };
      k.loop(k.shr(depth, Math.log2(lanes)), () => {
        step((from) => k.load(from));
        for (const row of [...a, ...at]) k.advance(row, lanes);
      });
      k.when(rest, '>', 0, () => step((from) => k.loadPartial(from, 0, rest)));
      return sums;
    };
    const finish = (store: (value: Vector<'f32'>, at: Pointer<'f32'>) => void, columns: number): void => {
      const sums = sumsOf(columns);
      const columnBias = spec.bias ? (columns > 1 ? k.load(bias) : k.broadcast(bias)) : undefined;
      const rowBias = k.pointer('rowBias');
      const row = k.variable(c);
      for (const r of rows) {
        const parts = columns > 1 ? k.transpose(sums[r]!) : [k.reduceSum(sums[r]![0]!)];
        let value = k.mul(
          parts.reduce((x, y) => k.add(x, y)),
          alpha,
        );
        if (columnBias !== undefined) value = k.add(value, columnBias);
        if (spec.rowBias) value = k.add(value, k.broadcast(rowBias, r));
        store(activate(k, spec.activation, value, bounds), row);
        k.advance(row, ldc);
      }
      k.advance(c, columns);
      if (spec.bias) k.advance(bias, columns);
    };

    k.loop(k.shr(n, Math.log2(lanes)), () => finish((value, at) => k.store(value, at), lanes));
    k.loop(k.and(n, lanes - 1), () => finish((value, at) => k.storeFirst(value, at), 1));
  },
);
