// Moving elements: transposes of matrices, images and attention heads; joining, padding, picking rows.

import { cast, concat, copyStrided, gatherRows, pad } from '@sconce/engine';
import { count, dense, type KernelCase, kernelCase } from './case.ts';

/** Shape before, the order of its axes after, and where it occurs. */
const rows: readonly (readonly [shape: readonly number[], order: readonly number[], where: string])[] = [
  [[1024, 1024], [1, 0], 'matrix'],
  [[4096, 1024], [1, 0], 'matrix'],
  [[197, 768], [1, 0], 'vit_b_16 tokens'],
  [[96, 56, 56], [1, 2, 0], 'convnext_tiny NCHW to NHWC'],
  [[56, 56, 96], [2, 0, 1], 'convnext_tiny NHWC to NCHW'],
  [[768, 7, 7], [1, 2, 0], 'convnext_tiny NCHW to NHWC'],
  [[3, 224, 224], [1, 2, 0], 'image NCHW to NHWC'],
  [[224, 224, 3], [2, 0, 1], 'image NHWC to NCHW'],
  [[197, 12, 64], [1, 0, 2], 'vit_b_16 heads'],
  [[197, 12, 64], [1, 2, 0], 'vit_b_16 transposed keys'],
  [[2, 58, 28, 28], [1, 0, 2, 3], 'shufflenet_v2 channel shuffle'],
];

const transposes = rows.map(([shape, order, where]) => {
  const output = order.map((axis) => shape[axis]!);
  return kernelCase({
    name: `transpose ${shape.join('x')} to ${order.join()} (${where})`,
    group: 'transpose',
    note: 'one call',
    operands: { x: { shape } },
    output,
    nodes: [{ op: 'Transpose', inputs: ['x'], output: 'y', attributes: { perm: { ints: order } } }],
    tolerance: 0,
    prepare: ({ x, y }) => {
      const steps = dense(shape);
      const parameters = {
        from: { ...x, strides: order.map((axis) => steps[axis]!) },
        to: { ...y, strides: dense(output) },
        shape: output,
        elementBytes: 4,
      } as const;
      return () => copyStrided(parameters);
    },
  });
});

const INT64 = 7;

/** Positions as float32 become int64, as in front of a gather. */
const casts = [4_096, 1_000_000].map((elements) =>
  kernelCase({
    name: `cast float32 to int64 ${elements}`,
    group: 'cast',
    note: 'one call',
    operands: { x: { shape: [elements], range: [-1000, 1000] } },
    output: [elements],
    outputType: 'int64',
    nodes: [{ op: 'Cast', inputs: ['x'], output: 'y', attributes: { to: { int: INT64 } } }],
    tolerance: 0,
    prepare: ({ x, y }, scratch) => {
      const strides = [1];
      const shape = [elements];
      const whole = { ...scratch(2 * elements), strides, dtype: 'int64' } as const;
      const parameters = { from: { ...x, strides }, to: whole, shape };
      const back = { from: whole, to: { ...y, strides }, shape };
      return { call: () => cast(parameters), finish: () => cast(back) };
    },
  }),
);

/** Two shapes, the axis along which they are joined, and where it occurs. */
const concatRows: readonly (readonly [
  a: readonly number[],
  b: readonly number[],
  axis: number,
  where: string,
])[] = [
  [[256, 28, 28], [32, 28, 28], 0, 'densenet121'],
  [[1, 768], [196, 768], 0, 'vit_b_16 class token'],
  [[4096, 64], [4096, 32], 1, 'features side by side'],
];

const concats = concatRows.map(([a, b, axis, where]) => {
  const output = a.map((size, d) => (d === axis ? size + b[d]! : size));
  return kernelCase({
    name: `concat ${a.join('x')}, ${b.join('x')} axis ${axis} (${where})`,
    group: 'concat, pad, gather',
    note: 'one call',
    operands: { a: { shape: a }, b: { shape: b } },
    output,
    nodes: [{ op: 'Concat', inputs: ['a', 'b'], output: 'y', attributes: { axis: { int: axis } } }],
    tolerance: 0,
    prepare: (at) => {
      const call = {
        inputs: [
          { x: at.a, size: a[axis]! },
          { x: at.b, size: b[axis]! },
        ],
        y: at.y,
        outer: count(output.slice(0, axis)),
        inner: count(output.slice(axis + 1)),
        elementBytes: 4,
      } as const;
      return () => concat(call);
    },
  });
});

const padRows: readonly (readonly [
  mode: 'constant' | 'reflect',
  shape: readonly number[],
  border: number,
  where: string,
])[] = [
  ['constant', [64, 56, 56], 1, 'resnet18'],
  ['constant', [3, 224, 224], 3, 'first layer'],
  ['reflect', [64, 112, 112], 1, 'style transfer'],
];

const paddings = padRows.map(([mode, shape, border, where]) => {
  const pads = shape.map((_, d) => (d === 0 ? ([0, 0] as const) : ([border, border] as const)));
  return kernelCase({
    name: `pad ${mode} ${shape.join('x')} by ${border} (${where})`,
    group: 'concat, pad, gather',
    note: 'one call',
    operands: { x: { shape } },
    output: shape.map((size, d) => size + pads[d]![0] + pads[d]![1]),
    nodes: [{ op: 'Pad', inputs: ['x', 'pads'], output: 'y', attributes: { mode: { string: mode } } }],
    indices: { pads: [0, 1].flatMap((end) => pads.map((both) => both[end]!)) },
    tolerance: 0,
    prepare: ({ x, y }) => {
      const call = { x, y, shape, pads, mode };
      return () => pad(call);
    },
  });
});

/** Rows of a table, how many are picked, their length, and where it occurs. */
const gatherCases: readonly (readonly [rows: number, picked: number, inner: number, where: string])[] = [
  [8192, 512, 768, 'embedding of 512 tokens'],
  [4096, 4096, 16, 'short rows'],
];

const gathers = gatherCases.map(([table, picked, inner, where]) => {
  // A fixed order that jumps around.
  const places = Array.from({ length: picked }, (_, i) => (i * 2654435761) % table);
  return kernelCase({
    name: `gather ${picked} of ${table}x${inner} (${where})`,
    group: 'concat, pad, gather',
    note: 'one call, places checked',
    operands: { x: { shape: [table, inner] } },
    output: [picked, inner],
    nodes: [{ op: 'Gather', inputs: ['x', 'places'], output: 'y', attributes: { axis: { int: 0 } } }],
    indices: { places },
    tolerance: 0,
    prepare: ({ x, y }, scratch) => {
      const indices = scratch(2 * picked);
      const bytes = indices.storage.bytes();
      new BigInt64Array(bytes.buffer, bytes.byteOffset, picked).set(places.map(BigInt));
      const call = { x, y, indices, outer: 1, rows: table, count: picked, inner, elementBytes: 4 } as const;
      return () => gatherRows(call);
    },
  });
});

/** Movements. */
export const movements: readonly KernelCase[] = [
  ...transposes,
  ...casts,
  ...concats,
  ...paddings,
  ...gathers,
];
