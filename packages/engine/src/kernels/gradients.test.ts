import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FloatDType } from '../float-type.ts';
import {
  referenceCrossEntropyBackward,
  referenceNormBackward,
  referenceSoftmaxBackward,
} from '../reference/gradients.ts';
import { withExecutor } from '../runtime/executor.ts';
import { numbers, operand } from '../testing/operands.ts';
import { targets } from '../testing/targets.ts';
import { expectElements, type TypedOperand, typedOperand } from '../testing/typed-operands.ts';
import type { LayerNormBackwardParameters } from '../types.ts';
import { addRows } from './add-rows.ts';
import { batchNormBackward, groupNormBackward } from './channel-norm-backward.ts';
import { crossEntropyBackward } from './cross-entropy-backward.ts';
import { layerNormBackward, rmsNormBackward } from './row-norm-backward.ts';
import { softmaxBackward } from './softmax-backward.ts';

interface Case {
  readonly dtype: FloatDType;
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
  /** A flag each for weight, dx, dweight, dbias. */
  readonly wanted: readonly boolean[];
  /** Whether the input's gradient replaces the result's. */
  readonly inPlace: boolean;
  readonly flag: boolean;
}

function cases(largest: number): fc.Arbitrary<Case> {
  return fc.record({
    dtype: fc.constantFrom<FloatDType>('float32', 'float64'),
    outer: fc.integer({ min: 0, max: 9 }),
    size: fc.integer({ min: 0, max: largest }),
    inner: fc.oneof(fc.constant(1), fc.integer({ min: 0, max: 40 })),
    wanted: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
    inPlace: fc.boolean(),
    flag: fc.boolean(),
  });
}

/** Numbers of a dtype. */
function data(dtype: FloatDType, seed: number, length: number): number[] {
  return Array.from(numbers(seed, length), (value, i) =>
    dtype === 'float32' ? value : value + 1e-10 * (i % 7),
  );
}

/** Compares with what float32 or float64 can tell of sums of a few hundred terms. */
function expectGradient(got: TypedOperand, expected: readonly number[], dtype: FloatDType): void {
  const within = dtype === 'float32' ? 1e-5 : 1e-13;
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
  expectElements(got.read(), expected, 0, within * largest);
  got.checkFences();
}

function int64(values: readonly number[]): TypedOperand {
  return typedOperand('int64', values.map(BigInt));
}

function checkSoftmax({ dtype, inPlace, flag: log, ...extents }: Case): void {
  const count = extents.outer * extents.size * extents.inner;
  const dy = data(dtype, 3, count);
  const y = data(dtype, 4, count).map((value) => (log ? value - 2 : Math.abs(value)));
  const stored = typedOperand(dtype, y);
  const given = typedOperand(dtype, dy);
  const dx = inPlace ? given : typedOperand(dtype, count);
  softmaxBackward({ ...extents, dtype, dy: given, y: stored, dx, log });
  const exact = stored.read() as number[];
  expectGradient(dx, referenceSoftmaxBackward(extents, dy, exact, log), dtype);
}

function checkCrossEntropy({ dtype, inPlace, ...extents }: Case): void {
  const { outer, size, inner } = extents;
  const count = outer * size * inner;
  const y = data(dtype, 5, count).map((value) => Math.fround(value - 2));
  const labels = Array.from({ length: size === 0 ? 0 : outer * inner }, (_, i) => (i * 7) % size);
  const scales = data(dtype, 6, outer * inner).map((value, i) => (i % 3 === 1 ? 0 : value));
  // Where a target counts for nothing it may be any number.
  const given = labels.map((label, i) => (scales[i] === 0 && i % 2 === 0 ? -100 : label));
  if (size === 0) return;
  const from = typedOperand(dtype, y);
  const dx = inPlace ? from : typedOperand(dtype, count);
  const operands = { logProbabilities: from, targets: int64(given), scales: typedOperand(dtype, scales), dx };
  crossEntropyBackward({ ...operands, dtype, outer, classes: size, inner });
  expectGradient(dx, referenceCrossEntropyBackward(extents, y, given, scales), dtype);
}

/** How elements belong to statistics and parameters. */
interface Layout {
  readonly count: number;
  readonly sets: number;
  readonly parameters: number;
  readonly setOf: (i: number) => number;
  readonly parameterOf: (i: number) => number;
}

type Operands = Pick<
  LayerNormBackwardParameters,
  'dtype' | 'dy' | 'x' | 'weight' | 'mean' | 'rstd' | 'dx' | 'dweight' | 'dbias'
>;

/** Runs a kernel on a layout's operands and compares every gradient that was asked for. */
function checkNorm(
  { dtype, wanted, inPlace }: Case,
  layout: Layout,
  kind: { readonly center: boolean; readonly fixed: boolean },
  run: (operands: Operands) => void,
): void {
  const [hasWeight, hasDx, hasDweight, hasDbias] = wanted as [boolean, boolean, boolean, boolean];
  const { count, sets, parameters } = layout;
  const [dy, x] = [data(dtype, 7, count), data(dtype, 8, count)];
  const weight = hasWeight ? data(dtype, 9, parameters) : Array<number>(parameters).fill(1);
  const [mean, rstd] = [
    data(dtype, 10, sets),
    data(dtype, 11, sets).map((value) => Math.fround(1.5 + value)),
  ];
  const of = (values: readonly number[] | number): TypedOperand => typedOperand(dtype, values);
  const given = of(dy);
  const dx = inPlace ? given : of(count);
  const [dweight, dbias] = [of(parameters), of(parameters)];
  run({
    dtype,
    dy: given,
    x: of(x),
    mean: of(mean),
    rstd: of(rstd),
    ...(hasWeight && { weight: of(weight) }),
    ...(hasDx && { dx }),
    ...(hasDweight && { dweight }),
    ...(hasDbias && { dbias }),
  });
  const expected = referenceNormBackward({ ...layout, ...kind, dy, x, weight, mean, rstd });
  if (hasDx) expectGradient(dx, expected.dx, dtype);
  if (hasDweight) expectGradient(dweight, expected.dweight, dtype);
  if (hasDbias) expectGradient(dbias, expected.dbias, dtype);
}

function checkRows(c: Case, center: boolean): void {
  const size = c.size;
  // More rows than one chunk has.
  const outer = c.outer * 9;
  const layout = {
    count: outer * size,
    sets: outer,
    parameters: size,
    setOf: (i: number) => Math.floor(i / size),
    parameterOf: (i: number) => i % size,
  };
  // RMS normalization has no bias.
  const wanted = center ? c.wanted : c.wanted.with(3, false);
  checkNorm({ ...c, wanted }, layout, { center, fixed: false }, (operands) => {
    if (center) layerNormBackward({ ...operands, outer, size });
    else rmsNormBackward({ ...operands, outer, size });
  });
}

function checkBatch({ outer: batch, size: channels, inner, ...c }: Case): void {
  const channelOf = (i: number): number => Math.floor(i / inner) % channels;
  const layout = {
    count: batch * channels * inner,
    sets: channels,
    parameters: channels,
    setOf: channelOf,
    parameterOf: channelOf,
  };
  if (layout.count === 0) return;
  const kind = { center: true, fixed: c.flag };
  checkNorm({ outer: batch, size: channels, inner, ...c }, layout, kind, (operands) =>
    batchNormBackward({ ...operands, batch, channels, inner, fixed: c.flag }),
  );
}

function checkGroups(c: Case): void {
  const { outer: batch, inner } = c;
  const groups = 1 + (c.size % 4);
  const own = 1 + (c.size % 5);
  const channels = groups * own;
  const layout = {
    count: batch * channels * inner,
    sets: batch * groups,
    parameters: channels,
    setOf: (i: number) => Math.floor(i / (own * inner)),
    parameterOf: (i: number) => Math.floor(i / inner) % channels,
  };
  if (inner === 0) return;
  checkNorm(c, layout, { center: true, fixed: false }, (operands) =>
    groupNormBackward({ ...operands, batch, channels, inner, groups }),
  );
}

function checkAddRows({ dtype, outer, size: count, inner, flag }: Case): void {
  const rows = 1 + (count % 6);
  const indices = Array.from({ length: count }, (_, i) => (i * 5 + (i % 3)) % rows);
  const [x, y] = [data(dtype, 12, outer * count * inner), data(dtype, 13, outer * rows * inner)];
  const alpha = flag ? -0.5 : 1;
  const target = typedOperand(dtype, y);
  const sizes = { outer, rows, count, inner, alpha };
  addRows({ ...sizes, dtype, x: typedOperand(dtype, x), indices: int64(indices), y: target });
  for (let o = 0; o < outer; o++) {
    for (const [i, row] of indices.entries()) {
      for (let at = 0; at < inner; at++) {
        y[(o * rows + row) * inner + at]! += alpha * x[(o * count + i) * inner + at]!;
      }
    }
  }
  expectGradient(target, y, dtype);
}

describe.each(targets)('gradients on $name', ({ executor, small }) => {
  const shapes = cases(small ? 20 : 150);
  const property = (check: (c: Case) => void): void =>
    withExecutor(executor, () => fc.assert(fc.property(shapes, check), { numRuns: small ? 20 : 60 }));

  it('softmaxBackward equals its definition, of the logarithm and in place too', () =>
    property(checkSoftmax));

  it('crossEntropyBackward equals its definition, with targets that count for nothing', () =>
    property(checkCrossEntropy));

  it('layerNormBackward equals its definition, whichever gradients are wanted', () =>
    property((c) => checkRows(c, true)));

  it('rmsNormBackward equals its definition', () => property((c) => checkRows(c, false)));

  it('batchNormBackward equals its definition, with the statistics of the batch and fixed ones', () =>
    property(checkBatch));

  it('groupNormBackward equals its definition', () => property(checkGroups));

  it('addRows adds rows to rows, the same one several times', () => property(checkAddRows));
});

describe('gradients', () => {
  it('refuse what makes no sense', () => {
    const x = operand(12);
    expect(() => softmaxBackward({ dy: x, y: x, dx: x, outer: 50, size: 3, inner: 1 })).toThrow(
      /softmaxBackward: dy is too small/,
    );
    const norm = { dy: x, x, mean: x, rstd: x, batch: 1, channels: 4, inner: 3 };
    expect(() => groupNormBackward({ ...norm, groups: 3 })).toThrow(/groups do not divide channels/);
    expect(() =>
      batchNormBackward({
        ...norm,
        channels: 99,
        inner: 0,
        mean: operand(99),
        rstd: operand(99),
        dweight: operand(1),
      }),
    ).toThrow(/dweight is too small/);
    const rows = { x, y: x, outer: 1, count: 2, inner: 2 };
    expect(() => addRows({ ...rows, rows: 3, indices: int64([0, 3]) })).toThrow(
      /addRows: index 1 is out of range, expected 0 to 2, got 3/,
    );
    const scores = { logProbabilities: x, dx: x, outer: 2, classes: 6, inner: 1 };
    expect(() =>
      crossEntropyBackward({ ...scores, targets: int64([1, 6]), scales: operand([1, 1]) }),
    ).toThrow(/crossEntropyBackward: index 1 is out of range/);
  });
});
