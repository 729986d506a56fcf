// The general matrix product, and its choice between the blocked product and dot products.

import { checkSizes, regionOf } from '../operands.ts';
import { executor, withScratch } from '../runtime/executor.ts';
import { nothing, part, type Region } from '../runtime/region.ts';
import { forkRanges, passTime, productTime } from '../threads/split.ts';
import type { GemmParameters } from '../types.ts';
import { activationBounds, activationKind } from './activation.ts';
import { type BlockB, blockedProduct, packA, packedBlockElements } from './gemm-blocked.ts';
import { dotKernel } from './gemm-dot.ts';
import { tileOf } from './gemm-micro.ts';
import { packColumns } from './gemm-pack.ts';

/** Operands as regions, every default filled in. */
interface Product {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: Matrix;
  readonly b: Matrix;
  readonly c: Region;
  readonly ldc: number;
  readonly alpha: number;
  readonly beta: number;
  readonly bias: Region | undefined;
  readonly rowBias: Region | undefined;
  readonly activation: GemmParameters['activation'];
}

/** A matrix in memory: `stride` elements from one stored row to the next. */
interface Matrix {
  readonly region: Region;
  readonly stride: number;
  readonly transposed: boolean;
}

/** Up to this many rows of A, dot products along a transposed B are faster than packing it. */
const DOT_ROWS = 4;

/**
 * `c = activation(alpha * op(a) op(b) + beta * c + bias + rowBias)` in float32, where `op` transposes when asked
 * to. Sums are built in blocks along `k`. With `beta` 0 (the default) `c` is not read, as in BLAS.
 *
 * @throws EngineError when a size is invalid or a slice too small.
 */
export function gemm(p: GemmParameters): void {
  checkSizes('gemm', { m: p.m, n: p.n, k: p.k });
  const { m, n, k, transA = false, transB = false } = p;
  const matrix = (
    name: 'a' | 'b',
    rows: number,
    columns: number,
    transposed: boolean,
    ld?: number,
  ): Matrix => {
    const stride = ld ?? columns;
    checkSizes('gemm', { [`ld${name}`]: stride }, columns);
    const elements = rows === 0 || columns === 0 ? 0 : (rows - 1) * stride + columns;
    return { region: regionOf('gemm', name, p[name], elements), stride, transposed };
  };
  const ldc = p.ldc ?? n;
  checkSizes('gemm', { ldc }, n);
  const cElements = m === 0 || n === 0 ? 0 : (m - 1) * ldc + n;
  const product: Product = {
    m,
    n,
    k,
    a: transA ? matrix('a', k, m, true, p.lda) : matrix('a', m, k, false, p.lda),
    b: transB ? matrix('b', n, k, true, p.ldb) : matrix('b', k, n, false, p.ldb),
    c: regionOf('gemm', 'c', p.c, cElements),
    ldc,
    alpha: p.alpha ?? 1,
    beta: p.beta ?? 0,
    bias: p.bias && regionOf('gemm', 'bias', p.bias, n),
    rowBias: p.rowBias && regionOf('gemm', 'rowBias', p.rowBias, m),
    activation: p.activation,
  };
  if (m === 0 || n === 0) return;
  run(product.n === 1 && product.ldc === 1 && product.m > 1 ? transposedProduct(product) : product);
}

function run(p: Product): void {
  if (p.m <= DOT_ROWS && !p.a.transposed && p.b.transposed && p.beta === 0) dotProducts(p);
  else blocked(p);
}

/** A product with one column is one with a single row, both operands exchanged. */
function transposedProduct(p: Product): Product {
  return {
    ...p,
    m: 1,
    n: p.m,
    a: { ...p.b, transposed: !p.b.transposed },
    b: { ...p.a, transposed: !p.a.transposed },
    ldc: p.m,
    bias: p.rowBias,
    rowBias: p.bias,
  };
}

function dotProducts(p: Product): void {
  const current = executor();
  const lanes = current.target.lanes('f32');
  const time = passTime(p.n * p.k);
  forkRanges(p.n, time, (first, count) => dotRows(columnsOf(p, first, count)), lanes);
}

function dotRows(p: Product): void {
  const current = executor();
  for (let row = 0; row < p.m; row += 2) {
    const rows = Math.min(2, p.m - row);
    const spec = {
      rows,
      bias: p.bias !== undefined,
      rowBias: p.rowBias !== undefined,
      activation: activationKind(p.activation),
    };
    current.launch(dotKernel(spec), {
      a: part(p.a.region, row * p.a.stride, (rows - 1) * p.a.stride + p.k),
      b: p.b.region,
      c: part(p.c, row * p.ldc, (rows - 1) * p.ldc + p.n),
      bias: p.bias ?? nothing,
      rowBias: p.rowBias ? part(p.rowBias, row, rows) : nothing,
      k: p.k,
      n: p.n,
      lda: p.a.stride,
      ldb: p.b.stride,
      ldc: p.ldc,
      alpha: p.alpha,
      ...activationBounds(p.activation),
    });
  }
}

/** Threads take rows of a tall product, each packing all of B, or columns of any other, after A was packed for all. */
function blocked(p: Product): void {
  const tile = tileOf(executor().target);
  const time = productTime(p.m * p.n * p.k);
  if (p.m >= 2 * p.n) {
    forkRanges(
      p.m,
      time,
      (first, count) => {
        const rows = rowsOf(p, first, count);
        withPackedA(rows, (a) => overColumns(rows, a));
      },
      tile.rows,
    );
    return;
  }
  withPackedA(p, (a) => {
    forkRanges(p.n, time, (first, count) => overColumns(columnsOf(p, first, count), a), tile.columns);
  });
}

function rowsOf(p: Product, first: number, count: number): Product {
  const region = part(p.a.region, p.a.transposed ? first : first * p.a.stride);
  const rowBias = p.rowBias && part(p.rowBias, first, count);
  return { ...p, m: count, a: { ...p.a, region }, c: part(p.c, first * p.ldc), rowBias };
}

function columnsOf(p: Product, first: number, count: number): Product {
  const { stride, transposed } = p.b;
  const elements = transposed ? (count - 1) * stride + p.k : undefined;
  const region = p.k === 0 ? p.b.region : part(p.b.region, transposed ? first * stride : first, elements);
  const bias = p.bias && part(p.bias, first, count);
  return { ...p, n: count, b: { ...p.b, region }, c: part(p.c, first), bias };
}

function withPackedA(p: Product, body: (a: Region) => void): void {
  withScratch(p.m * p.k, (a) => {
    packA({ ...p.a, m: p.m, k: p.k }, a);
    body(a);
  });
}

function overColumns(p: Product, a: Region): void {
  const current = executor();
  const tile = tileOf(current.target);
  // With no more than two panels of rows, each element of B is read at most twice: packing would not pay.
  const direct = !p.b.transposed && p.m <= 2 * tile.rows;
  withScratch(direct ? 0 : packedBlockElements(p.n, p.k, tile.columns), (block) => {
    const b = (k: Block, n: Block): BlockB => {
      const first = p.b.transposed ? n.start * p.b.stride + k.start : k.start * p.b.stride + n.start;
      const from = part(p.b.region, first);
      if (direct) return { region: from, packed: false, step: p.b.stride, panel: tile.columns };
      const panels = Math.floor(n.length / tile.columns);
      const tail = n.length % tile.columns;
      const to = part(block, 0, (panels + Math.sign(tail)) * tile.columns * k.length);
      current.launch(packColumns({ columns: tile.columns, transposed: p.b.transposed }), {
        from,
        to,
        k: k.length,
        panels,
        tail,
        stride: p.b.stride,
      });
      return { region: to, packed: true, step: tile.columns, panel: tile.columns * k.length };
    };
    blockedProduct({ ...p, a, b });
  });
}

interface Block {
  readonly start: number;
  readonly length: number;
}
