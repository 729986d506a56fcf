import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocate } from '../memory/allocate.ts';
import {
  referenceConcat,
  referenceGatherRows,
  referencePad,
  referenceResize,
} from '../reference/movement.ts';
import { withExecutor } from '../runtime/executor.ts';
import { expectClose, numbers, operand, unusualNumbers } from '../testing/operands.ts';
import { targets } from '../testing/targets.ts';
import type { PadMode, ResizeTaps, Slice } from '../types.ts';
import { concat } from './concat.ts';
import { gatherRows } from './gather-rows.ts';
import { pad } from './pad.ts';
import { resize } from './resize.ts';

/** A storage of bytes with room around them that must stay as it is. */
function bytes(length: number, elementBytes: number, at: (i: number) => number) {
  const room = 8 * elementBytes;
  const storage = allocate(length + 2 * room);
  storage.bytes().fill(0xa5);
  storage.bytes().set(
    Uint8Array.from({ length }, (_, i) => at(i)),
    room,
  );
  return {
    slice: { storage, offset: 8 },
    read: () => storage.bytes().slice(room, room + length),
    checkFences: () => {
      const all = storage.bytes();
      expect([...all.slice(0, room), ...all.slice(room + length)].every((byte) => byte === 0xa5)).toBe(true);
    },
  };
}

function longs(values: readonly number[]): Slice {
  const storage = allocate(Math.max(8, values.length * 8));
  storage.bytes().set(new Uint8Array(BigInt64Array.from(values, BigInt).buffer));
  return { storage, offset: 0 };
}

const elementSizes = [1, 2, 4, 8] as const;

const concatCases = fc.record({
  outer: fc.integer({ min: 0, max: 4 }),
  inner: fc.integer({ min: 0, max: 9 }),
  sizes: fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 4 }),
  elementBytes: fc.constantFrom(...elementSizes),
});

const gatherCases = fc.integer({ min: 1, max: 9 }).chain((rows) =>
  fc.record({
    rows: fc.constant(rows),
    outer: fc.integer({ min: 0, max: 3 }),
    inner: fc.oneof(fc.constant(1), fc.integer({ min: 0, max: 70 })),
    indices: fc.array(fc.integer({ min: -rows, max: rows - 1 }), { maxLength: 12 }),
    elementBytes: fc.constantFrom(...elementSizes),
  }),
);

const padCases = fc
  .tuple(
    fc.constantFrom<PadMode>('constant', 'reflect', 'replicate', 'circular'),
    fc.integer({ min: 0, max: 4 }),
  )
  .chain(([mode, rank]) => {
    const least = mode === 'constant' ? 0 : 1;
    const dimension = fc.integer({ min: least, max: 9 }).chain((size) => {
      const reach = mode === 'reflect' ? size - 1 : mode === 'circular' ? Math.floor((size + 1) / 2) : 20;
      // Cutting from both sides never takes more than there is.
      const each = fc.integer({ min: -Math.floor(size / 2), max: reach });
      return fc.record({ size: fc.constant(size), pads: fc.tuple(each, each) });
    });
    return fc.record({
      mode: fc.constant(mode),
      dimensions: fc.array(dimension, { minLength: rank, maxLength: rank }),
      value: fc.constantFrom(0, -1.5, Number.NaN, Number.NEGATIVE_INFINITY),
    });
  });

function tapsOf(size: number, count: number): fc.Arbitrary<ResizeTaps> {
  const place = fc.integer({ min: 0, max: size - 1 });
  const many = <T>(each: fc.Arbitrary<T>) => fc.array(each, { minLength: count, maxLength: count });
  return fc
    .record({ near: many(place), far: many(place), weight: many(fc.constantFrom(0, 0.25, 0.5, 1)) })
    .map(({ near, far, weight }) => ({
      near: Int32Array.from(near),
      far: Int32Array.from(far),
      weight: Float32Array.from(weight),
    }));
}

const resizeCases = fc
  .record({
    planes: fc.integer({ min: 0, max: 3 }),
    inHeight: fc.integer({ min: 1, max: 9 }),
    inWidth: fc.integer({ min: 1, max: 20 }),
    outHeight: fc.integer({ min: 0, max: 9 }),
    outWidth: fc.integer({ min: 0, max: 20 }),
    mode: fc.constantFrom<('nearest' | 'linear')[]>('nearest', 'linear'),
  })
  .chain((shape) =>
    fc.record({
      shape: fc.constant(shape),
      rows: tapsOf(shape.inHeight, shape.outHeight),
      columns: tapsOf(shape.inWidth, shape.outWidth),
    }),
  );

function checkConcat({
  outer,
  inner,
  sizes,
  elementBytes,
}: typeof concatCases extends fc.Arbitrary<infer C> ? C : never) {
  const inputs = sizes.map((size, n) => {
    const data = bytes(outer * size * inner * elementBytes, elementBytes, (i) => (i * 7 + n) & 255);
    return { data, size };
  });
  const row = sizes.reduce((a, b) => a + b, 0) * inner;
  const y = bytes(outer * row * elementBytes, elementBytes, () => 0);
  const expected = referenceConcat({
    inputs: inputs.map(({ data, size }) => ({ x: data.read(), size })),
    outer,
    inner: inner * elementBytes,
  });
  const slices = inputs.map(({ data, size }) => ({ x: data.slice, size }));
  concat({ inputs: slices, y: y.slice, outer, inner, elementBytes });
  expect(Array.from(y.read())).toEqual(expected);
  y.checkFences();
}

function checkGather(c: typeof gatherCases extends fc.Arbitrary<infer C> ? C : never) {
  const { rows, outer, inner, indices, elementBytes } = c;
  const x = bytes(outer * rows * inner * elementBytes, elementBytes, (i) => (i * 13) & 255);
  const y = bytes(outer * indices.length * inner * elementBytes, elementBytes, () => 0);
  const expected = referenceGatherRows({ x: x.read(), indices, outer, rows, inner: inner * elementBytes });
  const count = indices.length;
  gatherRows({
    x: x.slice,
    y: y.slice,
    indices: longs(indices),
    ...{ outer, rows, count, inner, elementBytes },
    negative: true,
  });
  expect(Array.from(y.read())).toEqual(expected);
  y.checkFences();
}

function checkPad({ mode, dimensions, value }: typeof padCases extends fc.Arbitrary<infer C> ? C : never) {
  const shape = dimensions.map(({ size }) => size);
  const pads = dimensions.map((dimension) => dimension.pads);
  const x = unusualNumbers(
    3,
    shape.reduce((a, b) => a * b, 1),
  );
  const expected = referencePad({ x, shape, pads, mode, value });
  const y = operand(expected.length);
  pad({ x: operand(x), y, shape, pads, mode, value });
  expect(y.read()).toEqual(expected);
  y.checkFences();
}

function checkResize({ shape, rows, columns }: typeof resizeCases extends fc.Arbitrary<infer C> ? C : never) {
  const x = numbers(5, shape.planes * shape.inHeight * shape.inWidth);
  const expected = referenceResize({ ...shape, x, rows, columns });
  const y = operand(expected.length);
  resize({ ...shape, x: operand(x), y, rows, columns });
  expectClose(y.read(), expected, shape.mode === 'nearest' ? 0 : 1e-6, shape.mode === 'nearest' ? 0 : 1e-6);
  y.checkFences();
}

describe.each(targets)('movement on $name', ({ executor, small }) => {
  const numRuns = small ? 40 : 200;
  const property = <T>(cases: fc.Arbitrary<T>, check: (c: T) => void): void =>
    withExecutor(executor, () => fc.assert(fc.property(cases, check), { numRuns }));

  it('concat joins inputs of any element size', () => property(concatCases, checkConcat));

  it('gatherRows picks rows of any element size, from the end too where allowed', () => {
    property(gatherCases, checkGather);
  });

  it('pad fills, reflects, replicates, goes round and crops', () => property(padCases, checkPad));

  it('resize mixes what its taps name', () => property(resizeCases, checkResize));
});

describe('movement', () => {
  it('gatherRows refuses indices out of range before it writes', () => {
    const [x, y] = [operand(6), operand([1, 2, 3, 4])];
    const shape = { outer: 1, rows: 3, count: 2, inner: 2, elementBytes: 4 } as const;
    for (const index of [3, -1, 2 ** 32, 2 ** 40 + 1]) {
      expect(() => gatherRows({ x, y, indices: longs([0, index]), ...shape })).toThrow(
        `gatherRows: index 1 is out of range, expected 0 to 2, got ${index}`,
      );
    }
    expect(() => gatherRows({ x, y, indices: longs([0, -4]), ...shape, negative: true })).toThrow(/-3 to 2/);
    const outOfRange = (index: bigint): never => {
      throw new RangeError(`no row ${index}`);
    };
    expect(() => gatherRows({ x, y, indices: longs([0, 2 ** 40 + 1]), ...shape, outOfRange })).toThrow(
      new RangeError('no row 1099511627777'),
    );
    expect(y.read()).toEqual(Float32Array.of(1, 2, 3, 4));
  });

  it('pad refuses what its mode cannot reach', () => {
    const x = operand(3);
    const run = (mode: PadMode, before: number) => () =>
      pad({ x, y: x, shape: [3], pads: [[before, 0]], mode });
    expect(run('reflect', 3)).toThrow(/reach too far for mode reflect, expected at most 2, got 3/);
    expect(run('circular', 4)).toThrow(/reach too far for mode circular/);
    expect(run('constant', -4)).toThrow(/invalid pads/);
    expect(run('constant', 99)).toThrow(/y is too small/);
    expect(() => pad({ x, y: x, shape: [0], pads: [[1, 0]], mode: 'replicate' })).toThrow(/no edge/);
  });

  it('resize refuses taps outside', () => {
    const x = operand(4);
    const taps = (place: number): ResizeTaps => ({
      near: Int32Array.of(place),
      far: Int32Array.of(0),
      weight: Float32Array.of(0),
    });
    const shape = { mode: 'linear', planes: 1, inHeight: 2, inWidth: 2 } as const;
    expect(() => resize({ x, y: x, ...shape, rows: taps(0), columns: taps(2) })).toThrow(/lies outside/);
  });
});
