import { describe, expect, it } from 'vitest';
import { type Executor, withExecutor } from '../../runtime/executor.ts';
import { numbers, operand } from '../../testing/operands.ts';
import { targets } from '../../testing/targets.ts';
import type { ConvolutionShape } from '../../types.ts';
import { blockedConv2d } from './conv2d.ts';
import { blockedLanes } from './image.ts';
import { fromBlocked } from './layout.ts';
import { type Conv2dMethod, inputLanes } from './method.ts';
import { packConv2dWeights } from './pack.ts';
import { blockedPool2d } from './pool2d.ts';
import { fencedImage } from './testing/images.ts';

/** Divides all work into so many parts, and runs the last part first: whatever one part needs of another is missing. */
function divided(executor: Executor, parts: number): Executor {
  const changes: Partial<Executor> = {
    partsFor: () => parts,
    fork: (count, body) => {
      for (let part = count - 1; part >= 0; part--) body(part);
    },
  };
  return new Proxy(executor, {
    get(whole, key) {
      const value: unknown = Reflect.get(key in changes ? changes : whole, key);
      return typeof value === 'function' ? value.bind(whole) : value;
    },
  });
}

const square = (size: number, outputs: number = size) => ({
  inHeight: size,
  inWidth: size,
  outHeight: outputs,
  outWidth: outputs,
});

const point = { kernel: [1, 1], stride: [1, 1], padding: [0, 0, 0, 0], dilation: [1, 1] } as const;
const window = { kernel: [3, 3], stride: [1, 1], padding: [1, 1, 1, 1], dilation: [1, 1] } as const;

/** Layers by what is divided; `wide` channels are several groups of blocks on every target. */
const layers = (wide: number): [string, Conv2dMethod, ConvolutionShape][] => [
  ['rows', 'direct', { ...window, ...square(9), batch: 2, groups: 1, inChannels: 9, outChannels: 21 }],
  [
    'groups',
    'direct',
    { ...window, ...square(3), batch: 1, groups: 1, inChannels: 6, outChannels: wide + 3 },
  ],
  ['rows', 'planar', { ...window, ...square(7), batch: 1, groups: 1, inChannels: 3, outChannels: 5 }],
  ['blocks', 'depthwise', { ...window, ...square(5), batch: 2, groups: 37, inChannels: 37, outChannels: 37 }],
  ['steps', 'winograd4', { ...window, ...square(9), batch: 1, groups: 1, inChannels: 20, outChannels: 21 }],
  [
    'rows of halved blocks',
    'direct',
    { ...window, ...square(7), batch: 1, groups: 1, inChannels: 9, outChannels: (3 * wide) / 32 },
  ],
  ['groups', 'direct', { ...point, ...square(1), batch: 1, groups: 1, inChannels: 30, outChannels: wide }],
  [
    'steps',
    'strassen',
    { ...window, ...square(5), batch: 1, groups: 1, inChannels: wide / 8, outChannels: (3 * wide) / 8 },
  ],
  [
    'batches',
    'strassen',
    { ...point, ...square(41), batch: 1, groups: 1, inChannels: wide / 8, outChannels: wide / 8 },
  ],
  [
    'rows of tiles',
    'winograd2',
    { ...window, ...square(17), batch: 1, groups: 1, inChannels: 5, outChannels: 9 },
  ],
];

function convolve(method: Conv2dMethod, shape: ConvolutionShape): Float32Array {
  const { batch, inChannels, outChannels, groups, inHeight, inWidth, outHeight, outWidth } = shape;
  const lanes = blockedLanes();
  const [rows, columns] = shape.kernel;
  const w = operand(numbers(2, ((inChannels * outChannels) / groups) * rows * columns));
  const weights = packConv2dWeights({ ...shape, method, w, bias: operand(numbers(3, outChannels)) });
  const image = { batch, channels: inChannels, height: inHeight, width: inWidth };
  const x = fencedImage(
    { ...image, border: [1, 1, 1, 1], lanes: inputLanes(method) },
    numbers(1, batch * inChannels * inHeight * inWidth),
  );
  const extent = { batch, channels: outChannels, height: outHeight, width: outWidth };
  const y = fencedImage({ ...extent, border: [0, 0, 0, 0], lanes });
  blockedConv2d({ x, weights, y });
  const plain = operand(batch * outChannels * outHeight * outWidth);
  fromBlocked({ x: y, y: plain });
  return plain.read();
}

function pool(): Float32Array {
  const shape = { batch: 2, channels: 37, border: [0, 0, 0, 0], lanes: blockedLanes() } as const;
  const x = fencedImage({ ...shape, height: 7, width: 6 }, numbers(1, 2 * 37 * 42));
  const y = fencedImage({ ...shape, height: 4, width: 3 });
  blockedPool2d({ kind: 'average', x, y, kernel: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1] });
  const plain = operand(2 * 37 * 12);
  fromBlocked({ x: y, y: plain });
  return plain.read();
}

describe.each(targets)('the division of work on $name', ({ executor }) => {
  const wide = 16 * executor.target.lanes('f32');

  it.each(layers(wide))('into %s leaves every bit of %s as it is', (_, method, shape) => {
    const whole = withExecutor(executor, () => convolve(method, shape));
    for (const parts of [2, 3, 7]) {
      expect(withExecutor(divided(executor, parts), () => convolve(method, shape))).toEqual(whole);
    }
  });

  it('leaves every bit of pooling as it is', () => {
    const whole = withExecutor(executor, pool);
    for (const parts of [2, 5]) expect(withExecutor(divided(executor, parts), pool)).toEqual(whole);
  });
});
