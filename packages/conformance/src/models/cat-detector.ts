/**
 * The cat detector in TypeScript: `fixtures/generators/cat_detector_model.py` line by line. The backbone is
 * EfficientNet-Lite0 (Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks", 2019),
 * cut before its 320-channel stage.
 */
import * as nn from '@sconce/nn';
import { cat, type Tensor } from '@sconce/tensor';

/** Kernel, stride, expansion, channels in, channels out. */
type Block = readonly [
  kernel: number,
  stride: number,
  expansion: number,
  channelsIn: number,
  channelsOut: number,
];

const fineBlocks: readonly Block[] = [
  [3, 1, 1, 32, 16],
  [3, 2, 6, 16, 24],
  [3, 1, 6, 24, 24],
  [5, 2, 6, 24, 40],
  [5, 1, 6, 40, 40],
  [3, 2, 6, 40, 80],
  [3, 1, 6, 80, 80],
  [3, 1, 6, 80, 80],
  [5, 1, 6, 80, 112],
  [5, 1, 6, 112, 112],
  [5, 1, 6, 112, 112],
];

const coarseBlocks: readonly Block[] = [
  [5, 2, 6, 112, 192],
  [5, 1, 6, 192, 192],
  [5, 1, 6, 192, 192],
];

/** Pixels that one unit of the box convolution's output stands for. */
const boxUnit = 64;

/** A convolution padded by half its kernel on every side, as the ImageNet weights expect it. */
function paddedConvolution(
  channelsIn: number,
  channelsOut: number,
  kernel: number,
  stride: number,
  groups: number = 1,
): nn.Conv2d {
  return new nn.Conv2d(channelsIn, channelsOut, kernel, {
    stride,
    padding: Math.floor(kernel / 2),
    groups,
    bias: false,
  });
}

function batchNorm(channels: number): nn.BatchNorm2d {
  return new nn.BatchNorm2d(channels, { eps: 1e-3, momentum: 0.01 });
}

/** Expand, filter each channel by itself, project; added to its input where the shapes allow. */
class InvertedResidual extends nn.Module {
  static override readonly className: string = 'InvertedResidual';

  readonly residual: boolean;
  expand: nn.Identity | nn.Sequential;
  depthwise: nn.Sequential;
  project: nn.Sequential;

  constructor(kernel: number, stride: number, expansion: number, channelsIn: number, channelsOut: number) {
    super();
    const inner = channelsIn * expansion;
    this.residual = stride === 1 && channelsIn === channelsOut;
    this.expand =
      expansion === 1
        ? new nn.Identity()
        : new nn.Sequential(
            new nn.Conv2d(channelsIn, inner, 1, { bias: false }),
            batchNorm(inner),
            new nn.ReLU6(),
          );
    this.depthwise = new nn.Sequential(
      paddedConvolution(inner, inner, kernel, stride, inner),
      batchNorm(inner),
      new nn.ReLU6(),
    );
    this.project = new nn.Sequential(
      new nn.Conv2d(inner, channelsOut, 1, { bias: false }),
      batchNorm(channelsOut),
    );
  }

  override forward(x: Tensor): Tensor {
    const y = this.project(this.depthwise(this.expand(x)));
    return this.residual ? x.add(y) : y;
  }
}

/**
 * Finds cats. `image` [N, 3, H, W] (H and W multiples of 32, pixels `(x - 127) / 128`) to a heat map [N, 1, H/16, W/16],
 * the probability of a cat's centre at each place, and boxes [N, 4, H/16, W/16], the distances left, top, right and
 * bottom from the place's centre to the sides of the box, in pixels of the input.
 */
export class CatDetector extends nn.Module {
  static override readonly className: string = 'CatDetector';

  stem: nn.Sequential = new nn.Sequential(paddedConvolution(3, 32, 3, 2), batchNorm(32), new nn.ReLU6());
  fine: nn.Sequential = new nn.Sequential(...fineBlocks.map((block) => new InvertedResidual(...block)));
  coarse: nn.Sequential = new nn.Sequential(...coarseBlocks.map((block) => new InvertedResidual(...block)));
  lateral: nn.Sequential = new nn.Sequential(new nn.Conv2d(112, 64, 1), new nn.ReLU());
  context: nn.Sequential = new nn.Sequential(new nn.Conv2d(192, 64, 1), new nn.ReLU());
  upsample: nn.Upsample = new nn.Upsample({ scaleFactor: 2, mode: 'nearest' });
  head: nn.Sequential = new nn.Sequential(
    new nn.Conv2d(128, 64, 3, { padding: 1 }),
    new nn.ReLU(),
    new nn.Conv2d(64, 64, 3, { padding: 1 }),
    new nn.ReLU(),
  );
  heatmap: nn.Sequential = new nn.Sequential(new nn.Conv2d(64, 1, 1), new nn.Sigmoid());
  boxes: nn.Sequential = new nn.Sequential(new nn.Conv2d(64, 4, 1), new nn.ReLU());

  override forward(image: Tensor): [heatmap: Tensor, boxes: Tensor] {
    const fine = this.fine(this.stem(image));
    const coarse = this.coarse(fine);
    const joined = cat([this.lateral(fine), this.upsample(this.context(coarse))], 1);
    const features = this.head(joined);
    return [this.heatmap(features), this.boxes(features).mul(boxUnit)];
  }
}
