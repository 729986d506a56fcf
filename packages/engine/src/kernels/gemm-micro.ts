// The innermost kernel of every matrix product: a tile of accumulators in registers, over packed panels.

import { inout, input, integer, type Pointer, scalar, type Target, type Vector } from '@sconce/codegen';
import { type Family, family, type Region } from '../runtime/family.ts';
import { type ActivationKind, activate } from './activation.ts';

/** What a micro-kernel is recorded for. */
export interface MicroSpec {
  /** Rows of the tile. */
  readonly rows: number;
  /** Whether B lies in panels padded with zeros; otherwise its rows are read in place. */
  readonly packedB: boolean;
  /** Whether the product replaces C, is added to it, or to C times beta. */
  readonly onto: 'nothing' | 'c' | 'betaC';
  readonly alpha: boolean;
  readonly bias: boolean;
  readonly rowBias: boolean;
  readonly activation: ActivationKind;
}

/** Vectors across a tile. */
const VECTORS = 2;

/**
 * The largest tile whose accumulators leave registers for a row of B, two broadcast elements of A, and a product
 * where multiplying and adding are two instructions.
 */
export function tileOf(target: Target): { rows: number; columns: number } {
  const others = VECTORS + 2 + (target.fusedMultiplyAdd ? 0 : 1);
  return {
    rows: Math.floor((target.vectorRegisters - others) / VECTORS),
    columns: VECTORS * target.lanes('f32'),
  };
}

/** Arguments of {@link microKernel}. */
export interface MicroArguments {
  readonly a: Region;
  readonly b: Region;
  readonly c: Region;
  readonly bias: Region;
  readonly rowBias: Region;
  readonly k: number;
  readonly rowPanels: number;
  readonly panels: number;
  readonly tail: number;
  readonly bStep: number;
  readonly bPanel: number;
  readonly ldc: number;
  readonly alpha: number;
  readonly beta: number;
  readonly min: number;
  readonly max: number;
}

/**
 * `C (op)= alpha A B + bias` for a stack of row panels of A and all columns of B. A: panels of `rows` rows,
 * `k` columns of `rows` elements each, one panel after the other. B: `bStep` elements from one row of a panel
 * to the next, `bPanel` from one panel to the next; `panels` whole ones, then `tail` columns.
 */
export const microKernel: Family<MicroSpec, MicroArguments> = family(
  'gemm',
  {
    a: input('f32'),
    b: input('f32'),
    c: inout('f32'),
    bias: input('f32'),
    rowBias: input('f32'),
    k: integer(),
    rowPanels: integer(),
    panels: integer(),
    tail: integer(),
    bStep: integer(),
    bPanel: integer(),
    ldc: integer(),
    alpha: scalar('f32'),
    beta: scalar('f32'),
    min: scalar('f32'),
    max: scalar('f32'),
  },
  (k, spec: MicroSpec) => {
    const lanes = k.lanes('f32');
    const vectors = [...Array(VECTORS).keys()];
    const rows = [...Array(spec.rows).keys()];
    const b = k.pointer('b');
    const c = k.pointer('c');
    const bias = k.pointer('bias');
    const [alpha, beta] = [k.scalar('alpha'), k.scalar('beta')];
    const bounds = { min: k.scalar('min'), max: k.scalar('max') };
    const [bStep, bPanel, ldc] = [k.integer('bStep'), k.integer('bPanel'), k.integer('ldc')];
    const tail = k.integer('tail');
    const counts = vectors.map((v) => k.sub(tail, v * lanes));

    const tiles = (whole: boolean): void => {
      const loadColumns = (from: Pointer<'f32'>): Vector<'f32'>[] =>
        vectors.map((v) => (whole ? k.load(from, v * lanes) : k.loadPartial(from, v * lanes, counts[v]!)));
      const a = k.pointer('a');
      const row = k.variable(c);
      const rowBias = k.pointer('rowBias');
      const columnBias = spec.bias ? loadColumns(bias) : [];
      k.loop(k.integer('rowPanels'), () => {
        const sums = rows.map(() => vectors.map(() => k.zero('f32')));
        const at = k.variable(b);
        k.loop(k.integer('k'), () => {
          const columns = spec.packedB ? vectors.map((v) => k.load(at, v * lanes)) : loadColumns(at);
          for (const r of rows) {
            const element = k.broadcast(a, r);
            for (const v of vectors) k.accumulate(sums[r]![v]!, element, columns[v]!);
          }
          k.advance(a, spec.rows);
          k.advance(at, bStep);
        });
        for (const r of rows) {
          const before = spec.onto === 'nothing' ? [] : loadColumns(row);
          const shift = spec.rowBias ? k.broadcast(rowBias, r) : undefined;
          for (const v of vectors) {
            let value: Vector<'f32'> = sums[r]![v]!;
            if (spec.alpha) value = k.mul(value, alpha);
            if (spec.onto === 'c') value = k.add(value, before[v]!);
            if (spec.onto === 'betaC') value = k.fma(before[v]!, beta, value);
            if (spec.bias) value = k.add(value, columnBias[v]!);
            if (shift !== undefined) value = k.add(value, shift);
            value = activate(k, spec.activation, value, bounds);
            if (whole) k.store(value, row, v * lanes);
            else k.storePartial(value, row, v * lanes, counts[v]!);
          }
          k.advance(row, ldc);
        }
        if (spec.rowBias) k.advance(rowBias, spec.rows);
      });
    };

    k.loop(k.integer('panels'), () => {
      tiles(true);
      k.advance(b, bPanel);
      k.advance(c, VECTORS * lanes);
      if (spec.bias) k.advance(bias, VECTORS * lanes);
    });
    k.when(tail, '>', 0, () => tiles(false));
  },
);
