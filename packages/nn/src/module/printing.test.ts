import { inspect } from 'node:util';
import { ones, type Tensor } from '@sconce/tensor';
import { fixtureJson } from '@sconce/testing';
import { describe, expect, it } from 'vitest';
import * as nn from '../index.ts';
import { pythonFloat, pythonText } from './python-text.ts';

class Net extends nn.Module {
  conv1 = new nn.Conv2d(3, 16, 3, { padding: 1 });

  constructor() {
    super();
    this.addModule('conv2', new nn.Conv2d(16, 32, 3, { padding: 1 }));
  }

  override forward(x: Tensor): Tensor {
    return this.conv1(x);
  }
}

class Block extends nn.Module {
  conv: nn.Conv2d;
  norm: nn.BatchNorm2d;
  relu = new nn.ReLU({ inplace: true });
  downsample: nn.Sequential | null;

  constructor(channels: number, downsample: boolean) {
    super();
    this.conv = new nn.Conv2d(channels, channels, 3, { bias: false });
    this.norm = new nn.BatchNorm2d(channels);
    this.downsample = downsample
      ? new nn.Sequential(new nn.Conv2d(channels, channels, 1), new nn.Identity())
      : null;
  }

  override forward(x: Tensor): Tensor {
    return this.relu(this.norm(this.conv(x)));
  }
}

class Nested extends nn.Module {
  stem = new nn.Sequential({ conv: new nn.Conv2d(1, 8, 3), act: new nn.SiLU() });
  layer1 = new nn.Sequential(new Block(8, true), new Block(8, false), new Block(8, false));
  heads = new nn.ModuleDict({ class: new nn.Linear(8, 10), box: new nn.Linear(8, 4) });
  empty = new nn.Sequential();
  missing = null;

  override forward(x: Tensor): Tensor {
    return this.layer1(this.stem(x));
  }
}

class WithExtraText extends nn.Module {
  readonly scale: number;
  weight = new nn.Parameter(ones([2]));

  constructor(scale: number, child: boolean) {
    super();
    this.scale = scale;
    if (child) this.addModule('act', new nn.ReLU());
  }

  override forward(x: Tensor): Tensor {
    return x;
  }

  override extraRepr(): string {
    return `scale=${this.scale}`;
  }
}

class Empty extends nn.Module {
  override forward(x: Tensor): Tensor {
    return x;
  }
}

const linear = (): nn.Linear => new nn.Linear(4, 4);

/** The Python expressions of the fixture, in TypeScript. */
const builders: Readonly<Record<string, () => nn.Module>> = {
  'nn.Sequential()': () => new nn.Sequential(),
  'nn.Sequential(nn.Linear(2, 3))': () => new nn.Sequential(new nn.Linear(2, 3)),
  'nn.Sequential(nn.Conv2d(1, 8, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 2))': () =>
    new nn.Sequential(new nn.Conv2d(1, 8, 3), new nn.ReLU(), new nn.Flatten(), new nn.Linear(8, 2)),
  'nn.Sequential(nn.Sequential(nn.Linear(2, 3), nn.ReLU()), nn.Sequential(nn.Sequential(), nn.Tanh()))': () =>
    new nn.Sequential(
      new nn.Sequential(new nn.Linear(2, 3), new nn.ReLU()),
      new nn.Sequential(new nn.Sequential(), new nn.Tanh()),
    ),
  'nn.Sequential(nn.ReLU(), nn.ReLU(), nn.ReLU())': () =>
    new nn.Sequential(new nn.ReLU(), new nn.ReLU(), new nn.ReLU()),
  "nn.Sequential(OrderedDict([('conv1', nn.Conv2d(1, 20, 5)), ('relu1', nn.ReLU()), ('conv2', nn.Conv2d(20, 64, 5))]))":
    () =>
      new nn.Sequential({
        conv1: new nn.Conv2d(1, 20, 5),
        relu1: new nn.ReLU(),
        conv2: new nn.Conv2d(20, 64, 5),
      }),
  'nn.ModuleList()': () => new nn.ModuleList(),
  'nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4)])': () =>
    new nn.ModuleList([linear(), linear(), linear()]),
  'nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2), nn.Linear(4, 2)])': () =>
    new nn.ModuleList<nn.Module>([
      linear(),
      linear(),
      new nn.ReLU(),
      new nn.Linear(4, 2),
      new nn.Linear(4, 2),
    ]),
  'nn.ModuleList([nn.Linear(1, 2)])': () => new nn.ModuleList([new nn.Linear(1, 2)]),
  'nn.ModuleList([nn.Sequential(nn.Linear(2, 2), nn.ReLU()), nn.Sequential(nn.Linear(2, 2), nn.ReLU())])':
    () =>
      new nn.ModuleList([
        new nn.Sequential(new nn.Linear(2, 2), new nn.ReLU()),
        new nn.Sequential(new nn.Linear(2, 2), new nn.ReLU()),
      ]),
  'nn.ModuleDict()': () => new nn.ModuleDict(),
  "nn.ModuleDict({'conv': nn.Conv2d(10, 10, 3), 'pool': nn.MaxPool2d(3)})": () =>
    new nn.ModuleDict({ conv: new nn.Conv2d(10, 10, 3), pool: new nn.MaxPool2d(3) }),
  "nn.ModuleDict({'list': nn.ModuleList([nn.ReLU(), nn.ReLU()]), 'one': nn.Identity()})": () =>
    new nn.ModuleDict({ list: new nn.ModuleList([new nn.ReLU(), new nn.ReLU()]), one: new nn.Identity() }),
  'Net()': () => new Net(),
  'Nested()': () => new Nested(),
  'Block(4, True)': () => new Block(4, true),
  'Block(4, False)': () => new Block(4, false),
  'WithExtraText(2.5, False)': () => new WithExtraText(2.5, false),
  'WithExtraText(2.5, True)': () => new WithExtraText(2.5, true),
  'Empty()': () => new Empty(),
  'nn.Sequential(Empty(), Net())': () => new nn.Sequential(new Empty(), new Net()),
  "nn.Conv2d(3, 6, (3, 5), stride=(2, 1), padding=(1, 2), dilation=(1, 2), groups=3, bias=False, padding_mode='reflect')":
    () =>
      new nn.Conv2d(3, 6, [3, 5], {
        stride: [2, 1],
        padding: [1, 2],
        dilation: [1, 2],
        groups: 3,
        bias: false,
        paddingMode: 'reflect',
      }),
  "nn.Conv2d(1, 1, 3, padding='same')": () => new nn.Conv2d(1, 1, 3, { padding: 'same' }),
  "nn.Conv2d(1, 1, 3, padding='valid')": () => new nn.Conv2d(1, 1, 3, { padding: 'valid' }),
  'nn.Conv2d(1, 1, 1, stride=2, padding=0)': () => new nn.Conv2d(1, 1, 1, { stride: 2, padding: 0 }),
  'nn.ConvTranspose2d(3, 6, 3, stride=2, padding=1, output_padding=1, groups=3, bias=False, dilation=2)':
    () =>
      new nn.ConvTranspose2d(3, 6, 3, {
        stride: 2,
        padding: 1,
        outputPadding: 1,
        groups: 3,
        bias: false,
        dilation: 2,
      }),
  'nn.BatchNorm2d(3)': () => new nn.BatchNorm2d(3),
  'nn.BatchNorm2d(3, eps=1e-3, momentum=None, affine=False, track_running_stats=False)': () =>
    new nn.BatchNorm2d(3, { eps: 1e-3, momentum: null, affine: false, trackRunningStats: false }),
  'nn.BatchNorm2d(3, eps=0.001, momentum=0.01)': () => new nn.BatchNorm2d(3, { eps: 0.001, momentum: 0.01 }),
  'nn.BatchNorm2d(3, eps=1e-12, momentum=1.0)': () => new nn.BatchNorm2d(3, { eps: 1e-12, momentum: 1 }),
  'nn.Linear(3, 4, bias=False)': () => new nn.Linear(3, 4, { bias: false }),
  'nn.LayerNorm(5)': () => new nn.LayerNorm(5),
  'nn.LayerNorm((3, 4), eps=1e-6, elementwise_affine=False)': () =>
    new nn.LayerNorm([3, 4], { eps: 1e-6, elementwiseAffine: false }),
  'nn.LayerNorm([2, 3], bias=False)': () => new nn.LayerNorm([2, 3], { bias: false }),
  'nn.Dropout()': () => new nn.Dropout(),
  'nn.Dropout(0.25, inplace=True)': () => new nn.Dropout(0.25, { inplace: true }),
  'nn.Dropout(1.0)': () => new nn.Dropout(1),
  'nn.ReLU(inplace=True)': () => new nn.ReLU({ inplace: true }),
  'nn.ReLU6(inplace=True)': () => new nn.ReLU6({ inplace: true }),
  'nn.Hardtanh()': () => new nn.Hardtanh(),
  'nn.Hardtanh(-2.0, 2.5, inplace=True)': () => new nn.Hardtanh(-2, 2.5, { inplace: true }),
  'nn.LeakyReLU(0.2, inplace=True)': () => new nn.LeakyReLU(0.2, { inplace: true }),
  'nn.LeakyReLU(1e-05)': () => new nn.LeakyReLU(1e-5),
  'nn.ELU(alpha=2.0)': () => new nn.ELU({ alpha: 2 }),
  'nn.GELU()': () => new nn.GELU(),
  "nn.GELU(approximate='tanh')": () => new nn.GELU({ approximate: 'tanh' }),
  'nn.Softmax()': () => new nn.Softmax(),
  'nn.Softmax(dim=-1)': () => new nn.Softmax({ dim: -1 }),
  'nn.MaxPool2d(2)': () => new nn.MaxPool2d(2),
  'nn.MaxPool2d((2, 3), stride=(1, 2), padding=1, dilation=2, ceil_mode=True)': () =>
    new nn.MaxPool2d([2, 3], { stride: [1, 2], padding: 1, dilation: 2, ceilMode: true }),
  'nn.AvgPool2d(2, stride=1, padding=1, ceil_mode=True, count_include_pad=False)': () =>
    new nn.AvgPool2d(2, { stride: 1, padding: 1, ceilMode: true, countIncludePad: false }),
  'nn.AdaptiveAvgPool2d(1)': () => new nn.AdaptiveAvgPool2d(1),
  'nn.AdaptiveAvgPool2d((None, 7))': () => new nn.AdaptiveAvgPool2d([null, 7]),
  'nn.AdaptiveMaxPool2d((5, 7))': () => new nn.AdaptiveMaxPool2d([5, 7]),
  'nn.Flatten(start_dim=2, end_dim=3)': () => new nn.Flatten({ startDim: 2, endDim: 3 }),
  'nn.Unflatten(1, (2, 3))': () => new nn.Unflatten(1, [2, 3]),
  'nn.Upsample(scale_factor=2)': () => new nn.Upsample({ scaleFactor: 2 }),
  "nn.Upsample(scale_factor=2.5, mode='bilinear', align_corners=True)": () =>
    new nn.Upsample({ scaleFactor: 2.5, mode: 'bilinear', alignCorners: true }),
  'nn.Upsample(scale_factor=(2, 3))': () => new nn.Upsample({ scaleFactor: [2, 3] }),
  "nn.Upsample(size=(3, 4), mode='nearest')": () => new nn.Upsample({ size: [3, 4], mode: 'nearest' }),
  "nn.Upsample(size=7, mode='bilinear')": () => new nn.Upsample({ size: 7, mode: 'bilinear' }),
  'nn.ZeroPad2d(2)': () => new nn.ZeroPad2d(2),
  'nn.ConstantPad2d((1, 2, 3, 4), 0.5)': () => new nn.ConstantPad2d([1, 2, 3, 4], 0.5),
  'nn.ReflectionPad2d((1, 2, 3, 4))': () => new nn.ReflectionPad2d([1, 2, 3, 4]),
  'nn.ReplicationPad2d(3)': () => new nn.ReplicationPad2d(3),
  'nn.PixelShuffle(3)': () => new nn.PixelShuffle(3),
  'nn.Identity(54, unused=1)': () => new nn.Identity(54, { unused: 1 }),
};

/** Cases that TypeScript cannot express. */
const inexpressible: Readonly<Record<string, string>> = {
  'nn.Unflatten(1, torch.Size([2, 3]))': 'there is no torch.Size: shapes are lists, which print as tuples',
};

const { cases } = fixtureJson<{ cases: readonly { name: string; build: string; printed: string }[] }>(
  'layers/printing.json',
);

describe('printed modules', () => {
  it('covers every case of the fixture', () => {
    const known = [...Object.keys(builders), ...Object.keys(inexpressible)];
    expect(cases.map((one) => one.build).sort()).toEqual(known.sort());
  });

  it.each(cases.filter((one) => !(one.build in inexpressible)).map((one) => [one.build, one] as const))(
    '%s prints as in Python',
    (_name, one) => {
      expect(String((builders[one.build] as () => nn.Module)())).toBe(one.printed);
    },
  );

  it('shows in console.log as in Python', () => {
    expect(inspect(new nn.Linear(3, 4))).toBe('Linear(in_features=3, out_features=4, bias=True)');
  });

  it('prints a child that was set to null as None', () => {
    const net = new Net().addModule('conv3', null);
    expect(String(net).split('\n').at(-2)).toBe('  (conv3): None');
  });

  it('names a class by its static className, which subclasses do not inherit', () => {
    class A extends nn.Module {
      static override readonly className: string = 'Renamed';
      override forward(): void {}
    }
    class B extends A {}
    expect([String(new A()), String(new B())]).toEqual(['Renamed()', 'B()']);
  });
});

describe('values in printed text', () => {
  it('are written as Python writes them', () => {
    expect([1e-5, 0.0001, 1e16, 1.5e300, 0.1, -0, 3].map(pythonText)).toEqual([
      '1e-05',
      '0.0001',
      '1e+16',
      '1.5e+300',
      '0.1',
      '-0.0',
      '3',
    ]);
    expect([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY].map(pythonText)).toEqual([
      'nan',
      'inf',
      '-inf',
    ]);
    expect([null, true, false, [1], [1, [2, null]], 'same'].map(pythonText)).toEqual([
      'None',
      'True',
      'False',
      '(1,)',
      '(1, (2, None))',
      'same',
    ]);
    expect([pythonFloat(2), pythonFloat(2.5), pythonFloat(1e-7)]).toEqual(['2.0', '2.5', '1e-07']);
  });
});
