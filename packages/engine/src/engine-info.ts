// What the engine runs on, and why, for people and reports.

import { hasRelaxedSimd, wasmTarget } from '@sconce/codegen';

/** The engine's choice of target. */
export interface EngineInfo {
  readonly target: 'wasm';
  /** Why this target, in words. */
  readonly reason: string;
  readonly threads: 1;
  /** float32 elements of a vector. */
  readonly lanes: number;
  /** Whether the host has WebAssembly's relaxed SIMD, hence fused multiply-add. */
  readonly relaxedSimd: boolean;
}

/** Says which target the engine runs on and why. */
export function engineInfo(): EngineInfo {
  const relaxedSimd = hasRelaxedSimd();
  const fused = relaxedSimd
    ? 'the host has relaxed SIMD, so products and sums are fused'
    : 'the host has no relaxed SIMD, so products and sums are rounded separately';
  return {
    target: 'wasm',
    reason: `WebAssembly with 128-bit SIMD runs in Node and in browsers alike; ${fused}`,
    threads: 1,
    lanes: wasmTarget.lanes('f32'),
    relaxedSimd,
  };
}
