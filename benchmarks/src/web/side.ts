// What runs where WebAssembly is measured, in a process of its own or a page: the engine beside onnxruntime-web, on one
// number of threads, which onnxruntime-web takes for good when it starts.

import { engineInfo } from '@sconce/engine';
import type * as onnxruntime from 'onnxruntime-web';
import { setEngineThreads } from '../engine.ts';
import { measureCase } from '../kernels/run.ts';
import { webPeer } from '../kernels/web-peer.ts';
import type { BenchmarkRow } from '../report.ts';
import { webCases } from './cases.ts';

/** One row to measure. */
export interface WebRequest {
  readonly name: string;
  readonly quick: boolean;
}

/** Both sides on one number of threads. */
export interface WebSide {
  /** The target of the engine. */
  readonly engine: string;
  /** Version of onnxruntime-web. */
  readonly version: string;
  /** @throws Error as `measureCase` */
  measure(request: WebRequest): Promise<BenchmarkRow>;
}

/** Starts both sides. @throws Error when either does not run on so many threads here */
export async function startWebSide(runtime: typeof onnxruntime, threads: number): Promise<WebSide> {
  runtime.env.wasm.numThreads = threads;
  await setEngineThreads(threads);
  const { target: engine } = engineInfo();
  const peer = webPeer(runtime);
  return {
    engine,
    version: runtime.env.versions.web ?? '',
    async measure({ name, quick }) {
      const one = webCases.find((its) => its.name === name);
      if (one === undefined) throw new Error(`no row of this name, got ${name}`);
      const row = await measureCase(one, { threads, engine, quick, peer });
      // onnxruntime-web falls back to one thread where it cannot have more.
      if (runtime.env.wasm.numThreads !== threads) {
        throw new Error(
          `onnxruntime-web runs on ${runtime.env.wasm.numThreads} threads, expected ${threads}`,
        );
      }
      return row;
    },
  };
}
