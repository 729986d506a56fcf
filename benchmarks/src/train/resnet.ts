// Rows of training ResNet-18 on pictures of 64x64.

import * as nn from '@sconce/nn';
import type { Tensor } from '@sconce/tensor';
import { type TensorCase, tensorCase } from '../tensor/case.ts';
import { pythonTraining, seeded, trainingStep } from './training.ts';

const [BATCH, SIZE, CLASSES] = [16, 64, 10] as const;
const SGD = { lr: 0.001, momentum: 0.9 };

class BasicBlock extends nn.Module {
  readonly stride: number;
  conv1: nn.Conv2d;
  bn1: nn.BatchNorm2d;
  relu: nn.ReLU = new nn.ReLU({ inplace: true });
  conv2: nn.Conv2d;
  bn2: nn.BatchNorm2d;
  downsample: nn.Sequential<[nn.Conv2d, nn.BatchNorm2d]> | null;

  constructor(inputs: number, planes: number, stride: number = 1) {
    super();
    this.stride = stride;
    const downsample =
      stride === 1 && inputs === planes
        ? null
        : new nn.Sequential(
            new nn.Conv2d(inputs, planes, 1, { stride, bias: false }),
            new nn.BatchNorm2d(planes),
          );
    this.conv1 = new nn.Conv2d(inputs, planes, 3, { stride, padding: 1, bias: false });
    this.bn1 = new nn.BatchNorm2d(planes);
    this.conv2 = new nn.Conv2d(planes, planes, 3, { padding: 1, bias: false });
    this.bn2 = new nn.BatchNorm2d(planes);
    this.downsample = downsample;
  }

  override forward(x: Tensor): Tensor {
    const y = this.bn2(this.conv2(this.relu(this.bn1(this.conv1(x)))));
    return this.relu(y.add_(this.downsample === null ? x : this.downsample(x)));
  }
}

class ResNet18 extends nn.Module {
  conv1: nn.Conv2d = new nn.Conv2d(3, 64, 7, { stride: 2, padding: 3, bias: false });
  bn1: nn.BatchNorm2d = new nn.BatchNorm2d(64);
  relu: nn.ReLU = new nn.ReLU({ inplace: true });
  maxpool: nn.MaxPool2d = new nn.MaxPool2d(3, { stride: 2, padding: 1 });
  layer1: nn.Sequential<[BasicBlock, BasicBlock]> = stage(64, 64, 1);
  layer2: nn.Sequential<[BasicBlock, BasicBlock]> = stage(64, 128, 2);
  layer3: nn.Sequential<[BasicBlock, BasicBlock]> = stage(128, 256, 2);
  layer4: nn.Sequential<[BasicBlock, BasicBlock]> = stage(256, 512, 2);
  avgpool: nn.AdaptiveAvgPool2d = new nn.AdaptiveAvgPool2d(1);
  fc: nn.Linear = new nn.Linear(512, CLASSES);

  override forward(input: Tensor): Tensor {
    const x = this.maxpool(this.relu(this.bn1(this.conv1(input))));
    const y = this.layer4(this.layer3(this.layer2(this.layer1(x))));
    return this.fc(this.avgpool(y).flatten(1));
  }
}

function stage(inputs: number, planes: number, stride: number): nn.Sequential<[BasicBlock, BasicBlock]> {
  const first = new BasicBlock(inputs, planes, stride);
  return new nn.Sequential(first, new BasicBlock(planes, planes));
}

/** A step of SGD with momentum. */
export const resnetCases: readonly TensorCase[] = [
  tensorCase({
    name: `ResNet-18, ${BATCH} pictures of ${SIZE}x${SIZE}`,
    group: 'ResNet-18 step',
    note: 'forward, backward and a step of SGD with momentum',
    compared: 2,
    tolerance: 1e-4,
    operands: { x: { shape: [BATCH, 3, SIZE, SIZE] }, t: { shape: [BATCH], below: CLASSES } },
    prepare: (its) => {
      const model = seeded(() => new ResNet18());
      return trainingStep(model, new nn.optim.SGD(model.parameters(), SGD), its.x, its.t);
    },
    python: pythonTraining('ResNet18()', `SGD(model.parameters(), lr=${SGD.lr}, momentum=${SGD.momentum})`),
  }),
];
