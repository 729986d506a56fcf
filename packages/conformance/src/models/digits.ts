/** The digits model in TypeScript: `fixtures/generators/digits_model.py` line by line. */
import * as nn from '@sconce/nn';
import { flatten, type Tensor } from '@sconce/tensor';

/** Two convolutions with batch norm and pooling, dropout, two linear layers: [N, 1, 8, 8] to [N, 10]. */
export class DigitsNet extends nn.Module {
  static override readonly className: string = 'DigitsNet';

  conv1: nn.Conv2d = new nn.Conv2d(1, 16, 3, { padding: 1 });
  bn1: nn.BatchNorm2d = new nn.BatchNorm2d(16);
  conv2: nn.Conv2d = new nn.Conv2d(16, 32, 3, { padding: 1 });
  bn2: nn.BatchNorm2d = new nn.BatchNorm2d(32);
  relu: nn.ReLU = new nn.ReLU();
  pool: nn.MaxPool2d = new nn.MaxPool2d(2);
  dropout: nn.Dropout = new nn.Dropout(0.25);
  fc1: nn.Linear = new nn.Linear(32 * 2 * 2, 32);
  fc2: nn.Linear = new nn.Linear(32, 10);

  override forward(input: Tensor): Tensor {
    let x = this.pool(this.relu(this.bn1(this.conv1(input))));
    x = this.pool(this.relu(this.bn2(this.conv2(x))));
    x = this.dropout(flatten(x, 1));
    return this.fc2(this.dropout(this.relu(this.fc1(x))));
  }
}
