// `pnpm bench:train`: training of whole networks beside PyTorch and TensorFlow.js, and its memory.

import { runCommand } from './command.ts';
import type { TensorBenchmarkOptions } from './tensor/benchmark.ts';
import { pythonOption } from './tensor/option.ts';

await runCommand<TensorBenchmarkOptions>(
  'train',
  'Steps of training beside PyTorch (in a process of its own) and TensorFlow.js, and the memory that they take.',
  async () => (await import('./train/benchmark.ts')).benchmarkTrain,
  [pythonOption()],
);
