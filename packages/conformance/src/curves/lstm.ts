/** The next value of a sum of two waves: two LSTM layers with dropout between them, Adam, gradients clipped. */
import * as nn from '@sconce/nn';
import { optim } from '@sconce/nn';
import { arange, manualSeed, rand, type Tensor } from '@sconce/tensor';

class WavePredictor extends nn.Module {
  static override readonly className: string = 'WavePredictor';

  lstm: nn.LSTM = new nn.LSTM(1, 48, { numLayers: 2, dropout: 0.1, batchFirst: true });
  head: nn.Linear = new nn.Linear(48, 1);

  override forward(x: Tensor): Tensor {
    const [output] = this.lstm(x);
    return this.head(output);
  }
}

/** Sums of two sine waves of random frequencies and phases, [batch, length, 1]. */
function waves(batch: number, length: number): Tensor {
  const frequency = rand([batch, 2, 1]).mul(0.4).add(0.1);
  const phase = rand([batch, 2, 1]).mul(6.28);
  const time = arange(length).float();
  return frequency.mul(time).add(phase).sin().sum(1).unsqueeze(-1);
}

/** The twin of `fixtures/generators/curve_scripts/lstm.py`. */
export function* trainLstm(steps: number): Generator<number> {
  manualSeed(1);
  const model = new WavePredictor();
  const criterion = new nn.MSELoss();
  const optimizer = new optim.Adam(model.parameters(), { lr: 3e-3 });
  for (let step = 0; step < steps; step++) {
    const wave = waves(24, 33);
    optimizer.zeroGrad();
    const loss = criterion(model(wave.index(':', ':-1')), wave.index(':', '1:'));
    loss.backward();
    nn.utils.clipGradNorm_(model.parameters(), 1);
    optimizer.step();
    yield Number(loss.item());
  }
}
