import { arange, float64, ones, randn, type Tensor, tensor, zeros } from '@sconce/tensor';
import { describe, expect, expectTypeOf, it } from 'vitest';
import * as nn from '../index.ts';

describe('layers with inplace', () => {
  const layers: readonly [string, nn.Module][] = [
    ['ReLU', new nn.ReLU(true)],
    ['ReLU6', new nn.ReLU6({ inplace: true })],
    ['SiLU', new nn.SiLU({ inplace: true })],
    ['Mish', new nn.Mish({ inplace: true })],
    ['SELU', new nn.SELU({ inplace: true })],
    ['Hardswish', new nn.Hardswish({ inplace: true })],
    ['Hardsigmoid', new nn.Hardsigmoid({ inplace: true })],
    ['ELU', new nn.ELU({ inplace: true })],
    ['CELU', new nn.CELU({ inplace: true })],
    ['LeakyReLU', new nn.LeakyReLU({ inplace: true })],
    ['RReLU', new nn.RReLU({ inplace: true })],
    ['Hardtanh', new nn.Hardtanh({ inplace: true })],
    ['Threshold', new nn.Threshold(0.1, 20, { inplace: true })],
    ['Dropout', new nn.Dropout({ inplace: true })],
    ['Dropout2d', new nn.Dropout2d(0.5, true)],
  ];

  it.each(layers)('%s writes into its input and returns it', (_name, layer) => {
    const x = randn([4, 5]);
    const before = x.clone();
    const y = (layer as unknown as (x: Tensor) => Tensor)(x);
    expect(y).toBe(x);
    expect(x.equal(before)).toBe(false);
  });

  it('have the gradients of the forms that do not', () => {
    for (const slope of [0.1, 0.3]) {
      const gradients = [false, true].map((inplace) => {
        const x = arange(-3, 4, { dtype: 'float32' }).requiresGrad_();
        new nn.LeakyReLU(slope, inplace)(x.mul(2)).sum().backward();
        return x.grad?.tolist();
      });
      expect(gradients[1]).toEqual(gradients[0]);
    }
  });

  it('in evaluation mode dropout returns its input untouched', () => {
    const x = ones([3]);
    expect(new nn.Dropout(0.5, true).eval()(x)).toBe(x);
    expect(x.tolist()).toEqual([1, 1, 1]);
  });
});

describe('pooling layers', () => {
  it('give positions if asked, which unpooling takes', () => {
    const pool = new nn.MaxPool2d(2, { returnIndices: true });
    const x = arange(16, { dtype: 'float32' }).reshape([1, 1, 4, 4]);
    const [values, indices] = pool(x);
    expect(values.tolist()).toEqual([
      [
        [
          [5, 7],
          [13, 15],
        ],
      ],
    ]);
    expect(indices.dtype).toBe('int64');
    const back = new nn.MaxUnpool2d(2)(values, indices, { outputSize: [4, 4] });
    expect(back.sum().item()).toBe(5 + 7 + 13 + 15);
    expectTypeOf(pool.forward).returns.toEqualTypeOf<[values: Tensor, indices: Tensor]>();
    expectTypeOf(new nn.MaxPool2d(2).forward).returns.toEqualTypeOf<Tensor>();
    expectTypeOf(new nn.AdaptiveMaxPool1d(2).forward).returns.toEqualTypeOf<Tensor>();
  });

  it('need one of size and ratio', () => {
    expect(() => new nn.FractionalMaxPool2d(2)).toThrow(
      'FractionalMaxPool2d requires specifying either an output size, or a pooling ratio',
    );
    expect(() => new nn.FractionalMaxPool2d(2, { outputRatio: 1.5 })).toThrow(
      'output_ratio must be between 0 and 1 (got 1.5)',
    );
  });
});

describe('transposed convolutions', () => {
  it('give the size that is asked for, if strides leave that choice', () => {
    const layer = new nn.ConvTranspose2d(1, 2, 3, { stride: 2, padding: 1 });
    const x = zeros([1, 1, 3, 3]);
    expect(layer(x).shape).toEqual([1, 2, 5, 5]);
    expect(layer(x, { outputSize: [6, 5] }).shape).toEqual([1, 2, 6, 5]);
    expect(layer(x, { outputSize: [1, 2, 6, 6] }).shape).toEqual([1, 2, 6, 6]);
    expect(() => layer(x, { outputSize: [7, 5] })).toThrow(
      'requested an output size of [7, 5], but valid sizes range from [5, 5] to [6, 6] (for an input of torch.Size([3, 3]))',
    );
    expect(() => layer(x, { outputSize: [7] })).toThrow(
      'ConvTranspose2D: for 4D input, output_size must have 2 or 4 elements (got 1)',
    );
  });
});

describe('embeddings', () => {
  it('of a table that exists share it and leave it as it is', () => {
    const table = tensor([
      [1, 2],
      [3, 4],
    ]);
    const layer = nn.Embedding.fromPretrained(table);
    expect(layer.weight.requiresGrad).toBe(false);
    expect(layer(tensor([1n, 0n])).tolist()).toEqual([
      [3, 4],
      [1, 2],
    ]);
    table.fill_(7);
    expect(layer(tensor([1n])).tolist()).toEqual([[7, 7]]);
    const bag = nn.EmbeddingBag.fromPretrained(table, { mode: 'sum', freeze: false });
    expect(bag.weight.requiresGrad).toBe(true);
    expect(bag(tensor([0n, 1n, 1n]), tensor([0n, 1n])).tolist()).toEqual([
      [7, 7],
      [14, 14],
    ]);
    expect(() => nn.Embedding.fromPretrained(zeros([3]))).toThrow(
      'Embeddings parameter is expected to be 2-dimensional',
    );
  });

  it('have a padding row of zeros, which may be counted from the end', () => {
    const layer = new nn.Embedding(4, 2, { paddingIdx: -1, dtype: float64 });
    expect(layer.paddingIdx).toBe(3);
    expect(layer.weight.dtype).toBe('float64');
    expect(layer(tensor([3n])).tolist()).toEqual([[0, 0]]);
    expect(() => new nn.Embedding(4, 2, 4)).toThrow('Padding_idx must be within num_embeddings');
  });
});

describe('AdaptiveLogSoftmaxWithLoss', () => {
  it('agrees with itself: the probabilities of all classes, of the given ones, and the best class', () => {
    const layer = new nn.AdaptiveLogSoftmaxWithLoss(8, 20, [4, 10], { divValue: 2 });
    const x = randn([6, 8]).mul(4);
    const classes = tensor([0n, 3n, 5n, 9n, 11n, 19n]);
    const [output, loss] = layer(x, classes);
    const all = layer.logProb(x);
    expect(
      all
        .exp()
        .sum(1)
        .allclose(ones([6])),
    ).toBe(true);
    expect(all.gather(1, classes.unsqueeze(1)).squeeze(1).allclose(output)).toBe(true);
    expect(loss.item()).toBeCloseTo(Number(output.neg().mean().item()), 6);
    expect(layer.predict(x).tolist()).toEqual(all.argmax(1).tolist());
    expect(() => layer(x, classes.add(1))).toThrow(
      'Target values should be in [0, 19], but values in range [1, 20] were found.',
    );
  });
});

describe('losses', () => {
  it('keep their weights as buffers, and distances as children', () => {
    const loss = new nn.BCEWithLogitsLoss({ posWeight: ones([2]) });
    expect([...loss.stateDict().keys()]).toEqual(['pos_weight']);
    expect(new nn.TripletMarginWithDistanceLoss().namedChildren().map(([name]) => name)).toEqual([
      'distance_function',
    ]);
    expect(() => new nn.TripletMarginLoss(0)).toThrow(
      'TripletMarginLoss: expected margin to be greater than 0, got 0 instead',
    );
  });

  it('name wrong shapes in the words of PyTorch', () => {
    expect(() => new nn.NLLLoss()(zeros([3, 4]), tensor([0n, 1n]))).toThrow(
      'Expected input batch_size (3) to match target batch_size (2).',
    );
    expect(() => new nn.CrossEntropyLoss()(zeros([3, 4]), zeros([3]))).toThrow(
      'expected target dtype to be Long or Byte, but got Float',
    );
  });
});

describe('samples that gradients flow through', () => {
  it('are ones and zeros if they are to be hard', () => {
    const logits = randn([5, 3]).requiresGrad_();
    const y = nn.functional.gumbelSoftmax(logits, 0.5, true);
    expect(
      y
        .sum(1)
        .detach()
        .allclose(ones([5])),
    ).toBe(true);
    expect(y.detach().max().item()).toBe(1);
    y.mul(arange(3)).sum().backward();
    expect(Number(logits.grad?.abs().sum().item())).toBeGreaterThan(0);
  });
});
