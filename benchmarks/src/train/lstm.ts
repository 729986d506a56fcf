// Rows of training two LSTM layers that tag every step of a sequence.

import * as nn from '@sconce/nn';
import type { Tensor } from '@sconce/tensor';
import type * as tfjs from '@tensorflow/tfjs';
import { type TensorCase, tensorCase } from '../tensor/case.ts';
import { dense, matrix, trainer, vector } from './tfjs-layers.ts';
import { pythonTraining, seeded, trainingStep } from './training.ts';

const [BATCH, LENGTH, FEATURES, HIDDEN, CLASSES] = [32, 32, 64, 128, 16] as const;
const RATE = 1e-3;

class Tagger extends nn.Module {
  lstm: nn.LSTM = new nn.LSTM(FEATURES, HIDDEN, { numLayers: 2, batchFirst: true });
  head: nn.Linear = new nn.Linear(HIDDEN, CLASSES);

  override forward(x: Tensor): Tensor {
    const [output] = this.lstm(x);
    return this.head(output).flatten(0, 1);
  }
}

function tfjsForward(tf: typeof tfjs, input: tfjs.Tensor, model: Tagger): () => tfjs.Tensor {
  const state = model.lstm.stateDict();
  const layers = [0, 1].map((layer) => {
    const of = (name: string): Tensor => state.get(`${name}_l${layer}`)!;
    return {
      input: matrix(tf, of('weight_ih')),
      hidden: matrix(tf, of('weight_hh')),
      inputBias: vector(tf, of('bias_ih')),
      hiddenBias: vector(tf, of('bias_hh')),
    };
  });
  const [weight, bias] = [matrix(tf, model.head.weight), vector(tf, model.head.bias!)];
  const zeros = tf.zeros([BATCH, HIDDEN]) as tfjs.Tensor2D;
  return () => {
    let steps = tf.unstack(input, 1) as tfjs.Tensor2D[];
    for (const layer of layers) {
      let [h, c] = [zeros, zeros];
      steps = steps.map((x) => {
        const gates = tf.add(
          dense(tf, x, layer.input, layer.inputBias),
          dense(tf, h, layer.hidden, layer.hiddenBias),
        );
        const [i, f, g, o] = tf.split(gates, 4, 1) as tfjs.Tensor2D[];
        c = tf.add(tf.mul(tf.sigmoid(f!), c), tf.mul(tf.sigmoid(i!), tf.tanh(g!)));
        h = tf.mul(tf.sigmoid(o!), tf.tanh(c));
        return h;
      });
    }
    return tf.reshape(dense(tf, tf.stack(steps, 1), weight, bias), [BATCH * LENGTH, CLASSES]);
  };
}

/** A step of Adam. */
export const lstmCases: readonly TensorCase[] = [
  tensorCase({
    name: `LSTM, 2 layers of ${HIDDEN}, ${BATCH} sequences of ${LENGTH}`,
    group: 'LSTM step',
    note: 'forward, backward and a step of Adam',
    compared: 3,
    operands: {
      x: { shape: [BATCH, LENGTH, FEATURES] },
      t: { shape: [BATCH * LENGTH], below: CLASSES },
    },
    prepare: (its) => {
      const model = seeded(() => new Tagger());
      return trainingStep(model, new nn.optim.Adam(model.parameters(), { lr: RATE }), its.x, its.t);
    },
    python: pythonTraining(
      `Tagger(${FEATURES}, ${HIDDEN}, ${CLASSES})`,
      `Adam(model.parameters(), lr=${RATE})`,
    ),
    tfjs: {
      backend: 'wasm',
      prepare: (tf, its) => {
        const forward = tfjsForward(
          tf,
          its['x']!,
          seeded(() => new Tagger()),
        );
        const optimizer = tf.train.adam(RATE, 0.9, 0.999, 1e-8);
        return { call: trainer(tf, optimizer, its['t']!, CLASSES, forward) };
      },
    },
  }),
];
