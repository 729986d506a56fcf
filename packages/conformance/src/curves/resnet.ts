/**
 * Noisy pictures of ten random patterns, 32x32: ResNet-18 with a stem for small pictures, SGD with momentum and weight
 * decay.
 */
import * as nn from '@sconce/nn';
import { optim } from '@sconce/nn';
import { manualSeed, randint, randn } from '@sconce/tensor';
import { ResNet } from '../models/resnet.ts';

/** The twin of `fixtures/generators/curve_scripts/resnet.py`. */
export function* trainResnet(steps: number): Generator<number> {
  manualSeed(3);
  const patterns = randn([10, 3, 32, 32]);
  const model = new ResNet({ numClasses: 10 });
  model.conv1 = new nn.Conv2d(3, 64, 3, { padding: 1, bias: false });
  const criterion = new nn.CrossEntropyLoss();
  const optimizer = new optim.SGD(model.parameters(), { lr: 3e-4, momentum: 0.9, weightDecay: 5e-4 });
  for (let step = 0; step < steps; step++) {
    const y = randint(10, [16]);
    const x = patterns.index(y).add(randn([16, 3, 32, 32]));
    optimizer.zeroGrad();
    const loss = criterion(model(x), y);
    loss.backward();
    optimizer.step();
    yield Number(loss.item());
  }
}
