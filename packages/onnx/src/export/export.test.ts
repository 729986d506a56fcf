/** Modules written as ONNX give the same outputs here, in onnxruntime, and read back by our own session. */

import * as nn from '@sconce/nn';
import { decodeModel } from '@sconce/onnx-proto';
import { cat, manualSeed, noGrad, ones, rand, randn, type Tensor, tensor, topk, zeros } from '@sconce/tensor';
import { describe, expect, test } from 'vitest';
import { OnnxError } from '../errors.ts';
import { InferenceSession } from '../session.ts';
import { expectClose } from '../testing/compare.ts';
import { runOnnxruntime } from '../testing/onnxruntime.ts';
import { type ExportOptions, exportOnnx } from './model.ts';

/** Exports, runs in both, compares; returns the file. */
async function roundTrip(
  model: nn.Module,
  x: Tensor,
  options: ExportOptions = {},
  others: Tensor[] = [],
): Promise<Uint8Array> {
  const bytes = exportOnnx(model, x, options);
  model.eval();
  const session = await InferenceSession.create(bytes);
  for (const input of [x, ...others]) {
    const expected = (model as unknown as (x: Tensor) => Tensor)(input);
    const ours = await session.run({ input });
    expectClose(ours['output'], expected, 1e-6, 'our session');
    if ((options.opset ?? 20) <= 26) {
      const theirs = await runOnnxruntime(bytes, { input });
      expectClose(theirs['output'], expected, 1e-5, 'onnxruntime');
    }
  }
  return bytes;
}

/** A module around a function, for operators that no layer has. */
class Lambda extends nn.Module {
  readonly run: (x: Tensor) => Tensor;
  constructor(run: (x: Tensor) => Tensor) {
    super();
    this.run = run;
  }
  override forward(x: Tensor): Tensor {
    return this.run(x);
  }
}

manualSeed(0);
const image = (channels = 4, size = 8): Tensor => randn([2, channels, size, size]);

/** A batch normalization whose statistics and weights are not the trivial ones. */
function trained<M extends nn.BatchNorm2d | nn.BatchNorm1d>(layer: M): M {
  for (const [name, tensor] of layer.stateDict())
    if (name !== 'num_batches_tracked') noGrad(() => tensor.copy_(rand([...tensor.shape]).add(0.5)));
  return layer;
}

const layers: readonly (readonly [string, () => nn.Module, Tensor])[] = [
  ['Conv2d', () => new nn.Conv2d(4, 6, 3, { padding: 1, stride: 2 }), image()],
  [
    'Conv2d grouped and dilated',
    () => new nn.Conv2d(4, 8, 3, { groups: 2, dilation: 2, bias: false }),
    image(),
  ],
  ['Conv2d same', () => new nn.Conv2d(4, 4, 4, { padding: 'same' }), image()],
  ['Conv1d', () => new nn.Conv1d(4, 6, 3, { padding: 1 }), randn([2, 4, 9])],
  [
    'ConvTranspose2d',
    () => new nn.ConvTranspose2d(4, 3, 3, { stride: 2, padding: 1, outputPadding: 1 }),
    image(),
  ],
  ['Linear', () => new nn.Linear(5, 3), randn([2, 5])],
  ['Linear without bias', () => new nn.Linear(5, 3, { bias: false }), randn([2, 5])],
  ['Linear over a sequence', () => new nn.Linear(5, 3), randn([2, 7, 5])],
  ['BatchNorm2d', () => trained(new nn.BatchNorm2d(4)), image()],
  ['BatchNorm2d without affine', () => new nn.BatchNorm2d(4, { affine: false }), image()],
  ['BatchNorm1d', () => trained(new nn.BatchNorm1d(4)), randn([3, 4])],
  ['LayerNorm', () => new nn.LayerNorm([8]), randn([2, 3, 8])],
  [
    'LayerNorm without affine',
    () => new nn.LayerNorm([3, 8], { elementwiseAffine: false }),
    randn([2, 3, 8]),
  ],
  ['GroupNorm', () => new nn.GroupNorm(2, 4), image()],
  ['ReLU', () => new nn.ReLU(), image()],
  ['ReLU6', () => new nn.ReLU6(), image()],
  ['LeakyReLU', () => new nn.LeakyReLU(0.2), image()],
  ['Sigmoid', () => new nn.Sigmoid(), image()],
  ['Tanh', () => new nn.Tanh(), image()],
  ['Hardswish', () => new nn.Hardswish(), image()],
  ['Hardsigmoid', () => new nn.Hardsigmoid(), image()],
  ['Hardtanh', () => new nn.Hardtanh(-0.5, 0.7), image()],
  ['SiLU', () => new nn.SiLU(), image()],
  ['GELU', () => new nn.GELU(), image()],
  ['GELU tanh', () => new nn.GELU({ approximate: 'tanh' }), image()],
  ['ELU', () => new nn.ELU(0.7), image()],
  ['Softmax', () => new nn.Softmax(1), image()],
  ['LogSoftmax', () => new nn.LogSoftmax(-1), image()],
  ['Softmax2d', () => new nn.Softmax2d(), image()],
  ['MaxPool2d', () => new nn.MaxPool2d(3, { stride: 2, padding: 1 }), image()],
  ['MaxPool2d ceil', () => new nn.MaxPool2d(3, { stride: 2, ceilMode: true }), image()],
  ['AvgPool2d', () => new nn.AvgPool2d(3, { stride: 2, padding: 1 }), image()],
  [
    'AvgPool2d without padding',
    () => new nn.AvgPool2d(3, { stride: 2, padding: 1, countIncludePad: false }),
    image(),
  ],
  ['AvgPool2d divisor', () => new nn.AvgPool2d(3, { divisorOverride: 5 }), image()],
  ['AdaptiveAvgPool2d 1', () => new nn.AdaptiveAvgPool2d(1), image()],
  ['AdaptiveAvgPool2d even', () => new nn.AdaptiveAvgPool2d([4, 2]), image()],
  ['AdaptiveAvgPool2d uneven', () => new nn.AdaptiveAvgPool2d([3, 5]), image()],
  ['AdaptiveMaxPool2d', () => new nn.AdaptiveMaxPool2d(2), image()],
  ['Dropout', () => new nn.Dropout(0.3), image()],
  ['Flatten', () => new nn.Flatten(), image()],
  ['Flatten middle', () => new nn.Flatten(1, 2), image()],
  ['Unflatten', () => new nn.Unflatten(1, [2, 2]), image()],
  ['Identity', () => new nn.Identity(), image()],
  ['Upsample nearest', () => new nn.Upsample({ scaleFactor: 2 }), image()],
  ['Upsample bilinear', () => new nn.Upsample({ scaleFactor: 2, mode: 'bilinear' }), image()],
  [
    'Upsample corners',
    () => new nn.Upsample({ scaleFactor: 2, mode: 'bilinear', alignCorners: true }),
    image(),
  ],
  ['Upsample size', () => new nn.Upsample({ size: [5, 11], mode: 'bilinear' }), image()],
  ['ZeroPad2d', () => new nn.ZeroPad2d([1, 2, 0, 3]), image()],
  ['ReflectionPad2d', () => new nn.ReflectionPad2d(2), image()],
  ['ReplicationPad2d', () => new nn.ReplicationPad2d([1, 2, 3, 0]), image()],
  ['ConstantPad2d', () => new nn.ConstantPad2d(1, 0.5), image()],
  ['PixelShuffle', () => new nn.PixelShuffle(2), image()],
  ['PixelUnshuffle', () => new nn.PixelUnshuffle(2), image()],
  ['ChannelShuffle', () => new nn.ChannelShuffle(2), image()],
  [
    'TransformerEncoderLayer',
    () => new nn.TransformerEncoderLayer(16, 4, 24, { batchFirst: true, activation: 'gelu' }),
    randn([2, 5, 16]),
  ],
];

describe('layers', () => {
  test.each(layers)('%s goes to onnxruntime and back', async (_name, make, x) => {
    await roundTrip(make(), x);
  });

  test.each(layers)('%s keeps a dynamic batch', async (_name, make, x) => {
    const other = randn([5, ...x.shape.slice(1)]);
    await roundTrip(make(), x, { dynamicAxes: { input: { 0: 'batch' } } }, [other]);
  });
});

const functions: readonly (readonly [string, (x: Tensor) => Tensor])[] = [
  ['arithmetic with numbers', (x) => x.mul(2).add(1, { alpha: 0.5 }).sub(0.25).div(3)],
  ['numbers in front', (x) => x.neg().exp().reciprocal().add(x.abs().add(0.1).log())],
  ['powers and roots', (x) => x.pow(2).add(0.5).sqrt().add(x.abs().add(1).rsqrt())],
  [
    'rounding',
    (x) => x.mul(3).floor().add(x.ceil()).add(x.mul(2.3).round()).add(x.sign()).add(x.mul(1.7).trunc()),
  ],
  [
    'comparisons',
    (x) => x.gt(0.1).to('float32').add(x.le(0).to('float32')).add(x.ne(x.relu()).to('float32')),
  ],
  ['sines', (x) => x.sin().add(x.cos()).add(x.tan()).add(x.erf())],
  ['remainder', (x) => x.remainder(0.7)],
  ['clamp', (x) => x.clamp({ min: -0.5 }).clamp({ max: 0.9 })],
  ['softplus and mish', (x) => x.softplus().add(x.mish())],
  [
    'sums',
    (x) =>
      x
        .sum({ dim: [2, 3] })
        .add(x.mean({ dim: [2, 3] }))
        .add(x.amax({ dim: [2, 3] })),
  ],
  ['variance', (x) => x.var({ dim: 1 }).add(x.std({ dim: 1, correction: 0 }))],
  [
    'largest with its place',
    (x) =>
      x
        .max({ dim: 1 })
        .indices.to('float32')
        .add(x.min({ dim: 1 }).values),
  ],
  ['argmax', (x) => x.argmax({ dim: 1 })],
  ['argmin of everything', (x) => x.argmin()],
  ['products of matrices', (x) => x.matmul(x.transpose(2, 3))],
  ['cuts', (x) => x.narrow(1, 1, 2).slice(2, 0, 7, 3).select(3, 2)],
  [
    'parts',
    (x) =>
      x
        .chunk(2, 1)
        .reduce((a, b) => a.mul(b))
        .add(x.split([1, 3], 1)[0]!),
  ],
  ['unbinding', (x) => x.unbind(1).reduce((a, b) => a.add(b))],
  ['joining', (x) => cat([x, x.relu()], 1).flip([1])],
  ['permutations', (x) => x.permute([0, 2, 3, 1]).contiguous().reshape([2, 8, -1]).transpose(0, 1)],
  ['squeezing', (x) => x.unsqueeze(1).squeeze(1).unsqueeze(-1)],
  ['expanding', (x) => x.mean({ dim: 3, keepdim: true }).expand([2, 4, 8, 3])],
  ['repeating', (x) => x.repeat([1, 1, 2, 1])],
  [
    'truth',
    (x) =>
      x
        .gt(0)
        .all({ dim: 1 })
        .to('float32')
        .add(x.gt(1).any({ dim: 1, keepdim: false }).to('float32')),
  ],
  ['the largest few', (x) => topk(x, 3, { dim: 3 }).values.add(topk(x, 3, { dim: 3 }).indices)],
  [
    'what is finite',
    (x) => x.div(x.relu()).isfinite().to('float32').add(x.div(x.relu()).isinf().to('float32')),
  ],
  ['dot products and logarithms', (x) => x.flatten().dot(x.flatten()).log1p()],
  ['running sums', (x) => x.cumsum(2)],
  ['a constant', (x) => x.mul(ones([4, 1, 1]).mul(0.5)).add(zeros([8]))],
];

describe('attention', () => {
  /** Attention of a sequence to itself under some options. */
  const attention = (options: nn.functional.ScaledDotProductAttentionOptions): nn.Module =>
    new Lambda((x) => nn.functional.scaledDotProductAttention(x, x.mul(0.5), x.add(1), options));

  test('keeps a dynamic length under a causal mask', async () => {
    const dynamicAxes = { input: { 2: 'length' } };
    await roundTrip(attention({ isCausal: true }), randn([2, 3, 5, 4]), { dynamicAxes }, [
      randn([2, 3, 7, 4]),
    ]);
  });

  test('writes masks and factors', async () => {
    const mask = ones([5, 5]).tril().gt(0);
    await roundTrip(attention({ attnMask: mask, scale: 0.7 }), randn([2, 3, 5, 4]));
  });
});

describe('functions', () => {
  test.each(functions)('%s', async (_name, run) => {
    await roundTrip(new Lambda(run), image());
  });
});

/** A small U-Net: skips, concatenation, resizing to the size of another tensor. */
class UNet extends nn.Module {
  down = new nn.Sequential(
    new nn.Conv2d(3, 4, 3, { padding: 1 }),
    trained(new nn.BatchNorm2d(4)),
    new nn.ReLU(),
  );
  pool = new nn.MaxPool2d(2);
  middle = new nn.Sequential({ conv: new nn.Conv2d(4, 8, 3, { padding: 1 }), act: new nn.SiLU() });
  head = new nn.Conv2d(12, 2, 1);
  override forward(x: Tensor): { mask: Tensor; features: Tensor } {
    const skip = this.down(x);
    const features = this.middle(this.pool(skip));
    const up = nn.functional.interpolate(features, { size: skip.shape.slice(2), mode: 'bilinear' });
    return { mask: this.head(cat([up, skip], 1)), features };
  }
}

/** A classifier that reads sizes in its forward. */
class Classifier extends nn.Module {
  body = new nn.Conv2d(3, 4, 3, { stride: 2 });
  attention = new nn.Linear(4, 4);
  head = new nn.Linear(4, 5);
  override forward(x: Tensor): Tensor {
    const features = this.body(x).relu();
    const [batch, channels, height, width] = features.shape as [number, number, number, number];
    const tokens = features.reshape([batch, channels, height * width]).transpose(1, 2);
    const mixed = this.attention(tokens).softmax(1).mul(tokens).reshape([-1, channels]);
    return this.head(mixed.view([batch, height * width, channels]).mean({ dim: 1 }));
  }
}

describe('whole models', () => {
  test('a U-Net keeps batch, height and width dynamic', async () => {
    const model = new UNet();
    const bytes = exportOnnx(model, randn([1, 3, 8, 8]), {
      dynamicAxes: { input: { 0: 'batch', 2: 'height', 3: 'width' } },
    });
    model.eval();
    const session = await InferenceSession.create(bytes);
    expect(session.inputs[0]!.shape).toEqual(['batch', 3, 'height', 'width']);
    expect(session.outputs.map(({ name, shape }) => [name, shape])).toEqual([
      ['mask', ['batch', 2, 'height', 'width']],
      ['features', ['batch', 8, null, null]],
    ]);
    for (const shape of [
      [1, 3, 8, 8],
      [3, 3, 12, 20],
    ]) {
      const input = randn(shape);
      const expected = model(input);
      const [ours, theirs] = [await session.run({ input }), await runOnnxruntime(bytes, { input })];
      expectClose(ours['mask'], expected.mask, 1e-6, 'mask');
      expectClose(theirs['mask'], expected.mask, 1e-5, 'mask in onnxruntime');
      expectClose(theirs['features'], expected.features, 1e-5, 'features in onnxruntime');
    }
  });

  test('reshapes by sizes read in forward follow a dynamic batch', async () => {
    await roundTrip(new Classifier(), randn([2, 3, 9, 9]), { dynamicAxes: { input: { 0: 'batch' } } }, [
      randn([1, 3, 9, 9]),
    ]);
  });

  test('reshapes by sizes read in forward follow dynamic images', async () => {
    const dynamicAxes = { input: { 0: 'batch', 2: 'height', 3: 'width' } };
    await roundTrip(new Classifier(), randn([2, 3, 9, 9]), { dynamicAxes }, [randn([3, 3, 15, 7])]);
  });

  test.each([18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28])('opset %i is written', async (opset) => {
    const model = new nn.Sequential(
      new nn.Conv2d(3, 4, 3),
      new nn.GELU(),
      new nn.GroupNorm(2, 4),
      new nn.AvgPool2d(2),
    );
    const bytes = await roundTrip(model, randn([1, 3, 8, 8]), { opset });
    expect(decodeModel(bytes).opsetImport).toEqual([{ domain: '', version: opset }]);
  });

  test('weights have their state-dict names and order, a tied one the first', async () => {
    class Tied extends nn.Module {
      a = new nn.Linear(4, 4);
      b = new nn.Linear(4, 4);
      override forward(x: Tensor): Tensor {
        return this.b(this.a(x));
      }
    }
    const model = new Tied();
    model.b.weight = model.a.weight;
    const file = decodeModel(await roundTrip(model, randn([2, 4])));
    expect(file.graph!.initializer.map(({ name }) => name)).toEqual(['a.weight', 'a.bias', 'b.bias']);
  });

  test('nodes say where in the module tree they come from, as the dynamo exporter writes it', () => {
    const model = new nn.Sequential({ stem: new nn.Sequential(new nn.Conv2d(3, 4, 3), new nn.ReLU()) });
    const [conv, relu] = decodeModel(exportOnnx(model, randn([1, 3, 8, 8]))).graph!.node;
    expect(conv).toMatchObject({ name: 'node_conv2d', opType: 'Conv', output: ['conv2d'] });
    expect(Object.fromEntries(conv!.metadataProps.map(({ key, value }) => [key, value]))).toEqual({
      namespace:
        ': torch.nn.modules.container.Sequential/stem: torch.nn.modules.container.Sequential/stem.0: torch.nn.modules.conv.Conv2d/conv2d: aten.conv2d.default',
      'pkg.torch.onnx.class_hierarchy':
        "['torch.nn.modules.container.Sequential', 'torch.nn.modules.container.Sequential', 'torch.nn.modules.conv.Conv2d', 'aten.conv2d.default']",
      'pkg.torch.onnx.name_scopes': "['', 'stem', 'stem.0', 'conv2d']",
    });
    expect(relu!.metadataProps.map(({ value }) => value)).toContain("['', 'stem', 'stem.1', 'relu']");
  });

  test('several inputs and outputs take the names they are given', async () => {
    class Two extends nn.Module {
      override forward(a: Tensor, b: Tensor): Tensor[] {
        return [a.add(b), a];
      }
    }
    const bytes = exportOnnx(new Two(), [ones([2]), zeros([2])], {
      inputNames: ['a', 'b'],
      outputNames: ['sum', 'same'],
      metadata: { author: 'someone' },
    });
    const session = await InferenceSession.create(bytes);
    expect([session.inputNames, session.outputNames]).toEqual([
      ['a', 'b'],
      ['sum', 'same'],
    ]);
    expect(session.metadata.custom).toEqual(new Map([['author', 'someone']]));
    const { sum, same } = await runOnnxruntime(bytes, { a: tensor([1, 2]), b: tensor([3, 4]) });
    expect([sum!.tolist(), same!.tolist()]).toEqual([
      [4, 6],
      [1, 2],
    ]);
  });

  test('an output keeps its name when values inside would have it', async () => {
    const model = new nn.Sequential(new nn.ReLU(), new nn.Tanh(), new nn.ReLU());
    const bytes = exportOnnx(model, ones([2]), { outputNames: ['relu'] });
    const session = await InferenceSession.create(bytes);
    expect(session.outputNames).toEqual(['relu']);
    expect(session.graph.nodes.map(({ outputs }) => outputs[0])).toEqual(['relu_1', 'tanh', 'relu']);
  });

  test('layers that work in place are written as those that do not', async () => {
    const model = new nn.Sequential(
      new nn.Conv2d(4, 4, 3),
      new nn.ReLU({ inplace: true }),
      new nn.Dropout(0.5, { inplace: true }),
      new nn.SiLU({ inplace: true }),
    ).eval();
    const x = image();
    const { output } = await runOnnxruntime(exportOnnx(model, x), { input: x });
    expect(output!.allclose(model(x), { rtol: 1e-4, atol: 1e-5 })).toBe(true);
  });

  test('training mode is put back after the export', () => {
    const model = new nn.Sequential(new nn.Dropout(), new nn.Linear(2, 2).eval());
    exportOnnx(model, ones([1, 2]));
    expect(model.modules().map((module) => module.training)).toEqual([true, true, false]);
  });
});

describe('what cannot be written', () => {
  test('reading memory that was changed in place through another tensor', () => {
    expect(
      refusal((x) => {
        const flat = x.flatten(1);
        nn.functional.relu_(x);
        return flat.mul(2);
      }),
    ).toContain('operator mul reads a tensor whose memory was changed in place through another one');
  });

  const refusal = (run: (x: Tensor) => Tensor, options: ExportOptions = {}, x = image()): string => {
    const model = new nn.Sequential({ part: new Lambda(run) });
    try {
      exportOnnx(model, x, options);
    } catch (error) {
      expect(error).toBeInstanceOf(OnnxError);
      return (error as Error).message;
    }
    throw new Error('expected a refusal');
  };

  test('operators without an exporter are all named with their modules', () => {
    expect(refusal((x) => x.mul(2).zero_().normal_())).toBe(
      "2 problems:\n- export: operator zero_ cannot be written to ONNX (in 'part' (Lambda))\n- export: operator normal_ cannot be written to ONNX (in 'part' (Lambda))",
    );
  });

  test('random dropout', () => {
    expect(refusal((x) => nn.functional.dropout(x, 0.5, { training: true }))).toBe(
      "export: operator dropout in module 'part' (Lambda): dropout in training mode is random and cannot be written",
    );
  });

  test('numbers that depend on a dynamic dimension', () => {
    const dynamicAxes = { input: { 0: 'batch' } };
    expect(refusal((x) => x.div(x.shape[0]!), { dynamicAxes })).toBe(
      "export: operator div in module 'part' (Lambda): a number given to it depends on a dynamic dimension; that cannot be written",
    );
    expect(refusal((x) => x.add(ones([x.shape[0]!, 1, 1, 1])), { dynamicAxes })).toContain(
      'a tensor made in forward (shape [2, 1, 1, 1]) depends on a dynamic dimension',
    );
    expect(refusal((x) => (x.shape[0]! > 2 ? x.relu() : x.neg()), { dynamicAxes })).toContain(
      'calls other operators',
    );
  });

  test('options that do not fit', () => {
    const identity = (x: Tensor): Tensor => x.relu();
    expect(refusal(identity, { opset: 17 })).toBe('export: opset: expected 18 to 28, got 17');
    expect(refusal(identity, { inputNames: ['a', 'b'] })).toBe('export: inputNames: expected 1 names, got 2');
    expect(refusal(identity, { dynamicAxes: { x: { 0: 'n' } } })).toBe(
      "dynamicAxes: expected names of inputs (input), got 'x'",
    );
    expect(
      refusal((x) => nn.functional.pad(x, [1, 1], { mode: 'circular' }), { opset: 18 }, randn([1, 2, 4])),
    ).toContain('circular padding: expected opset 19 or newer, got 18');
  });

  test('outputs with names that are taken', () => {
    expect(refusal((x) => x.relu(), { outputNames: ['input'] })).toBe(
      "export: outputNames: 'input' is the name of another value; choose another",
    );
  });

  test('an input with the name of a parameter', () => {
    expect(() => exportOnnx(new nn.Linear(2, 2), ones([1, 2]), { inputNames: ['weight'] })).toThrow(
      "export: inputNames: 'weight' is the name of a parameter; choose another",
    );
  });
});
