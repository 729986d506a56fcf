/** Sequences written backwards: a small transformer encoder with learned positions and dropout, AdamW with warm-up. */
import * as nn from '@sconce/nn';
import { optim } from '@sconce/nn';
import { arange, manualSeed, randint, type Tensor } from '@sconce/tensor';

const TOKENS = 12;
const LENGTH = 10;
const WIDTH = 64;

class Reverser extends nn.Module {
  static override readonly className: string = 'Reverser';

  tokens: nn.Embedding = new nn.Embedding(TOKENS, WIDTH);
  positions: nn.Embedding = new nn.Embedding(LENGTH, WIDTH);
  encoder: nn.TransformerEncoder = new nn.TransformerEncoder(
    new nn.TransformerEncoderLayer(WIDTH, 4, 128, {
      dropout: 0.1,
      activation: 'gelu',
      batchFirst: true,
      normFirst: true,
    }),
    2,
    { norm: new nn.LayerNorm(WIDTH), enableNestedTensor: false },
  );
  head: nn.Linear = new nn.Linear(WIDTH, TOKENS);

  override forward(x: Tensor): Tensor {
    const y = this.tokens(x).add(this.positions(arange(LENGTH)));
    return this.head(this.encoder(y));
  }
}

/** The twin of `fixtures/generators/curve_scripts/transformer.py`. */
export function* trainTransformer(steps: number): Generator<number> {
  manualSeed(2);
  const model = new Reverser();
  const criterion = new nn.CrossEntropyLoss();
  const optimizer = new optim.AdamW(model.parameters(), { lr: 2e-3 });
  const scheduler = new optim.lrScheduler.LinearLR(optimizer, { startFactor: 0.1, totalIters: 20 });
  for (let step = 0; step < steps; step++) {
    const x = randint(TOKENS, [32, LENGTH]);
    optimizer.zeroGrad();
    const loss = criterion(model(x).flatten(0, 1), x.flip(1).flatten());
    loss.backward();
    optimizer.step();
    scheduler.step();
    yield Number(loss.item());
  }
}
