// The benchmark of WebAssembly as a whole, wherever it runs: one place for each number of threads.

import { OptionError } from '../errors.ts';
import type { BenchmarkOptions } from '../options.ts';
import type { BenchmarkRow } from '../report.ts';
import { runBenchmark } from '../run-benchmark.ts';
import { webCases } from './cases.ts';
import type { WebStarted } from './messages.ts';
import type { WebRequest } from './side.ts';

/** Where rows are measured on one number of threads. */
export interface WebPlace {
  readonly started: WebStarted;
  /** @throws Error as `measureCase` */
  measure(request: WebRequest): Promise<BenchmarkRow>;
}

/**
 * Runs the benchmark; gives the exit status.
 *
 * @param open makes a place for a number of threads; it throws where there cannot be one
 */
export function benchmarkWeb(
  benchmark: string,
  options: BenchmarkOptions,
  open: (threads: number) => Promise<WebPlace>,
): Promise<number> {
  if (options.engine !== undefined && options.engine !== 'wasm') {
    throw new OptionError('--engine', 'this benchmark is about WebAssembly', 'wasm', options.engine);
  }
  const places = new Map<number, WebPlace>();
  return runBenchmark(
    benchmark,
    options,
    webCases,
    ({ name }, threads) => places.get(threads)!.measure({ name, quick: options.quick }),
    async ({ threads }) => {
      for (const count of threads) places.set(count, await open(count));
      return places.get(threads[0]!)!.started;
    },
  );
}
