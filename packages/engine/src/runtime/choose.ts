// Chooses the target that the engine runs on: the first in the order that this host supports and whose self-check
// succeeds, or the one that was asked for.

import { hasRelaxedSimd } from '@sconce/codegen';
import { startNative } from '#native';
import { EngineError } from '../errors.ts';
import { messageOf } from '../native/host.ts';
import type { ThreadRequest } from '../threads/number.ts';
import { type EngineTarget, engineTargets, settleRequest, settleThreads } from './configure.ts';
import { selfCheck } from './self-check.ts';
import { startWasm } from './start-wasm.ts';
import type { Threaded } from './threaded.ts';

/** A target that was tried and not taken. */
export interface PassedOver {
  readonly target: EngineTarget;
  /** Why not, in words. */
  readonly reason: string;
}

/** What the engine runs on. */
export interface Choice {
  readonly target: EngineTarget;
  readonly executor: Threaded;
  /** Why this target, in words. */
  readonly reason: string;
  readonly passedOver: readonly PassedOver[];
}

let choice: Choice | undefined;

/**
 * Chooses at the first call, and remembers.
 * @throws EngineError when the target that was asked for cannot run here, naming why.
 */
export function chooseExecutor(): Choice {
  choice ??= choose();
  return choice;
}

function choose(): Choice {
  const request = settleRequest();
  const threads = settleThreads();
  const passedOver: PassedOver[] = [];
  for (const target of request ? [request.target] : engineTargets) {
    try {
      const { executor, reason } = start(target, threads);
      const asked = request ? `, asked for by ${request.by}` : '';
      return { target, executor, reason: reason + asked, passedOver };
    } catch (error) {
      passedOver.push({ target, reason: messageOf(error) });
    }
  }
  const reasons = passedOver.map(({ target, reason }) => `${target}: ${reason}`).join('; ');
  if (!request) throw new EngineError('engine', `no target runs on this host (${reasons})`);
  throw new EngineError(request.by, `the target that it asks for cannot run here (${reasons})`);
}

/** Starts a target and checks it. @throws Error saying why it cannot run. */
function start(target: EngineTarget, threads: ThreadRequest): { executor: Threaded; reason: string } {
  if (target === 'wasm') {
    const executor = startWasm(threads);
    check(executor);
    const fused = hasRelaxedSimd()
      ? 'the host has relaxed SIMD, so products and sums are fused'
      : 'the host has no relaxed SIMD, so products and sums are rounded separately';
    return { executor, reason: `WebAssembly with 128-bit SIMD runs in Node and in browsers alike; ${fused}` };
  }
  const native = startNative(target, threads);
  try {
    check(native.executor);
  } catch (error) {
    native.executor.dispose();
    throw error;
  }
  return native;
}

function check(executor: Threaded): void {
  try {
    selfCheck(executor);
  } catch (error) {
    throw new Error(`the self-check failed: ${messageOf(error)}`, { cause: error });
  }
}
