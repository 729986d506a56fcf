import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { referenceConv2d, referenceConvTranspose2d } from '../reference/convolution.ts';
import { withExecutor } from '../runtime/executor.ts';
import { expectClose, numbers, operand } from '../testing/operands.ts';
import { targets } from '../testing/targets.ts';
import type { Activation, ConvolutionShape } from '../types.ts';
import { convTranspose2d } from './conv-transpose2d.ts';
import { conv2d } from './conv2d.ts';

interface Case extends ConvolutionShape {
  bias: boolean;
  activation: Activation | undefined;
  outputPadding: [number, number];
}

const small = (max: number, min = 1): fc.Arbitrary<number> => fc.integer({ min, max });
const activation = fc.constantFrom<(Activation | undefined)[]>(
  undefined,
  { kind: 'relu' },
  { kind: 'clamp', min: 0, max: 0.5 },
);

interface Sizes {
  extent: number;
  kernel: number;
  channels: number;
}

/** Convolutions whose windows fit; `depthwise` ones have one input channel in each group. */
function cases(size: Sizes, depthwise: boolean): fc.Arbitrary<Case> {
  const pair = (max: number): fc.Arbitrary<[number, number]> => fc.tuple(small(max), small(max));
  return fc
    .record({
      batch: small(2),
      groups: small(3),
      inGroup: depthwise ? fc.constant(1) : small(size.channels),
      outGroup: small(depthwise ? 2 : size.channels),
      extent: fc.tuple(small(size.extent), small(size.extent)),
      kernel: fc.oneof(
        pair(size.kernel),
        fc.constant<[number, number]>([1, 1]),
        fc.constant<[number, number]>([3, 3]),
      ),
      stride: fc.oneof(pair(3), fc.constant<[number, number]>([1, 1])),
      dilation: fc.oneof(pair(2), fc.constant<[number, number]>([1, 1])),
      padding: fc.oneof(
        fc.tuple(small(2, 0), small(2, 0), small(2, 0), small(2, 0)),
        fc.constant<[number, number, number, number]>([0, 0, 0, 0]),
      ),
      outputPadding: fc.tuple(small(1, 0), small(1, 0)),
      bias: fc.boolean(),
      activation,
    })
    .map(({ inGroup, outGroup, extent, ...c }) => {
      const out = (axis: 0 | 1): number => {
        const padded = extent[axis] + c.padding[2 * axis]! + c.padding[2 * axis + 1]!;
        return Math.max(
          0,
          Math.floor((padded - (c.kernel[axis] - 1) * c.dilation[axis] - 1) / c.stride[axis]) + 1,
        );
      };
      return {
        ...c,
        inChannels: inGroup * c.groups,
        outChannels: outGroup * c.groups,
        inHeight: extent[0],
        inWidth: extent[1],
        outHeight: out(0),
        outWidth: out(1),
      };
    });
}

function checkConv2d(c: Case): void {
  const x = numbers(1, c.batch * c.inChannels * c.inHeight * c.inWidth);
  const w = numbers(2, ((c.inChannels * c.outChannels) / c.groups) * c.kernel[0] * c.kernel[1]);
  const bias = c.bias ? numbers(3, c.outChannels) : undefined;
  const expected = new Float32Array(c.batch * c.outChannels * c.outHeight * c.outWidth);
  referenceConv2d({ ...c, x, w, bias, y: expected });
  const y = operand(expected.length);
  const { activation: act, bias: _, ...shape } = c;
  conv2d({
    ...shape,
    x: operand(x),
    w: operand(w),
    y,
    ...(bias && { bias: operand(bias) }),
    ...(act && { activation: act }),
  });
  const terms = w.length / c.outChannels;
  expectClose(y.read(), expected, 1e-6, (terms + 8) * 2 ** -23);
  y.checkFences();
}

/** The same case the other way: the image is the output. */
function checkConvTranspose2d(c: Case): void {
  const out = (axis: 0 | 1): number => {
    const extent = axis === 0 ? c.inHeight : c.inWidth;
    const full = (extent - 1) * c.stride[axis] + (c.kernel[axis] - 1) * c.dilation[axis] + 1;
    return full - c.padding[2 * axis]! - c.padding[2 * axis + 1]! + c.outputPadding[axis]!;
  };
  const shape: Case = { ...c, outHeight: out(0), outWidth: out(1) };
  fc.pre(shape.outHeight - shape.outputPadding[0] > 0 && shape.outWidth - shape.outputPadding[1] > 0);
  const x = numbers(1, c.batch * c.inChannels * c.inHeight * c.inWidth);
  const w = numbers(2, ((c.inChannels * c.outChannels) / c.groups) * c.kernel[0] * c.kernel[1]);
  const bias = c.bias ? numbers(3, c.outChannels) : undefined;
  const expected = new Float32Array(c.batch * c.outChannels * shape.outHeight * shape.outWidth);
  referenceConvTranspose2d({ ...shape, x, w, bias, y: expected });
  const y = operand(expected.length);
  const { activation: act, bias: _, ...rest } = shape;
  convTranspose2d({
    ...rest,
    x: operand(x),
    w: operand(w),
    y,
    ...(bias && { bias: operand(bias) }),
    ...(act && { activation: act }),
  });
  expectClose(y.read(), expected, 1e-6, (w.length / c.outChannels + 8) * 2 ** -23);
  y.checkFences();
}

const resnet: Case = {
  batch: 1,
  groups: 1,
  inChannels: 48,
  inHeight: 14,
  inWidth: 14,
  outChannels: 33,
  outHeight: 14,
  outWidth: 14,
  kernel: [3, 3],
  stride: [1, 1],
  dilation: [1, 1],
  padding: [1, 1, 1, 1],
  outputPadding: [0, 0],
  bias: true,
  activation: { kind: 'relu' },
};

describe.each(targets)('convolution on $name', ({ executor, small: tiny }) => {
  const sizes: Sizes = tiny ? { extent: 7, kernel: 3, channels: 2 } : { extent: 19, kernel: 9, channels: 9 };
  const numRuns = tiny ? 25 : 300;

  it('conv2d equals its definition for every geometry', () => {
    withExecutor(executor, () => fc.assert(fc.property(cases(sizes, false), checkConv2d), { numRuns }));
  });

  it('depthwise conv2d equals its definition for every geometry', () => {
    withExecutor(executor, () => fc.assert(fc.property(cases(sizes, true), checkConv2d), { numRuns }));
  });

  it('convTranspose2d equals its definition for every geometry', () => {
    withExecutor(executor, () =>
      fc.assert(fc.property(cases(sizes, false), checkConvTranspose2d), { numRuns }),
    );
  });

  it('lets NaN through', () => {
    withExecutor(executor, () => {
      const y = operand(1);
      const x = operand([Number.NaN]);
      const one = {
        ...resnet,
        inChannels: 1,
        outChannels: 1,
        inHeight: 1,
        inWidth: 1,
        outHeight: 1,
        outWidth: 1,
      };
      const { activation: _, bias: __, ...shape } = one;
      conv2d({ ...shape, x, w: operand(numbers(1, 9)), y, activation: { kind: 'clamp', min: 0, max: 6 } });
      expect(y.read()).toEqual(Float32Array.of(Number.NaN));
    });
  });
});

// Layers of real size are too large for the interpreter.
describe.each(targets.filter((target) => !target.small))('convolution on $name', ({ executor }) => {
  it('conv2d cuts layers of real size into blocks', () => {
    withExecutor(executor, () => {
      checkConv2d(resnet);
      checkConv2d({
        ...resnet,
        kernel: [1, 1],
        padding: [0, 0, 0, 0],
        inHeight: 30,
        inWidth: 31,
        outHeight: 30,
        outWidth: 31,
        activation: undefined,
      });
    });
  });
});

describe('convolution', () => {
  const { activation: _, bias: __, ...shape } = resnet;

  it('refuses windows beyond the padded image', () => {
    const x = operand(numbers(1, 48 * 14 * 14));
    const w = operand(numbers(1, 48 * 33 * 9));
    const y = operand(33 * 15 * 14);
    expect(() => conv2d({ ...shape, outHeight: 15, x, w, y })).toThrow(
      /conv2d: windows reach beyond the padded height/,
    );
    expect(() => conv2d({ ...shape, groups: 5, x, w, y })).toThrow(
      /conv2d: channels do not divide into groups/,
    );
    expect(() => conv2d({ ...shape, x, w: operand(10), y })).toThrow(/conv2d: w is too small/);
  });
});
