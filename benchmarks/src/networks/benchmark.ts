// The network benchmark: each network as one program on blocked layouts beside onnxruntime on the same model and numbers.

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { assertSameResults } from '../compare.ts';
import { setEngineThreads } from '../engine.ts';
import { durations, type Lane, measureInterleaved, median } from '../measure.ts';
import type { BenchmarkOptions } from '../options.ts';
import { PEER, PeerRun } from '../peer.ts';
import { fillUniform } from '../random.ts';
import { type BenchmarkRow, makeRow } from '../report.ts';
import { runBenchmark } from '../run-benchmark.ts';
import { type Built, build, floatsOf } from './build.ts';
import { readNetwork } from './from-onnx.ts';
import { fuse } from './fuse.ts';
import type { Extent } from './layers.ts';
import { resnet18 } from './resnet18.ts';

interface NetworkCase {
  readonly name: string;
  readonly group: string;
  readonly extent: Extent;
  model(): Promise<Uint8Array>;
}

const detector = new URL('../../../fixtures/models/cat-detector/dynamo.onnx', import.meta.url);

const cases: readonly NetworkCase[] = [
  { name: 'resnet18 224x224', group: 'network', extent: [3, 224, 224], model: async () => resnet18() },
  {
    name: 'cat-detector 256x384',
    group: 'network',
    extent: [3, 256, 384],
    model: () => readFile(fileURLToPath(detector)),
  },
];

/** Relative to the largest output. */
const TOLERANCE = 1e-4;

/** Runs whose times are told layer by layer. */
const PROFILED_RUNS = 15;

/** Runs the network benchmark; gives the exit status. */
export function benchmarkNetworks(options: BenchmarkOptions): Promise<number> {
  return runBenchmark('networks', options, cases, (one, threads, engine) =>
    measureNetwork(one, threads, engine, options),
  );
}

async function measureNetwork(
  { name, group, extent, model }: NetworkCase,
  threads: number,
  engine: string,
  { quick }: BenchmarkOptions,
): Promise<BenchmarkRow> {
  await setEngineThreads(threads);
  const bytes = await model();
  const started = performance.now();
  const network = fuse(readNetwork(bytes, extent));
  const built = build(network, threads);
  const builtMs = performance.now() - started;
  const data = new Float32Array(extent.reduce((product, size) => product * size, 1));
  fillUniform(data, [-1, 1], 1);
  const peer = await PeerRun.create(
    bytes,
    { [network.input.name]: { shape: [1, ...extent], data } },
    threads,
  );
  try {
    floatsOf(built.input).set(data);
    const start = performance.now();
    built.program.run();
    const firstMs = performance.now() - start;
    for (const [output, storage] of built.outputs) {
      assertSameResults(`${name} ${output}`, floatsOf(storage), peer.outputs[output]!.data, TOLERANCE);
    }
    const sconce: Lane = {
      repeat: (calls) => {
        for (let i = 0; i < calls; i++) built.program.run();
      },
    };
    const [ours, theirs] = await measureInterleaved([sconce, peer], durations(quick, threads));
    console.error(describe(built, builtMs, quick ? 1 : PROFILED_RUNS));
    return makeRow({
      name,
      group,
      threads,
      engine,
      ms: ours!.medianMs,
      peer: PEER,
      peerMs: theirs!.medianMs,
      peerCallMs: theirs!.medianMs,
      firstMs,
      flops: built.flops,
      note: 'one program, blocked layouts; input and outputs plain and in place',
    });
  } finally {
    await peer.release();
    built.dispose();
  }
}

/** What a program is made of, and where its time goes. */
function describe({ program, arenaBytes }: Built, builtMs: number, runs: number): string {
  const profiles = Array.from({ length: runs }, () => program.profile());
  const lines = profiles[0]!.map(({ label }, i) => {
    const ms = median(profiles.map((profile) => profile[i]!.milliseconds));
    return `${(ms * 1000).toFixed(0).padStart(7)} us  ${label}`;
  });
  const kilobytes = (bytes: number): string => `${(bytes / 1024).toFixed(0)} KiB`;
  return [
    `${program.launches} launches on ${program.threads} threads, ${program.barriers} barriers,` +
      ` code ${kilobytes(program.codeBytes)}, arena ${kilobytes(arenaBytes)},` +
      ` scratch ${kilobytes(program.scratchBytes)}, read, packed and recorded in ${builtMs.toFixed(0)} ms`,
    ...lines,
  ].join('\n');
}
