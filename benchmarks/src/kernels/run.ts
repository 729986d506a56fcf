// Runs one row: both sides on the same numbers, compared once, then timed in turns.

import { allocate, type Slice } from '@sconce/engine';
import { assertSameResults } from '../compare.ts';
import { setEngineThreads } from '../engine.ts';
import { durations, type Lane, measureInterleaved } from '../measure.ts';
import { encodeSmallModel } from '../onnx-model.ts';
import { type FloatTensor, PEER, PeerRun } from '../peer.ts';
import { ProfiledPeer, peerKernelMs } from '../peer-profile.ts';
import { fillUniform } from '../random.ts';
import { type BenchmarkFailure, type BenchmarkRow, makeRow } from '../report.ts';
import { count, type KernelCase, TOLERANCE } from './case.ts';

/** What all rows of a run have in common. */
export interface RunSettings {
  readonly threads: readonly number[];
  readonly engine: string;
  readonly quick: boolean;
  /** The peer's call that computes nothing. */
  readonly empty: Lane;
}

/** One row for each number of threads, or why there is none. */
export async function runCase(
  one: KernelCase,
  settings: RunSettings,
): Promise<{ rows: BenchmarkRow[]; failures: BenchmarkFailure[] }> {
  const rows: BenchmarkRow[] = [];
  const failures: BenchmarkFailure[] = [];
  const data = operandData(one);
  const model = peerModel(one, data);
  const memory = new EngineMemory();
  try {
    const y = memory.slice(count(one.output));
    const slices = Object.entries(data).map(([name, values]) => [name, memory.slice(values)]);
    const prepared = one.prepare({ ...Object.fromEntries(slices), y }, (elements) => memory.slice(elements));
    const { call, finish } =
      typeof prepared === 'function' ? { call: prepared, finish: undefined } : prepared;
    for (const threads of settings.threads) {
      try {
        rows.push(await measureCase(one, settings, threads, { data, model, call, finish, y }));
      } catch (error) {
        failures.push({ name: one.name, threads, message: (error as Error).message });
      }
    }
  } finally {
    memory.dispose();
  }
  return { rows, failures };
}

interface Sides {
  readonly data: Readonly<Record<string, Float32Array>>;
  readonly model: Uint8Array;
  readonly call: () => void;
  readonly finish: (() => void) | undefined;
  readonly y: Slice;
}

async function measureCase(
  one: KernelCase,
  settings: RunSettings,
  threads: number,
  { data, model, call, finish, y }: Sides,
): Promise<BenchmarkRow> {
  await setEngineThreads(threads);
  const inputs = Object.entries(one.operands).filter(([, { constant }]) => !constant);
  const feeds: Record<string, FloatTensor> = Object.fromEntries(
    inputs.map(([name, { shape }]) => [name, { shape, data: data[name]! }]),
  );
  await using sessions = new AsyncDisposableStack();
  const peer = sessions.adopt(await PeerRun.create(model, feeds, threads), (run) => run.release());
  const profiled = sessions.adopt(await ProfiledPeer.create(model, feeds, threads), (run) => run.release());
  // What the engine leaves unwritten must not look like a result.
  floats(y).fill(Number.NaN);
  const start = performance.now();
  call();
  const firstMs = performance.now() - start;
  finish?.();
  assertSameResults(one.name, floats(y), peer.outputs['y']!.data, one.tolerance ?? TOLERANCE);
  const sconce: Lane = {
    repeat: (calls) => {
      for (let i = 0; i < calls; i++) call();
    },
  };
  const lanes = [sconce, peer, profiled, settings.empty];
  const [ours, theirs, , nothing] = await measureInterleaved(lanes, durations(settings.quick, threads));
  const peerCallMs = theirs!.medianMs;
  return makeRow({
    name: one.name,
    group: one.group,
    threads,
    engine: settings.engine,
    ms: ours!.medianMs,
    peer: PEER,
    peerMs: peerKernelMs(peerCallMs, nothing!.medianMs, await profiled.finish()),
    peerCallMs,
    firstMs,
    note: one.note,
    ...(one.flops !== undefined && { flops: one.flops }),
  });
}

function operandData(one: KernelCase): Record<string, Float32Array> {
  return Object.fromEntries(
    Object.entries(one.operands).map(([name, { shape, range = [-1, 1] as const }], i) => {
      const data = new Float32Array(count(shape));
      fillUniform(data, range, i + 1);
      return [name, data];
    }),
  );
}

function peerModel(one: KernelCase, data: Readonly<Record<string, Float32Array>>): Uint8Array {
  const operands = Object.entries(one.operands);
  const indices = Object.entries(one.indices ?? {});
  return encodeSmallModel({
    nodes: one.nodes,
    inputs: Object.fromEntries(
      operands.filter(([, { constant }]) => !constant).map(([name, { shape }]) => [name, shape]),
    ),
    constants: Object.fromEntries([
      ...operands
        .filter(([, { constant }]) => constant)
        .map(([name, { shape }]) => [name, { shape, data: data[name]! }] as const),
      ...indices.map(
        ([name, values]) =>
          [name, { shape: [values.length], data: BigInt64Array.from(values, BigInt) }] as const,
      ),
    ]),
    output: { name: 'y', shape: one.output },
  });
}

/** The storages of one row, freed together. */
class EngineMemory {
  readonly #slices: Slice[] = [];

  /** A storage of its own, filled where values are given. */
  slice(content: number | Float32Array): Slice {
    const elements = typeof content === 'number' ? content : content.length;
    const slice: Slice = { storage: allocate(elements * 4), offset: 0 };
    this.#slices.push(slice);
    if (typeof content !== 'number') floats(slice).set(content);
    return slice;
  }

  dispose(): void {
    for (const { storage } of this.#slices) storage.dispose();
  }
}

/** A view for now: the engine's memory may move when it grows. */
function floats({ storage }: Slice): Float32Array {
  const bytes = storage.bytes();
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}
