// The model benchmark as a whole: each model through both sessions on the same numbers, compared once, then timed.

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { InferenceSession } from '@sconce/onnx';
import { fromTypedArray, type Tensor } from '@sconce/tensor';
import { assertSameResults } from '../compare.ts';
import { setEngineThreads } from '../engine.ts';
import { durations, type Lane, measureInterleaved } from '../measure.ts';
import type { BenchmarkOptions } from '../options.ts';
import { PEER, PeerRun } from '../peer.ts';
import { fillUniform } from '../random.ts';
import { type BenchmarkRow, makeRow } from '../report.ts';
import { runBenchmark } from '../run-benchmark.ts';
import { type ModelCase, modelCases } from './models.ts';

/** The tolerance of the fixtures for whole models. */
const TOLERANCE = 1e-4;

const fixtures = new URL('../../../fixtures/models/', import.meta.url);

/** Runs the model benchmark; gives the exit status. */
export function benchmarkModels(options: BenchmarkOptions): Promise<number> {
  return runBenchmark('models', options, modelCases, async (one, threads, engine) => {
    const bytes = await readFile(fileURLToPath(new URL(one.file, fixtures)));
    return measureModel(one, bytes, engine, threads, options.quick);
  });
}

async function measureModel(
  one: ModelCase,
  bytes: Uint8Array,
  engine: string,
  threads: number,
  quick: boolean,
): Promise<BenchmarkRow> {
  await setEngineThreads(threads);
  using session = await InferenceSession.create(bytes);
  const data = new Float32Array(one.input.reduce((product, size) => product * size, 1));
  fillUniform(data, [-1, 1], 1);
  const name = session.inputNames[0]!;
  const feeds = { [name]: fromTypedArray(data, one.input) };
  const peer = await PeerRun.create(bytes, { [name]: { shape: one.input, data } }, threads);
  try {
    const start = performance.now();
    const results = await session.run(feeds);
    const firstMs = performance.now() - start;
    for (const output of session.outputNames) {
      const got = results[output]!.toTypedArray() as Float32Array;
      assertSameResults(`${one.name} ${output}`, got, peer.outputs[output]!.data, TOLERANCE);
    }
    disposeAll(results);
    const sconce: Lane = {
      repeat: async (calls) => {
        for (let i = 0; i < calls; i++) disposeAll(await session.run(feeds));
      },
    };
    const [ours, theirs] = await measureInterleaved([sconce, peer], durations(quick, threads));
    return makeRow({
      name: one.name,
      group: one.group,
      threads,
      engine,
      ms: ours!.medianMs,
      peer: PEER,
      peerMs: theirs!.medianMs,
      peerCallMs: theirs!.medianMs,
      firstMs,
      note: 'InferenceSession.run on both sides',
    });
  } finally {
    await peer.release();
    disposeAll(feeds);
  }
}

function disposeAll(tensors: Readonly<Record<string, Tensor>>): void {
  for (const tensor of Object.values(tensors)) tensor.dispose();
}
