import { describe, expect, it } from 'vitest';
import { makeCost, makeRow, withScaling } from './report.ts';
import type { CpuResults } from './results.ts';
import { pageName, rowsPage, summary } from './tables.ts';

const row = (threads: number, ms: number, name = 'gemm 512') =>
  makeRow({
    ...{ name, group: 'gemm square', threads, engine: 'avx512', ms },
    ...{ peer: 'onnxruntime-node', peerMs: 3, peerCallMs: 3, firstMs: 9, note: '', flops: 1e9 },
  });

const results: CpuResults = {
  cpu: 'A CPU',
  features: 'avx2 avx512f',
  reports: {
    'costs avx512': {
      versions: { node: '24.0.0' },
      rows: [
        makeCost({
          ...{ name: 'a new kernel', group: 'making kernels', threads: 1, engine: 'avx512' },
          ...{ ms: 0.5, wantedMs: 1, note: 'first less second' },
        }),
      ],
    },
    'kernels avx512': {
      versions: { node: '24.0.0', 'onnxruntime-node': '1.30.0' },
      rows: withScaling([row(1, 2), row(2, 1)]),
    },
  },
};

describe('summary', () => {
  it('puts what is wanted beside the means, kernels before costs', () => {
    expect(summary(results, 'a-cpu.md')).toBe(`### A CPU

**Kernels: avx512 beside onnxruntime-node**, node 24.0.0, onnxruntime-node 1.30.0:

| group | rows | wanted | 1 thread | 2 threads | 2 over 1 | wanted |
| --- | ---: | ---: | ---: | ---: | ---: | ---: |
| gemm square | 1 | 1.00 | 1.50 | 3.00 | 2.00 | 1.85 |

2 threads over 1, all rows of 0.5 ms and more: 2.00.

**Beside the arithmetic: avx512**, node 24.0.0:

| what | threads | ms | wanted ms | measured as |
| --- | ---: | ---: | ---: | --- |
| a new kernel | 1 | 0.5000 | 1 | first less second |

[Every row](a-cpu.md)`);
  });
});

describe('summary of chosen benchmarks', () => {
  it('leaves the others out, and has the rows that have a time to keep', () => {
    const small = { ...row(1, 0.001, 'add'), group: 'small operators', peer: 'pytorch', wantedMs: 0.002 };
    const tensor = { versions: { node: '24.0.0' }, rows: [small] };
    const text = summary(
      { ...results, reports: { ...results.reports, 'tensor avx512': tensor } },
      'a-cpu.md',
      (benchmark) => benchmark === 'tensor',
    );
    expect(text).toContain('**Tensors: avx512 beside pytorch**');
    expect(text).toContain('| add | 1 | 0.001000 | 0.002 | 3.000 |');
    expect(text).not.toContain('gemm 512');
  });
});

describe('rowsPage', () => {
  it('has every row', () => {
    const page = rowsPage(results);
    expect(page).toContain('| gemm 512 | 1 | 2.000 | 3.000 | 1.50 |  | 500.0 | 9.000 |');
    expect(page).toContain('| gemm 512 | 2 | 1.000 | 3.000 | 3.00 | 2.00 | 1000.0 | 9.000 |');
    expect(page).toContain('| a new kernel | 1 | 0.5000 | 1 | first less second |');
    expect(pageName(results)).toBe('a-cpu.md');
  });
});
