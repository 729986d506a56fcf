import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { referenceConv2d } from '../../reference/convolution.ts';
import { activationOf } from '../../reference/elementwise.ts';
import { withExecutor } from '../../runtime/executor.ts';
import { expectClose, numbers, operand } from '../../testing/operands.ts';
import { targets } from '../../testing/targets.ts';
import type { Activation, ConvolutionShape, Padding } from '../../types.ts';
import { blockedConv2d } from './conv2d.ts';
import { blockedLanes } from './image.ts';
import { fromBlocked } from './layout.ts';
import {
  allowsStrassen,
  allowsWinograd,
  type Conv2dMethod,
  conv2dBorder,
  inputLanes,
  isDepthwise,
} from './method.ts';
import { packConv2dWeights } from './pack.ts';
import { expectPaddingZero, fencedImage } from './testing/images.ts';

interface Case extends ConvolutionShape {
  readonly bias: boolean;
  readonly residual: boolean;
  readonly activation: Activation | undefined;
  readonly method: Conv2dMethod;
  /** Whether the input has the border that the method reads. */
  readonly bordered: boolean;
  readonly border: Padding;
}

const upTo = (max: number, min = 1): fc.Arbitrary<number> => fc.integer({ min, max });
const pairOf = (max: number): fc.Arbitrary<[number, number]> => fc.tuple(upTo(max), upTo(max));
const sides = (max: number): fc.Arbitrary<Padding> =>
  fc.oneof(
    fc.constant<Padding>([0, 0, 0, 0]),
    fc.tuple(upTo(max, 0), upTo(max, 0), upTo(max, 0), upTo(max, 0)),
  );
const square = (size: number): fc.Arbitrary<[number, number]> => fc.constant([size, size]);

const activation = fc.constantFrom<(Activation | undefined)[]>(
  undefined,
  { kind: 'relu' },
  { kind: 'clamp', min: 0.25, max: 0.5 },
);

const winograds = ['winograd4', 'winograd2', 'winogradStrided'] as const;

/** Methods that apply to a shape. */
function methodsFor(shape: ConvolutionShape): Conv2dMethod[] {
  const methods: Conv2dMethod[] = ['direct'];
  if (shape.groups === 1) methods.push('planar');
  if (isDepthwise(shape)) methods.push('depthwise');
  if (allowsStrassen(shape, blockedLanes())) methods.push('strassen');
  for (const method of winograds) if (allowsWinograd(shape, method)) methods.push(method);
  return methods;
}

interface Sizes {
  readonly extent: number;
  readonly channels: number;
}

type Geometry = Pick<ConvolutionShape, 'kernel' | 'stride' | 'dilation' | 'groups'> & {
  readonly inGroup: number;
  readonly outGroup: number;
};

const geometries = (channels: number): fc.Arbitrary<Geometry> =>
  fc.oneof(
    fc.record({
      kernel: fc.oneof(pairOf(5), square(1), square(3)),
      stride: fc.oneof(pairOf(3), square(1), square(2)),
      dilation: fc.oneof(pairOf(2), square(1)),
      groups: fc.oneof(fc.constant(1), upTo(3)),
      inGroup: upTo(channels),
      outGroup: upTo(channels),
    }),
    // groups that share a block, or take several
    fc.record({
      kernel: square(3),
      stride: square(1),
      dilation: square(1),
      groups: upTo(5, 2),
      inGroup: fc.constantFrom(4, blockedLanes()),
      outGroup: fc.constantFrom(1, 2, 4, blockedLanes()),
    }),
    // what Winograd's methods apply to
    fc.record({
      kernel: square(3),
      stride: fc.oneof(square(1), square(2)),
      dilation: square(1),
      groups: fc.constant(1),
      inGroup: upTo(channels),
      outGroup: upTo(channels),
    }),
    // what Strassen's product applies to
    fc.record({
      kernel: fc.oneof(square(1), square(2), pairOf(3)),
      stride: fc.oneof(square(1), square(2), pairOf(3)),
      dilation: fc.oneof(square(1), pairOf(2)),
      groups: fc.constant(1),
      inGroup: fc.constantFrom(2 * blockedLanes(), 4 * blockedLanes()),
      outGroup: fc.constantFrom(2 * blockedLanes(), 6 * blockedLanes()),
    }),
    // depthwise
    fc.record({
      kernel: fc.oneof(square(3), square(5), pairOf(9)),
      stride: fc.oneof(square(1), square(2), pairOf(3)),
      dilation: fc.oneof(square(1), pairOf(2)),
      groups: upTo(channels, 2),
      inGroup: fc.constant(1),
      outGroup: fc.constant(1),
    }),
  );

function cases({ extent, channels }: Sizes): fc.Arbitrary<Case> {
  return fc
    .record({
      geometry: geometries(channels),
      batch: upTo(2),
      image: pairOf(extent),
      padding: sides(2),
      border: sides(2),
      bias: fc.boolean(),
      residual: fc.boolean(),
      bordered: fc.boolean(),
      activation,
      pick: fc.nat(),
    })
    .map(({ geometry: { inGroup, outGroup, ...geometry }, image, pick, ...rest }) => {
      const outputs = (axis: 0 | 1): number => {
        const padded = image[axis] + rest.padding[2 * axis]! + rest.padding[2 * axis + 1]!;
        const reach = (geometry.kernel[axis] - 1) * geometry.dilation[axis] + 1;
        return Math.max(0, Math.floor((padded - reach) / geometry.stride[axis]) + 1);
      };
      const shape = {
        ...rest,
        ...geometry,
        inChannels: inGroup * geometry.groups,
        outChannels: outGroup * geometry.groups,
        inHeight: image[0],
        inWidth: image[1],
        outHeight: outputs(0),
        outWidth: outputs(1),
      };
      const methods = methodsFor(shape);
      return { ...shape, method: methods[pick % methods.length]! };
    });
}

/** Layers of real size take the reference long, and each is run on several targets by several methods. */
const known = new Map<string, Float32Array>();

function expectedOf(c: Case, data: Record<'x' | 'w' | 'bias' | 'residual', Float32Array>): Float32Array {
  const { activation: act, bias, residual, method: _, border: __, bordered: ___, ...shape } = c;
  const key = JSON.stringify({ act, bias, residual, ...shape });
  const found = known.get(key);
  if (found) return found;
  const y = new Float32Array(data.residual.length);
  referenceConv2d({ ...shape, x: data.x, w: data.w, bias: bias ? data.bias : undefined, y });
  const activate = activationOf(act);
  const expected = y.map((value, i) => activate(Math.fround(value + (residual ? data.residual[i]! : 0))));
  known.set(key, expected);
  return expected;
}

/** Runs a case and gives outputs and what they should be. */
function runCase(c: Case): { got: Float32Array; expected: Float32Array } {
  const lanes = blockedLanes();
  const data = {
    x: numbers(1, c.batch * c.inChannels * c.inHeight * c.inWidth),
    w: numbers(2, ((c.inChannels * c.outChannels) / c.groups) * c.kernel[0] * c.kernel[1]),
    bias: numbers(3, c.outChannels),
    residual: numbers(4, c.batch * c.outChannels * c.outHeight * c.outWidth),
  };
  const expected = expectedOf(c, data);
  const { activation: act, bias, residual, ...shape } = c;
  const weights = packConv2dWeights({
    ...shape,
    w: operand(data.w),
    ...(bias && { bias: operand(data.bias) }),
  });
  expect(weights.inputLanes).toBe(inputLanes(c.method));
  const x = fencedImage(
    {
      batch: c.batch,
      channels: c.inChannels,
      height: c.inHeight,
      width: c.inWidth,
      border: c.bordered ? conv2dBorder(shape, c.method) : c.border,
      lanes: weights.inputLanes,
    },
    data.x,
  );
  const extent = { batch: c.batch, channels: c.outChannels, height: c.outHeight, width: c.outWidth, lanes };
  const y = fencedImage({ ...extent, border: c.border });
  blockedConv2d({
    x,
    weights,
    y,
    ...(residual && { residual: fencedImage({ ...extent, border: [1, 0, 0, 2] }, data.residual) }),
    ...(act && { activation: act }),
  });
  const plain = operand(expected.length);
  fromBlocked({ x: y, y: plain });
  expectPaddingZero(y);
  for (const each of [x.fenced, y.fenced, plain]) each.checkFences();
  return { got: plain.read(), expected };
}

/** Error that the methods may have, relative to what the sums are made of. */
function checkCase(c: Case): void {
  const { got, expected } = runCase(c);
  const terms = (c.inChannels / c.groups) * c.kernel[0] * c.kernel[1];
  const rounding = {
    ...{ winograd4: 8, winograd2: 4, winogradStrided: 2, strassen: 4 },
    ...{ direct: 1, planar: 1, depthwise: 1 },
  }[c.method];
  expectClose(got, expected, 1e-6, rounding * (terms + 8) * 2 ** -23);
}

const layer: Case = {
  batch: 1,
  groups: 1,
  inChannels: 40,
  inHeight: 30,
  inWidth: 30,
  outChannels: 50,
  outHeight: 30,
  outWidth: 30,
  kernel: [3, 3],
  stride: [1, 1],
  dilation: [1, 1],
  padding: [1, 1, 1, 1],
  bias: true,
  residual: true,
  activation: { kind: 'relu' },
  method: 'direct',
  bordered: true,
  border: [0, 0, 0, 0],
};

describe.each(targets)('blocked convolution on $name', ({ executor, small }) => {
  const numRuns = small ? 40 : 240;
  it('equals its definition for every geometry, method, border and epilogue', () => {
    withExecutor(executor, () => {
      const sizes = small
        ? { extent: 7, channels: blockedLanes() + 2 }
        : { extent: 17, channels: 2 * blockedLanes() + 5 };
      fc.assert(fc.property(cases(sizes), checkCase), { numRuns });
    });
  });

  it.each([
    ['direct', 1],
    ['strassen', 1],
    ['strassen', 3],
  ] as const)(
    'adds what the output held before where it is the residual: %s, window of %i',
    (method, size) => {
      withExecutor(executor, () => {
        const [lanes, padding] = [blockedLanes(), (size - 1) / 2];
        const shape = {
          ...layer,
          ...{ inHeight: 5, inWidth: 5, outHeight: 5, outWidth: 5, activation: undefined },
          ...{ inChannels: 2 * lanes, outChannels: 4 * lanes, kernel: [size, size] as const, method },
          padding: [padding, padding, padding, padding] as const,
        };
        const [w, bias] = [operand(numbers(2, 8 * lanes ** 2 * size ** 2)), operand(numbers(3, 4 * lanes))];
        const weights = packConv2dWeights({ ...shape, w, bias });
        const extent = { batch: 1, height: 5, width: 5, lanes };
        const x = fencedImage(
          { ...extent, channels: 2 * lanes, border: conv2dBorder(shape, method) },
          numbers(1, 50 * lanes),
        );
        const before = numbers(4, 100 * lanes);
        const y = fencedImage({ ...extent, channels: 4 * lanes, border: [0, 0, 0, 0] }, before);
        blockedConv2d({ x, weights, y, residual: y });
        const plain = operand(100 * lanes);
        fromBlocked({ x: y, y: plain });
        for (const each of [x.fenced, y.fenced]) each.checkFences();
        expect(plain.read()).toEqual(runCase({ ...shape, bordered: true }).got);
      });
    },
  );

  it('lets NaN through and keeps it to the windows that hold it', () => {
    withExecutor(executor, () => {
      const { activation: _, bias: __, residual: ___, method: ____, ...rest } = layer;
      const weights = packConv2dWeights({
        ...rest,
        inChannels: 1,
        outChannels: 3,
        w: operand(numbers(1, 27)),
        exact: true,
      });
      const shape = { batch: 1, height: 5, width: 5, border: [1, 1, 1, 1] } as const;
      const x = fencedImage(
        { ...shape, channels: 1, lanes: weights.inputLanes },
        new Float32Array(25).fill(Number.NaN, 12, 13),
      );
      const y = fencedImage({ ...shape, channels: 3, lanes: blockedLanes() });
      blockedConv2d({ x, weights, y, activation: { kind: 'clamp', min: 0, max: 6 } });
      const plain = operand(75);
      fromBlocked({ x: y, y: plain });
      expectPaddingZero(y);
      const inside = (i: number): boolean =>
        Math.abs((i % 5) - 2) <= 1 && Math.abs((Math.floor(i / 5) % 5) - 2) <= 1;
      plain.read().forEach((value, i) => {
        expect(Number.isNaN(value)).toBe(inside(i));
      });
    });
  });
});

// Layers of real size are too large for the interpreter.
describe.each(targets.filter((target) => !target.small))('blocked convolution on $name', ({ executor }) => {
  it.each(['direct', 'winograd4', 'winograd2'] as const)(
    'cuts layers of real size into bands: %s',
    (method) => {
      withExecutor(executor, () => {
        checkCase({ ...layer, method });
        checkCase({ ...layer, method, inChannels: 128, outChannels: 128, residual: false });
      });
    },
  );

  it('cuts strided layers of real size into bands', () => {
    withExecutor(executor, () => {
      for (const method of ['direct', 'winogradStrided'] as const) {
        checkCase({ ...layer, method, stride: [2, 2], outHeight: 15, outWidth: 15 });
      }
    });
  });

  it('cuts large pointwise layers into bands', () => {
    withExecutor(executor, () => {
      const extent = { inHeight: 56, inWidth: 56, outHeight: 56, outWidth: 56 };
      const pointwise = { ...layer, ...extent, kernel: [1, 1], padding: [0, 0, 0, 0] } as const;
      checkCase({ ...pointwise, inChannels: 64 });
      checkCase({ ...pointwise, inChannels: 64, outChannels: 96, method: 'strassen', bordered: false });
    });
  });

  it.each([4, 24, 40, 56, 72])('computes no padding of blocks for %i output channels', (outChannels) => {
    withExecutor(executor, () => checkCase({ ...layer, outChannels }));
  });

  // Relative to the largest output, as the documentation states it.
  it.each([
    ['direct', 2e-6],
    ['winograd2', 2e-6],
    ['winograd4', 4e-6],
    ['strassen', 3e-6],
  ] as const)('%s errs by less than %f of the largest output', (method, bound) => {
    withExecutor(executor, () => {
      const { got, expected } = runCase({
        ...layer,
        method,
        inChannels: 64,
        outChannels: 32,
        activation: undefined,
      });
      let [error, largest] = [0, 0];
      for (let i = 0; i < got.length; i++) {
        error = Math.max(error, Math.abs(got[i]! - expected[i]!));
        largest = Math.max(largest, Math.abs(expected[i]!));
      }
      expect(error / largest).toBeLessThan(bound);
      expect(method === 'direct' ? 1 : error).toBeGreaterThan(0);
    });
  });
});

describe('blocked convolution', () => {
  it('refuses what does not belong together', () => {
    const { activation: _, bias: __, residual: ___, method: ____, ...shape } = layer;
    const w = operand(numbers(1, 40 * 50 * 9));
    const weights = packConv2dWeights({ ...shape, w, exact: true });
    const lanes = blockedLanes();
    const extent = { batch: 1, height: 30, width: 30, border: [1, 1, 1, 1], lanes } as const;
    const x = fencedImage({ ...extent, channels: 40 });
    const y = fencedImage({ ...extent, channels: 50 });
    const call = (change: object) => () => blockedConv2d({ x, weights, y, ...change });
    expect(call({ y: fencedImage({ ...extent, channels: 50, height: 31 }) })).toThrow(
      /blockedConv2d: windows reach beyond the padded height/,
    );
    expect(call({ x: fencedImage({ ...extent, channels: 41 }) })).toThrow(
      /x has another number of channels, expected 40, got 41/,
    );
    expect(call({ x: { ...x, lanes: 1 } })).toThrow(
      /x has another number of lanes than method 'direct' reads/,
    );
    expect(call({ x: { ...x, lanes: 3 } })).toThrow(/x has another number of lanes, expected/);
    expect(call({ x: { ...x, height: 3000 } })).toThrow(/x is too small/);
    expect(call({ residual: x })).toThrow(/residual has another channels, expected 50, got 40/);
    expect(() => packConv2dWeights({ ...shape, groups: 3, w })).toThrow(/channels do not divide into groups/);
    expect(() =>
      packConv2dWeights({ ...shape, stride: [2, 2], outHeight: 15, outWidth: 15, w, method: 'winograd4' }),
    ).toThrow(/method 'winograd4' does not apply/);
    expect(() => packConv2dWeights({ ...shape, w: operand(numbers(1, 9)) })).toThrow(
      /packConv2dWeights: w is too small/,
    );
  });
});
