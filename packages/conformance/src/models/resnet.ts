/**
 * ResNet-18 (He et al., "Deep residual learning for image recognition", 2015) with the module names of torchvision's
 * `resnet18`, and with widths and blocks that can be chosen.
 */
import * as nn from '@sconce/nn';
import { flatten, type Tensor } from '@sconce/tensor';

/** Two 3x3 convolutions, added to their input. */
export class BasicBlock extends nn.Module {
  static override readonly className: string = 'BasicBlock';

  conv1: nn.Conv2d;
  bn1: nn.BatchNorm2d;
  relu: nn.ReLU;
  conv2: nn.Conv2d;
  bn2: nn.BatchNorm2d;
  /** Brings the input to the output's shape where it differs. */
  downsample: nn.Sequential | null;

  constructor(channelsIn: number, channels: number, stride: number = 1) {
    super();
    // Made first, as torchvision does: weights are drawn in this order.
    const downsample =
      stride === 1 && channelsIn === channels
        ? null
        : new nn.Sequential(
            new nn.Conv2d(channelsIn, channels, 1, { stride, bias: false }),
            new nn.BatchNorm2d(channels),
          );
    this.conv1 = new nn.Conv2d(channelsIn, channels, 3, { stride, padding: 1, bias: false });
    this.bn1 = new nn.BatchNorm2d(channels);
    this.relu = new nn.ReLU({ inplace: true });
    this.conv2 = new nn.Conv2d(channels, channels, 3, { padding: 1, bias: false });
    this.bn2 = new nn.BatchNorm2d(channels);
    this.downsample = downsample;
  }

  override forward(x: Tensor): Tensor {
    const y = this.bn2(this.conv2(this.relu(this.bn1(this.conv1(x)))));
    return this.relu(y.add(this.downsample === null ? x : this.downsample(x)));
  }
}

/** What can be chosen of a {@link ResNet}. */
export interface ResNetOptions {
  /** Channels of the four stages (default 64, 128, 256, 512). */
  readonly widths?: readonly [number, number, number, number];
  /** Blocks of the four stages (default 2 each: ResNet-18). */
  readonly blocks?: readonly [number, number, number, number];
  /** Default 1000. */
  readonly numClasses?: number;
}

/** Images [N, 3, H, W] to scores [N, numClasses]. */
export class ResNet extends nn.Module {
  static override readonly className: string = 'ResNet';

  conv1: nn.Conv2d;
  bn1: nn.BatchNorm2d;
  relu: nn.ReLU;
  maxpool: nn.MaxPool2d;
  layer1: nn.Sequential;
  layer2: nn.Sequential;
  layer3: nn.Sequential;
  layer4: nn.Sequential;
  avgpool: nn.AdaptiveAvgPool2d;
  fc: nn.Linear;

  constructor(options: ResNetOptions = {}) {
    super();
    const { widths = [64, 128, 256, 512], blocks = [2, 2, 2, 2], numClasses = 1000 } = options;
    this.conv1 = new nn.Conv2d(3, widths[0], 7, { stride: 2, padding: 3, bias: false });
    this.bn1 = new nn.BatchNorm2d(widths[0]);
    this.relu = new nn.ReLU({ inplace: true });
    this.maxpool = new nn.MaxPool2d(3, { stride: 2, padding: 1 });
    this.layer1 = stage(widths[0], widths[0], blocks[0], 1);
    this.layer2 = stage(widths[0], widths[1], blocks[1], 2);
    this.layer3 = stage(widths[1], widths[2], blocks[2], 2);
    this.layer4 = stage(widths[2], widths[3], blocks[3], 2);
    this.avgpool = new nn.AdaptiveAvgPool2d([1, 1]);
    this.fc = new nn.Linear(widths[3], numClasses);
  }

  override forward(input: Tensor): Tensor {
    let x = this.maxpool(this.relu(this.bn1(this.conv1(input))));
    x = this.layer4(this.layer3(this.layer2(this.layer1(x))));
    return this.fc(flatten(this.avgpool(x), 1));
  }
}

function stage(channelsIn: number, channels: number, blocks: number, stride: number): nn.Sequential {
  const first = new BasicBlock(channelsIn, channels, stride);
  const rest = Array.from({ length: blocks - 1 }, () => new BasicBlock(channels, channels));
  return new nn.Sequential(first, ...rest);
}
