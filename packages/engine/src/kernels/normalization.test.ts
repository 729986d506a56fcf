import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { referenceNormalize } from '../reference/normalization.ts';
import { withExecutor } from '../runtime/executor.ts';
import { expectClose, numbers, type Operand, operand, unusualNumbers } from '../testing/operands.ts';
import { targets } from '../testing/targets.ts';
import { batchNormTraining } from './batch-norm.ts';
import { groupNorm, layerNorm, rmsNorm } from './row-norm.ts';

const EPS = 1e-5;

interface Case {
  batch: number;
  groups: number;
  groupChannels: number;
  inner: number;
  weight: boolean;
  bias: boolean;
  statistics: boolean;
  /** Added to all elements, so that means are far from zero. */
  shift: number;
  unusual: boolean;
}

function cases(largest: number): fc.Arbitrary<Case> {
  return fc.record({
    batch: fc.integer({ min: 0, max: 4 }),
    groups: fc.integer({ min: 1, max: 4 }),
    groupChannels: fc.integer({ min: 1, max: 5 }),
    inner: fc.oneof(fc.constant(1), fc.integer({ min: 0, max: largest })),
    weight: fc.boolean(),
    bias: fc.boolean(),
    statistics: fc.boolean(),
    shift: fc.constantFrom(0, 0, 30),
    unusual: fc.boolean(),
  });
}

function dataOf(c: Case, length: number): Float32Array {
  return (c.unusual ? unusualNumbers : numbers)(c.inner + 1, length).map((value) => value + c.shift);
}

/** Weight and bias of a case as arrays and as operands. */
function parametersOf(c: Case, length: number) {
  const weight = c.weight ? numbers(11, length) : undefined;
  const bias = c.bias ? numbers(12, length) : undefined;
  const slices = { ...(weight && { weight: operand(weight) }), ...(bias && { bias: operand(bias) }) };
  return { arrays: { weight, bias }, slices };
}

/** The distance from a mean far from zero has fewer digits, and a small deviation makes its error larger. */
function expectNormal(got: Operand, expected: Float32Array, c: Case): void {
  expectClose(got.read(), expected, 2e-5, c.shift === 0 ? 2e-5 : 3e-4);
  got.checkFences();
}

function checkRows(kind: 'layer' | 'rms', c: Case): void {
  const size = c.groupChannels * c.inner;
  const outer = c.batch * c.groups;
  const x = dataOf(c, outer * size);
  const { arrays, slices } = parametersOf(kind === 'rms' ? { ...c, bias: false } : c, size);
  const expected = new Float32Array(x.length);
  const statistics = referenceNormalize({
    x,
    y: expected,
    ...arrays,
    eps: EPS,
    sets: outer,
    center: kind === 'layer',
    setOf: (i) => Math.floor(i / size),
    parameterOf: (i) => i % size,
  });
  const [y, mean, rstd] = [operand(x.length), operand(outer), operand(outer)];
  const shared = { x: operand(x), y, outer, size, eps: EPS, ...slices };
  if (kind === 'layer') layerNorm({ ...shared, ...(c.statistics && { mean, rstd }) });
  else rmsNorm({ ...shared, ...(c.statistics && { rstd }) });
  expectNormal(y, expected, c);
  if (!c.statistics || size === 0) return;
  if (kind === 'layer') expectClose(mean.read(), statistics.mean, 1e-6, 1e-6);
  expectClose(rstd.read(), statistics.rstd, 1e-5, 0);
  mean.checkFences();
  rstd.checkFences();
}

function checkGroups(c: Case): void {
  const channels = c.groups * c.groupChannels;
  const size = c.groupChannels * c.inner;
  const x = dataOf(c, c.batch * channels * c.inner);
  const { arrays, slices } = parametersOf(c, channels);
  const expected = new Float32Array(x.length);
  referenceNormalize({
    x,
    y: expected,
    ...arrays,
    eps: EPS,
    sets: c.batch * c.groups,
    center: true,
    setOf: (i) => Math.floor(i / size),
    parameterOf: (i) => Math.floor(i / c.inner) % channels,
  });
  const y = operand(x);
  groupNorm({ x: y, y, batch: c.batch, channels, inner: c.inner, groups: c.groups, eps: EPS, ...slices });
  expectNormal(y, expected, c);
}

function checkBatch(c: Case): void {
  const channels = c.groups * c.groupChannels;
  const x = dataOf(c, c.batch * channels * c.inner);
  const { arrays, slices } = parametersOf(c, channels);
  const expected = new Float32Array(x.length);
  const channelOf = (i: number): number => Math.floor(i / c.inner) % channels;
  const statistics = referenceNormalize({
    x,
    y: expected,
    ...arrays,
    eps: EPS,
    sets: channels,
    center: true,
    setOf: channelOf,
    parameterOf: channelOf,
  });
  const [y, mean, variance] = [operand(x.length), operand(channels), operand(channels)];
  const shape = { batch: c.batch, channels, inner: c.inner, eps: EPS };
  batchNormTraining({ x: operand(x), y, ...shape, ...slices, mean, variance });
  // A channel of a single element deviates by nothing but its mean's rounding.
  expectNormal(y, expected, c);
  expectClose(mean.read(), statistics.mean, 1e-6, 1e-6);
  expectClose(variance.read(), statistics.variance, 1e-5, 1e-9);
  mean.checkFences();
  variance.checkFences();
}

describe.each(targets)('normalization on $name', ({ executor, small }) => {
  const shapes = cases(small ? 20 : 300);
  const numRuns = small ? 25 : 120;
  const property = (check: (c: Case) => void): void =>
    withExecutor(executor, () => fc.assert(fc.property(shapes, check), { numRuns }));

  it('layerNorm equals its definition, with and without weight, bias and statistics', () => {
    property((c) => checkRows('layer', c));
  });

  it('rmsNorm equals its definition', () => property((c) => checkRows('rms', c)));

  it('groupNorm equals its definition, in place', () => property(checkGroups));

  it('batchNormTraining equals its definition and tells mean and variance', () => property(checkBatch));

  it('keeps its digits over long rows far from zero', () => {
    withExecutor(executor, () => {
      const size = small ? 500 : 200_000;
      const x = numbers(3, size).map((value) => value + 100);
      const expected = new Float32Array(size);
      const row = { eps: EPS, sets: 1, center: true, setOf: () => 0, parameterOf: () => 0 };
      referenceNormalize({ x, y: expected, ...row });
      const y = operand(size);
      layerNorm({ x: operand(x), y, outer: 1, size, eps: EPS });
      expectClose(y.read(), expected, 1e-5, 2e-5);
    });
  });
});

describe('normalization', () => {
  it('refuses what makes no sense', () => {
    const x = operand(12);
    const shape = { batch: 1, channels: 4, inner: 3, eps: EPS };
    expect(() => groupNorm({ x, y: x, ...shape, groups: 3 })).toThrow(/groups do not divide channels/);
    expect(() => layerNorm({ x, y: x, outer: 100, size: 12, eps: EPS })).toThrow(/x is too small/);
    const weight = operand(1);
    const channels = 99;
    expect(() =>
      batchNormTraining({ x, y: x, ...shape, channels, inner: 0, weight, mean: x, variance: x }),
    ).toThrow(/weight is too small/);
  });
});
