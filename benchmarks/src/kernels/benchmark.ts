// The kernel benchmark as a whole.

import type { BenchmarkOptions } from '../options.ts';
import { runBenchmark } from '../run-benchmark.ts';
import { kernelCases } from './index.ts';
import { emptyPeerRun, nodePeer } from './node-peer.ts';
import { measureCase } from './run.ts';

/** Runs the kernel benchmark; gives the exit status. */
export async function benchmarkKernels(options: BenchmarkOptions): Promise<number> {
  const empty = await emptyPeerRun();
  const peer = nodePeer(empty);
  const { quick } = options;
  try {
    return await runBenchmark('kernels', options, kernelCases, (one, threads, engine) =>
      measureCase(one, { threads, engine, quick, peer }),
    );
  } finally {
    await empty.release();
  }
}
