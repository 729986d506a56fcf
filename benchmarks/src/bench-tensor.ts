// `pnpm bench:tensor`: tensors, gradients and training beside PyTorch and TensorFlow.js.

import { runCommand } from './command.ts';
import type { TensorBenchmarkOptions } from './tensor/benchmark.ts';
import { pythonOption } from './tensor/option.ts';

await runCommand<TensorBenchmarkOptions>(
  'tensor',
  'Tensors, gradients and training beside PyTorch (in a process of its own) and TensorFlow.js.',
  async () => (await import('./tensor/benchmark.ts')).benchmarkTensor,
  [pythonOption()],
);
