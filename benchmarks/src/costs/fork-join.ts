// What it costs to divide work among threads that are awake.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { allocate, type Expression, fusedElementwise } from '@sconce/engine';
import { setEngineThreads } from '../engine.ts';
import { median } from '../measure.ts';
import { timed } from './chains.ts';

/** Milliseconds of work on one thread: a few times what has to be there for the engine to divide it. */
const WORK_MS = 0.2;

/** Milliseconds of one series of calls. */
const SERIES_MS = 40;

/** Series on each number of threads. */
const SERIES = 5;

/** Times of a call, in milliseconds. */
export interface ForkJoin {
  /** Medians, on one thread and on several. */
  readonly alone: number;
  readonly divided: number;
  /** Means, while another process computes on each core but one. */
  readonly aloneBesideOthers: number;
  readonly dividedBesideOthers: number;
}

/** Measures both, in turns. */
export async function measureForkJoin(threads: number, quick: boolean): Promise<ForkJoin> {
  const series = quick ? 1 : SERIES;
  const work = await makeWork();
  try {
    const alone: number[] = [];
    const divided: number[] = [];
    for (let i = 0; i < series; i++) {
      alone.push(median(await samples(work.call, 1)));
      divided.push(median(await samples(work.call, threads)));
    }
    // A process of its own, which cannot be held up by this one.
    const others = Array.from({ length: threads - 1 }, () => spawn(process.execPath, ['-e', 'for (;;);']));
    try {
      await Promise.all(others.map((other) => once(other, 'spawn')));
      return {
        alone: median(alone),
        divided: median(divided),
        aloneBesideOthers: mean(await samples(work.call, 1, 10 * SERIES_MS)),
        dividedBesideOthers: mean(await samples(work.call, threads, 10 * SERIES_MS)),
      };
    } finally {
      for (const other of others) other.kill();
    }
  } finally {
    work.dispose();
  }
}

async function samples(
  call: () => void,
  threads: number,
  milliseconds: number = SERIES_MS,
): Promise<number[]> {
  await setEngineThreads(threads);
  const times: number[] = [];
  // The first half of the time is for threads to start and to be awake.
  const start = performance.now();
  while (performance.now() - start < milliseconds) call();
  while (performance.now() - start < 2 * milliseconds) times.push(timed(call));
  return times;
}

/** Computes without touching much memory: sines of sines, of as many elements as it takes. */
async function makeWork(): Promise<{ call(): void; dispose(): void }> {
  await setEngineThreads(1);
  const most = 1 << 15;
  const x = { storage: allocate(most * 4), offset: 0, strides: [1] };
  const y = { storage: allocate(most * 4), offset: 0, strides: [1] };
  x.storage.bytes().fill(0);
  let nested: Expression = { input: 0 };
  for (let i = 0; i < 8; i++) nested = { op: 'sin', args: [nested] };
  const expressions = [nested];
  const calls = (elements: number) => () =>
    fusedElementwise({ expressions, inputs: [x], outputs: [y], shape: [elements] });
  const all = calls(most);
  all();
  const ms = median(Array.from({ length: 20 }, () => timed(all)));
  // Whole lines of the cache for each thread.
  const elements = Math.min(most, Math.ceil(((WORK_MS / ms) * most) / 256) * 256);
  return {
    call: calls(elements),
    dispose: () => {
      x.storage.dispose();
      y.storage.dispose();
    },
  };
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
