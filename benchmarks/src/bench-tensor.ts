// `pnpm bench:tensor`: tensors, gradients and training beside PyTorch and TensorFlow.js.

import { Option } from 'commander';
import { runCommand } from './command.ts';
import type { TensorBenchmarkOptions } from './tensor/benchmark.ts';

await runCommand<TensorBenchmarkOptions>(
  'tensor',
  'Tensors, gradients and training beside PyTorch (in a process of its own) and TensorFlow.js.',
  async () => (await import('./tensor/benchmark.ts')).benchmarkTensor,
  [
    new Option(
      '--python <path>',
      'a Python that has PyTorch; without one there is nothing beside its rows',
    ).env('SCONCE_PYTHON'),
  ],
);
