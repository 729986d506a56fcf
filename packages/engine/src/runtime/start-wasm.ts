// Starts the WebAssembly target: with a shared memory and threads over it where the host has them.

import { hasRelaxedSimd } from '@sconce/codegen';
import { LinearMemory, whyUnshared } from '../memory/linear-memory.ts';
import { messageOf } from '../native/host.ts';
import type { ThreadRequest } from '../threads/number.ts';
import { ThreadTeam } from '../threads/team.ts';
import { wasmPoolHost } from '../threads/wasm-workers.ts';
import { WasmExecutor } from './wasm-executor.ts';

/** An executor on as many threads as were asked for, or on one, with the reason. */
export function startWasm(threads: ThreadRequest): WasmExecutor {
  const relaxedSimd = hasRelaxedSimd();
  const alone = (reason: string): WasmExecutor => new WasmExecutor(new LinearMemory(), relaxedSimd, reason);
  const unshared = whyUnshared();
  if (unshared !== undefined) return alone(unshared);
  let memory: LinearMemory;
  try {
    memory = new LinearMemory({ shared: true });
  } catch (error) {
    return alone(`the host gives no memory that threads can share: ${messageOf(error)}`);
  }
  const host = wasmPoolHost(memory.memory);
  if (typeof host === 'string') return alone(host);
  return new WasmExecutor(memory, relaxedSimd, new ThreadTeam(host, threads));
}
