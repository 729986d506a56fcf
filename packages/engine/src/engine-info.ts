// What the engine runs on, and why, for people and reports.

import { type Choice, chooseExecutor, type PassedOver } from './runtime/choose.ts';
import type { EngineTarget } from './runtime/configure.ts';

/** The engine's choice of target. */
export interface EngineInfo {
  readonly target: EngineTarget;
  /** Why this target, in words. */
  readonly reason: string;
  /** Targets that would have come first, and why each cannot run here. */
  readonly passedOver: readonly PassedOver[];
  /** Threads that kernels run on, the caller's included. */
  readonly threads: number;
  /** As many of them as have started: others start with work that repays it, in browsers in the background. */
  readonly threadsReady: number;
  /** Why there are as many, in words. */
  readonly threadsReason: string;
  /** float32 elements of a vector. */
  readonly lanes: number;
  /** Whether products and sums are fused, as hardware with multiply-add does; otherwise each is rounded. */
  readonly fusedMultiplyAdd: boolean;
}

/**
 * Says which target the engine runs on and why; it is chosen now if nothing has used the engine yet.
 * @throws EngineError when a target was asked for that cannot run here.
 */
export function engineInfo(): EngineInfo {
  const { target, reason, passedOver, executor }: Choice = chooseExecutor();
  const { threads, threadsReady, threadsReason } = executor;
  const { fusedMultiplyAdd, lanes } = executor.target;
  return {
    target,
    reason,
    passedOver,
    threads,
    threadsReady,
    threadsReason,
    lanes: lanes('f32'),
    fusedMultiplyAdd,
  };
}
