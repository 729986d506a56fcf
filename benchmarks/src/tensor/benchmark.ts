// The tensor benchmark as a whole: which peers there are, and a row for each case beside each of them.

import type { BenchmarkOptions } from '../options.ts';
import { runBenchmark, startHere } from '../run-benchmark.ts';
import type { TensorCase } from './case.ts';
import { tensorCases } from './index.ts';
import type { TensorPeer } from './peer.ts';
import { measureTensorCase } from './run.ts';
import { TfjsPeer } from './tfjs.ts';
import { TorchPeer } from './torch.ts';

/** Options of `pnpm bench:tensor`. */
export interface TensorBenchmarkOptions extends BenchmarkOptions {
  /** A Python that has PyTorch. */
  readonly python?: string;
}

interface TensorRow {
  readonly name: string;
  readonly group: string;
  readonly one: TensorCase;
  readonly peer: TensorPeer | undefined;
}

/** Runs the tensor benchmark; gives the exit status. */
export async function benchmarkTensor(options: TensorBenchmarkOptions): Promise<number> {
  const { python, quick } = options;
  using resources = new DisposableStack();
  let torch: TorchPeer | undefined;
  if (python === undefined)
    console.error('no --python and no SCONCE_PYTHON: nothing stands beside the rows of PyTorch');
  else torch = resources.adopt(await TorchPeer.start(python), (its) => its.stop());
  const tfjs = new TfjsPeer();
  const rows = tensorCases.flatMap((one): TensorRow[] => [
    { name: one.name, group: one.group, one, peer: torch },
    ...(one.tfjs === undefined
      ? []
      : [{ name: `${one.name} (tfjs)`, group: `${one.group} (tfjs)`, one, peer: tfjs }]),
  ]);
  return await runBenchmark(
    'tensor',
    options,
    rows,
    ({ one, name, group, peer }, threads, engine) =>
      measureTensorCase(one, name, group, peer, { threads, engine, quick }),
    async (its) => {
      const { engine, versions } = await startHere(its);
      const { node, v8 } = versions as { node: string; v8: string };
      return { engine, versions: { node, v8, ...torch?.versions, ...tfjs.versions } };
    },
  );
}
