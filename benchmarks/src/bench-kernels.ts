// `pnpm bench:kernels`: every kernel of the engine beside a small onnxruntime model that computes the same.

import { runCommand } from './command.ts';

await runCommand(
  'kernels',
  'Every kernel of the engine beside onnxruntime-node, in turns in one process.',
  async () => (await import('./kernels/benchmark.ts')).benchmarkKernels,
);
