import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dtypeBytes } from '../dtype.ts';
import { allocate } from '../memory/allocate.ts';
import { eachProduct } from '../reference/convolution-nd.ts';
import { withExecutor } from '../runtime/executor.ts';
import { targets } from '../testing/targets.ts';
import type { Activation, Slice } from '../types.ts';
import {
  type ConvolutionDType,
  convolution,
  convolutionGradInput,
  convolutionGradWeight,
  convolutionTranspose,
} from './conv-nd.ts';
import { type ConvolutionNdShape, ndElements } from './conv-nd-shape.ts';
import { cast } from './elementwise.ts';

interface Case extends ConvolutionNdShape {
  dtype: ConvolutionDType;
  bias: boolean;
  activation: Activation | undefined;
  exact: boolean;
}

const small = (max: number, min = 1): fc.Arbitrary<number> => fc.integer({ min, max });

function cases(extent: number, channels: number): fc.Arbitrary<Case> {
  const dimension = fc.record({
    size: small(extent),
    kernel: small(3),
    stride: small(3),
    dilation: small(2),
    padding: fc.tuple(small(2, 0), small(2, 0)),
  });
  return fc
    .record({
      dimensions: fc.oneof(
        fc.array(dimension, { minLength: 1, maxLength: 1 }),
        fc.array(dimension, { minLength: 2, maxLength: 2 }),
        fc.array(dimension, { minLength: 3, maxLength: 3 }),
      ),
      batch: small(2),
      groups: small(2),
      inGroup: small(channels),
      outGroup: small(channels),
      dtype: fc.constantFrom<ConvolutionDType[]>('float32', 'float64', 'float16', 'bfloat16'),
      bias: fc.boolean(),
      activation: fc.constantFrom<(Activation | undefined)[]>(
        undefined,
        { kind: 'relu' },
        { kind: 'clamp', min: -0.5, max: 0.5 },
      ),
      exact: fc.boolean(),
    })
    .map(({ dimensions, inGroup, outGroup, ...c }) => ({
      ...c,
      inChannels: inGroup * c.groups,
      outChannels: outGroup * c.groups,
      inSize: dimensions.map(({ size }) => size),
      outSize: dimensions.map(({ size, kernel, stride, dilation, padding }) => {
        const padded = size + padding[0] + padding[1];
        return Math.max(0, Math.floor((padded - (kernel - 1) * dilation - 1) / stride) + 1);
      }),
      kernel: dimensions.map(({ kernel }) => kernel),
      stride: dimensions.map(({ stride }) => stride),
      dilation: dimensions.map(({ dilation }) => dilation),
      padding: dimensions.map(({ padding }) => padding),
    }));
}

/** Numbers that every dtype holds exactly. */
function numbers(seed: number, length: number): Float64Array {
  let state = seed >>> 0;
  return Float64Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return ((state >>> 16) % 128) / 64 - 1;
  });
}

function viewOf({ storage }: Slice): Float64Array {
  const bytes = storage.bytes();
  return new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
}

const doubles = (length: number): Slice => ({ storage: allocate(length * 8), offset: 0 });

/** A slice of a dtype that holds these numbers. */
function sliceOf(values: Float64Array, dtype: ConvolutionDType): Slice {
  const from = doubles(values.length);
  viewOf(from).set(values);
  const to = { storage: allocate(values.length * dtypeBytes[dtype]), offset: 0 };
  const shape = [values.length];
  cast({ from: { ...from, strides: [1], dtype: 'float64' }, to: { ...to, strides: [1], dtype }, shape });
  return to;
}

function read(slice: Slice, length: number, dtype: ConvolutionDType): Float64Array {
  const to = doubles(length);
  cast({
    from: { ...slice, strides: [1], dtype },
    to: { ...to, strides: [1], dtype: 'float64' },
    shape: [length],
  });
  return viewOf(to).slice(0, length);
}

/** Largest error relative to results, beside that of the sums. */
const precision: Readonly<Record<ConvolutionDType, number>> = {
  float64: 2 ** -52,
  float32: 2 ** -23,
  float16: 2 ** -11,
  bfloat16: 2 ** -8,
};

function compare(got: Slice, expected: Float64Array, c: Case, terms: number): void {
  const values = read(got, expected.length, c.dtype);
  const sums = (terms + 8) * (c.dtype === 'float64' ? 2 ** -52 : 2 ** -20);
  for (const [i, value] of expected.entries()) {
    const error = Math.abs(values[i]! - value);
    if (!(error <= sums + precision[c.dtype] * Math.abs(value))) {
      expect.fail(`element ${i}: expected ${value}, got ${values[i]}`);
    }
  }
}

function activated(values: Float64Array, activation: Activation | undefined): Float64Array {
  if (activation === undefined) return values;
  const { min, max } = activation.kind === 'clamp' ? activation : { min: 0, max: Number.POSITIVE_INFINITY };
  return values.map((value) => Math.min(Math.max(value, min), max));
}

/** Sums with the bias of their channel. */
function biased(length: number, batch: number, bias: Float64Array): Float64Array {
  const pixels = length / batch / bias.length;
  return Float64Array.from({ length }, (_, i) => bias[Math.floor(i / pixels) % bias.length]!);
}

function check(c: Case): void {
  const { dtype, exact, activation } = c;
  const { bias: _, activation: __, dtype: ___, exact: ____, ...shape } = c;
  const sizes = ndElements(c);
  const [x, w, dy] = [numbers(1, sizes.x), numbers(2, sizes.w), numbers(3, sizes.y)];
  const slices = { x: sliceOf(x, dtype), w: sliceOf(w, dtype), dy: sliceOf(dy, dtype) };
  const result = (length: number): Slice => sliceOf(new Float64Array(length).fill(Number.NaN), dtype);
  const options = { dtype, exact };
  const terms = sizes.w / c.outChannels;

  const bias = c.bias ? numbers(4, c.outChannels) : new Float64Array(c.outChannels);
  const y = biased(sizes.y, c.batch, bias);
  const dx = new Float64Array(sizes.x);
  const dw = new Float64Array(sizes.w);
  eachProduct(shape, (i, j, o) => {
    y[o]! += x[i]! * w[j]!;
    dx[i]! += dy[o]! * w[j]!;
    dw[j]! += x[i]! * dy[o]!;
  });

  const extra = activation && { activation };
  const gotY = result(sizes.y);
  const shift = c.bias && { bias: sliceOf(bias, dtype) };
  convolution({ ...shape, ...options, x: slices.x, w: slices.w, y: gotY, ...shift, ...extra });
  compare(gotY, activated(y, activation), c, terms);

  const gotX = result(sizes.x);
  convolutionGradInput({ ...shape, ...options, dy: slices.dy, w: slices.w, dx: gotX });
  compare(gotX, dx, c, sizes.w / c.inChannels);

  const gotW = result(sizes.w);
  convolutionGradWeight({ ...shape, ...options, x: slices.x, dy: slices.dy, dw: gotW });
  compare(gotW, dw, c, sizes.y / c.outChannels);

  // The transposed convolution of the output's images is the gradient; what windows do not reach is output padding.
  const inBias = c.bias ? numbers(6, c.inChannels) : new Float64Array(c.inChannels);
  const outputPadding = c.inSize.map((size, d) => {
    const reach = (c.outSize[d]! - 1) * c.stride[d]! + (c.kernel[d]! - 1) * c.dilation[d]! + 1;
    return Math.max(0, size + c.padding[d]![0] + c.padding[d]![1] - reach);
  });
  const gotT = result(sizes.x);
  convolutionTranspose({
    ...shape,
    ...options,
    inChannels: c.outChannels,
    inSize: c.outSize,
    outChannels: c.inChannels,
    outSize: c.inSize,
    outputPadding,
    x: slices.dy,
    w: slices.w,
    y: gotT,
    ...(c.bias && { bias: sliceOf(inBias, dtype) }),
    ...extra,
  });
  const transposed = biased(sizes.x, c.batch, inBias).map((value, i) => value + dx[i]!);
  compare(gotT, activated(transposed, activation), c, sizes.w / c.inChannels);
}

describe.each(targets)('convolution along dimensions on $name', ({ executor, small: tiny }) => {
  it('equals its definition, and so do its gradients and its transpose, in every dtype', () => {
    const [extent, channels] = tiny ? [4, 2] : [8, 6];
    withExecutor(executor, () =>
      fc.assert(fc.property(cases(extent, channels), check), { numRuns: tiny ? 12 : 80 }),
    );
  });
});

describe('convolution along dimensions', () => {
  const shape = {
    batch: 1,
    inChannels: 2,
    inSize: [4, 4, 4],
    outChannels: 2,
    outSize: [2, 2, 2],
    kernel: [3, 3, 3],
    stride: [1, 1, 1],
    padding: [
      [0, 0],
      [0, 0],
      [0, 0],
    ],
    dilation: [1, 1, 1],
    groups: 1,
  } as const;
  const slice = (length: number): Slice => ({ storage: allocate(length * 4), offset: 0 });

  it('refuses windows beyond the padded input, other ranks and dtypes, and small slices', () => {
    const operands = { x: slice(128), w: slice(108), y: slice(16) };
    expect(() => convolution({ ...shape, ...operands, outSize: [3, 2, 2] })).toThrow(
      'convolution: windows reach beyond the padded input along dimension 0, expected at most 4, got 5',
    );
    expect(() => convolution({ ...shape, ...operands, kernel: [3, 3] })).toThrow(
      'convolution: kernel has another rank, expected 3, got 2',
    );
    expect(() => convolution({ ...shape, ...operands, w: slice(10) })).toThrow(/w is too small/);
    expect(() => convolution({ ...shape, ...operands, dtype: 'int8' as ConvolutionDType })).toThrow(
      /invalid dtype/,
    );
  });
});
