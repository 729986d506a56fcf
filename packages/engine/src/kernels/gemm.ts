// The general matrix product: checks what it is given, chooses how operands are read, and divides the work among threads.

import { checkSizes, regionOf } from '../operands.ts';
import { executor } from '../runtime/executor.ts';
import { nothing, part, wholeOf } from '../runtime/region.ts';
import { forkRanges, passTime, productTime } from '../threads/split.ts';
import type { GemmParameters, Slice } from '../types.ts';
import { activationBounds, activationKind } from './activation.ts';
import { type BatchPlan, oneProduct, planBatch } from './gemm-batch.ts';
import { type LeftOperand, type Product, type RightOperand, runProduct, shifted } from './gemm-blocked.ts';
import { dotKernel } from './gemm-dot.ts';
import { type ProductType, type Tile, tileOf } from './gemm-micro.ts';
import { checkPacked, PackedOperand } from './gemm-operand.ts';

/** Up to this many rows of A, dot products along a transposed B are faster than packing it. */
const DOT_ROWS = 4;

/** Up to this many panels of B, A is read in place: each element is used too seldom for packing to pay. */
export const PANELS_IN_PLACE = 12;

/** The same for B, and for a B so small that all of it stays near. */
const ROWS_IN_PLACE = { any: 2, near: 16 } as const;
const NEAR_ELEMENTS = 1 << 16;

/**
 * `c = activation(alpha * op(a) op(b) + beta * c + bias + rowBias)`, where `op` transposes when asked to, in float32 or
 * float64. Sums are built in blocks along `k`. With `beta` 0 (the default) `c` is not read, as in BLAS. With a `batch` there are
 * as many products, which share bias and activation.
 *
 * @throws EngineError when a size is invalid, a slice too small, or a packed operand made for something else.
 */
export function gemm(p: GemmParameters): void {
  const { m, n, k } = p;
  checkSize('m', m, 0);
  checkSize('n', n, 0);
  checkSize('k', k, 0);
  const ldc = p.ldc ?? n;
  checkSize('ldc', ldc, n);
  const type = p.dtype === 'float64' ? 'f64' : 'f32';
  const bytes = bytesOf(type);
  const batch = p.batch === undefined ? oneProduct : planBatch(p.batch);
  const tile = tileOf(executor().target, type);
  const a = leftOf(p, tile, type, batch);
  const b = rightOf(p, tile, type, batch);
  const c = regionOf('gemm', 'c', p.c, extent(m, n, ldc, batch.reach.c), bytes);
  const bias = p.bias === undefined ? undefined : regionOf('gemm', 'bias', p.bias, n, bytes);
  const rowBias = p.rowBias === undefined ? undefined : regionOf('gemm', 'rowBias', p.rowBias, m, bytes);
  if (m === 0 || n === 0 || batch.count === 0) return;
  const product: Product = {
    type,
    m,
    n,
    k,
    a,
    b,
    c,
    ldc,
    batch: batch.count,
    cBatch: batch.c,
    alpha: p.alpha ?? 1,
    beta: p.beta ?? 0,
    bias,
    rowBias,
    activation: p.activation,
  };
  if (batch.starts === undefined) {
    run(product, b);
    return;
  }
  for (const start of batch.starts) {
    const right = { ...b, region: shifted(b.region, start.b * bytes) };
    const left = { ...a, region: shifted(a.region, start.a * bytes) };
    run({ ...product, a: left, b: right, c: shifted(c, start.c * bytes) }, right);
  }
}

function checkSize(name: string, value: number, minimum: number): void {
  if (!Number.isSafeInteger(value) || value < minimum) checkSizes('gemm', { [name]: value }, minimum);
}

function bytesOf(type: ProductType): 4 | 8 {
  return type === 'f64' ? 8 : 4;
}

/** Elements from a matrix's first to its last, `reach` more for the last one of a batch. */
function extent(rows: number, columns: number, stride: number, reach: number): number {
  return rows === 0 || columns === 0 ? 0 : reach + (rows - 1) * stride + columns;
}

function leftOf(p: GemmParameters, tile: Tile, type: ProductType, batch: BatchPlan): LeftOperand {
  const { a, m, n, k } = p;
  if (a instanceof PackedOperand) {
    checkPacked(a, 'a', m, k, p.dtype ?? 'float32', batch.reach.a);
    return { region: wholeOf(a.storage), mode: 'columns', packed: true, stride: 0, batch: 0 };
  }
  const inPlace = n <= PANELS_IN_PLACE * tile.columns;
  if (p.transA) {
    const stride = p.lda ?? m;
    checkSize('lda', stride, m);
    const region = regionOf('gemm', 'a', a as Slice, extent(k, m, stride, batch.reach.a), bytesOf(type));
    return { region, mode: inPlace ? 'columns' : 'packColumns', packed: false, stride, batch: batch.a };
  }
  const stride = p.lda ?? k;
  checkSize('lda', stride, k);
  const region = regionOf('gemm', 'a', a as Slice, extent(m, k, stride, batch.reach.a), bytesOf(type));
  return { region, mode: inPlace ? 'rows' : 'packRows', packed: false, stride, batch: batch.a };
}

function rightOf(p: GemmParameters, tile: Tile, type: ProductType, batch: BatchPlan): RightOperand {
  const { b, m, n, k } = p;
  if (b instanceof PackedOperand) {
    checkPacked(b, 'b', n, k, p.dtype ?? 'float32', batch.reach.b);
    return { region: wholeOf(b.storage), mode: 'panels', packed: true, stride: 0, batch: 0 };
  }
  if (p.transB) {
    const stride = p.ldb ?? k;
    checkSize('ldb', stride, k);
    const region = regionOf('gemm', 'b', b as Slice, extent(n, k, stride, batch.reach.b), bytesOf(type));
    return { region, mode: 'packColumns', packed: false, stride, batch: batch.b };
  }
  const stride = p.ldb ?? n;
  checkSize('ldb', stride, n);
  const region = regionOf('gemm', 'b', b as Slice, extent(k, n, stride, batch.reach.b), bytesOf(type));
  const panels = k * n <= NEAR_ELEMENTS ? ROWS_IN_PLACE.near : ROWS_IN_PLACE.any;
  const mode = m <= panels * tile.rows ? 'inPlace' : 'packRows';
  return { region, mode, packed: false, stride, batch: batch.b };
}

function run(p: Product, b: RightOperand): void {
  const one = p.batch === 1 && p.type === 'f32' && !p.a.packed && !b.packed;
  if (one && p.m <= DOT_ROWS && isRows(p.a) && b.mode === 'packColumns' && p.beta === 0) {
    dotProducts(p, p.a, b);
  } else if (one && p.n === 1 && p.ldc === 1 && p.m > DOT_ROWS) {
    columnProduct(p, b);
  } else divide(p);
}

function isRows({ mode }: LeftOperand): boolean {
  return mode === 'rows' || mode === 'packRows';
}

/** A product with one column is one with a single row, both operands exchanged. */
function columnProduct(p: Product, b: RightOperand): void {
  const { a } = p;
  // A column that is not transposed has its elements `stride` apart; as a row that would be a transposed one.
  const left: LeftOperand = {
    ...a,
    region: b.region,
    stride: b.stride,
    mode: b.mode === 'packColumns' ? 'rows' : 'columns',
  };
  const right: RightOperand = {
    ...b,
    region: a.region,
    stride: a.stride,
    mode: isRows(a) ? 'packColumns' : 'inPlace',
  };
  const exchanged = { a: left, b: right, bias: p.rowBias, rowBias: p.bias };
  const product = { ...p, ...exchanged, m: 1, n: p.m, ldc: p.m };
  // A column of stride 1 is a row as well as a column.
  const isRow = left.mode === 'rows' || left.stride === 1;
  if (isRow && right.mode === 'packColumns' && p.beta === 0)
    dotProducts(product, { ...left, mode: 'rows' }, right);
  else divide(product);
}

function dotProducts(p: Product, a: LeftOperand, b: RightOperand): void {
  const lanes = executor().target.lanes('f32');
  forkRanges(p.n, passTime(p.n * p.k), (first, count) => dotColumns(p, a, b, first, count), lanes);
}

function dotColumns(p: Product, a: LeftOperand, b: RightOperand, first: number, columns: number): void {
  const right = p.k === 0 ? b.region : part(b.region, first * b.stride, (columns - 1) * b.stride + p.k);
  for (let row = 0; row < p.m; row += 2) {
    const rows = Math.min(2, p.m - row);
    const kernel = dotKernel({
      rows,
      bias: p.bias !== undefined,
      rowBias: p.rowBias !== undefined,
      activation: activationKind(p.activation),
    });
    executor().launch(kernel, {
      a: part(a.region, row * a.stride, (rows - 1) * a.stride + p.k),
      b: right,
      c: part(p.c, row * p.ldc + first, (rows - 1) * p.ldc + columns),
      bias: p.bias === undefined ? nothing : part(p.bias, first, columns),
      rowBias: p.rowBias === undefined ? nothing : part(p.rowBias, row, rows),
      k: p.k,
      n: columns,
      lda: a.stride,
      ldb: b.stride,
      ldc: p.ldc,
      alpha: p.alpha,
      ...activationBounds(p.activation),
    });
  }
}

/** Runs a product: threads take products of a batch, rows of a tall product, or columns of any other. */
export function divide(p: Product): void {
  const { batch, m, n } = p;
  const current = executor();
  const tile = tileOf(current.target, p.type);
  const time = productTime(batch * m * n * p.k) * (p.type === 'f64' ? 2 : 1);
  const all = { row: 0, rows: m, column: 0, columns: n, first: 0, count: batch };
  if (batch > 1 && batch >= current.threads) {
    forkRanges(batch, time, (first, count) => runProduct(p, { ...all, first, count }));
  } else if (m >= 2 * n) {
    forkRanges(m, time, (row, rows) => runProduct(p, { ...all, row, rows }), tile.rows);
  } else {
    forkRanges(
      n,
      time,
      (column, columns) => runProduct(p, columns === n ? all : { ...all, column, columns }),
      tile.columns,
    );
  }
}
