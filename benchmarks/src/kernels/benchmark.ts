// The kernel benchmark as a whole.

import type { BenchmarkOptions } from '../options.ts';
import { emptyPeerRun } from '../peer.ts';
import { runBenchmark } from '../run-benchmark.ts';
import { kernelCases } from './index.ts';
import { runCase } from './run.ts';

/** Runs the kernel benchmark; gives the exit status. */
export async function benchmarkKernels(options: BenchmarkOptions): Promise<number> {
  const empty = await emptyPeerRun();
  try {
    return await runBenchmark('kernels', options, kernelCases, (one, engine) =>
      runCase(one, { threads: options.threads, engine, quick: options.quick, empty }),
    );
  } finally {
    await empty.release();
  }
}
