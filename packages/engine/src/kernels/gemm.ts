// The general matrix product, and its choice between the blocked product and dot products.

import { addressOf, checkSizes } from '../operands.ts';
import { executor, nothing, type Region, region, withScratch } from '../runtime/executor.ts';
import type { GemmParameters } from '../types.ts';
import { activationBounds, activationKind } from './activation.ts';
import { type BlockB, blockedProduct, packA, packedBlockElements } from './gemm-blocked.ts';
import { dotKernel } from './gemm-dot.ts';
import { tileOf } from './gemm-micro.ts';
import { packColumns } from './gemm-pack.ts';

/** Operands as addresses, every default filled in. */
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
    return { region: region(addressOf('gemm', name, p[name], elements), elements), stride, transposed };
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
    c: region(addressOf('gemm', 'c', p.c, cElements), cElements),
    ldc,
    alpha: p.alpha ?? 1,
    beta: p.beta ?? 0,
    bias: p.bias && region(addressOf('gemm', 'bias', p.bias, n), n),
    rowBias: p.rowBias && region(addressOf('gemm', 'rowBias', p.rowBias, m), m),
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
  for (let row = 0; row < p.m; row += 2) {
    const rows = Math.min(2, p.m - row);
    const spec = {
      rows,
      bias: p.bias !== undefined,
      rowBias: p.rowBias !== undefined,
      activation: activationKind(p.activation),
    };
    current.launch(dotKernel(spec), {
      a: region(p.a.region.address + row * p.a.stride * 4, (rows - 1) * p.a.stride + p.k),
      b: p.b.region,
      c: region(p.c.address + row * p.ldc * 4, (rows - 1) * p.ldc + p.n),
      bias: p.bias ?? nothing,
      rowBias: p.rowBias ? region(p.rowBias.address + row * 4, rows) : nothing,
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

function blocked(p: Product): void {
  const current = executor();
  const tile = tileOf(current.target);
  // With no more than two panels of rows, each element of B is read at most twice: packing would not pay.
  const direct = !p.b.transposed && p.m <= 2 * tile.rows;
  const packedElements = direct ? 0 : packedBlockElements(p.n, p.k, tile.columns);
  withScratch(p.m * p.k + packedElements, (scratch) => {
    const a = region(scratch.address, p.m * p.k);
    packA({ ...p.a, m: p.m, k: p.k }, a);
    const b = (k: Block, n: Block): BlockB => {
      const first = p.b.transposed ? n.start * p.b.stride + k.start : k.start * p.b.stride + n.start;
      const from = { address: p.b.region.address + first * 4, bytes: p.b.region.bytes - first * 4 };
      if (direct) return { region: from, packed: false, step: p.b.stride, panel: tile.columns };
      const panels = Math.floor(n.length / tile.columns);
      const tail = n.length % tile.columns;
      const elements = (panels + Math.sign(tail)) * tile.columns * k.length;
      const to = region(a.address + a.bytes, elements);
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
