// The page in which `pnpm bench:browser` measures; what it offers to the driver is `globalThis.sconceBenchmark`.

import * as onnxruntime from 'onnxruntime-web/wasm';
import type { BenchmarkRow } from '../report.ts';
import { type Answer, answerOf } from './messages.ts';
import { startWebSide, type WebRequest, type WebSide } from './side.ts';

/** What the page offers. */
export interface PageBenchmark {
  /** To be called first, once. */
  start(threads: number): Promise<Answer<{ readonly engine: string; readonly version: string }>>;
  measure(request: WebRequest): Promise<Answer<BenchmarkRow>>;
}

declare global {
  var sconceBenchmark: PageBenchmark;
}

// Its module and its workers lie beside the bundle.
onnxruntime.env.wasm.wasmPaths = new URL('./', import.meta.url).href;

let side: WebSide | undefined;
globalThis.sconceBenchmark = {
  start: (threads) =>
    answerOf(async () => {
      if (!globalThis.crossOriginIsolated) throw new Error('the page is not isolated, threads need that');
      side = await startWebSide(onnxruntime, threads);
      return { engine: side.engine, version: side.version };
    }),
  measure: (request) =>
    answerOf(() => {
      if (side === undefined) throw new Error('measure: start comes first');
      return side.measure(request);
    }),
};
