// Runs one row: both sides on the same numbers, compared once, then timed in turns.

import { allocate, type Slice } from '@sconce/engine';
import { assertSameResults } from '../compare.ts';
import { setEngineThreads } from '../engine.ts';
import { durations, type Lane, measureInterleaved } from '../measure.ts';
import type { SmallModel } from '../onnx-model.ts';
import type { FloatTensor } from '../peer-session.ts';
import { fillUniform } from '../random.ts';
import { type BenchmarkRow, makeRow } from '../report.ts';
import { count, type KernelCase, TOLERANCE } from './case.ts';
import type { KernelPeer } from './peer.ts';

/** How a row is measured. */
export interface RowSettings {
  readonly threads: number;
  /** The target that the engine runs on. */
  readonly engine: string;
  readonly quick: boolean;
  readonly peer: KernelPeer;
}

/** Measures one row. @throws Error when the results differ, or something fails */
export async function measureCase(
  one: KernelCase,
  { threads, engine, quick, peer }: RowSettings,
): Promise<BenchmarkRow> {
  await setEngineThreads(threads);
  const data = operandData(one);
  const inputs = Object.entries(one.operands).filter(([, { constant }]) => !constant);
  const feeds: Record<string, FloatTensor> = Object.fromEntries(
    inputs.map(([name, { shape }]) => [name, { shape, data: data[name]! }]),
  );
  await using resources = new AsyncDisposableStack();
  const memory = resources.adopt(new EngineMemory(), (its) => its.dispose());
  const side = resources.adopt(await peer.prepare(peerModel(one, data), feeds, threads), (its) =>
    its.release(),
  );
  const y = memory.slice(count(one.output));
  const slices = Object.entries(data).map(([name, values]) => [name, memory.slice(values)]);
  const prepared = one.prepare({ ...Object.fromEntries(slices), y }, (elements) => memory.slice(elements));
  const { call, finish } = typeof prepared === 'function' ? { call: prepared, finish: undefined } : prepared;
  // What the engine leaves unwritten must not look like a result.
  floats(y).fill(Number.NaN);
  const start = performance.now();
  call();
  const firstMs = performance.now() - start;
  finish?.();
  assertSameResults(one.name, floats(y), side.y, one.tolerance ?? TOLERANCE);
  const sconce: Lane = {
    repeat: (calls) => {
      for (let i = 0; i < calls; i++) call();
    },
  };
  const [ours, ...theirs] = await measureInterleaved([sconce, ...side.lanes], durations(quick, threads));
  return makeRow({
    name: one.name,
    group: one.group,
    threads,
    engine,
    ms: ours!.medianMs,
    peer: peer.name,
    peerMs: await side.kernelMs(theirs.map(({ medianMs }) => medianMs)),
    peerCallMs: theirs[0]!.medianMs,
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

function peerModel(one: KernelCase, data: Readonly<Record<string, Float32Array>>): SmallModel {
  const operands = Object.entries(one.operands);
  const indices = Object.entries(one.indices ?? {});
  return {
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
    output: { name: 'y', shape: one.output, ...(one.outputType && { dtype: one.outputType }) },
  };
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
