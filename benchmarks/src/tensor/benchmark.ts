// Benchmarks beside PyTorch and TensorFlow.js as a whole: which peers there are, and a row for each case beside each of
// them.

import type { BenchmarkOptions } from '../options.ts';
import { runBenchmark, startHere } from '../run-benchmark.ts';
import type { TensorCase } from './case.ts';
import { tensorCases } from './index.ts';
import type { TensorPeer } from './peer.ts';
import { measureTensorCase } from './run.ts';
import { TfjsPeer } from './tfjs.ts';
import { TorchPeer } from './torch.ts';

/** Options of `pnpm bench:tensor` and `pnpm bench:train`. */
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
export function benchmarkTensor(options: TensorBenchmarkOptions): Promise<number> {
  return benchmarkBesideTorch('tensor', tensorCases, options);
}

/**
 * Runs a benchmark's cases beside PyTorch, and beside TensorFlow.js where they have it; gives the exit status.
 *
 * @param measure measures one row
 */
export async function benchmarkBesideTorch(
  benchmark: string,
  cases: readonly TensorCase[],
  options: TensorBenchmarkOptions,
  measure: typeof measureTensorCase = measureTensorCase,
): Promise<number> {
  const { python, quick } = options;
  using resources = new DisposableStack();
  let torch: TorchPeer | undefined;
  if (python === undefined)
    console.error('no --python and no SCONCE_PYTHON: nothing stands beside the rows of PyTorch');
  else torch = resources.adopt(await TorchPeer.start(python), (its) => its.stop());
  const tfjs = new TfjsPeer();
  const rows = cases.flatMap((one): TensorRow[] => [
    { name: one.name, group: one.group, one, peer: torch },
    ...(one.tfjs === undefined
      ? []
      : [{ name: `${one.name} (tfjs)`, group: `${one.group} (tfjs)`, one, peer: tfjs }]),
  ]);
  return await runBenchmark(
    benchmark,
    options,
    rows,
    ({ one, name, group, peer }, threads, engine) =>
      measure(one, name, group, peer, { threads, engine, quick }),
    async (its) => {
      const { engine, versions } = await startHere(its);
      const { node, v8 } = versions as { node: string; v8: string };
      return { engine, versions: { node, v8, ...torch?.versions, ...tfjs.versions } };
    },
  );
}
