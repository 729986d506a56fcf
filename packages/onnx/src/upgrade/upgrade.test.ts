/** Models of older opsets give what onnxruntime gives for the same file. */
import {
  type AttributeProto,
  AttributeType,
  DataType,
  type Encodable,
  encodeModel,
} from '@sconce/onnx-proto';
import { manualSeed, rand, randn, type Tensor, tensor } from '@sconce/tensor';
import { describe, expect, test } from 'vitest';
import { InferenceSession } from '../session.ts';
import { tensorToProto } from '../tensor-proto.ts';
import { expectClose } from '../testing/compare.ts';
import { runOnnxruntime } from '../testing/onnxruntime.ts';

type Attribute = Encodable<AttributeProto>;
const ints = (name: string, ...values: number[]): Attribute => ({
  name,
  type: AttributeType.INTS,
  ints: values,
});
const int = (name: string, i: number): Attribute => ({ name, type: AttributeType.INT, i });
const float = (name: string, f: number): Attribute => ({ name, type: AttributeType.FLOAT, f });
const string = (name: string, s: string): Attribute => ({
  name,
  type: AttributeType.STRING,
  s: new TextEncoder().encode(s),
});

interface Old {
  readonly opset: number;
  readonly opType: string;
  readonly inputs: readonly Tensor[];
  readonly attributes?: readonly Attribute[];
  readonly outputs?: number;
}

/** A model of one node at an old opset, without shapes, so that nothing can be read off them. */
function oldModel({ opset, opType, inputs, attributes = [], outputs = 1 }: Old): Uint8Array {
  const [x, ...constants] = inputs;
  const names = Array.from({ length: outputs }, (_, index) => `y${index}`);
  return encodeModel({
    irVersion: 8,
    opsetImport: [{ domain: '', version: opset }],
    graph: {
      name: 'old',
      node: [
        { name: 'id', opType: 'Identity', input: ['x'], output: ['h'] },
        {
          name: 'old',
          opType,
          input: ['h', ...constants.map((_value, index) => `c${index}`)],
          output: names,
          attribute: [...attributes],
        },
      ],
      initializer: constants.map((value, index) => tensorToProto(value, `c${index}`)),
      input: [
        {
          name: 'x',
          type: { tensorType: { elemType: DataType.FLOAT, shape: { dim: x!.shape.map(() => ({})) } } },
        },
      ],
      output: names.map((name) => ({ name, type: { tensorType: { elemType: DataType.FLOAT } } })),
    },
  });
}

manualSeed(3);
const image = randn([2, 4, 5, 6]);
const mixed = randn([2, 3, 4]);
const floats = (...values: number[]): Tensor => tensor(values);

const cases: readonly (readonly [string, Old])[] = [
  [
    'Slice',
    {
      opset: 9,
      opType: 'Slice',
      inputs: [image],
      attributes: [ints('starts', 1, -3), ints('ends', 9, -1), ints('axes', 1, 3)],
    },
  ],
  [
    'Slice without axes',
    { opset: 9, opType: 'Slice', inputs: [mixed], attributes: [ints('starts', 0, 1), ints('ends', 1, 3)] },
  ],
  [
    'Clip',
    { opset: 10, opType: 'Clip', inputs: [mixed], attributes: [float('min', -0.5), float('max', 0.5)] },
  ],
  ['Clip above', { opset: 9, opType: 'Clip', inputs: [mixed], attributes: [float('max', 0.5)] }],
  [
    'Pad',
    {
      opset: 10,
      opType: 'Pad',
      inputs: [mixed],
      attributes: [ints('pads', 0, 1, 0, 1, 0, 2), float('value', 3)],
    },
  ],
  [
    'Pad reflect',
    {
      opset: 9,
      opType: 'Pad',
      inputs: [mixed],
      attributes: [ints('pads', 0, 1, 2, 0, 1, 1), string('mode', 'reflect')],
    },
  ],
  ['Dropout', { opset: 10, opType: 'Dropout', inputs: [mixed], attributes: [float('ratio', 0.3)] }],
  ['Squeeze', { opset: 12, opType: 'Squeeze', inputs: [randn([1, 3, 1])], attributes: [ints('axes', 0)] }],
  ['Squeeze all', { opset: 9, opType: 'Squeeze', inputs: [randn([1, 3, 1])] }],
  ['Unsqueeze', { opset: 11, opType: 'Unsqueeze', inputs: [mixed], attributes: [ints('axes', 0, -1)] }],
  [
    'Split',
    {
      opset: 12,
      opType: 'Split',
      inputs: [mixed],
      attributes: [ints('split', 1, 3), int('axis', 2)],
      outputs: 2,
    },
  ],
  [
    'Split evenly',
    { opset: 11, opType: 'Split', inputs: [mixed], attributes: [int('axis', -1)], outputs: 2 },
  ],
  [
    'Split evenly by input',
    { opset: 13, opType: 'Split', inputs: [mixed], attributes: [int('axis', 2)], outputs: 2 },
  ],
  [
    'ReduceSum',
    {
      opset: 12,
      opType: 'ReduceSum',
      inputs: [mixed],
      attributes: [ints('axes', -1, 0), int('keepdims', 0)],
    },
  ],
  ...['L1', 'L2', 'LogSum', 'LogSumExp', 'Max', 'Mean', 'Min', 'Prod', 'SumSquare'].map(
    (name) =>
      [
        `Reduce${name}`,
        { opset: 13, opType: `Reduce${name}`, inputs: [rand([2, 3, 4])], attributes: [ints('axes', 1)] },
      ] as const,
  ),
  ...[0, 1, 2, -1].flatMap((axis) =>
    ['Softmax', 'LogSoftmax'].map(
      (opType) =>
        [
          `${opType} ${axis}`,
          { opset: 11, opType, inputs: [mixed], attributes: [int('axis', axis)] },
        ] as const,
    ),
  ),
  ['Softmax of an image', { opset: 12, opType: 'Softmax', inputs: [image] }],
  [
    'BatchNormalization',
    {
      opset: 9,
      opType: 'BatchNormalization',
      inputs: [image, rand([4]), rand([4]), rand([4]), rand([4])],
      attributes: [float('momentum', 0.8)],
    },
  ],
  [
    'GroupNormalization',
    {
      opset: 18,
      opType: 'GroupNormalization',
      inputs: [image, rand([2]), rand([2])],
      attributes: [int('num_groups', 2)],
    },
  ],
  ['Upsample', { opset: 9, opType: 'Upsample', inputs: [image, floats(1, 1, 2, 1.5)] }],
  [
    'Upsample linear',
    {
      opset: 9,
      opType: 'Upsample',
      inputs: [image, floats(1, 1, 2, 3)],
      attributes: [string('mode', 'linear')],
    },
  ],
  ['Resize', { opset: 10, opType: 'Resize', inputs: [image, floats(1, 1, 0.6, 2)] }],
  [
    'Resize linear',
    {
      opset: 10,
      opType: 'Resize',
      inputs: [image, floats(1, 1, 0.6, 2)],
      attributes: [string('mode', 'linear')],
    },
  ],
  [
    'Resize of version 11',
    {
      opset: 11,
      opType: 'Resize',
      inputs: [image, floats(), floats(1, 1, 2, 2)],
      attributes: [string('mode', 'linear')],
    },
  ],
  [
    'AveragePool',
    {
      opset: 11,
      opType: 'AveragePool',
      inputs: [image],
      attributes: [ints('kernel_shape', 2, 2), int('ceil_mode', 1)],
    },
  ],
  [
    'MaxPool',
    {
      opset: 9,
      opType: 'MaxPool',
      inputs: [image],
      attributes: [ints('kernel_shape', 3, 3), ints('strides', 2, 2)],
    },
  ],
  [
    'Gemm',
    {
      opset: 9,
      opType: 'Gemm',
      inputs: [randn([2, 3]), randn([3, 4]), randn([1, 4])],
      attributes: [float('beta', 0.5)],
    },
  ],
  ['Flatten', { opset: 9, opType: 'Flatten', inputs: [image], attributes: [int('axis', 2)] }],
];

describe('older forms', () => {
  test.each(cases)('%s', async (_name, old) => {
    const bytes = oldModel(old);
    const feeds = { x: old.inputs[0]! };
    const session = await InferenceSession.create(bytes);
    const results = await session.run(feeds);
    const expected = await runOnnxruntime(bytes, feeds);
    for (const name of session.outputNames) expectClose(results[name], expected[name]!, 2e-6, name);
  });

  test('the training form of BatchNormalization is refused', async () => {
    const old = {
      opset: 9,
      opType: 'BatchNormalization',
      inputs: [image, rand([4]), rand([4]), rand([4]), rand([4])],
      outputs: 3,
    };
    await expect(InferenceSession.create(oldModel(old))).rejects.toThrow(
      'Node old (BatchNormalization): the training form of versions below 14 (outputs mean, var, ...) is not supported',
    );
  });

  test('a missing attribute is named', async () => {
    await expect(
      InferenceSession.create(oldModel({ opset: 9, opType: 'Slice', inputs: [mixed] })),
    ).rejects.toThrow("Node old (Slice): attribute 'starts': expected integers, got nothing");
  });
});
