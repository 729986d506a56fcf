/** Handwritten digits: a CNN with batch norm and dropout, shuffled batches, SGD with momentum and a cosine schedule. */
import * as nn from '@sconce/nn';
import { data, optim } from '@sconce/nn';
import { manualSeed } from '@sconce/tensor';
import { DigitsNet } from '../models/digits.ts';
import type { Digits } from './curve.ts';

/** The twin of `fixtures/generators/curve_scripts/digits_cnn.py`. */
export function* trainDigitsCnn(steps: number, digits: Digits): Generator<number> {
  manualSeed(0);
  const images = digits.images.float().div(16).unsqueeze(1);
  const dataset = new data.TensorDataset(images, digits.labels);
  const loader = new data.DataLoader(dataset, { batchSize: 32, shuffle: true, dropLast: true });
  const model = new DigitsNet();
  const criterion = new nn.CrossEntropyLoss();
  const optimizer = new optim.SGD(model.parameters(), { lr: 0.01, momentum: 0.9, weightDecay: 1e-4 });
  const scheduler = new optim.lrScheduler.CosineAnnealingLR(optimizer, { TMax: 200 });
  for (let step = 0; ; ) {
    for (const [x, y] of loader) {
      if (step++ === steps) return;
      optimizer.zeroGrad();
      const loss = criterion(model(x), y);
      loss.backward();
      optimizer.step();
      scheduler.step();
      yield Number(loss.item());
    }
  }
}
