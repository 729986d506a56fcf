import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FloatDType } from '../float-type.ts';
import { referenceAdaptivePool, referencePool2d, referencePool3d } from '../reference/pooling.ts';
import { withExecutor } from '../runtime/executor.ts';
import { numbers, unusualNumbers } from '../testing/operands.ts';
import { targets } from '../testing/targets.ts';
import { typedOperand } from '../testing/typed-operands.ts';
import { adaptivePool } from './adaptive-pool.ts';
import { pool1d } from './pool1d.ts';
import { pool2d } from './pool2d.ts';
import { type Pool3dParameters, pool3d } from './pool3d.ts';

const upTo = (max: number, min = 1): fc.Arbitrary<number> => fc.integer({ min, max });
const dtypes = fc.constantFrom<FloatDType[]>('float32', 'float64');
const kinds = fc.constantFrom<('max' | 'average')[]>('max', 'average');

/** Differences of sums in another order, relative to elements of about 1. */
const tolerance: Readonly<Record<FloatDType, number>> = { float32: 2e-6, float64: 1e-14 };

/** What float64 keeps and float32 does not, so that it shows which was computed in. */
const elements = (dtype: FloatDType, seed: number, length: number, unusual: boolean): number[] =>
  Array.from((unusual ? unusualNumbers : numbers)(seed, length), (value) =>
    dtype === 'float64' && Math.abs(value) > 1e-3 ? value + value * 1e-9 : value,
  );

function expectNear(got: readonly unknown[], expected: readonly number[], within: number): void {
  expect(got.length).toBe(expected.length);
  for (const [i, b] of expected.entries()) {
    const a = Number(got[i]);
    if (Object.is(a, b) || a === b) continue;
    if (!(Math.abs(a - b) <= within * (1 + Math.abs(b))))
      expect.fail(`element ${i}: expected ${b}, got ${a}`);
  }
}

/** Runs a pooling of two volumes between fences. */
function check(
  dtype: FloatDType,
  volume: number,
  outputs: number,
  expected: (x: number[]) => number[],
  run: (x: ReturnType<typeof typedOperand>, y: ReturnType<typeof typedOperand>) => void,
  unusual: boolean,
): void {
  const x = elements(dtype, volume, 2 * volume, unusual);
  const y = typedOperand(dtype, 2 * outputs);
  run(typedOperand(dtype, x), y);
  expectNear(y.read(), [...expected(x.slice(0, volume)), ...expected(x.slice(volume))], tolerance[dtype]);
  y.checkFences();
}

type Windows = Omit<Pool3dParameters, 'x' | 'y' | 'volumes' | 'dtype'>;

function windowsUpTo(extent: number): fc.Arbitrary<Windows> {
  const three = (max: number): fc.Arbitrary<[number, number, number]> =>
    fc.tuple(upTo(max), upTo(max), upTo(max));
  return fc
    .record({
      kind: kinds,
      inSize: three(extent),
      kernel: three(4),
      stride: three(3),
      dilation: three(2),
      pads: fc.array(upTo(2, 0), { minLength: 6, maxLength: 6 }),
      ceilMode: fc.boolean(),
      countIncludePad: fc.boolean(),
      divisor: fc.option(upTo(5), { nil: undefined }),
    })
    .map(({ pads, ceilMode, divisor, ...c }) => {
      const dilation = c.kind === 'max' ? c.dilation : ([1, 1, 1] as const);
      const padding = pads.map((pad, side) => Math.min(pad, c.kernel[side >> 1]! >> 1));
      const outSize = [0, 1, 2].map((d) => {
        const padded = c.inSize[d]! + padding[2 * d]! + padding[2 * d + 1]!;
        const spare = padded - (c.kernel[d]! - 1) * dilation[d]! - 1;
        if (spare < 0) return 0;
        const count = (ceilMode ? Math.ceil : Math.floor)(spare / c.stride[d]!) + 1;
        return (count - 1) * c.stride[d]! >= c.inSize[d]! + padding[2 * d]! ? count - 1 : count;
      });
      return {
        ...c,
        dilation,
        padding: padding as unknown as Windows['padding'],
        outSize: outSize as unknown as Windows['outSize'],
        ...(divisor !== undefined && { divisor }),
      };
    });
}

const product = (sizes: readonly number[]): number => sizes.reduce((all, size) => all * size, 1);

describe.each(targets)('pooling on $name', ({ executor, small }) => {
  const numRuns = small ? 25 : 150;

  it('of volumes equals its definition for every geometry, in float32 and float64', () => {
    withExecutor(executor, () => {
      const property = fc.property(windowsUpTo(small ? 5 : 11), dtypes, fc.boolean(), (c, dtype, unusual) =>
        check(
          dtype,
          product(c.inSize),
          product(c.outSize),
          (x) => referencePool3d(c, x),
          (x, y) => pool3d({ ...c, dtype, volumes: 2, x, y }),
          unusual,
        ),
      );
      fc.assert(property, { numRuns });
    });
  });

  it('of lines equals that of planes of one row', () => {
    withExecutor(executor, () => {
      const property = fc.property(windowsUpTo(small ? 9 : 50), dtypes, (c, dtype) => {
        const [inWidth, outWidth, kernel, stride] = [c.inSize[2], c.outSize[2], c.kernel[2], c.stride[2]];
        const padding = [c.padding[4], c.padding[5]] as const;
        const plane = {
          kernel: [1, 1, kernel],
          stride: [1, 1, stride],
          padding: [0, 0, 0, 0, ...padding],
        } as const;
        const dilation = c.dilation?.[2] ?? 1;
        const as3d: Windows = {
          ...c,
          ...plane,
          inSize: [1, 1, inWidth],
          outSize: [1, 1, outWidth],
          dilation: [1, 1, dilation],
        };
        const { kind, countIncludePad = true, divisor } = c;
        const line = { kind, countIncludePad, ...(divisor !== undefined && { divisor }) };
        check(
          dtype,
          inWidth,
          outWidth,
          (x) => referencePool3d(as3d, x),
          (x, y) =>
            pool1d({ ...line, dtype, lines: 2, x, y, inWidth, outWidth, kernel, stride, padding, dilation }),
          true,
        );
      });
      fc.assert(property, { numRuns });
    });
  });

  it('to a given size equals its definition, for lines, planes and volumes', () => {
    withExecutor(executor, () => {
      const extent = small ? 7 : 40;
      const sizes = fc.array(fc.tuple(upTo(extent), upTo(12)), { minLength: 1, maxLength: 3 });
      const property = fc.property(sizes, kinds, dtypes, (axes, kind, dtype) => {
        // The first axes are kept short, lest volumes grow large.
        const inSize = axes.map(([size], d) => (d < axes.length - 1 ? Math.min(size, 9) : size));
        const outSize = axes.map(([, outputs]) => outputs);
        const whole = (all: number[]): number[] => [...Array<number>(3 - all.length).fill(1), ...all];
        check(
          dtype,
          product(inSize),
          product(outSize),
          (x) => referenceAdaptivePool(kind, whole(inSize), whole(outSize), x),
          (x, y) => adaptivePool({ kind, dtype, planes: 2, x, y, inSize, outSize }),
          true,
        );
      });
      fc.assert(property, { numRuns });
    });
  });

  it('of planes in float64 equals its definition, positions included', () => {
    withExecutor(executor, () => {
      const shape = { inHeight: 9, inWidth: 37, outHeight: 5, outWidth: 19 } as const;
      const window = { kernel: [3, 3], stride: [2, 2], padding: [1, 1, 1, 1] } as const;
      const x = elements('float64', 4, 2 * 9 * 37, true);
      const expected = new Float64Array(2 * 5 * 19);
      const positions = new BigInt64Array(expected.length);
      const both = { ...shape, ...window, kind: 'max', planes: 2 } as const;
      referencePool2d({ ...both, x: Float64Array.from(x), y: expected, indices: positions });
      const [y, again, indices] = [expected, expected, expected].map(({ length }) =>
        typedOperand('float64', length),
      );
      const call = { ...both, dtype: 'float64', x: typedOperand('float64', x) } as const;
      pool2d({ ...call, y: y! });
      pool2d({ ...call, y: again!, indices: indices! });
      expect(y!.read()).toEqual([...expected]);
      expect(again!.read()).toEqual([...expected]);
      expect(new BigInt64Array(indices!.bytes().slice().buffer as ArrayBuffer)).toEqual(positions);
    });
  });
});

describe('pooling', () => {
  it('refuses what makes no sense', () => {
    const [x, y] = [typedOperand('float32', 64), typedOperand('float32', 64)];
    const shape = { x, y, planes: 1, kind: 'max' } as const;
    expect(() => adaptivePool({ ...shape, inSize: [0, 3], outSize: [1, 1] })).toThrow(
      /invalid size of dimension 0/,
    );
    expect(() => adaptivePool({ ...shape, inSize: [2, 3], outSize: [1] })).toThrow(/y has another rank/);
    expect(() => adaptivePool({ ...shape, inSize: [99, 9], outSize: [1, 1] })).toThrow(/x is too small/);
    const dtype = 'int32' as unknown as FloatDType;
    expect(() => adaptivePool({ ...shape, dtype, inSize: [2, 3], outSize: [1, 1] })).toThrow(/invalid dtype/);
    const windows = { kernel: [2, 1, 1], stride: [1, 1, 1], padding: [0, 0, 0, 0, 0, 0] } as const;
    const volume = { x, y, volumes: 1, inSize: [2, 2, 2], outSize: [2, 2, 2], ...windows } as const;
    expect(() => pool3d({ ...volume, kind: 'max', stride: [2, 1, 1] })).toThrow(
      /windows reach beyond the padded depth/,
    );
    expect(() => pool3d({ ...volume, kind: 'average', dilation: [2, 1, 1], outSize: [0, 2, 2] })).toThrow(
      /averages take no dilation/,
    );
  });
});
