// What all benchmark commands do around their rows: choose them, tell of progress, print, write and keep the report.

import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { engineTarget, setEngineThreads } from './engine.ts';
import { OptionError } from './errors.ts';
import { machine } from './machine.ts';
import type { BenchmarkOptions } from './options.ts';
import { PEER, peerVersion } from './peer.ts';
import {
  type BenchmarkFailure,
  type BenchmarkReport,
  type BenchmarkRow,
  formatReport,
  resultFileName,
} from './report.ts';

const resultsFolder = join(dirname(fileURLToPath(import.meta.url)), '..', 'results');

/** Rows and failures of one case. */
export interface CaseOutcome {
  readonly rows: readonly BenchmarkRow[];
  readonly failures: readonly BenchmarkFailure[];
}

/**
 * Runs the cases that were asked for and reports them. The table goes to standard output, progress to standard error.
 *
 * @returns the process's exit status: 1 when a row failed
 */
export async function runBenchmark<Case extends { readonly name: string; readonly group: string }>(
  benchmark: string,
  options: BenchmarkOptions,
  all: readonly Case[],
  run: (one: Case, engine: string) => Promise<CaseOutcome>,
): Promise<number> {
  const { only } = options;
  const cases =
    only === undefined ? all : all.filter(({ name, group }) => only.test(name) || only.test(group));
  if (cases.length === 0)
    throw new OptionError('--only', 'no row matches', 'a name that --list prints', String(only));
  if (options.list) {
    console.log(cases.map(({ name, group }) => `${group}: ${name}`).join('\n'));
    return 0;
  }
  const engine = engineTarget(options.engine);
  // Asked for here as well, so that it fails before anything is measured.
  for (const threads of options.threads) await setEngineThreads(threads);

  const rows: BenchmarkRow[] = [];
  const failures: BenchmarkFailure[] = [];
  for (const [i, one] of cases.entries()) {
    console.error(`${i + 1}/${cases.length} ${one.name}`);
    const outcome = await run(one, engine);
    rows.push(...outcome.rows);
    failures.push(...outcome.failures);
  }
  const report: BenchmarkReport = {
    ...machine(),
    versions: { node: process.versions.node, v8: process.versions.v8, [PEER]: peerVersion() },
    rows,
    failures,
  };
  console.log(formatReport(report));
  if (options.json !== undefined) write(options.json, report);
  if (options.save) {
    const path = join(resultsFolder, resultFileName(benchmark, report, engine));
    if (failures.length > 0) console.error(`not saved to ${path}: a result with failed rows is not kept`);
    else write(path, report);
  }
  return failures.length === 0 ? 0 : 1;
}

function write(path: string, report: BenchmarkReport): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(report, null, 2)}\n`);
}
