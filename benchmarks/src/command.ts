// What the benchmark commands start with: their options, the engine they force, and the errors that are the user's.

import { OptionError } from './errors.ts';
import { type BenchmarkOptions, parseOptions } from './options.ts';

/**
 * Runs a benchmark's command and sets the exit status: 1 when a row failed, 2 when an option cannot be had.
 *
 * @param load imports the benchmark, and the engine with it
 */
export async function runCommand(
  benchmark: string,
  description: string,
  load: () => Promise<(options: BenchmarkOptions) => Promise<number>>,
): Promise<void> {
  const options = parseOptions(benchmark, description, process.argv.slice(2));
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
