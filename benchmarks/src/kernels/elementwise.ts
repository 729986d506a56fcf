// Elementwise operations, one by one and in chains.

import { type BinaryOp, type Expression, elementwise, fusedElementwise, type UnaryOp } from '@sconce/engine';
import { broadcastStrides, dense, type KernelCase, kernelCase } from './case.ts';

type Shape = readonly number[];
type Range = readonly [low: number, high: number];

/** Activations of the networks, at the size of one of their layers. */
const unaryRows: readonly (readonly [
  op: UnaryOp,
  onnx: string,
  shape: Shape,
  where: string,
  range?: Range,
])[] = [
  ['relu', 'Relu', [64, 112, 112], 'resnet18'],
  ['relu', 'Relu', [512, 7, 7], 'resnet18'],
  ['sigmoid', 'Sigmoid', [96, 112, 112], 'efficientnet_b0'],
  ['hardswish', 'HardSwish', [16, 112, 112], 'mobilenet_v3', [-4, 4]],
  ['gelu', 'Gelu', [197, 3072], 'vit_b_16', [-4, 4]],
  ['gelu', 'Gelu', [3136, 384], 'convnext_tiny', [-4, 4]],
  ['exp', 'Exp', [197, 768], 'vit_b_16', [-4, 4]],
  ['tanh', 'Tanh', [197, 768], 'vit_b_16', [-4, 4]],
  ['erf', 'Erf', [197, 768], 'vit_b_16', [-4, 4]],
  ['sqrt', 'Sqrt', [197, 768], 'vit_b_16', [0, 4]],
  ['log', 'Log', [197, 768], 'vit_b_16', [0.01, 4]],
];

const unary = unaryRows.map(([op, onnx, shape, where, range = [-1, 1] as const]) =>
  kernelCase({
    name: `${op} ${shape.join('x')} (${where})`,
    group: 'elementwise',
    note: 'one call',
    operands: { x: { shape, range } },
    output: shape,
    nodes: [{ op: onnx, inputs: ['x'], output: 'y' }],
    prepare: ({ x, y }) => {
      const strides = dense(shape);
      const parameters = { op, inputs: [{ ...x, strides }], output: { ...y, strides }, shape };
      return () => elementwise(parameters);
    },
  }),
);

/** Binary operations; the second operand broadcasts where its shape says so. */
const binaryRows: readonly (readonly [
  op: BinaryOp,
  onnx: string,
  shape: Shape,
  other: Shape,
  where: string,
])[] = [
  ['add', 'Add', [256, 56, 56], [256, 56, 56], 'resnet50 residual'],
  ['add', 'Add', [24, 56, 56], [24, 56, 56], 'mobilenet_v2 residual'],
  ['add', 'Add', [197, 768], [768], 'vit_b_16 bias'],
  ['mul', 'Mul', [96, 56, 56], [96, 1, 1], 'efficientnet_b0 squeeze and excite'],
  ['mul', 'Mul', [1152, 7, 7], [1152, 1, 1], 'efficientnet_b0 squeeze and excite'],
  ['div', 'Div', [12, 197, 197], [1], 'vit_b_16 scores'],
];

const binary = binaryRows.map(([op, onnx, shape, other, where]) =>
  kernelCase({
    name: `${op} ${shape.join('x')}, ${other.join('x')} (${where})`,
    group: 'elementwise',
    note: 'one call',
    operands: { a: { shape }, b: { shape: other, range: [0.5, 1.5] } },
    output: shape,
    nodes: [{ op: onnx, inputs: ['a', 'b'], output: 'y' }],
    prepare: ({ a, b, y }) => {
      const strides = dense(shape);
      const parameters = {
        op,
        inputs: [
          { ...a, strides },
          { ...b, strides: broadcastStrides(other, shape) },
        ],
        output: { ...y, strides },
        shape,
      };
      return () => elementwise(parameters);
    },
  }),
);

/** `relu(a + b)`, the end of a residual block. */
const residual = (shape: Shape, where: string): KernelCase =>
  kernelCase({
    name: `relu(a + b) ${shape.join('x')} (${where})`,
    group: 'elementwise chain',
    note: 'one call, relu applied before the store',
    operands: { a: { shape }, b: { shape } },
    output: shape,
    nodes: [
      { op: 'Add', inputs: ['a', 'b'], output: 'sum' },
      { op: 'Relu', inputs: ['sum'], output: 'y' },
    ],
    prepare: ({ a, b, y }) => {
      const strides = dense(shape);
      const parameters = {
        op: 'add',
        inputs: [
          { ...a, strides },
          { ...b, strides },
        ],
        output: { ...y, strides },
        shape,
        activation: { kind: 'relu' },
      } as const;
      return () => elementwise(parameters);
    },
  });

/** `x * sigmoid(x)`: as PyTorch's exporters write SiLU. */
const silu = (shape: Shape, where: string): KernelCase =>
  kernelCase({
    name: `silu ${shape.join('x')} (${where})`,
    group: 'elementwise chain',
    note: 'one call',
    operands: { x: { shape, range: [-4, 4] } },
    output: shape,
    nodes: [
      { op: 'Sigmoid', inputs: ['x'], output: 'gate' },
      { op: 'Mul', inputs: ['x', 'gate'], output: 'y' },
    ],
    prepare: ({ x, y }) => {
      const strides = dense(shape);
      const parameters = {
        op: 'silu',
        inputs: [{ ...x, strides }],
        output: { ...y, strides },
        shape,
      } as const;
      return () => elementwise(parameters);
    },
  });

/** `gamma * x + residual`, the layer scale of ConvNeXt. */
const layerScale = (rows: number, features: number): KernelCase => {
  const shape = [rows, features];
  return kernelCase({
    name: `gamma * x + r ${rows}x${features} (convnext_tiny)`,
    group: 'elementwise chain',
    note: 'one call, fused',
    operands: { x: { shape }, gamma: { shape: [features], constant: true }, r: { shape } },
    output: shape,
    nodes: [
      { op: 'Mul', inputs: ['x', 'gamma'], output: 'scaled' },
      { op: 'Add', inputs: ['scaled', 'r'], output: 'y' },
    ],
    prepare: ({ x, gamma, r, y }) => {
      const strides = dense(shape);
      const call = {
        expressions: [{ op: 'fma', args: [{ input: 0 }, { input: 1 }, { input: 2 }] }] as const,
        inputs: [
          { ...x, strides },
          { ...gamma, strides: broadcastStrides([features], shape) },
          { ...r, strides },
        ],
        outputs: [{ ...y, strides }],
        shape,
      };
      return () => fusedElementwise(call);
    },
  });
};

/** `tanh((a + b) * c) * exp(-a)`: a chain that no one has a kernel for. */
const unusual = (elements: number): KernelCase => {
  const shape = [elements];
  const [a, b, c] = [{ input: 0 }, { input: 1 }, { input: 2 }];
  const product: Expression = { op: 'mul', args: [{ op: 'add', args: [a, b] }, c] };
  const expression: Expression = {
    op: 'mul',
    args: [
      { op: 'tanh', args: [product] },
      { op: 'exp', args: [{ op: 'neg', args: [a] }] },
    ],
  };
  return kernelCase({
    name: `tanh((a + b) * c) * exp(-a) ${elements}`,
    group: 'elementwise chain',
    note: 'one call, fused',
    operands: { a: { shape }, b: { shape }, c: { shape } },
    output: shape,
    nodes: [
      { op: 'Add', inputs: ['a', 'b'], output: 'sum' },
      { op: 'Mul', inputs: ['sum', 'c'], output: 'product' },
      { op: 'Tanh', inputs: ['product'], output: 'bounded' },
      { op: 'Neg', inputs: ['a'], output: 'negative' },
      { op: 'Exp', inputs: ['negative'], output: 'factor' },
      { op: 'Mul', inputs: ['bounded', 'factor'], output: 'y' },
    ],
    prepare: (at) => {
      const [a, b, c, y] = [at.a, at.b, at.c, at.y].map((slice) => ({ ...slice, strides: [1] }));
      const call = { expressions: [expression], inputs: [a!, b!, c!], outputs: [y!], shape };
      return () => fusedElementwise(call);
    },
  });
};

/** Elementwise operations and chains of them. */
export const elementwiseOperations: readonly KernelCase[] = [
  ...unary,
  ...binary,
  residual([64, 56, 56], 'resnet18'),
  residual([256, 56, 56], 'resnet50'),
  residual([512, 7, 7], 'resnet18'),
  silu([96, 112, 112], 'efficientnet_b0'),
  silu([1152, 7, 7], 'efficientnet_b0'),
  layerScale(3136, 96),
  layerScale(196, 384),
  unusual(4096),
  unusual(1 << 20),
];
