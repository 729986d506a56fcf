// The command line that all benchmarks share.

import { resolve } from 'node:path';
import { Command, InvalidArgumentError, type Option } from 'commander';

/** What a benchmark is asked for. */
export interface BenchmarkOptions {
  /** Only rows whose name or group matches. */
  readonly only?: RegExp;
  readonly threads: readonly number[];
  /** The engine to force; the engine's own choice when left out. */
  readonly engine?: string;
  /** Short measurements, which show that everything works and no more. */
  readonly quick: boolean;
  /** Absolute path of the file to write the report to. */
  readonly json?: string;
  /** Whether to keep the result under `benchmarks/results`. */
  readonly save: boolean;
  /** Whether to print the rows' names only. */
  readonly list: boolean;
}

/**
 * Parses a benchmark's arguments; prints help or what is wrong with them, and ends the process then.
 *
 * @param more options that only this benchmark has
 */
export function parseOptions<Options extends BenchmarkOptions = BenchmarkOptions>(
  benchmark: string,
  description: string,
  args: readonly string[],
  more: readonly Option[] = [],
): Options {
  const command = new Command(`pnpm bench:${benchmark}`)
    .description(description)
    .option('--only <regex>', 'only rows whose name or group matches (case ignored)', regularExpression)
    .option('--threads <list>', 'numbers of threads, as in 1,2', threadCounts, [1])
    .option('--engine <engine>', 'avx512, avx2 or wasm instead of the best there is')
    .option('--quick', 'short measurements: whether it works, not how fast', false)
    .option('--json <file>', 'write the report to a file')
    .option('--save', 'keep the whole result under benchmarks/results', false)
    .option('--list', 'print the names of the rows and stop', false);
  for (const option of more) command.addOption(option);
  command.parse(args, { from: 'user' });
  const options = command.opts<Options>();
  if (options.save && (options.quick || options.only !== undefined)) {
    command.error('error: --save keeps whole results only, it takes neither --only nor --quick');
  }
  if (options.json === undefined) return options;
  // pnpm runs scripts at the root; files are meant relative to where the command was typed.
  return { ...options, json: resolve(process.env['INIT_CWD'] ?? process.cwd(), options.json) };
}

function regularExpression(text: string): RegExp {
  try {
    return new RegExp(text, 'i');
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

function threadCounts(text: string): number[] {
  const counts = text.split(',').map(Number);
  if (!counts.every((count) => Number.isInteger(count) && count >= 1)) {
    throw new InvalidArgumentError('expected whole numbers from 1 up, separated by commas');
  }
  return counts;
}
