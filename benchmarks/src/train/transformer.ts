// Rows of training a small transformer encoder that tags every step of a sequence.

import * as nn from '@sconce/nn';
import type { Tensor } from '@sconce/tensor';
import type * as tfjs from '@tensorflow/tfjs';
import { type TensorCase, tensorCase } from '../tensor/case.ts';
import { dense, matrix, normalize, trainer, vector } from './tfjs-layers.ts';
import { pythonTraining, seeded, trainingStep } from './training.ts';

const [BATCH, LENGTH, WIDTH, HEADS, HIDDEN, LAYERS, CLASSES] = [16, 64, 128, 4, 512, 2, 16] as const;
const ADAMW = { lr: 1e-3, weightDecay: 0.01 };

interface EncoderOptions {
  readonly dropout: number;
  readonly activation: 'relu' | 'gelu';
}

class Encoder extends nn.Module {
  encoder: nn.TransformerEncoder;
  head: nn.Linear;

  constructor(options: EncoderOptions) {
    super();
    const layer = new nn.TransformerEncoderLayer(WIDTH, HEADS, HIDDEN, { ...options, batchFirst: true });
    this.encoder = new nn.TransformerEncoder(layer, LAYERS, { enableNestedTensor: false });
    this.head = new nn.Linear(WIDTH, CLASSES);
  }

  override forward(x: Tensor): Tensor {
    return this.head(this.encoder(x)).flatten(0, 1);
  }
}

function tfjsForward(tf: typeof tfjs, input: tfjs.Tensor, model: Encoder): () => tfjs.Tensor {
  type Layer = (x: tfjs.Tensor) => tfjs.Tensor;
  const state = model.stateDict();
  const of = (name: string): Tensor => state.get(name)!;
  const linear = (weight: string, bias: string): Layer => {
    const [w, b] = [matrix(tf, of(weight)), vector(tf, of(bias))];
    return (x) => dense(tf, x, w, b);
  };
  const norm = (path: string): Layer => {
    const [w, b] = [vector(tf, of(`${path}.weight`)), vector(tf, of(`${path}.bias`))];
    return (x) => normalize(tf, x, [2], w, b);
  };
  const heads = (x: tfjs.Tensor): tfjs.Tensor =>
    tf.transpose(tf.reshape(x, [BATCH, LENGTH, HEADS, WIDTH / HEADS]), [0, 2, 1, 3]);
  const layers = Array.from({ length: LAYERS }, (_, i): Layer => {
    const path = `encoder.layers.${i}`;
    const project = linear(`${path}.self_attn.in_proj_weight`, `${path}.self_attn.in_proj_bias`);
    const out = linear(`${path}.self_attn.out_proj.weight`, `${path}.self_attn.out_proj.bias`);
    const [first, second] = [1, 2].map((n) => linear(`${path}.linear${n}.weight`, `${path}.linear${n}.bias`));
    const [norm1, norm2] = [norm(`${path}.norm1`), norm(`${path}.norm2`)];
    return (x) => {
      const [q, k, v] = tf.split(project(x), 3, 2).map(heads);
      const scores = tf.mul(tf.matMul(q!, k!, false, true), (WIDTH / HEADS) ** -0.5);
      const mixed = tf.transpose(tf.matMul(tf.softmax(scores), v!), [0, 2, 1, 3]);
      const y = norm1(tf.add(x, out(tf.reshape(mixed, [BATCH, LENGTH, WIDTH]))));
      return norm2(tf.add(y, second!(tf.relu(first!(y)))));
    };
  });
  const head = linear('head.weight', 'head.bias');
  return () => {
    let x = input;
    for (const layer of layers) x = layer(x);
    return tf.reshape(head(x), [BATCH * LENGTH, CLASSES]);
  };
}

function encoderCase(
  name: string,
  options: EncoderOptions,
): Pick<TensorCase<'x' | 't'>, 'name' | 'group' | 'note' | 'compared' | 'operands' | 'prepare' | 'python'> {
  const { dropout, activation } = options;
  const sizes = [WIDTH, HEADS, HIDDEN, LAYERS, CLASSES].join(', ');
  return {
    name: `${name}, ${LAYERS} layers of ${WIDTH}, ${BATCH} sequences of ${LENGTH}`,
    group: 'transformer step',
    note: 'forward, backward and a step of AdamW',
    compared: 3,
    operands: {
      x: { shape: [BATCH, LENGTH, WIDTH] },
      t: { shape: [BATCH * LENGTH], below: CLASSES },
    },
    prepare: (its) => {
      const model = seeded(() => new Encoder(options));
      return trainingStep(model, new nn.optim.AdamW(model.parameters(), ADAMW), its.x, its.t);
    },
    python: pythonTraining(
      `Encoder(${sizes}, ${dropout}, "${activation}")`,
      `AdamW(model.parameters(), lr=${ADAMW.lr}, weight_decay=${ADAMW.weightDecay})`,
    ),
  };
}

const plain: EncoderOptions = { dropout: 0, activation: 'relu' };

/** A step of AdamW; with dropout as it is usually trained, and without, so that TensorFlow.js computes the same. */
export const transformerCases: readonly TensorCase[] = [
  tensorCase(encoderCase('transformer with dropout', { dropout: 0.1, activation: 'gelu' })),
  tensorCase({
    ...encoderCase('transformer', plain),
    tfjs: {
      backend: 'wasm',
      prepare: (tf, its) => {
        const forward = tfjsForward(
          tf,
          its['x']!,
          seeded(() => new Encoder(plain)),
        );
        const optimizer = tf.train.adam(ADAMW.lr, 0.9, 0.999, 1e-8);
        return { call: trainer(tf, optimizer, its['t']!, CLASSES, forward) };
      },
    },
  }),
];
