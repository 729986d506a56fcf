// Times several lanes in turns (a, b, a, b, ...), so that all of them meet the same state of the machine.

import { untilQuiet } from './quiet.ts';

/** One of the things that are compared: work that is timed here, or work that times itself. */
export type Lane = LocalLane | RemoteLane;

/** Work in this process. */
export interface LocalLane {
  /** Does the work `calls` times; a promise where the work is asynchronous. */
  repeat(calls: number): void | Promise<void>;
}

/** Work in another process, which times it. */
interface RemoteLane {
  /**
   * Takes samples of `calls` calls until `turnMs` are over, one at least.
   *
   * @returns milliseconds a call, sample by sample
   */
  samples(calls: number, turnMs: number): Promise<readonly number[]>;
}

/** How long a measurement may take, in milliseconds. */
export interface MeasureOptions {
  /** Time for all lanes together, without the warm-up; turns go on until it is spent. */
  readonly budgetMs: number;
  /** Turns each lane gets at least, however long they take. */
  readonly minTurns: number;
  /** Length of one turn of one lane. */
  readonly turnMs: number;
  /** Length of one sample: shorter calls are repeated until they fill it, and their mean is the sample. */
  readonly sampleMs: number;
  /** Warm-up of each lane; two calls at least. */
  readonly warmupMs: number;
  /**
   * Whether each turn waits until no thread of the lane before spins any more, and begins with a call that is not timed,
   * since a lane's own threads have to be awake again.
   */
  readonly settle: boolean;
}

/** What a measurement takes from its surroundings. */
export interface Clock {
  /** Milliseconds. */
  now(): number;
  /** Waits until no threads spin. */
  settle(): Promise<void>;
}

/** One lane's result. */
export interface Measurement {
  /** Median of the samples, in milliseconds a call. */
  readonly medianMs: number;
  readonly samples: number;
}

/** The durations a benchmark uses; `quick` ones only show that it works. */
export function durations(quick: boolean, threads: number): MeasureOptions {
  // On several threads the pools of both sides fight over the same cores unless one has gone to sleep.
  const settle = threads > 1;
  return quick
    ? { budgetMs: 30, minTurns: 2, turnMs: 3, sampleMs: 0.1, warmupMs: 5, settle }
    : { budgetMs: 800, minTurns: 7, turnMs: settle ? 20 : 10, sampleMs: 0.2, warmupMs: 40, settle };
}

const hostClock: Clock = {
  now: () => performance.now(),
  settle: () => untilQuiet(),
};

/** Measures all lanes in turns; one result a lane, in their order. */
export async function measureInterleaved(
  lanes: readonly Lane[],
  options: MeasureOptions,
  clock: Clock = hostClock,
): Promise<Measurement[]> {
  const timed = async (lane: Lane, calls: number): Promise<number> => {
    if ('samples' in lane) return (await lane.samples(calls, 0))[0]!;
    const start = clock.now();
    const pending = lane.repeat(calls);
    if (pending !== undefined) await pending;
    return (clock.now() - start) / calls;
  };
  const calls: number[] = [];
  for (const lane of lanes) calls.push(await warmUp((count) => timed(lane, count), options, clock));

  const samples: number[][] = lanes.map(() => []);
  const start = clock.now();
  for (let turn = 0; turn < options.minTurns || clock.now() - start < options.budgetMs; turn++) {
    for (const [i, lane] of lanes.entries()) {
      if (options.settle) {
        await clock.settle();
        await timed(lane, 1);
      }
      if ('samples' in lane) {
        samples[i]!.push(...(await lane.samples(calls[i]!, options.turnMs)));
        continue;
      }
      const end = clock.now() + options.turnMs;
      do samples[i]!.push(await timed(lane, calls[i]!));
      while (clock.now() < end);
    }
  }
  return samples.map((values) => ({ medianMs: median(values), samples: values.length }));
}

/** Runs a lane until it is warm; gives the calls that fill one sample. */
async function warmUp(
  timed: (calls: number) => Promise<number>,
  options: MeasureOptions,
  clock: Clock,
): Promise<number> {
  const end = clock.now() + options.warmupMs;
  await timed(1);
  let fastest = Number.POSITIVE_INFINITY;
  do fastest = Math.min(fastest, await timed(1));
  while (clock.now() < end);
  return fastest > 0 ? Math.max(1, Math.ceil(options.sampleMs / fastest)) : 1;
}

/**
 * The middle one of the values, the mean of the middle two where their number is even.
 *
 * @throws RangeError when there are none
 */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('median: no values, expected one at least');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
