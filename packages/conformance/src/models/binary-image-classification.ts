/** The cat classifier in TypeScript: `fixtures/generators/cat_classifier_model.py` line by line. */
import * as nn from '@sconce/nn';
import type { Tensor } from '@sconce/tensor';

/** A block of two convolutions, and a small head that takes images of any size: [N, 3, H, W] to [N, 2]. */
export class BinaryImageClassification extends nn.Module {
  static override readonly className: string = 'BinaryImageClassification';

  conv_block: nn.Sequential = new nn.Sequential(
    new nn.Conv2d(3, 16, 3, { stride: 1, padding: 1 }),
    new nn.ReLU(),
    new nn.Conv2d(16, 32, 3, { stride: 1, padding: 1 }),
    new nn.ReLU(),
    new nn.MaxPool2d(2, 2),
  );
  head: nn.Sequential = new nn.Sequential(
    new nn.Conv2d(32, 24, 3, { stride: 2, padding: 1 }),
    new nn.ReLU(),
    new nn.Conv2d(24, 24, 3, { stride: 2, padding: 1 }),
    new nn.ReLU(),
    new nn.AdaptiveAvgPool2d(1),
    new nn.Flatten(),
    new nn.Dropout(0.2),
    new nn.Linear(24, 2),
  );

  override forward(x: Tensor): Tensor {
    return this.head(this.conv_block(x));
  }
}
