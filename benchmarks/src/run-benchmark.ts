// What all benchmark commands do around their rows: choose them, tell of progress, print, write and keep the report.

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { engineTarget, setEngineThreads } from './engine.ts';
import { OptionError } from './errors.ts';
import { machine } from './machine.ts';
import type { BenchmarkOptions } from './options.ts';
import { PEER, peerVersion } from './peer.ts';
import {
  type BenchmarkFailure,
  type BenchmarkReport,
  type BenchmarkRow,
  type CostRow,
  formatReport,
  withScaling,
} from './report.ts';
import { saveReport } from './results.ts';

/** Where rows are measured. */
export interface BenchmarkHost {
  /** The target that the engine runs on there. */
  readonly engine: string;
  readonly versions: Readonly<Record<string, string>>;
}

/**
 * Runs the cases that were asked for, on each number of threads, and reports them. The table goes to standard output,
 * progress to standard error.
 *
 * @param run measures one row; what it throws becomes a failure of the report
 * @param start makes ready for the options, before anything is measured; onnxruntime-node in this process when left out
 * @returns the process's exit status: 1 when a row failed
 */
export async function runBenchmark<Case extends { readonly name: string; readonly group: string }>(
  benchmark: string,
  options: BenchmarkOptions,
  all: readonly Case[],
  run: (one: Case, threads: number, engine: string) => Promise<BenchmarkRow | CostRow>,
  start: (options: BenchmarkOptions) => Promise<BenchmarkHost> = startHere,
): Promise<number> {
  const cases = chooseCases(options, all);
  if (cases === undefined) return 0;
  const { engine, versions } = await start(options);
  const rows: (BenchmarkRow | CostRow)[] = [];
  const failures: BenchmarkFailure[] = [];
  for (const [i, one] of cases.entries()) {
    console.error(`${i + 1}/${cases.length} ${one.name}`);
    for (const threads of options.threads) {
      try {
        rows.push(await run(one, threads, engine));
      } catch (error) {
        failures.push({ name: one.name, threads, message: (error as Error).message });
      }
    }
  }
  const report = { ...machine(), versions, rows: withScaling(rows), failures };
  return publish(benchmark, engine, options, report, formatReport(report));
}

/** The cases that `--only` asks for; undefined where they were to be listed, which is done. @throws OptionError when there are none */
export function chooseCases<Case extends { readonly name: string; readonly group: string }>(
  { only, list }: BenchmarkOptions,
  all: readonly Case[],
): readonly Case[] | undefined {
  const cases =
    only === undefined ? all : all.filter(({ name, group }) => only.test(name) || only.test(group));
  if (cases.length === 0)
    throw new OptionError('--only', 'no row matches', 'a name that --list prints', String(only));
  if (!list) return cases;
  console.log(cases.map(({ name, group }) => `${group}: ${name}`).join('\n'));
  return undefined;
}

/** Prints a report, writes and keeps it as the options say; gives the exit status. */
export function publish(
  benchmark: string,
  engine: string,
  { json, save }: BenchmarkOptions,
  report: BenchmarkReport<BenchmarkRow | CostRow>,
  text: string,
): number {
  console.log(text);
  if (json !== undefined) {
    mkdirSync(dirname(json), { recursive: true });
    writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
  }
  const failed = report.failures.length > 0;
  if (save) {
    if (failed) console.error('not saved: a result with failed rows is not kept');
    else console.error(`saved to ${saveReport(benchmark, engine, report)}`);
  }
  return failed ? 1 : 0;
}

/** The engine of this process and onnxruntime-node. @throws OptionError when the engine or the threads cannot be had */
export async function startHere(options: BenchmarkOptions): Promise<BenchmarkHost> {
  const engine = engineTarget(options.engine);
  for (const threads of options.threads) await setEngineThreads(threads);
  return {
    engine,
    versions: { node: process.versions.node, v8: process.versions.v8, [PEER]: peerVersion() },
  };
}
