import { describe, expect, it } from 'vitest';
import {
  type BenchmarkReport,
  formatReport,
  geometricMean,
  groupMeans,
  type MeasuredRow,
  makeRow,
  withScaling,
} from './report.ts';

const measured: MeasuredRow = {
  name: 'gemm 64x64x64',
  group: 'gemm square',
  threads: 1,
  engine: 'wasm',
  ms: 0.5,
  peer: 'onnxruntime-node',
  peerMs: 1,
  peerCallMs: 1.25,
  firstMs: 3,
  note: 'both operands packed in the call',
  flops: 2_000_000,
};

const report = (rows: readonly MeasuredRow[]): BenchmarkReport => ({
  cpu: 'AMD EPYC (family 25 model 17, Zen 4)',
  features: 'avx2 avx512f',
  versions: { node: '24.21.0', 'onnxruntime-node': '1.30.0' },
  rows: rows.map(makeRow),
  failures: [],
});

describe('geometricMean', () => {
  it('is the root of the product', () => {
    expect(geometricMean([0.5, 2])).toBeCloseTo(1, 12);
    expect(geometricMean([1, 3, 9])).toBeCloseTo(3, 12);
  });

  it('refuses what has no logarithm', () => {
    expect(() => geometricMean([])).toThrow('no values');
    expect(() => geometricMean([1, 0])).toThrow('expected positive values, got 0');
    expect(() => geometricMean([1, Number.NaN])).toThrow('expected positive values, got NaN');
  });
});

describe('makeRow', () => {
  it('has the fields that every benchmark reports', () => {
    expect(makeRow(measured)).toEqual({
      name: 'gemm 64x64x64',
      group: 'gemm square',
      threads: 1,
      engine: 'wasm',
      ms: 0.5,
      peer: 'onnxruntime-node',
      peerMs: 1,
      ratio: 2,
      scaling: null,
      gflops: 4,
      peerCallMs: 1.25,
      firstMs: 3,
      note: 'both operands packed in the call',
    });
  });

  it('gives no GFLOP/s where no operations are counted', () => {
    const { flops: _flops, ...uncounted } = measured;
    expect(makeRow(uncounted).gflops).toBeNull();
  });

  it('survives JSON unchanged', () => {
    const whole = report([measured, { ...measured, ms: 1 / 3 }]);
    expect(JSON.parse(JSON.stringify(whole))).toEqual(whole);
  });
});

describe('groupMeans', () => {
  it('keeps groups and numbers of threads apart', () => {
    const { rows } = report([
      { ...measured, peerMs: 0.25 },
      { ...measured, peerMs: 1 },
      { ...measured, threads: 2, peerMs: 4 },
      { ...measured, group: 'softmax', peerMs: 1.5 },
    ]);
    expect(groupMeans(rows)).toEqual([
      { group: 'gemm square', threads: 1, count: 2, ratio: 1, scaling: null },
      { group: 'gemm square', threads: 2, count: 1, ratio: expect.closeTo(8, 12), scaling: null },
      { group: 'softmax', threads: 1, count: 1, ratio: expect.closeTo(3, 12), scaling: null },
    ]);
  });
});

describe('scaling', () => {
  const rows = withScaling(
    report([
      { ...measured, name: 'large', ms: 4 },
      { ...measured, name: 'large', threads: 2, ms: 2 },
      { ...measured, name: 'larger', ms: 8 },
      { ...measured, name: 'larger', threads: 2, ms: 8 },
      { ...measured, name: 'small', ms: 0.1 },
      { ...measured, name: 'small', threads: 2, ms: 0.2 },
      { ...measured, name: 'on two threads only', threads: 2, ms: 1 },
    ]).rows,
  );

  it('is the time on one thread over that on more', () => {
    expect(rows.map(({ scaling }) => scaling)).toEqual([null, 2, null, 1, null, 0.5, null]);
  });

  it('is summed up over rows that take long enough', () => {
    expect(groupMeans(rows).map(({ scaling }) => scaling)).toEqual([null, expect.closeTo(Math.SQRT2, 12)]);
  });
});

describe('formatReport', () => {
  it('prints machine, rows and means in columns', () => {
    expect(formatReport(report([measured, { ...measured, name: 'gemm 1536x1536x1536', ms: 12.3456 }]))).toBe(
      `AMD EPYC (family 25 model 17, Zen 4), node 24.21.0, onnxruntime-node 1.30.0

name                 threads  engine      ms  peer ms  ratio  scaling  GFLOP/s  first ms  includes
gemm 64x64x64              1  wasm    0.5000    1.000   2.00               4.0     3.000  both operands packed in the call
gemm 1536x1536x1536        1  wasm     12.35    1.000   0.08               0.2     3.000  both operands packed in the call

group        threads  rows  ratio  scaling
gemm square        1     2   0.40`,
    );
  });

  it('names rows that failed', () => {
    const failures = [{ name: 'softmax', threads: 2, message: 'results differ' }];
    expect(formatReport({ ...report([]), failures })).toBe(
      'AMD EPYC (family 25 model 17, Zen 4), node 24.21.0, onnxruntime-node 1.30.0\n\n' +
        'FAILED softmax, threads 2: results differ',
    );
  });
});
