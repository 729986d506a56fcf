// Rows that move, choose and order elements.

import { cat, embedding, type Tensor } from '@sconce/tensor';
import { type Operand, type TensorCase, tensorCase } from './case.ts';

/** Makes a group's rows of single calls. */
function rowsOf(group: string, note: string) {
  return <Name extends string>(
    name: string,
    operands: Readonly<Record<Name, Operand>>,
    call: (at: Readonly<Record<Name, Tensor>>) => Tensor,
    python: string,
  ): TensorCase =>
    tensorCase<Name>({
      ...{ name, group, note, operands },
      prepare: (at) => () => call(at),
      python: { call: python },
    });
}

const copy = rowsOf('transpose copies', 'a dense copy of the view');
const chosen = rowsOf('gather and embedding', 'one call, int64 indices');
const ordered = rowsOf('sort, cumsum and cat', 'one call');

const shaped = (...shape: number[]): Operand => ({ shape });
const indices = (below: number, ...shape: number[]): Operand => ({ shape, below });

/** Copies of transposed views, gathering, sorting, running sums and joining. */
export const movementCases: readonly TensorCase[] = [
  copy(
    'transpose copy 2048x2048',
    { x: shaped(2048, 2048) },
    ({ x }) => x.t().contiguous(),
    'x.t().contiguous()',
  ),
  copy(
    'permute copy 16x64x56x56, channels last',
    { x: shaped(16, 64, 56, 56) },
    ({ x }) => x.permute(0, 2, 3, 1).contiguous(),
    'x.permute(0, 2, 3, 1).contiguous()',
  ),
  copy(
    'permute copy 8x512x12x64, heads first',
    { x: shaped(8, 512, 12, 64) },
    ({ x }) => x.transpose(1, 2).contiguous(),
    'x.transpose(1, 2).contiguous()',
  ),
  chosen(
    'gather 1024x1024 of 1024x1024, dim 1',
    { x: shaped(1024, 1024), i: indices(1024, 1024, 1024) },
    ({ x, i }) => x.gather(1, i),
    'x.gather(1, i)',
  ),
  chosen(
    'index select 4096 rows of 10000x256',
    { x: shaped(10_000, 256), i: indices(10_000, 4096) },
    ({ x, i }) => x.indexSelect(0, i),
    'x.index_select(0, i)',
  ),
  chosen(
    'embedding 8x512 of 30000x256',
    { w: shaped(30_000, 256), i: indices(30_000, 8, 512) },
    ({ w, i }) => embedding(i, w),
    'F.embedding(i, w)',
  ),
  ordered('sort 1 million', { x: shaped(1_000_000) }, ({ x }) => x.sort().values, 'x.sort().values'),
  ordered(
    'sort 1000x1000, dim 1',
    { x: shaped(1000, 1000) },
    ({ x }) => x.sort(1).values,
    'x.sort(1).values',
  ),
  ordered('cumsum 1024x1024, dim 1', { x: shaped(1024, 1024) }, ({ x }) => x.cumsum(1), 'x.cumsum(1)'),
  ordered('cumsum 1024x1024, dim 0', { x: shaped(1024, 1024) }, ({ x }) => x.cumsum(0), 'x.cumsum(0)'),
  ...[0, 1].map((dim) =>
    ordered(
      `cat of four 512x1024, dim ${dim}`,
      { a: shaped(512, 1024), b: shaped(512, 1024), c: shaped(512, 1024) },
      ({ a, b, c }) => cat([a, b, c, a], dim),
      `torch.cat((a, b, c, a), ${dim})`,
    ),
  ),
];
