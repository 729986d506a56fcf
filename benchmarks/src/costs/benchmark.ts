// What the engine costs beside its arithmetic: starting, making kernels, calling them, dividing work.

import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { allocate, elementwise } from '@sconce/engine';
import { setEngineThreads } from '../engine.ts';
import { machine } from '../machine.ts';
import { median } from '../measure.ts';
import type { BenchmarkOptions } from '../options.ts';
import { type BenchmarkFailure, type CostRow, formatReport, makeCost } from '../report.ts';
import { chooseCases, publish, startHere } from '../run-benchmark.ts';
import { makeChains, timed } from './chains.ts';
import type { FirstCalls } from './first-calls.ts';
import { measureForkJoin } from './fork-join.ts';

/** A few rows that are measured together. */
interface CostCase {
  readonly name: string;
  readonly group: string;
  measure(settings: CostSettings): Promise<readonly Cost[]>;
}

interface CostSettings {
  readonly engine: string;
  readonly threads: readonly number[];
  readonly quick: boolean;
}

type Cost = Pick<CostRow, 'name' | 'threads' | 'ms' | 'wantedMs' | 'note'>;

/** Milliseconds that making a kernel may take. */
const makingLimit = (engine: string): number => (engine === 'wasm' ? 2 : 1);

/** Milliseconds that dividing work may take. */
const FORK_JOIN_LIMIT = 0.005;

const cases: readonly CostCase[] = [
  {
    name: 'first calls in a new process',
    group: 'making kernels',
    async measure({ engine, quick }) {
      const runs = Array.from({ length: quick ? 1 : 7 }, () => firstCalls(engine));
      const row = (name: string, key: keyof FirstCalls, note: string): Cost => {
        const ms = median(runs.map((run) => run[key]));
        return { name, threads: 1, ms, wantedMs: null, note: `${note}; median of ${runs.length} processes` };
      };
      return [
        row('start of the engine', 'start', 'choice of a target and its self-check'),
        row('first kernel of a process', 'chain', 'a chain of four operations, first call less second'),
        row('first product', 'gemm', 'all its kernels, after 60 other kernels, first call less later ones'),
        row('first 3x3 convolution', 'convolution', 'the same of a blocked convolution, packing included'),
      ];
    },
  },
  {
    name: 'a new kernel',
    group: 'making kernels',
    async measure({ engine, quick }) {
      makeChains(quick ? 10 : 100);
      const ms = median(makeChains(quick ? 5 : 100));
      const note = 'a chain of four operations, first call less second, median of 100';
      return [{ name: 'a new kernel', threads: 1, ms, wantedMs: makingLimit(engine), note }];
    },
  },
  {
    name: 'a call',
    group: 'calls',
    async measure({ quick }) {
      await setEngineThreads(1);
      const x = { storage: allocate(4), offset: 0, strides: [] };
      const call = { op: 'relu', inputs: [x], output: x, shape: [] } as const;
      const thousand = (): void => {
        for (let i = 0; i < 1000; i++) elementwise(call);
      };
      const ms = median(Array.from({ length: quick ? 5 : 100 }, () => timed(thousand))) / 1000;
      x.storage.dispose();
      return [{ name: 'a call', threads: 1, ms, wantedMs: null, note: 'relu of one number' }];
    },
  },
  {
    name: 'fork and join',
    group: 'threads',
    async measure({ threads, quick }) {
      const rows: Cost[] = [];
      for (const count of threads.filter((its) => its > 1)) {
        const times = await measureForkJoin(count, quick);
        const work = `of ${(times.alone * 1000).toFixed(0)} us of work`;
        const row = (name: string, on: number, ms: number, wantedMs: number | null, note: string): Cost => ({
          ...{ name, threads: on, ms, wantedMs, note },
        });
        rows.push(
          row(
            'fork and join',
            count,
            times.divided - times.alone / count,
            FORK_JOIN_LIMIT,
            `a call ${work} on ${count} threads, less one part in ${count} of a call on one`,
          ),
          row(
            'beside others, alone',
            1,
            times.aloneBesideOthers,
            null,
            `mean of calls ${work}, ${count - 1} cores busy`,
          ),
          row(
            'beside others, divided',
            count,
            times.dividedBesideOthers,
            null,
            `the same on ${count} threads`,
          ),
        );
      }
      return rows;
    },
  },
];

/** Runs the benchmark; gives the exit status. */
export async function benchmarkCosts(options: BenchmarkOptions): Promise<number> {
  const chosen = chooseCases(options, cases);
  if (chosen === undefined) return 0;
  const { engine, versions } = await startHere(options);
  const { threads, quick } = options;
  const rows: CostRow[] = [];
  const failures: BenchmarkFailure[] = [];
  for (const { name, group, measure } of chosen) {
    console.error(name);
    try {
      const costs = await measure({ engine, threads, quick });
      rows.push(...costs.map((cost) => makeCost({ ...cost, group, engine })));
    } catch (error) {
      failures.push({ name, threads: 1, message: (error as Error).message });
    }
  }
  const { node, v8 } = versions as { node: string; v8: string };
  const report = { ...machine(), versions: { node, v8 }, rows, failures };
  return publish('costs', engine, options, report, formatReport(report));
}

function firstCalls(engine: string): FirstCalls {
  const script = fileURLToPath(new URL('first-calls.ts', import.meta.url));
  const output = execFileSync(process.execPath, [...process.execArgv, script], {
    env: { ...process.env, SCONCE_ENGINE: engine },
    encoding: 'utf8',
  });
  return JSON.parse(output) as FirstCalls;
}
