// Rows of a whole training step, and of the forward pass alone: LeNet-5 on a batch of 64 images of 28x28.

import * as nn from '@sconce/nn';
import { noGrad, type Tensor } from '@sconce/tensor';
import type * as tfjs from '@tensorflow/tfjs';
import { type Operand, type TensorCase, tensorCase } from './case.ts';

const BATCH = 64;
const RATE = 0.05;

class LeNet extends nn.Module {
  conv1 = new nn.Conv2d(1, 6, 5, { padding: 2 });
  conv2 = new nn.Conv2d(6, 16, 5);
  fc1 = new nn.Linear(400, 120);
  fc2 = new nn.Linear(120, 84);
  fc3 = new nn.Linear(84, 10);

  override forward(x: Tensor): Tensor {
    let y = nn.functional.maxPool2d(this.conv1(x).relu(), 2);
    y = nn.functional.maxPool2d(this.conv2(y).relu(), 2);
    y = this.fc1(y.flatten(1)).relu();
    return this.fc3(this.fc2(y).relu());
  }
}

const python = `
class LeNet(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = torch.nn.Conv2d(6, 16, 5)
        self.fc1 = torch.nn.Linear(400, 120)
        self.fc2 = torch.nn.Linear(120, 84)
        self.fc3 = torch.nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(self.conv1(x).relu(), 2)
        x = F.max_pool2d(self.conv2(x).relu(), 2)
        x = self.fc1(x.flatten(1)).relu()
        return self.fc3(self.fc2(x).relu())

model = LeNet()
weights = (w1, b1, w2, b2, w3, b3, w4, b4, w5, b5)
with torch.no_grad():
    for parameter, values in zip(model.parameters(), weights):
        parameter.copy_(values)
`;

const pythonStep = `
optimizer = torch.optim.SGD(model.parameters(), lr=${RATE})

def step():
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), t)
    loss.backward()
    optimizer.step()
    return loss
`;

/** Weights spread as PyTorch's layers spread them: up to one over the root of the inputs of a sum. */
function layer(shape: readonly number[]): [weight: Operand, bias: Operand] {
  const bound = shape.slice(1).reduce((product, size) => product * size, 1) ** -0.5;
  return [
    { shape, range: [-bound, bound] },
    { shape: [shape[0]!], range: [-bound, bound] },
  ];
}

const [w1, b1] = layer([6, 1, 5, 5]);
const [w2, b2] = layer([16, 6, 5, 5]);
const [w3, b3] = layer([120, 400]);
const [w4, b4] = layer([84, 120]);
const [w5, b5] = layer([10, 84]);
const weights = { w1, b1, w2, b2, w3, b3, w4, b4, w5, b5 };
const operands = { x: { shape: [BATCH, 1, 28, 28] }, t: { shape: [BATCH], below: 10 }, ...weights };

function loadModel(its: Readonly<Record<string, Tensor>>): LeNet {
  const model = new LeNet();
  const values = Object.keys(weights);
  noGrad(() => {
    for (const [i, parameter] of [...model.parameters()].entries()) parameter.copy_(its[values[i]!]!);
  });
  return model;
}

/** The same network; TensorFlow.js keeps channels last, and so orders the inputs of the first linear layer. */
function tfjsModel(
  tf: typeof tfjs,
  its: Readonly<Record<string, tfjs.Tensor>>,
): { forward: () => tfjs.Tensor2D; loss: () => tfjs.Scalar } {
  const filter = (name: string): tfjs.Variable<tfjs.Rank.R4> =>
    tf.variable(tf.transpose(its[name]! as tfjs.Tensor4D, [2, 3, 1, 0]));
  const matrix = (of: tfjs.Tensor): tfjs.Variable<tfjs.Rank.R2> =>
    tf.variable(tf.transpose(of as tfjs.Tensor2D));
  const bias = (name: string): tfjs.Variable<tfjs.Rank.R1> => tf.variable(its[name]! as tfjs.Tensor1D);
  const image = tf.transpose(its['x']! as tfjs.Tensor4D, [0, 2, 3, 1]);
  const labels = tf.oneHot(its['t']! as tfjs.Tensor1D, 10);
  const last = tf.reshape(tf.transpose(tf.reshape(its['w3']!, [120, 16, 5, 5]), [0, 2, 3, 1]), [120, 400]);
  const [f1, c1, f2, c2] = [filter('w1'), bias('b1'), filter('w2'), bias('b2')];
  const [m3, c3, m4, c4] = [matrix(last), bias('b3'), matrix(its['w4']!), bias('b4')];
  const [m5, c5] = [matrix(its['w5']!), bias('b5')];
  const forward = (): tfjs.Tensor2D => {
    let y = tf.maxPool(tf.relu(tf.add(tf.conv2d(image, f1, 1, 'same'), c1)) as tfjs.Tensor4D, 2, 2, 'valid');
    y = tf.maxPool(tf.relu(tf.add(tf.conv2d(y, f2, 1, 'valid'), c2)) as tfjs.Tensor4D, 2, 2, 'valid');
    let z = tf.relu(tf.add(tf.matMul(tf.reshape(y, [BATCH, 400]), m3), c3));
    z = tf.relu(tf.add(tf.matMul(z, m4), c4));
    return tf.add(tf.matMul(z, m5), c5);
  };
  const loss = (): tfjs.Scalar => tf.losses.softmaxCrossEntropy(labels, forward());
  return { forward, loss };
}

/** Forward alone, and a step of stochastic gradient descent. */
export const lenetCases: readonly TensorCase[] = [
  tensorCase({
    name: `LeNet forward, batch ${BATCH}`,
    group: 'LeNet forward',
    note: 'nothing recorded',
    operands,
    prepare: (its) => {
      const model = loadModel(its);
      return () => noGrad(() => model(its.x));
    },
    python: { setup: `${python}\nno_grad = torch.no_grad()\nmodel = no_grad(model)`, call: 'model(x)' },
    tfjs: { backend: 'wasm', prepare: (tf, its) => ({ call: tfjsModel(tf, its).forward }) },
  }),
  tensorCase({
    name: `LeNet training step, batch ${BATCH}`,
    group: 'LeNet training',
    note: 'forward, backward and a step of SGD',
    compared: 3,
    operands,
    prepare: (its) => {
      const model = loadModel(its);
      const parameters = [...model.parameters()];
      return () => {
        for (const parameter of parameters) parameter.grad = null;
        const loss = nn.functional.crossEntropy(model(its.x), its.t);
        loss.backward();
        noGrad(() => {
          for (const parameter of parameters) parameter.sub_(parameter.grad!, { alpha: RATE });
        });
        return loss;
      };
    },
    python: { setup: python + pythonStep, call: 'step()' },
    // On wasm there is no gradient of a convolution's filter.
    tfjs: {
      backend: 'cpu',
      prepare: (tf, its) => {
        const { loss } = tfjsModel(tf, its);
        const optimizer = tf.train.sgd(RATE);
        return { call: () => optimizer.minimize(loss, true)! };
      },
    },
  }),
];
