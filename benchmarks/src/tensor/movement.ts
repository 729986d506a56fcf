// Rows that move, choose and order elements.

import { cat, embedding } from '@sconce/tensor';
import { type TensorCase, tensorCase } from './case.ts';

const copies = 'transpose copies';
const choosing = 'gather and embedding';
const ordering = 'sort, cumsum and cat';

/** Copies of transposed views, gathering, sorting, running sums and joining. */
export const movementCases: readonly TensorCase[] = [
  tensorCase({
    name: 'transpose copy 2048x2048',
    group: copies,
    note: 'a dense copy of the transposed view',
    operands: { x: { shape: [2048, 2048] } },
    prepare:
      ({ x }) =>
      () =>
        x.t().contiguous(),
    python: { call: 'x.t().contiguous()' },
  }),
  tensorCase({
    name: 'permute copy 16x64x56x56, channels last',
    group: copies,
    note: 'a dense copy of the permuted view',
    operands: { x: { shape: [16, 64, 56, 56] } },
    prepare:
      ({ x }) =>
      () =>
        x.permute(0, 2, 3, 1).contiguous(),
    python: { call: 'x.permute(0, 2, 3, 1).contiguous()' },
  }),
  tensorCase({
    name: 'permute copy 8x512x12x64, heads first',
    group: copies,
    note: 'a dense copy of the permuted view',
    operands: { x: { shape: [8, 512, 12, 64] } },
    prepare:
      ({ x }) =>
      () =>
        x.transpose(1, 2).contiguous(),
    python: { call: 'x.transpose(1, 2).contiguous()' },
  }),
  tensorCase({
    name: 'gather 1024x1024 of 1024x1024, dim 1',
    group: choosing,
    note: 'one call, int64 indices',
    operands: { x: { shape: [1024, 1024] }, i: { shape: [1024, 1024], below: 1024 } },
    prepare:
      ({ x, i }) =>
      () =>
        x.gather(1, i),
    python: { call: 'x.gather(1, i)' },
  }),
  tensorCase({
    name: 'index select 4096 rows of 10000x256',
    group: choosing,
    note: 'one call, int64 indices',
    operands: { x: { shape: [10_000, 256] }, i: { shape: [4096], below: 10_000 } },
    prepare:
      ({ x, i }) =>
      () =>
        x.indexSelect(0, i),
    python: { call: 'x.index_select(0, i)' },
  }),
  tensorCase({
    name: 'embedding 8x512 of 30000x256',
    group: choosing,
    note: 'one call, int64 indices',
    operands: { w: { shape: [30_000, 256] }, i: { shape: [8, 512], below: 30_000 } },
    prepare:
      ({ w, i }) =>
      () =>
        embedding(i, w),
    python: { call: 'F.embedding(i, w)' },
  }),
  tensorCase({
    name: 'sort 1 million',
    group: ordering,
    note: 'values and indices',
    operands: { x: { shape: [1_000_000] } },
    prepare:
      ({ x }) =>
      () =>
        x.sort().values,
    python: { call: 'x.sort().values' },
  }),
  tensorCase({
    name: 'sort 1000x1000, dim 1',
    group: ordering,
    note: 'values and indices',
    operands: { x: { shape: [1000, 1000] } },
    prepare:
      ({ x }) =>
      () =>
        x.sort(1).values,
    python: { call: 'x.sort(1).values' },
  }),
  tensorCase({
    name: 'cumsum 1024x1024, dim 1',
    group: ordering,
    note: 'one call',
    operands: { x: { shape: [1024, 1024] } },
    prepare:
      ({ x }) =>
      () =>
        x.cumsum(1),
    python: { call: 'x.cumsum(1)' },
  }),
  tensorCase({
    name: 'cumsum 1024x1024, dim 0',
    group: ordering,
    note: 'one call',
    operands: { x: { shape: [1024, 1024] } },
    prepare:
      ({ x }) =>
      () =>
        x.cumsum(0),
    python: { call: 'x.cumsum(0)' },
  }),
  ...[0, 1].map((dim) =>
    tensorCase({
      name: `cat of four 512x1024, dim ${dim}`,
      group: ordering,
      note: 'one call',
      operands: { a: { shape: [512, 1024] }, b: { shape: [512, 1024] }, c: { shape: [512, 1024] } },
      prepare:
        ({ a, b, c }) =>
        () =>
          cat([a, b, c, a], dim),
      python: { call: `torch.cat((a, b, c, a), ${dim})` },
    }),
  ),
];
