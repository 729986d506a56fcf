// The training benchmark as a whole: seconds of a step, and beside PyTorch the memory of a process that trains.

import { benchmarkBesideTorch, type TensorBenchmarkOptions } from '../tensor/benchmark.ts';
import { measureTensorCase } from '../tensor/run.ts';
import { TorchPeer } from '../tensor/torch.ts';
import { trainCases } from './index.ts';
import { peakMemory } from './memory.ts';

/** Runs the training benchmark; gives the exit status. */
export function benchmarkTrain(options: TensorBenchmarkOptions): Promise<number> {
  const { python, quick } = options;
  return benchmarkBesideTorch('train', trainCases, options, async (one, name, group, peer, settings) => {
    const row = await measureTensorCase(one, name, group, peer, settings);
    if (row.peer === null || !(peer instanceof TorchPeer)) return row;
    return { ...row, memory: await peakMemory(one, python!, settings.threads, quick ? 3 : 50) };
  });
}
