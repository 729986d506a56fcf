/** Operators with all their options give what onnxruntime gives, and every operator of the table is run by some test. */
import { type AttributeValue, GraphBuilder, GraphSession, operators } from '@sconce/graph';
import { manualSeed, rand, randn, type Tensor, tensor } from '@sconce/tensor';
import { fixtureJson } from '@sconce/testing';
import { describe, expect, test } from 'vitest';
import { flag, float, int, ints, string } from './attribute-values.ts';
import { exportGraph } from './export-graph.ts';
import { expectClose } from './testing/compare.ts';
import { runOnnxruntime } from './testing/onnxruntime.ts';

interface Case {
  readonly name: string;
  readonly opType: string;
  readonly inputs: readonly (Tensor | null)[];
  readonly attributes: Record<string, AttributeValue>;
  readonly outputs: number;
  readonly opset: number;
}

manualSeed(1);
const cases: Case[] = [];

interface Extra {
  outputs?: number;
  opset?: number;
}

function add(
  name: string,
  inputs: readonly (Tensor | null)[],
  attributes: Record<string, AttributeValue> = {},
  extra: Extra = {},
): void {
  const [opType = ''] = name.split(' ');
  cases.push({ name, opType, inputs, attributes, outputs: extra.outputs ?? 1, opset: extra.opset ?? 22 });
}

const longs = (...values: number[]): Tensor => tensor(BigInt64Array.from(values, BigInt));
const floats = (...values: number[]): Tensor => tensor(values);
const image = randn([2, 3, 7, 6]);
const row = randn([2, 3, 11]);
const positive = rand([2, 3, 4]).add(0.1);
const mixed = randn([2, 3, 4]).mul(2);

for (const opType of [
  'Abs',
  'Ceil',
  'Cos',
  'Erf',
  'Exp',
  'Floor',
  'Neg',
  'Round',
  'Sign',
  'Sin',
  'Tan',
  'Relu',
  'Sigmoid',
  'Tanh',
  'HardSwish',
  'Softplus',
  'Softsign',
  'Mish',
  'Identity',
])
  add(opType, [mixed]);
for (const opType of ['Log', 'Sqrt', 'Reciprocal']) add(opType, [positive]);
add('Round halves', [floats(-2.5, -1.5, -0.5, 0.5, 1.5, 2.5)]);
add('Sign special', [floats(Number.NaN, -0, Number.NEGATIVE_INFINITY)]);
add('IsNaN', [floats(1, Number.NaN, Number.POSITIVE_INFINITY)]);
for (const opType of ['LeakyRelu', 'Elu', 'Celu', 'ThresholdedRelu', 'Selu']) {
  add(opType, [mixed]);
  add(`${opType} alpha`, [mixed], { alpha: float(0.5) });
}
add('Selu gamma', [mixed], { gamma: float(1.5) });
add('HardSigmoid', [mixed]);
add('HardSigmoid alpha', [mixed], { alpha: float(0.3), beta: float(0.4) });
add('HardSigmoid of PyTorch', [mixed.mul(3)], { alpha: float(1 / 6), beta: float(0.5) });
add('Gelu', [mixed]);
add('Gelu tanh', [mixed], { approximate: string('tanh') });
add('Swish', [mixed], {}, { opset: 24 });
add('Swish alpha', [mixed], { alpha: float(0.5) }, { opset: 24 });
add('PRelu', [image, rand([3, 1, 1])]);

for (const opType of ['Add', 'Sub', 'Mul', 'Div', 'Pow']) add(opType, [positive, rand([3, 1]).add(0.5)]);
for (const opType of ['Add', 'Sub', 'Mul']) add(`${opType} int64`, [longs(1, -7, 3), longs(2, 2, -5)]);
add('Div int64', [longs(7, -7, 7, -7), longs(2, 2, -2, -2)]);
add('Div int32', [tensor(Int32Array.of(7, -7)), tensor(Int32Array.of(2, 2))]);
add('Pow of mixed types', [floats(1, 2, 3), longs(2, 3, 0)]);
add('Mod int64', [longs(7, -7, 7, -7), longs(3, 3, -3, -3)]);
add('Mod fmod', [floats(5.3, -5.3), floats(2, 2)], { fmod: flag(true) });
add('Mod fmod int64', [longs(7, -7, 7, -7), longs(3, 3, -3, -3)], { fmod: flag(true) });
for (const opType of ['Max', 'Min', 'Sum', 'Mean']) {
  add(opType, [mixed, randn([3, 1]), randn([4])]);
  add(`${opType} of one`, [mixed]);
}
for (const opType of ['Equal', 'Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual']) {
  add(opType, [floats(1, 2, 3), floats(2, 2, 2)]);
  add(`${opType} int64`, [longs(1, 2, 3), longs(2)]);
}
const yes = tensor([
  [true, false],
  [true, true],
]);
const no = tensor([true, false]);
for (const opType of ['And', 'Or', 'Xor']) add(opType, [yes, no]);
add('Not', [yes]);
add('Where', [yes, randn([2, 2]), randn([2])]);
add('Clip', [mixed, tensor(-0.5), tensor(0.5)]);
add('Clip below', [mixed, null, tensor(0.5)]);
add('Clip nothing', [mixed]);
add('Clip int64', [longs(-5, 0, 5), tensor(-1n), tensor(3n)]);

for (const opType of [
  'ReduceSum',
  'ReduceMean',
  'ReduceMax',
  'ReduceMin',
  'ReduceProd',
  'ReduceL1',
  'ReduceL2',
  'ReduceSumSquare',
  'ReduceLogSum',
  'ReduceLogSumExp',
]) {
  add(`${opType} all`, [positive]);
  add(`${opType} axes`, [positive, longs(-1, 0)], { keepdims: flag(false) });
  add(`${opType} one axis`, [positive, longs(1)]);
  add(`${opType} no axes`, [positive, longs()], { noop_with_empty_axes: flag(true) });
}
add('ReduceSum int64', [longs(1, 2, 3)]);
add('ReduceLogSumExp large', [floats(1000, 1001)]);
const ties = tensor([
  [1, 3, 3],
  [2, 2, 0],
]);
for (const opType of ['ArgMax', 'ArgMin']) {
  add(`${opType}`, [ties]);
  add(`${opType} last`, [ties], { axis: int(-1), keepdims: flag(false), select_last_index: flag(true) });
}
for (const [exclusive, reverse] of [
  [false, false],
  [true, false],
  [false, true],
  [true, true],
])
  add(`CumSum ${exclusive} ${reverse}`, [mixed, tensor(1n)], {
    exclusive: flag(exclusive!),
    reverse: flag(reverse!),
  });
add('Softmax', [mixed], { axis: int(1) });
add('LogSoftmax', [mixed]);

add('MatMul', [randn([2, 3, 4]), randn([4, 5])]);
add('MatMul vector', [randn([4]), randn([2, 4, 5])]);
for (const [transA, transB] of [
  [false, false],
  [true, false],
  [false, true],
  [true, true],
])
  add(
    `Gemm ${transA} ${transB}`,
    [randn(transA ? [3, 2] : [2, 3]), randn(transB ? [4, 3] : [3, 4]), randn([4])],
    {
      alpha: float(transB ? 1 : 0.5),
      beta: float(transA ? 2 : 1),
      transA: flag(transA!),
      transB: flag(transB!),
    },
  );
add('Gemm column', [randn([2, 3]), randn([3, 4]), randn([2, 1])]);
add('Gemm bare', [randn([2, 3]), randn([3, 4])]);

const weight = randn([4, 3, 3, 2]);
add('Conv', [image, weight, randn([4])]);
add('Conv uneven pads', [image, weight], { pads: ints([0, 1, 2, 0]), strides: ints([2, 1]) });
add('Conv dilated', [image, weight], { dilations: ints([2, 3]), pads: ints([2, 2, 2, 2]) });
add('Conv grouped', [randn([1, 4, 5, 5]), randn([6, 2, 3, 3])], { group: int(2) });
add('Conv 1-D', [row, randn([4, 3, 3]), randn([4])], { pads: ints([1, 0]), strides: ints([2]) });
for (const mode of ['SAME_UPPER', 'SAME_LOWER', 'VALID']) {
  add(`Conv ${mode}`, [image, weight], { auto_pad: string(mode), strides: ints([2, 2]) });
  add(`MaxPool ${mode}`, [image], {
    auto_pad: string(mode),
    kernel_shape: ints([3, 2]),
    strides: ints([2, 2]),
  });
  add(`AveragePool ${mode}`, [image], {
    auto_pad: string(mode),
    kernel_shape: ints([3, 2]),
    strides: ints([2, 2]),
  });
}
const backward = randn([3, 4, 3, 2]);
add('ConvTranspose', [image, backward, randn([4])]);
add('ConvTranspose strided', [image, backward, randn([4])], {
  strides: ints([2, 3]),
  pads: ints([1, 0, 1, 1]),
  output_padding: ints([1, 2]),
});
add('ConvTranspose dilated', [image, backward], { dilations: ints([2, 2]) });
add('ConvTranspose shape', [image, backward, randn([4])], {
  strides: ints([2, 2]),
  output_shape: ints([13, 12]),
});
add('ConvTranspose larger shape', [image, backward, randn([4])], {
  strides: ints([2, 2]),
  output_shape: ints([14, 11]),
  auto_pad: string('SAME_UPPER'),
});
add('ConvTranspose SAME_UPPER', [image, backward], { strides: ints([2, 2]), auto_pad: string('SAME_UPPER') });
add('ConvTranspose grouped', [randn([1, 4, 3, 3]), randn([4, 2, 2, 2])], {
  group: int(2),
  strides: ints([2, 2]),
});
add('ConvTranspose 1-D', [row, randn([3, 2, 4]), randn([2])], { strides: ints([3]), pads: ints([1, 2]) });

const kernel = { kernel_shape: ints([3, 2]) };
for (const opType of ['MaxPool', 'AveragePool']) {
  add(`${opType}`, [image], kernel);
  add(`${opType} padded`, [image], { ...kernel, pads: ints([1, 0, 0, 1]), strides: ints([2, 2]) });
  add(`${opType} ceil`, [image], { ...kernel, strides: ints([2, 3]), ceil_mode: flag(true) });
  add(`${opType} ceil padded`, [image], {
    ...kernel,
    strides: ints([3, 2]),
    pads: ints([1, 1, 1, 1]),
    ceil_mode: flag(true),
  });
  add(`${opType} dilated`, [image], { ...kernel, dilations: ints([2, 3]) });
  add(`${opType} 1-D`, [row], { kernel_shape: ints([3]), strides: ints([2]), pads: ints([1, 1]) });
}
add('AveragePool with padding', [image], {
  ...kernel,
  pads: ints([1, 0, 0, 1]),
  count_include_pad: flag(true),
});
add('AveragePool dilated with padding', [image], {
  ...kernel,
  dilations: ints([2, 2]),
  pads: ints([1, 1, 1, 1]),
  count_include_pad: flag(true),
});
add('AveragePool much padding', [image], { ...kernel, pads: ints([2, 1, 2, 1]) });
add('AveragePool much padding counted', [image], {
  ...kernel,
  pads: ints([2, 1, 2, 1]),
  count_include_pad: flag(true),
});
add(
  'MaxPool indices',
  [image],
  { ...kernel, strides: ints([2, 2]), pads: ints([1, 1, 1, 0]) },
  { outputs: 2 },
);
add('MaxPool indices by columns', [image], { ...kernel, storage_order: flag(true) }, { outputs: 2 });
add('MaxPool indices 1-D', [row], { kernel_shape: ints([3]) }, { outputs: 2 });
const volume = randn([2, 3, 5, 6, 4]);
add('Conv 3-D', [volume, randn([4, 3, 2, 3, 2]), randn([4])], {
  pads: ints([1, 0, 1, 0, 2, 0]),
  strides: ints([2, 1, 1]),
  dilations: ints([2, 1, 1]),
});
add('Conv 3-D grouped', [randn([1, 4, 3, 3, 3]), randn([4, 2, 2, 2, 2])], { group: int(2) });
for (const opType of ['MaxPool', 'AveragePool']) {
  add(`${opType} 3-D`, [volume], {
    kernel_shape: ints([2, 3, 2]),
    strides: ints([2, 2, 1]),
    pads: ints([1, 1, 0, 0, 1, 1]),
  });
  add(`${opType} 3-D ceil`, [volume], {
    kernel_shape: ints([2, 3, 2]),
    strides: ints([2, 2, 2]),
    ceil_mode: flag(true),
  });
}
add('GlobalAveragePool', [image]);
add('GlobalMaxPool', [image]);
add('GlobalMaxPool 1-D', [row]);

const perChannel = (): Tensor => rand([3]).add(0.5);
add('BatchNormalization', [image, perChannel(), perChannel(), perChannel(), perChannel()], {
  epsilon: float(0.01),
});
add('BatchNormalization matrix', [randn([4, 3]), perChannel(), perChannel(), perChannel(), perChannel()]);
add(
  'BatchNormalization training',
  [image, perChannel(), perChannel(), perChannel(), perChannel()],
  { training_mode: flag(true), momentum: float(0.8) },
  { outputs: 3 },
);
add('LayerNormalization', [mixed, rand([4]), randn([4])]);
add('LayerNormalization axis', [mixed, rand([3, 4])], { axis: int(1) }, { outputs: 3 });
add('LayerNormalization broadcast', [mixed, rand([1, 4]), randn([3, 1])], { axis: int(1) });
add('InstanceNormalization', [image, perChannel(), perChannel()]);
add('GroupNormalization', [randn([2, 4, 5]), rand([4]), randn([4])], { num_groups: int(2) });
add('RMSNormalization', [mixed, rand([4])], {}, { opset: 23 });
add('LRN', [image], { size: int(3), alpha: float(0.5), beta: float(0.6), bias: float(1.5) });
add('LpNormalization', [mixed], { axis: int(1), p: int(1) });
add('LpNormalization 2', [mixed]);

add('Reshape', [mixed, longs(0, -1)]);
add('Reshape to nothing', [floats(3), longs()]);
add('Reshape allowzero', [randn([0, 3]), longs(3, 0)], { allowzero: flag(true) });
for (const axis of [-1, 0, 1, 3]) add(`Flatten ${axis}`, [mixed], { axis: int(axis) });
add('Transpose', [mixed]);
add('Transpose perm', [mixed], { perm: ints([1, 2, 0]) });
add('Squeeze', [randn([1, 3, 1])]);
add('Squeeze axes', [randn([1, 3, 1]), longs(-1)]);
add('Unsqueeze', [mixed, longs(-1, 0)]);
add('Concat', [mixed, randn([2, 1, 4])], { axis: int(-2) });
add('Split', [mixed, longs(1, 3)], { axis: int(2) }, { outputs: 2 });
add('Split evenly', [randn([7, 2])], { num_outputs: int(3) }, { outputs: 3 });
add('Slice', [mixed, longs(1, -3), longs(9, -1), longs(1, 2)]);
add('Slice backwards', [mixed, longs(-1, 2), longs(-99, 0), longs(2, 1), longs(-2, -1)]);
add('Slice nothing', [mixed, longs(3), longs(1), longs(2)]);
for (const mode of ['constant', 'reflect', 'edge', 'wrap']) {
  add(`Pad ${mode}`, [image, longs(0, 0, 1, 2, 0, 0, 2, 1)], { mode: string(mode) });
  add(`Pad ${mode} axes`, [image, longs(1, 2), null, longs(-1)], { mode: string(mode) });
}
add('Pad value', [image, longs(0, 0, 1, -2, 0, 0, -1, 1), tensor(2.5)]);
add('Expand', [randn([3, 1]), longs(2, 1, 4)]);
add('Tile', [mixed, longs(1, 2, 3)]);
add('DepthToSpace DCR', [randn([1, 8, 2, 3])], { blocksize: int(2), mode: string('DCR') });
add('DepthToSpace CRD', [randn([1, 8, 2, 3])], { blocksize: int(2), mode: string('CRD') });
add('SpaceToDepth', [randn([1, 2, 4, 6])], { blocksize: int(2) });

add(
  'Gather',
  [
    mixed,
    tensor([
      [0n, -1n],
      [2n, 1n],
    ]),
  ],
  { axis: int(1) },
);
add('Gather scalar', [mixed, tensor(-1n)], { axis: int(2) });
add('GatherElements', [mixed, longs(0, -1).reshape([1, 2, 1])], { axis: int(1) });
add('GatherND', [
  mixed,
  tensor([
    [0n, 1n],
    [1n, -1n],
  ]),
]);
add('GatherND batch', [mixed, tensor([[2n], [0n]])], { batch_dims: int(1) });
add('TopK', [mixed, longs(2)], {}, { outputs: 2 });
add('TopK smallest', [mixed, longs(2)], { axis: int(1), largest: flag(false) }, { outputs: 2 });
for (const upper of [true, false]) {
  add(`Trilu ${upper}`, [mixed], { upper: flag(upper) });
  add(`Trilu ${upper} shifted`, [mixed, tensor(-1n)], { upper: flag(upper) });
}
add('NonZero', [
  tensor([
    [1, 0],
    [0, 2],
  ]),
]);
add('OneHot', [longs(1, -1, 5), longs(3), floats(0.5, 2)]);
add('OneHot axis', [tensor([[0n, 1n]]), longs(3), floats(0, 1)], { axis: int(0) });

add('Constant', [], { value: { type: 'tensor', value: floats(1, 2) } });
add('ConstantOfShape', [longs(2, 3)]);
add('ConstantOfShape value', [longs(2)], { value: { type: 'tensor', value: longs(7) } });
add('Shape', [mixed], { start: int(-2), end: int(5) });
add('Size', [mixed]);
add('Range', [tensor(1n), tensor(-7n), tensor(-3n)]);
add('Range float', [tensor(0.5), tensor(2), tensor(0.25)]);
for (const [name, to] of [
  ['float64', 11],
  ['int64', 7],
  ['int32', 6],
  ['uint8', 2],
  ['bool', 9],
] as const)
  add(`Cast ${name}`, [floats(0, 1.7, 200.5)], { to: int(to) });
add('Cast bool to float', [yes], { to: int(1) });
add('CastLike', [floats(1.5), longs(1)]);
add('EyeLike', [randn([3, 4])], { k: int(1) });
add('EyeLike dtype', [randn([3, 4])], { k: int(-1), dtype: int(7) });
add('Dropout', [mixed], {}, { outputs: 2 });

for (const mode of ['nearest', 'linear', 'cubic'])
  for (const coordinates of [
    'half_pixel',
    'half_pixel_symmetric',
    'pytorch_half_pixel',
    'align_corners',
    'asymmetric',
  ])
    for (const [what, inputs] of [
      ['larger', [image, null, floats(1, 1, 2, 1.7)]],
      ['smaller', [image, null, floats(1, 1, 0.65, 0.5)]],
      ['sizes', [image, null, null, longs(2, 3, 5, 9)]],
    ] as const)
      add(`Resize ${mode} ${coordinates} ${what}`, [...inputs], {
        coordinate_transformation_mode: string(coordinates),
        mode: string(mode),
      });
add('Resize nearest repeating', [image, null, floats(1, 2, 3, 1)], {
  coordinate_transformation_mode: string('asymmetric'),
  nearest_mode: string('floor'),
});
add('Resize nearest repeating from centres', [image, null, null, longs(2, 3, 14, 18)]);
for (const nearest of ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'])
  add(`Resize nearest ${nearest}`, [image, null, floats(1, 1, 2, 1.5)], {
    coordinate_transformation_mode: string('asymmetric'),
    nearest_mode: string(nearest),
  });
for (const mode of ['nearest', 'linear', 'cubic'])
  add(`Resize crop ${mode}`, [image, floats(0, 0, 0.2, -0.1, 1, 1, 0.8, 1.2), null, longs(2, 3, 4, 5)], {
    coordinate_transformation_mode: string('tf_crop_and_resize'),
    extrapolation_value: float(9),
    mode: string(mode),
  });
for (const mode of ['linear', 'cubic']) {
  add(`Resize antialias ${mode}`, [image, null, floats(1, 1, 0.6, 0.4)], {
    antialias: flag(true),
    mode: string(mode),
    exclude_outside: flag(mode === 'cubic'),
  });
  add(`Resize axes ${mode}`, [image, null, null, longs(3, 9)], { axes: ints([3, 2]), mode: string(mode) });
}
add('Resize not larger', [image, null, null, longs(14, 9)], {
  axes: ints([2, 3]),
  keep_aspect_ratio_policy: string('not_larger'),
  mode: string('linear'),
});
add('Resize not smaller', [image, null, null, longs(14, 9)], {
  axes: ints([2, 3]),
  keep_aspect_ratio_policy: string('not_smaller'),
  mode: string('linear'),
});
describe('operators', () => {
  test.each(cases)('$name', async ({ opType, inputs, attributes, outputs, opset }) => {
    const builder = new GraphBuilder();
    const feeds: Record<string, Tensor> = {};
    const names = inputs.map((value, index) => {
      if (value === null) return '';
      feeds[`x${index}`] = value;
      return builder.input(`x${index}`, value.dtype, value.shape);
    });
    const made = builder.nodes(opType, names, { attributes, outputs });
    for (const name of made) builder.output(name, 'undefined');
    const results = await new GraphSession(builder.graph).run(feeds);
    builder.graph.outputs = made.map((name) => ({ name, dtype: results[name]!.dtype }));
    const expected = await runOnnxruntime(exportGraph(builder.graph, { opset }), feeds);
    for (const name of made) expectClose(results[name], expected[name]!, 2e-6, name);
  });

  test('every operator of the table is run here or by a fixture', () => {
    const fixtures = fixtureJson<{ cases: { operators: string[] }[] }>('onnx/onnx.json').cases.flatMap(
      (one) => one.operators,
    );
    const covered = new Set([...fixtures, ...cases.map((one) => one.opType)]);
    expect([...operators].map((one) => one.opType).filter((opType) => !covered.has(opType))).toEqual([]);
  });
});
