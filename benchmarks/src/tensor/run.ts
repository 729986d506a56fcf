// Runs one row of the tensor benchmark: both sides on the same numbers, compared once, then timed in turns.

import { fromTypedArray, type Tensor } from '@sconce/tensor';
import { assertSameResults } from '../compare.ts';
import { setEngineThreads } from '../engine.ts';
import { durations, type LocalLane, measureInterleaved } from '../measure.ts';
import { fillUniform } from '../random.ts';
import { type BenchmarkRow, type CostRow, makeCost, makeRow } from '../report.ts';
import { count, type Operand, type TensorCase, TOLERANCE } from './case.ts';
import type { Elements, TensorPeer } from './peer.ts';

/** How a row is measured. */
export interface RowSettings {
  readonly threads: number;
  /** The target that the engine runs on. */
  readonly engine: string;
  readonly quick: boolean;
}

/** A peer whose first call takes longer than this is timed once, by its last compared call, and not again for more threads. */
const SLOW_MS = 5000;

/** Milliseconds of slow peers' calls, by row. */
const slowCalls = new Map<string, number>();

/**
 * Measures one row, alone where there is no peer.
 *
 * @throws Error when the results differ, or something fails
 */
export async function measureTensorCase(
  one: TensorCase,
  name: string,
  group: string,
  peer: TensorPeer | undefined,
  { threads, engine, quick }: RowSettings,
): Promise<BenchmarkRow | CostRow> {
  await setEngineThreads(threads);
  const data = operandData(one);
  await using resources = new AsyncDisposableStack();
  const call = prepareSconce(one, data);
  const lane: LocalLane = {
    repeat: (calls) => {
      for (let i = 0; i < calls; i++) call();
    },
  };
  // A training step runs through so much TypeScript that it takes hundreds of milliseconds until all of it is compiled.
  const { note, wantedMs, flops } = one;
  const timings = { ...durations(quick, threads), ...(!quick && { warmupMs: 700 }) };
  const start = performance.now();
  const first = elementsOf(call());
  const firstMs = performance.now() - start;
  if (peer === undefined) {
    const [ours] = await measureInterleaved([lane], timings);
    return makeCost({ name, group, threads, engine, ms: ours!.medianMs, wantedMs: wantedMs ?? null, note });
  }
  const known = peer.usesThreads ? undefined : slowCalls.get(name);
  const [ms, peerMs] =
    known === undefined
      ? await measureBoth()
      : [(await measureInterleaved([lane], timings))[0]!.medianMs, known];
  return makeRow({
    name,
    group,
    threads,
    engine,
    ms,
    peer: peer.nameFor(one),
    peerMs,
    peerCallMs: peerMs,
    firstMs,
    note,
    ...(wantedMs !== undefined && { wantedMs }),
    ...(flops !== undefined && { flops }),
  });

  /** Compares the results, then times both sides. */
  async function measureBoth(): Promise<[ms: number, peerMs: number]> {
    const side = resources.adopt(await peer!.prepare(one, data, threads), (its) => its.release());
    let asked = performance.now();
    assertSameResults(name, first, await side.results(), one.tolerance ?? TOLERANCE);
    const slow = performance.now() - asked > SLOW_MS;
    for (let i = 1; i < (one.compared ?? 1); i++) {
      const got = elementsOf(call());
      asked = performance.now();
      assertSameResults(name, got, await side.results(), one.tolerance ?? TOLERANCE);
    }
    if (!slow) {
      const [ours, theirs] = await measureInterleaved([lane, side.lane], timings);
      return [ours!.medianMs, theirs!.medianMs];
    }
    const peerMs = performance.now() - asked;
    slowCalls.set(name, peerMs);
    return [(await measureInterleaved([lane], timings))[0]!.medianMs, peerMs];
  }
}

/** The case's call on operands of its own. */
export function prepareSconce(
  one: TensorCase,
  data: Readonly<Record<string, Elements>> = operandData(one),
): ReturnType<TensorCase['prepare']> {
  const operands = Object.entries(one.operands).map(([name, { shape, grad = false }]) => {
    const tensor = fromTypedArray(data[name]!, shape);
    return [name, grad ? tensor.requiresGrad_() : tensor] as const;
  });
  return one.prepare(Object.fromEntries(operands));
}

/** The numbers that all sides start from. */
export function operandData(one: TensorCase): Record<string, Elements> {
  const operands: [string, Operand][] = Object.entries(one.operands);
  return Object.fromEntries(
    operands.map(([name, { shape, range = [-1, 1] as const, below }], i) => {
      const data = new Float32Array(count(shape));
      fillUniform(data, below === undefined ? range : [0, below], i + 1);
      return [
        name,
        below === undefined ? data : BigInt64Array.from(data, (value) => BigInt(Math.trunc(value))),
      ];
    }),
  );
}

/** All results of a call, one behind the other. */
function elementsOf(results: Tensor | readonly Tensor[]): Float32Array {
  const all = [results].flat() as readonly Tensor[];
  const elements = new Float32Array(all.reduce((sum, { shape }) => sum + count(shape), 0));
  let at = 0;
  for (const one of all) {
    elements.set(Float32Array.from(one.toTypedArray() as ArrayLike<number | bigint>, Number), at);
    at += one.numel();
  }
  return elements;
}
