import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BenchmarkReport, makeRow } from './report.ts';
import { cpuSlug, readResults, saveReport } from './results.ts';

const report = (cpu: string, ms: number): BenchmarkReport => ({
  cpu,
  features: 'avx2',
  versions: { node: '24.21.0' },
  rows: [
    makeRow({
      ...{ name: 'gemm', group: 'gemm', threads: 1, engine: 'avx2', ms },
      ...{ peer: 'onnxruntime-node', peerMs: 2, peerCallMs: 2, firstMs: 3, note: '' },
    }),
  ],
  failures: [],
});

describe('results', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sconce-results-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('are one file for each CPU', () => {
    const path = saveReport('kernels', 'avx2', report('AMD EPYC (family 25 model 17, Zen 4)', 1), folder);
    expect(basename(path)).toBe('amd-epyc-family-25-model-17-zen-4.json');
    saveReport('kernels', 'avx2', report('Another CPU', 1), folder);
    expect(readResults(folder).map(({ cpu }) => cpu)).toEqual([
      'AMD EPYC (family 25 model 17, Zen 4)',
      'Another CPU',
    ]);
  });

  it('replace the report of the same benchmark and engine, and no other', () => {
    saveReport('kernels', 'avx2', report('A CPU', 1), folder);
    saveReport('kernels', 'wasm', report('A CPU', 4), folder);
    saveReport('kernels', 'avx2', report('A CPU', 2), folder);
    const [{ reports }] = readResults(folder) as [ReturnType<typeof readResults>[number]];
    expect(Object.keys(reports)).toEqual(['kernels avx2', 'kernels wasm']);
    expect(reports['kernels avx2']!.rows[0]!.ms).toBe(2);
  });

  it('are none where no folder is', () => {
    expect(readResults(join(folder, 'missing'))).toEqual([]);
  });
});

describe('cpuSlug', () => {
  it('holds letters, digits and dashes only', () => {
    expect(cpuSlug('AMD EPYC (family 25 model 17, Zen 4)')).toBe('amd-epyc-family-25-model-17-zen-4');
  });
});
