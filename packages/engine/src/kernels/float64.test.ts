import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { moments } from '../reference/normalization.ts';
import { withExecutor } from '../runtime/executor.ts';
import { numbers } from '../testing/operands.ts';
import { targets } from '../testing/targets.ts';
import { typedOperand } from '../testing/typed-operands.ts';
import { batchNormTraining } from './batch-norm.ts';
import { logSumExp } from './log-sum-exp.ts';
import { groupNorm, layerNorm, rmsNorm } from './row-norm.ts';
import { softmax } from './softmax.ts';
import { variance } from './variance.ts';

const EPS = 1e-12;
const dtype = 'float64';

/** Numbers that float32 does not hold. */
const data = (seed: number, length: number): number[] =>
  Array.from(numbers(seed, length), (value, i) => 4 * value + 1e-10 * ((i % 7) - 3));

type Typed = ReturnType<typeof typedOperand>;
const of = (values: readonly number[]): Typed => typedOperand(dtype, values);

function expectNear(got: Typed, expected: readonly number[], within: number): void {
  const values = got.read();
  expect(values.length).toBe(expected.length);
  for (const [i, b] of expected.entries()) {
    const a = Number(values[i]);
    if (Object.is(a, b)) continue;
    if (!(Math.abs(a - b) <= within * (1 + Math.abs(b))))
      expect.fail(`element ${i}: expected ${b}, got ${a}`);
  }
  got.checkFences();
}

interface Extent {
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
}

/** The elements along `size` at each position, replaced by what a function makes of them. */
function along(
  { outer, size, inner }: Extent,
  x: readonly number[],
  map: (values: number[]) => number[],
): number[] {
  const y = [...x];
  for (let at = 0; at < outer * inner; at++) {
    const first = Math.floor(at / inner) * size * inner + (at % inner);
    const values = map(Array.from({ length: size }, (_, i) => x[first + i * inner]!));
    for (let i = 0; i < size; i++) y[first + i * inner] = values[i]!;
  }
  return y;
}

/** One number for each position. */
const reduced = (c: Extent, x: readonly number[], fold: (values: number[]) => number): number[] =>
  Array.from({ length: c.outer * c.inner }, (_, at) => {
    const first = Math.floor(at / c.inner) * c.size * c.inner + (at % c.inner);
    return fold(Array.from({ length: c.size }, (_, i) => x[first + i * c.inner]!));
  });

const shifted = (values: readonly number[]): { largest: number; sum: number } => {
  const largest = Math.max(...values);
  return { largest, sum: values.reduce((sum, value) => sum + Math.exp(value - largest), 0) };
};

const normal = (values: readonly number[], centered = true): number[] => {
  const mean = centered ? moments(values).mean : 0;
  const square = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return values.map((value) => (value - mean) / Math.sqrt(square + EPS));
};

describe.each(targets)('float64 on $name', ({ executor, small }) => {
  const size = (most: number): fc.Arbitrary<number> => fc.integer({ min: 1, max: most });
  const extents: fc.Arbitrary<Extent> = fc.record({
    outer: size(4),
    size: size(small ? 20 : 200),
    inner: fc.oneof(fc.constant(1), size(small ? 9 : 40)),
  });
  const property = (check: (c: Extent) => void): void =>
    withExecutor(executor, () => fc.assert(fc.property(extents, check), { numRuns: small ? 15 : 30 }));

  it.each([false, true])('softmax (logarithm: %s) equals its definition', (log) => {
    property((c) => {
      const x = data(1, c.outer * c.size * c.inner);
      const y = typedOperand(dtype, x.length);
      softmax({ ...c, dtype, x: of(x), y, log });
      const expected = along(c, x, (values) => {
        const { largest, sum } = shifted(values);
        return values.map((value) =>
          log ? value - largest - Math.log(sum) : Math.exp(value - largest) / sum,
        );
      });
      expectNear(y, expected, 1e-14);
    });
  });

  it('logSumExp, variance and deviation equal their definitions', () => {
    property((c) => {
      const x = data(2, c.outer * c.size * c.inner);
      const [sums, y, mean] = [0, 1, 2].map(() => typedOperand(dtype, c.outer * c.inner)) as [
        Typed,
        Typed,
        Typed,
      ];
      logSumExp({ ...c, dtype, x: of(x), y: sums });
      expectNear(
        sums,
        reduced(c, x, (values) => Math.log(shifted(values).sum) + Math.max(...values)),
        1e-14,
      );
      variance({ ...c, dtype, x: of(x), y, mean, correction: 0, root: true });
      expectNear(
        y,
        reduced(c, x, (values) => Math.sqrt(moments(values).variance)),
        1e-13,
      );
      expectNear(
        mean,
        reduced(c, x, (values) => moments(values).mean),
        1e-14,
      );
    });
  });

  it('layerNorm and rmsNorm equal their definitions', () => {
    property(({ outer, size, inner }) => {
      const row = size * inner;
      const [x, weight, bias] = [data(3, outer * row), data(4, row), data(5, row)];
      const rows = { outer: outer, size: row, inner: 1 };
      const [y, mean, rstd] = [x.length, outer, outer].map((length) => typedOperand(dtype, length)) as [
        Typed,
        Typed,
        Typed,
      ];
      const shared = { dtype, x: of(x), outer, size: row, eps: EPS, weight: of(weight) } as const;
      layerNorm({ ...shared, y, bias: of(bias), mean, rstd });
      const scale = (values: number[]): number[] => values.map((value, i) => value * weight[i]!);
      expectNear(
        y,
        along(rows, x, (values) => scale(normal(values)).map((value, i) => value + bias[i]!)),
        1e-11,
      );
      expectNear(
        mean,
        reduced(rows, x, (values) => moments(values).mean),
        1e-14,
      );
      const rms = typedOperand(dtype, x.length);
      rmsNorm({ ...shared, y: rms });
      expectNear(
        rms,
        along(rows, x, (values) => scale(normal(values, false))),
        1e-11,
      );
    });
  });

  it('groupNorm and batchNormTraining equal their definitions', () => {
    property(({ outer: batch, size: inner, inner: groups }) => {
      const channels = 2 * groups;
      const [x, weight, bias] = [data(6, batch * channels * inner), data(7, channels), data(8, channels)];
      const shape = { dtype, batch, channels, inner, eps: EPS, weight: of(weight), bias: of(bias) } as const;
      const channelOf = (i: number): number => Math.floor(i / inner) % channels;
      const scaled = (values: readonly number[]): number[] =>
        values.map((value, i) => value * weight[channelOf(i)]! + bias[channelOf(i)]!);
      const y = typedOperand(dtype, x.length);
      groupNorm({ ...shape, x: of(x), y, groups });
      const rows = { outer: batch * groups, size: 2 * inner, inner: 1 };
      if (inner > 1) expectNear(y, scaled(along(rows, x, (values) => normal(values))), 1e-10);
      const [trained, mean, spread] = [x.length, channels, channels].map((length) =>
        typedOperand(dtype, length),
      ) as [Typed, Typed, Typed];
      batchNormTraining({ ...shape, x: of(x), y: trained, mean, variance: spread });
      const ofChannel = Array.from({ length: channels }, (_, c) => x.filter((_, i) => channelOf(i) === c));
      const statistics = ofChannel.map(moments);
      const centered = x.map((value, i) => {
        const { mean, variance } = statistics[channelOf(i)]!;
        return (value - mean) / Math.sqrt(variance + EPS);
      });
      if (batch * inner > 1) expectNear(trained, scaled(centered), 1e-10);
      expectNear(
        mean,
        ofChannel.map((values) => moments(values).mean),
        1e-13,
      );
      expectNear(
        spread,
        ofChannel.map((values) => moments(values).variance),
        1e-12,
      );
    });
  });
});
