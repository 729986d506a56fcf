import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  referenceConv2d,
  referenceConv2dGradWeight,
  referenceConvTranspose2d,
} from '../reference/convolution.ts';
import { withExecutor } from '../runtime/executor.ts';
import { expectClose, numbers, operand } from '../testing/operands.ts';
import { targets } from '../testing/targets.ts';
import type { Activation, ConvolutionShape } from '../types.ts';
import { batchPays } from './conv-batch-layout.ts';
import { tapsPay } from './conv-batch-taps.ts';
import { chooseRoad, packConvolutionWeights } from './conv-packed.ts';
import { convTranspose2d } from './conv-transpose2d.ts';
import { conv2d } from './conv2d.ts';
import { conv2dGradInput, conv2dGradWeight, convolutionGradBias } from './conv2d-gradients.ts';

interface Case extends ConvolutionShape {
  bias: boolean;
  activation: Activation | undefined;
  outputPadding: [number, number];
  exact: boolean;
  residual: boolean;
  kept: boolean;
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
      exact: fc.boolean(),
      residual: fc.boolean(),
      kept: fc.boolean(),
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

/** The part of a case that is a convolution's shape. */
function shapeOf(c: Case): ConvolutionShape {
  const {
    bias: _,
    activation: __,
    outputPadding: ___,
    exact: ____,
    residual: _____,
    kept: ______,
    ...shape
  } = c;
  return shape;
}

/** What sums of so many products may be off by; Winograd's transforms multiply it. */
function tolerance(c: Case, terms: number): number {
  return (terms + 8) * 2 ** -23 * (c.exact ? 1 : 8);
}

function sizesOf(c: ConvolutionShape): { x: number; w: number; y: number; terms: number } {
  const w = ((c.inChannels * c.outChannels) / c.groups) * c.kernel[0] * c.kernel[1];
  return {
    x: c.batch * c.inChannels * c.inHeight * c.inWidth,
    w,
    y: c.batch * c.outChannels * c.outHeight * c.outWidth,
    terms: w / c.outChannels,
  };
}

function checkConv2d(c: Case): void {
  const sizes = sizesOf(c);
  const x = numbers(1, sizes.x);
  const w = numbers(2, sizes.w);
  const bias = c.bias ? numbers(3, c.outChannels) : undefined;
  const residual = c.residual ? numbers(4, sizes.y) : undefined;
  const expected = new Float32Array(sizes.y);
  const act = c.activation && { activation: c.activation };
  referenceConv2d({ ...shapeOf(c), x, w, bias, residual, y: expected, ...act });
  const y = operand(sizes.y);
  const shape = shapeOf(c);
  const weights = { w: operand(w), ...(bias && { bias: operand(bias) }) };
  const packed = c.kept ? packConvolutionWeights({ ...shape, ...weights, exact: c.exact }) : undefined;
  conv2d({
    ...shape,
    ...(packed ? { w: packed } : weights),
    x: operand(x),
    y,
    exact: c.exact,
    ...(residual && { residual: operand(residual) }),
    ...act,
  });
  packed?.dispose();
  expectClose(y.read(), expected, 1e-6, tolerance(c, sizes.terms));
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
  const sizes = sizesOf(shape);
  const x = numbers(1, sizes.x);
  const w = numbers(2, sizes.w);
  const bias = c.bias ? numbers(3, c.outChannels) : undefined;
  const expected = new Float32Array(sizes.y);
  const act = c.activation && { activation: c.activation };
  referenceConvTranspose2d({ ...shapeOf(shape), x, w, bias, y: expected, ...act });
  const y = operand(sizes.y);
  convTranspose2d({
    ...shapeOf(shape),
    outputPadding: c.outputPadding,
    x: operand(x),
    w: operand(w),
    y,
    exact: c.exact,
    ...(bias && { bias: operand(bias) }),
    ...act,
  });
  expectClose(y.read(), expected, 1e-6, tolerance(c, w.length / c.outChannels));
  y.checkFences();
}

/** All three gradients of a case. */
function checkGradients(c: Case): void {
  const shape = shapeOf(c);
  const sizes = sizesOf(c);
  const x = numbers(1, sizes.x);
  const w = numbers(2, sizes.w);
  const dy = numbers(5, sizes.y);
  const options = { exact: c.exact };

  const dx = operand(sizes.x);
  conv2dGradInput({ ...shape, ...options, dy: operand(dy), w: operand(w), dx });
  const expectedX = new Float32Array(sizes.x);
  const { inChannels, outChannels, inHeight, inWidth, outHeight, outWidth } = c;
  const images = { inChannels: outChannels, outChannels: inChannels, inHeight: outHeight, inWidth: outWidth };
  const transposed = { ...shape, ...images, outHeight: inHeight, outWidth: inWidth };
  referenceConvTranspose2d({ ...transposed, x: dy, w, y: expectedX });
  expectClose(dx.read(), expectedX, 1e-6, tolerance(c, sizes.w / c.inChannels));
  dx.checkFences();

  const dw = operand(sizes.w);
  conv2dGradWeight({ ...shape, ...options, x: operand(x), dy: operand(dy), dw });
  const expectedW = new Float32Array(sizes.w);
  referenceConv2dGradWeight({ ...shape, x, dy, dw: expectedW });
  const pixels = c.outHeight * c.outWidth;
  expectClose(dw.read(), expectedW, 1e-6, tolerance(c, c.batch * pixels));
  dw.checkFences();

  const db = operand(c.outChannels);
  convolutionGradBias({ dy: operand(dy), db, batch: c.batch, channels: c.outChannels, pixels });
  const expectedB = new Float64Array(c.outChannels);
  for (const [i, value] of dy.entries()) expectedB[Math.floor(i / pixels) % c.outChannels]! += value;
  expectClose(db.read(), Float32Array.from(expectedB), 1e-6, tolerance(c, c.batch * pixels));
  db.checkFences();
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
  exact: false,
  residual: true,
  kept: false,
};

/** Layers for Winograd's methods and for tiles of every size, with channels that leave lanes of the last block idle. */
const layers: fc.Arbitrary<Case> = fc
  .record({
    batch: small(3),
    inChannels: fc.oneof(small(40, 14), fc.constantFrom(16, 32, 48)),
    outChannels: fc.oneof(small(50, 14), fc.constantFrom(16, 32, 48)),
    inHeight: small(25, 5),
    inWidth: small(25, 5),
    stride: small(2),
    kernel: fc.constantFrom(1, 3, 3, 3, 5),
    padding: small(2, 0),
    exact: fc.boolean(),
    kept: fc.boolean(),
  })
  .map(({ stride, kernel, padding, ...c }) => {
    const out = (size: number): number => Math.floor((size + 2 * padding - kernel) / stride) + 1;
    return {
      ...resnet,
      ...c,
      kernel: [kernel, kernel],
      stride: [stride, stride],
      padding: [padding, padding, padding, padding],
      outHeight: out(c.inHeight),
      outWidth: out(c.inWidth),
    };
  });

/** Few channels of each group of a batch, which are convolved along lines where tiles of every size occur. */
function lines(tiny: boolean): fc.Arbitrary<Case> {
  return fc
    .record({
      batch: tiny ? small(2) : small(12),
      groups: small(3),
      inGroup: small(tiny ? 2 : 4, 2),
      outGroup: tiny ? fc.oneof(small(3), fc.constant(4)) : fc.oneof(small(19), fc.constantFrom(8, 16, 32)),
      inHeight: small(tiny ? 6 : 9, 5),
      inWidth: small(tiny ? 9 : 36, 5),
      kernel: fc.tuple(small(5), small(5, 2)),
      dilation: fc.tuple(small(2), small(2)),
      padding: fc.tuple(small(4, 2), small(4, 2), small(4, 2), small(4, 2)),
      bias: fc.boolean(),
      activation,
      kept: fc.boolean(),
      residual: fc.boolean(),
    })
    .map(({ inGroup, outGroup, ...c }) => {
      const out = (size: number, axis: 0 | 1): number =>
        size + c.padding[2 * axis]! + c.padding[2 * axis + 1]! - (c.kernel[axis] - 1) * c.dilation[axis];
      return {
        ...{ ...resnet, ...c, exact: true },
        ...{ inChannels: inGroup * c.groups, outChannels: outGroup * c.groups },
        ...{ outHeight: out(c.inHeight, 0), outWidth: out(c.inWidth, 1) },
      };
    });
}

/** Batches of small images, which are convolved side by side: whole vectors of them, or not quite. */
function batches(lanes: number, tiny: boolean): fc.Arbitrary<Case> {
  const channels = fc.oneof(fc.constant(16), small(tiny ? 17 : 30, 16));
  return fc
    .record({
      batch: fc.oneof(fc.constant(lanes), fc.constant(2 * lanes), small(3 * lanes, Math.ceil(0.75 * lanes))),
      groups: small(tiny ? 1 : 2),
      inGroup: channels,
      outGroup: channels,
      extent: fc.oneof(fc.tuple(small(4), small(4)), fc.tuple(small(tiny ? 5 : 11), small(tiny ? 5 : 11))),
      kernel: fc.oneof(fc.tuple(small(4), small(4)), fc.constant<[number, number]>([3, 3])),
      stride: fc.oneof(fc.constant<[number, number]>([1, 1]), fc.tuple(small(3), small(3))),
      dilation: fc.oneof(fc.constant<[number, number]>([1, 1]), fc.tuple(small(2), small(2))),
      padding: fc.tuple(small(2, 0), small(2, 0), small(2, 0), small(2, 0)),
      bias: fc.boolean(),
      activation,
      residual: fc.boolean(),
    })
    .map(({ inGroup, outGroup, extent, ...c }) => {
      const out = (axis: 0 | 1): number => {
        const padded = extent[axis] + c.padding[2 * axis]! + c.padding[2 * axis + 1]!;
        return Math.floor((padded - (c.kernel[axis] - 1) * c.dilation[axis] - 1) / c.stride[axis]) + 1;
      };
      return {
        ...{ ...resnet, ...c, exact: true, inHeight: extent[0], inWidth: extent[1] },
        ...{ inChannels: inGroup * c.groups, outChannels: outGroup * c.groups },
        ...{ outHeight: Math.max(0, out(0)), outWidth: Math.max(0, out(1)) },
      };
    });
}

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

  it('gradients equal their definitions for every geometry', () => {
    withExecutor(executor, () => fc.assert(fc.property(cases(sizes, false), checkGradients), { numRuns }));
  });

  it('gradients of depthwise convolutions equal their definitions for every geometry', () => {
    withExecutor(executor, () => fc.assert(fc.property(cases(sizes, true), checkGradients), { numRuns }));
  });

  it('convolutions of few channels and their gradients equal their definitions', () => {
    withExecutor(executor, () =>
      fc.assert(
        fc.property(lines(tiny), (c) => {
          fc.pre(chooseRoad(c) === 'lines');
          checkConv2d(c);
          checkGradients(c);
        }),
        { numRuns: tiny ? 4 : 15 },
      ),
    );
  });

  it.each([true, false])(
    'batches of small images and their gradients equal their definitions, taps told apart: %s',
    (taps) => {
      withExecutor(executor, () =>
        fc.assert(
          fc.property(batches(executor.target.lanes('f32'), tiny), (c) => {
            fc.pre(batchPays(c) && tapsPay(c) === taps);
            const plain = { ...c, bias: false, activation: undefined, residual: false };
            checkConv2d(taps ? plain : c);
            checkGradients(c);
          }),
          { numRuns: tiny ? 2 : 15 },
        ),
      );
    },
  );

  it('an infinity counts for the weights that meet it only', () => {
    withExecutor(executor, () => {
      // Of five columns the last one is seen by the second tap of a window of two only.
      const shape = { ...shapeOf(resnet), inChannels: 2, outChannels: 2, inHeight: 4, inWidth: 5 };
      const sizes = { outHeight: 3, outWidth: 4, kernel: [2, 2], padding: [0, 0, 0, 0] } as const;
      expect(chooseRoad({ ...shape, ...sizes })).toBe('lines');
      const x = numbers(1, 40).map((value, i) => (i % 5 === 4 ? Number.POSITIVE_INFINITY : value));
      const dw = operand(16);
      conv2dGradWeight({ ...shape, ...sizes, x: operand(x), dy: operand(new Float32Array(24).fill(1)), dw });
      expect([...dw.read()].map(Number.isFinite)).toEqual(Array.from({ length: 16 }, (_, i) => i % 2 === 0));
    });
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
      conv2d({
        ...shapeOf(one),
        x,
        w: operand(numbers(1, 9)),
        y,
        activation: { kind: 'clamp', min: 0, max: 6 },
      });
      expect(y.read()).toEqual(Float32Array.of(Number.NaN));
    });
  });
});

// Layers of real size are too large for the interpreter.
describe.each(targets.filter((target) => !target.small))('convolution on $name', ({ executor }) => {
  it('conv2d equals its definition for layers of networks', () => {
    withExecutor(executor, () => fc.assert(fc.property(layers, checkConv2d), { numRuns: 10 }));
  });

  it('gradients equal their definitions for layers of networks', () => {
    withExecutor(executor, () => fc.assert(fc.property(layers, checkGradients), { numRuns: 8 }));
  });

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
  const shape = shapeOf(resnet);

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
