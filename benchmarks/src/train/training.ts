// What the rows of training have in common: a step, and the same one in Python.

import { fileURLToPath } from 'node:url';
import * as nn from '@sconce/nn';
import { manualSeed, type Tensor } from '@sconce/tensor';

/** A model from inputs to the scores of classes. */
export type Classifier = nn.Module & ((x: Tensor) => Tensor);

/** Forward, backward and a step of the optimizer; gives the loss. */
export function trainingStep(
  model: Classifier,
  optimizer: nn.optim.Optimizer,
  x: Tensor,
  t: Tensor,
): () => Tensor {
  const criterion = new nn.CrossEntropyLoss();
  return () => {
    optimizer.zeroGrad();
    const loss = criterion(model(x), t);
    loss.backward();
    optimizer.step();
    return loss;
  };
}

/** The model with the weights that all sides start from. */
export function seeded<Model extends nn.Module>(make: () => Model): Model {
  manualSeed(0);
  return make();
}

const folder = fileURLToPath(new URL('.', import.meta.url));

/**
 * The same step in Python, as `step()`.
 *
 * @param model an expression with a class of models.py
 * @param optimizer an expression with `model`
 */
export function pythonTraining(model: string, optimizer: string): { setup: string; call: string } {
  const setup = [
    'import sys',
    `sys.path.insert(0, ${JSON.stringify(folder)})`,
    'import models',
    'torch.manual_seed(0)',
    `model = models.${model}`,
    `step = models.training(model, torch.optim.${optimizer}, x, t)`,
  ];
  return { setup: setup.join('\n'), call: 'step()' };
}
