// What the user asks of the engine: by options in the program, or by environment variables.

import { EngineError } from '../errors.ts';
import { environment } from '../native/host.ts';
import { checkThreads, defaultThreads, type ThreadRequest } from '../threads/number.ts';

/** What the engine can run on. */
export type EngineTarget = 'avx512' | 'avx2' | 'wasm';

/** Targets in the order in which they are tried. */
export const engineTargets: readonly EngineTarget[] = ['avx512', 'avx2', 'wasm'];

/** Options of {@link configureEngine}. */
export interface EngineOptions {
  /** The target to run on; the fastest one that works here unless given. */
  readonly target?: EngineTarget;
  /** Threads that kernels run on, the caller's included; `setNumThreads` changes it later. */
  readonly threads?: number;
}

/** A target that was asked for, and by what. */
export interface Request {
  readonly target: EngineTarget;
  readonly by: string;
}

let options: EngineOptions = {};
let started = false;

/**
 * Sets the engine's options, which go before environment variables. To be called before anything uses the engine.
 * @throws EngineError when the engine has started, or an option has no such value.
 * @example
 * configureEngine({ target: 'wasm' });
 */
export function configureEngine(wanted: EngineOptions): void {
  if (started) {
    throw new EngineError('configureEngine', 'the engine has started already, so its options are settled');
  }
  const { target, threads } = wanted;
  if (target !== undefined) checkTarget('configureEngine', target);
  if (threads !== undefined) checkThreads('configureEngine', threads);
  options = { ...options, ...wanted };
}

/**
 * The target that was asked for, if any. Options are settled from here on.
 * @throws EngineError when the environment asks for what is no target.
 */
export function settleRequest(): Request | undefined {
  started = true;
  if (options.target !== undefined) return { target: options.target, by: 'configureEngine' };
  const target = environment('SCONCE_ENGINE');
  if (target === undefined) return undefined;
  checkTarget('SCONCE_ENGINE', target);
  return { target, by: 'SCONCE_ENGINE' };
}

/**
 * The number of threads that was asked for, or what this host has. Options are settled from here on.
 * @throws EngineError when the environment asks for what is no number of threads.
 */
export function settleThreads(): ThreadRequest {
  started = true;
  if (options.threads === undefined) return defaultThreads();
  return { count: options.threads, by: 'asked for by configureEngine' };
}

function checkTarget(where: string, target: string): asserts target is EngineTarget {
  if (!(engineTargets as readonly string[]).includes(target)) {
    throw new EngineError(where, 'unknown target', engineTargets.join(' or '), `'${target}'`);
  }
}
