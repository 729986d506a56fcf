// Results that are kept: one file for each CPU, in it the latest whole report of each benchmark on each engine.

import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchmarkReport, BenchmarkRow, CostRow } from './report.ts';

/** A report without the machine, which stands once in the file. Only costs have no peer. */
type KeptReport = Pick<BenchmarkReport<BenchmarkRow | CostRow>, 'versions' | 'rows'>;

/** All that is kept of one CPU. */
export interface CpuResults {
  readonly cpu: string;
  readonly features: string;
  /** By benchmark and engine, as in `kernels avx512`. */
  readonly reports: Readonly<Record<string, KeptReport>>;
}

const resultsFolder: string = fileURLToPath(new URL('../results/', import.meta.url));

/** A CPU as part of a file's name. */
export function cpuSlug(cpu: string): string {
  return cpu
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
}

/** Keeps a report in place of the one before; gives the file's path. */
export function saveReport(
  benchmark: string,
  engine: string,
  { cpu, features, versions, rows }: BenchmarkReport<BenchmarkRow | CostRow>,
  folder: string = resultsFolder,
): string {
  const path = join(folder, `${cpuSlug(cpu)}.json`);
  const before = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as CpuResults).reports : {};
  const reports = { ...before, [`${benchmark} ${engine}`]: { versions, rows } };
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, `${JSON.stringify({ cpu, features, reports }, null, 2)}\n`);
  return path;
}

/** All results that are kept, in the order of their CPUs' names. */
export function readResults(folder: string = resultsFolder): CpuResults[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as CpuResults);
}
