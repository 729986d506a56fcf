// The kernel of every matrix product: a tile of accumulators in registers, run over panels of both operands, which it packs
// on the way where that is asked for.

import {
  type Integer,
  inout,
  input,
  integer,
  type KernelBuilder,
  output,
  type Pointer,
  scalar,
  type Target,
  type Vector,
} from '@sconce/codegen';
import { type Family, family, type Region } from '../runtime/family.ts';
import { type ActivationKind, activate } from './activation.ts';
import { packLines, packRuns } from './gemm-pack.ts';

/** Element types of matrix products. */
export type ProductType = 'f32' | 'f64';

/**
 * Where the kernel finds the elements of A. A panel of `columns` has its rows side by side, one column after the other: packed
 * panels, or a transposed A as it lies. `rows` reads A in place. The others are packed first.
 */
export type LeftMode = 'rows' | 'columns' | 'packRows' | 'packColumns';

/** Where the kernel finds B: panels that are padded to a tile's width; rows in place; or rows or columns that it packs. */
export type RightMode = 'panels' | 'inPlace' | 'packRows' | 'packColumns';

/** What a product is recorded for. */
export interface ProductSpec {
  /** Whether there are panels of a tile's height, and the rows of the panel after them. */
  readonly full: boolean;
  readonly rest: number;
  /** Whether there are panels of a tile's width, and the vectors of the panel after them. */
  readonly whole: boolean;
  readonly tail: number;
  readonly a: LeftMode;
  readonly b: RightMode;
  /** Whether the next panel of B is prefetched. */
  readonly ahead: boolean;
  /** Whether the product replaces C, is added to it, or to C times beta. */
  readonly onto: 'nothing' | 'c' | 'betaC';
  readonly alpha: boolean;
  readonly bias: boolean;
  readonly rowBias: boolean;
  readonly activation: ActivationKind;
}

/** Vectors across a tile. */
const VECTORS = 2;

/** The size of a tile, and of what is packed for it. */
export interface Tile {
  readonly rows: number;
  readonly columns: number;
  /** Elements from one column of a packed panel of A to the next: rows, filled up to whole vectors. */
  readonly step: number;
  readonly lanes: number;
}

/**
 * The largest tile whose accumulators leave registers for a row of B, two broadcast elements of A, and a product
 * where multiplying and adding are two instructions.
 */
export function tileOf(target: Target, type: ProductType = 'f32'): Tile {
  const others = VECTORS + 2 + (target.fusedMultiplyAdd ? 0 : 1);
  const rows = Math.floor((target.vectorRegisters - others) / VECTORS);
  const lanes = target.lanes(type);
  return { rows, columns: VECTORS * lanes, step: Math.ceil(rows / lanes) * lanes, lanes };
}

/** Arguments of {@link productKernel}. */
export interface ProductArguments {
  readonly a: Region;
  readonly b: Region;
  readonly c: Region;
  readonly bias: Region;
  readonly rowBias: Region;
  /** Room for the panels of A that are packed, and for one panel of B. */
  readonly packedA: Region;
  readonly packedB: Region;
  readonly batch: number;
  readonly k: number;
  readonly rowPanels: number;
  readonly panels: number;
  readonly tail: number;
  readonly aStep: number;
  readonly aPanel: number;
  readonly bStep: number;
  readonly bPanel: number;
  readonly ldc: number;
  readonly aBatch: number;
  readonly bBatch: number;
  readonly cBatch: number;
  readonly alpha: number;
  readonly beta: number;
  readonly min: number;
  readonly max: number;
}

const contractOf = <T extends ProductType>(type: T) => ({
  a: input(type),
  b: input(type),
  c: inout(type),
  bias: input(type),
  rowBias: input(type),
  packedA: output(type),
  packedB: output(type),
  batch: integer(),
  k: integer(),
  rowPanels: integer(),
  panels: integer(),
  tail: integer(),
  aStep: integer(),
  aPanel: integer(),
  bStep: integer(),
  bPanel: integer(),
  ldc: integer(),
  aBatch: integer(),
  bBatch: integer(),
  cBatch: integer(),
  alpha: scalar(type),
  beta: scalar(type),
  min: scalar(type),
  max: scalar(type),
});

type Builder<T extends ProductType> = KernelBuilder<ReturnType<typeof contractOf<T>>>;

/**
 * `C (op)= alpha A B + bias` for each of `batch` products, whose operands lie `aBatch`, `bBatch` and `cBatch` elements apart.
 *
 * A: `rowPanels` panels of a tile's height and one of `rest` rows, `aPanel` elements from one to the next; `aStep` from one
 * column of a panel to the next, or from one row to the next where rows are read or packed. B: `panels` of a tile's width and
 * one of `tail` columns, `bPanel` from one to the next; `bStep` from one row to the next, or from one column to the next where
 * columns are packed.
 */
export const productKernels: Readonly<Record<ProductType, Family<ProductSpec, ProductArguments>>> = {
  f32: family('gemm', contractOf('f32'), (k, spec: ProductSpec) => recordProduct(k, 'f32', spec)),
  f64: family('gemm-f64', contractOf('f64'), (k, spec: ProductSpec) => recordProduct(k, 'f64', spec)),
};

function recordProduct<T extends ProductType>(k: Builder<T>, type: T, spec: ProductSpec): void {
  const tile = tileOf(k.target, type);
  const { lanes } = tile;
  const arrays = k as unknown as KernelBuilder<ReturnType<typeof contractOf<'f32'>>>;
  const pointer = (name: 'a' | 'b' | 'c' | 'bias' | 'rowBias' | 'packedA' | 'packedB') =>
    arrays.pointer(name) as Pointer as Pointer<T>;
  const number = (name: 'alpha' | 'beta' | 'min' | 'max') => arrays.scalar(name) as Vector as Vector<T>;
  const [a0, b0, c0] = [pointer('a'), pointer('b'), pointer('c')];
  const [alpha, beta] = [number('alpha'), number('beta')];
  const bounds = { min: number('min'), max: number('max') };
  const [depth, tail, rowPanels] = [k.integer('k'), k.integer('tail'), k.integer('rowPanels')];
  const [aStep, aPanel, ldc] = [k.integer('aStep'), k.integer('aPanel'), k.integer('ldc')];
  const [bStep, bPanel] = [k.integer('bStep'), k.integer('bPanel')];
  const packsA = spec.a === 'packRows' || spec.a === 'packColumns';
  const packsB = spec.b === 'packRows' || spec.b === 'packColumns';
  const aInPlace = spec.a === 'rows';
  const heights = [...(spec.full ? [tile.rows] : []), ...(spec.rest > 0 ? [spec.rest] : [])];
  /** Runs the body over all panels of rows, recorded once for the high ones and once for the last one. */
  const overRows = (body: (rows: number) => void): void => {
    for (const rows of heights) {
      if (rows === tile.rows) k.loop(rowPanels, () => body(rows));
      else body(rows);
    }
  };

  const packA = (): void => {
    const [from, to] = [k.variable(a0), pointer('packedA')];
    const left = k.add(k.mul(rowPanels, tile.rows), spec.rest);
    k.loop(k.add(rowPanels, Math.sign(spec.rest)), () => {
      const panel = { rows: tile.rows, from, to, step: tile.step, stride: aStep, depth };
      const count = spec.rest === 0 ? undefined : k.min(left, tile.rows);
      if (spec.a === 'packRows') packLines(k, panel, count);
      else packRuns(k, panel, count);
      k.advance(from, aPanel);
      k.advance(to, k.mul(depthOf(k, spec.a, depth, lanes), tile.step));
      k.increment(left, -tile.rows);
    });
  };

  /** All rows times one panel of B. */
  const column = (b: Pointer<T>, c: Pointer<T>, bias: Pointer<T>, vectors: number, whole: boolean): void => {
    const each = [...Array(vectors).keys()];
    const last = k.sub(tail, (vectors - 1) * lanes);
    const isPartial = (v: number): boolean => !whole && v === vectors - 1;
    const loadColumns = (from: Pointer<T>): Vector<T>[] =>
      each.map((v) => (isPartial(v) ? k.loadPartial(from, v * lanes, last) : k.load(from, v * lanes)));
    const right = packsB ? pointer('packedB') : b;
    if (spec.b === 'packRows') {
      const panel = { rows: vectors * lanes, from: b, to: right, step: tile.columns, stride: bStep, depth };
      packRuns(k, panel, whole ? undefined : tail);
    }
    const a = packsA ? pointer('packedA') : k.variable(a0);
    const row = k.variable(c);
    const rowBias = pointer('rowBias');
    const columnBias = spec.bias ? loadColumns(bias) : [];
    const next = k.variable(b);
    if (spec.ahead) k.advance(next, bPanel);
    overRows((rows) => {
      const lines = [...Array(rows).keys()];
      const sums = lines.map(() => each.map(() => k.zero(type)));
      const at = k.variable(right);
      const ahead = k.variable(next);
      const multiply = (element: (row: number) => Vector<T>): void => {
        const columns = spec.b === 'inPlace' ? loadColumns(at) : each.map((v) => k.load(at, v * lanes));
        for (const r of lines) {
          const x = element(r);
          for (const v of each) k.accumulate(sums[r]![v]!, x, columns[v]!);
        }
        if (packsB) k.advance(at, tile.columns);
        else k.advance(at, bStep);
        if (!spec.ahead) return;
        k.prefetch(ahead, 0, 'l2');
        k.advance(ahead, tile.columns);
      };
      if (aInPlace) {
        const places = pointersOf(k, a, aStep, rows);
        k.loop(depth, () => {
          multiply((r) => k.broadcast(places[r]!));
          for (const place of places) k.advance(place, 1);
        });
        k.advance(a, aPanel);
      } else {
        const place = k.variable(a);
        k.loop(depth, () => {
          multiply((r) => k.broadcast(place, r));
          if (packsA) k.advance(place, tile.step);
          else k.advance(place, aStep);
        });
        if (packsA) k.advance(a, k.mul(depthOf(k, spec.a, depth, lanes), tile.step));
        else k.advance(a, aPanel);
      }
      if (spec.ahead) k.advance(next, lanes);
      for (const r of lines) {
        const before = spec.onto === 'nothing' ? [] : loadColumns(row);
        const shift = spec.rowBias ? k.broadcast(rowBias, r) : undefined;
        for (const v of each) {
          let value: Vector<T> = sums[r]![v]!;
          if (spec.alpha) value = k.mul(value, alpha);
          if (spec.onto === 'c') value = k.add(value, before[v]!);
          if (spec.onto === 'betaC') value = k.fma(before[v]!, beta, value);
          if (spec.bias) value = k.add(value, columnBias[v]!);
          if (shift !== undefined) value = k.add(value, shift);
          value = activate(k, spec.activation, value, bounds);
          if (isPartial(v)) k.storePartial(value, row, v * lanes, last);
          else k.store(value, row, v * lanes);
        }
        k.advance(row, ldc);
      }
      if (spec.rowBias) k.advance(rowBias, rows);
    });
  };

  k.loop(k.integer('batch'), () => {
    if (packsA) packA();
    const [b, c, bias] = [k.variable(b0), k.variable(c0), pointer('bias')];
    const left = k.add(k.mul(k.integer('panels'), tile.columns), tail);
    const whole = (): void => column(b, c, bias, VECTORS, true);
    const partial = (): void => column(b, c, bias, spec.tail, false);
    k.loop(k.add(k.integer('panels'), Math.sign(spec.tail)), () => {
      if (spec.b === 'packColumns') {
        const to = pointer('packedB');
        const panel = { rows: tile.columns, from: b, to, step: tile.columns, stride: bStep, depth };
        packLines(k, panel, spec.tail === 0 ? undefined : k.min(left, tile.columns));
      }
      if (!spec.whole) partial();
      else if (spec.tail === 0) whole();
      else k.when(left, '>=', tile.columns, whole, partial);
      k.advance(b, bPanel);
      k.advance(c, tile.columns);
      if (spec.bias) k.advance(bias, tile.columns);
      k.increment(left, -tile.columns);
    });
    k.advance(a0, k.integer('aBatch'));
    k.advance(b0, k.integer('bBatch'));
    k.advance(c0, k.integer('cBatch'));
  });
}

/** Columns of a packed panel of A: what was transposed is filled up to whole vectors. */
function depthOf(
  k: Pick<KernelBuilder, 'and' | 'add'>,
  mode: LeftMode,
  depth: Integer,
  lanes: number,
): Integer {
  return mode === 'packRows' ? k.and(k.add(depth, lanes - 1), -lanes) : depth;
}

/** Pointers to `count` rows. */
function pointersOf<T extends ProductType>(
  k: KernelBuilder,
  first: Pointer<T>,
  stride: Integer,
  count: number,
): Pointer<T>[] {
  const cursor = k.variable(first);
  return [...Array(count).keys()].map((r) => {
    const place = k.variable(cursor);
    if (r < count - 1) k.advance(cursor, stride);
    return place;
  });
}
