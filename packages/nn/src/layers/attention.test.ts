import { autograd, isGradEnabled, manualSeed, noGrad, randn, Tensor, tensor } from '@sconce/tensor';
import { fixtureJson } from '@sconce/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { scaledDotProductAttention } from '../functional/index.ts';
import { callModule, type Module } from '../module/module.ts';
import { firstDifference, readTensors } from '../testing/fixtures.ts';
import { MultiheadAttention } from './attention.ts';
import { Transformer } from './transformer.ts';
import { TransformerDecoderLayer } from './transformer-decoder.ts';
import { TransformerEncoder, TransformerEncoderLayer } from './transformer-encoder.ts';

type Options = Readonly<Record<string, unknown>>;

interface FunctionCase {
  readonly name: string;
  readonly seed: number;
  readonly inputs: readonly string[];
  readonly options: Options;
  readonly output: string;
  readonly weight: string;
  readonly grads: readonly string[];
  readonly again?: readonly string[];
  readonly second?: readonly string[];
}

interface LayerCase {
  readonly name: string;
  readonly class: string;
  readonly build: Options;
  readonly seed: number;
  readonly train: boolean;
  readonly inputs: readonly string[];
  readonly options: Options;
  readonly outputs: readonly string[];
  readonly weights?: readonly string[];
  readonly grads?: readonly string[];
}

interface Fixture {
  readonly functions: readonly FunctionCase[];
  readonly layers: readonly LayerCase[];
}

const { functions, layers } = fixtureJson<Fixture>('attention/attention.json');
const tensors = readTensors('attention/attention.safetensors');
const leaves = (names: readonly string[]): Tensor[] =>
  names.map((name) => tensors(name).clone().requiresGrad_(isGradEnabled()));

function decoded(options: Options): Options {
  return Object.fromEntries(
    Object.entries(options).map(([key, value]) => {
      const named = value as { tensor?: string } | null;
      return [key, typeof named?.tensor === 'string' ? tensors(named.tensor) : value];
    }),
  );
}

function expectNear(actual: readonly (Tensor | null)[], names: readonly string[]): void {
  expect(actual.length).toBe(names.length);
  for (const [i, name] of names.entries())
    expect(firstDifference(actual[i]!, tensors(name)), `${i}`).toBe('');
}

beforeEach(() => {
  vi.spyOn(console, 'warn').mockImplementation(() => {});
});
afterEach(() => {
  vi.restoreAllMocks();
});

describe('scaledDotProductAttention equals PyTorch', () => {
  it.each(functions)('with $name', (one) => {
    const [query, key, value] = leaves(one.inputs) as [Tensor, Tensor, Tensor];
    manualSeed(one.seed);
    const output = scaledDotProductAttention(query, key, value, decoded(one.options));
    expectNear([output], [one.output]);
    const inputs = [query, key, value];
    const twice = one.again !== undefined;
    const grads = autograd.grad([output], inputs, { gradOutputs: [tensors(one.weight)], createGraph: twice });
    expectNear(grads, one.grads);
    if (!twice) return;
    const seeds = one.again.map(tensors);
    expectNear(autograd.grad(grads as Tensor[], inputs, { gradOutputs: seeds }), one.second!);
  });

  it('computes its gradient anew for every pass backwards', () => {
    manualSeed(0);
    const x = randn([1, 2, 3, 4]).requiresGrad_();
    const output = scaledDotProductAttention(x, x, x).sum();
    output.backward(null, { retainGraph: true });
    const once = x.grad!.clone();
    output.backward();
    expect(x.grad!.sub(once.mul(2)).abs().max().item()).toBeLessThan(1e-6);
  });

  it('refuses a mask beside a causal one', () => {
    const x = randn([2, 3]);
    expect(() => scaledDotProductAttention(x, x, x, { attnMask: randn([2, 2]), isCausal: true })).toThrow(
      'Explicit attn_mask should not be set when is_causal=True',
    );
  });
});

const classes: Readonly<Record<string, (build: Options) => Module>> = {
  MultiheadAttention: (build) => new MultiheadAttention(8, 2, build),
  TransformerEncoderLayer: (build) => new TransformerEncoderLayer(8, 2, build),
  TransformerDecoderLayer: (build) => new TransformerDecoderLayer(8, 2, build),
  TransformerEncoder: (build) => new TransformerEncoder(new TransformerEncoderLayer(8, 2, build), 2),
};

describe('layers equal PyTorch', () => {
  it.each(layers)('$name', (one) => {
    const judge = (): void => {
      manualSeed(one.seed);
      const layer = classes[one.class]!(one.build).train(one.train);
      const inputs = leaves(one.inputs);
      manualSeed(one.seed);
      const result = callModule(layer, ...inputs, decoded(one.options));
      const outputs = (Array.isArray(result) ? result : [result]).filter((x) => x instanceof Tensor);
      expectNear(outputs, one.outputs);
      if (one.grads === undefined) return;
      const gradOutputs = one.weights!.map(tensors);
      expectNear(autograd.grad(outputs, [...inputs, ...layer.parameters()], { gradOutputs }), one.grads);
    };
    if (one.train) judge();
    else noGrad(judge);
  });
});

describe('MultiheadAttention', () => {
  it('refuses sizes that do not fit', () => {
    expect(() => new MultiheadAttention(7, 2)).toThrow('embed_dim must be divisible by num_heads');
    expect(() => new MultiheadAttention(0, 2)).toThrow(
      'embed_dim and num_heads must be greater than 0, got embed_dim=0 and num_heads=2 instead',
    );
    const attention = new MultiheadAttention(4, 2);
    const x = randn([3, 2, 4]);
    expect(() => attention(x, x, randn([2, 4]))).toThrow(
      'For batched (3-D) `query`, expected `key` and `value` to be 3-D but found 3-D and 2-D tensors respectively',
    );
    expect(() => attention(x, x, x, { attnMask: randn([2, 3]) })).toThrow(
      'The shape of the 2D attn_mask is torch.Size([2, 3]), but should be (3, 3).',
    );
    expect(() => attention(x, x, x, { isCausal: true })).toThrow(
      'Need attn_mask if specifying the is_causal hint',
    );
    expect(() => attention(x, x, x, { attnMask: tensor([[1n]]) })).toThrow(
      'only bool and floating types of attn_mask are supported',
    );
  });
});

describe('TransformerEncoder', () => {
  it('warns where results at ignored places cannot be zeros, once', () => {
    const layer = new TransformerEncoderLayer(8, 2, { normFirst: true });
    for (let i = 0; i < 2; i++) new TransformerEncoder(layer, 1);
    expect(vi.mocked(console.warn).mock.calls).toEqual([
      [
        'enable_nested_tensor is True, but self.use_nested_tensor is False because encoder_layer.norm_first was True',
      ],
    ]);
  });

  it('copies the layer that it is given', () => {
    const layer = new TransformerEncoderLayer(8, 2, { batchFirst: true });
    const encoder = new TransformerEncoder(layer, 2);
    const [first, second] = encoder.layers;
    expect((first as TransformerEncoderLayer).linear1.weight).not.toBe(layer.linear1.weight);
    expect(firstDifference((second as TransformerEncoderLayer).linear1.weight, layer.linear1.weight)).toBe(
      '',
    );
  });
});

describe('Transformer', () => {
  it('makes causal masks', () => {
    const lowest = Number.NEGATIVE_INFINITY;
    expect(Array.from(Transformer.generateSquareSubsequentMask(2).toTypedArray(), Number)).toEqual([
      0,
      lowest,
      0,
      0,
    ]);
  });

  it('refuses inputs that do not belong together', () => {
    const model = new Transformer(8, 2, 1, 1, 8);
    expect(() => model(randn([3, 2, 8]), randn([3, 1, 8]))).toThrow(
      'the batch number of src and tgt must be equal',
    );
    expect(() => model(randn([3, 2, 8]), randn([3, 2, 4]))).toThrow(
      'the feature number of src and tgt must be equal to d_model',
    );
  });
});
