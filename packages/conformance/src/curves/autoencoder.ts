/** Digits pressed through eight numbers: a convolutional autoencoder, RMSprop, a step schedule. */
import * as nn from '@sconce/nn';
import { data, optim } from '@sconce/nn';
import { manualSeed, type Tensor } from '@sconce/tensor';
import type { Digits } from './curve.ts';

class Autoencoder extends nn.Module {
  static override readonly className: string = 'Autoencoder';

  encoder: nn.Sequential = new nn.Sequential(
    new nn.Conv2d(1, 16, 3, { stride: 2, padding: 1 }),
    new nn.ELU(),
    new nn.Conv2d(16, 32, 3, { stride: 2, padding: 1 }),
    new nn.ELU(),
    new nn.Flatten(),
    new nn.Linear(128, 8),
  );
  decoder: nn.Sequential = new nn.Sequential(
    new nn.Linear(8, 128),
    new nn.ELU(),
    new nn.Unflatten(1, [32, 2, 2]),
    new nn.ConvTranspose2d(32, 16, 4, { stride: 2, padding: 1 }),
    new nn.ELU(),
    new nn.ConvTranspose2d(16, 1, 4, { stride: 2, padding: 1 }),
    new nn.Sigmoid(),
  );

  override forward(x: Tensor): Tensor {
    return this.decoder(this.encoder(x));
  }
}

/** The twin of `fixtures/generators/curve_scripts/autoencoder.py`. */
export function* trainAutoencoder(steps: number, digits: Digits): Generator<number> {
  manualSeed(4);
  const images = digits.images.float().div(16).unsqueeze(1);
  const loader = new data.DataLoader(new data.TensorDataset(images), { batchSize: 64, shuffle: true });
  const model = new Autoencoder();
  const criterion = new nn.MSELoss();
  const optimizer = new optim.RMSprop(model.parameters(), { lr: 1e-3 });
  const scheduler = new optim.lrScheduler.StepLR(optimizer, { stepSize: 80, gamma: 0.5 });
  for (let step = 0; ; ) {
    for (const [x] of loader) {
      if (step++ === steps) return;
      optimizer.zeroGrad();
      const loss = criterion(model(x), x);
      loss.backward();
      optimizer.step();
      scheduler.step();
      yield Number(loss.item());
    }
  }
}
