// Sconce's engine as the benchmarks drive it: which target it chose, how many threads it has.

import * as engine from '@sconce/engine';
import { OptionError } from './errors.ts';

/** What the engine's face may offer besides; threads come with a target that has a pool. */
interface ThreadedEngine {
  readonly engineInfo: typeof engine.engineInfo;
  readonly setNumThreads?: (threads: number) => void | Promise<void>;
}

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
 * @throws OptionError when the engine has no more than one
 */
export async function setEngineThreads(threads: number): Promise<void> {
  const { setNumThreads }: ThreadedEngine = engine;
  if (setNumThreads !== undefined) await setNumThreads(threads);
  else if (threads !== 1) throw new OptionError('--threads', 'the engine runs on one thread', '1', threads);
}
