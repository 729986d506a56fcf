// What the benchmark commands start with: their options, the engine they force, and the errors that are the user's.

import type { Option } from 'commander';
import { OptionError } from './errors.ts';
import { type BenchmarkOptions, parseOptions } from './options.ts';

/**
 * Runs a benchmark's command and sets the exit status: 1 when a row failed, 2 when an option cannot be had.
 *
 * @param load imports the benchmark, and the engine with it
 * @param more options that only this benchmark has
 */
export async function runCommand<Options extends BenchmarkOptions = BenchmarkOptions>(
  benchmark: string,
  description: string,
  load: () => Promise<(options: Options) => Promise<number>>,
  more: readonly Option[] = [],
): Promise<void> {
  const options = parseOptions<Options>(benchmark, description, process.argv.slice(2), more);
  // The engine chooses its target when it is loaded.
  if (options.engine !== undefined) process.env['SCONCE_ENGINE'] = options.engine;
  try {
    const run = await load();
    process.exitCode = await run(options);
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    console.error(`error: ${error.message}`);
    process.exitCode = 2;
  }
}
