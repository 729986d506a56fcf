// Sconce's engine as the benchmarks drive it: which target it chose, how many threads it has.

import * as engine from '@sconce/engine';
import { OptionError } from './errors.ts';

/**
 * The target the engine runs on.
 *
 * @throws OptionError when another one was asked for
 */
export function engineTarget(wanted: string | undefined): string {
  const info = engine.engineInfo();
  const target: string = info.target;
  if (wanted !== undefined && wanted !== target) {
    throw new OptionError('--engine', `the engine runs on ${target} (${info.reason})`, target, wanted);
  }
  return target;
}

/**
 * Sets the number of threads of the kernels that follow.
 *
 * @throws OptionError when the engine has no such number
 */
export async function setEngineThreads(threads: number): Promise<void> {
  try {
    engine.setNumThreads(threads);
  } catch (error) {
    if (!(error instanceof engine.EngineError)) throw error;
    throw new OptionError('--threads', error.message, 'a number of threads that the engine has', threads);
  }
}
