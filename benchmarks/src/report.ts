// The report every benchmark writes: one JSON shape, its printed table, and the file it is kept in.

import type { Machine } from './machine.ts';

/** One comparison. Times are medians in milliseconds a call. */
export interface BenchmarkRow {
  readonly name: string;
  /** Rows of one group share a geometric mean. */
  readonly group: string;
  readonly threads: number;
  /** The target Sconce ran on. */
  readonly engine: string;
  readonly ms: number;
  readonly peer: string;
  /** What is judged: the peer's call; in kernel benchmarks its operators alone, or its call less an empty one. */
  readonly peerMs: number;
  /** `peerMs / ms`: over 1 Sconce is faster. */
  readonly ratio: number;
  /** Sconce's arithmetic in 10^9 operations a second; `null` where operations are not what counts. */
  readonly gflops: number | null;
  /** The peer's whole call. */
  readonly peerCallMs: number;
  /** Sconce's first call in this process, code generation included where no row before needed the same kernel. */
  readonly firstMs: number;
  /** What the times include. */
  readonly note: string;
}

/** A row that gave no number. */
export interface BenchmarkFailure {
  readonly name: string;
  readonly threads: number;
  readonly message: string;
}

/** A benchmark's result. */
export interface BenchmarkReport extends Machine {
  readonly versions: Readonly<Record<string, string>>;
  readonly rows: readonly BenchmarkRow[];
  readonly failures: readonly BenchmarkFailure[];
}

/** What is measured of one row. */
export type MeasuredRow = Omit<BenchmarkRow, 'ratio' | 'gflops'> & { readonly flops?: number };

/** Fills in what follows from the times, and rounds all numbers to five digits. */
export function makeRow({ flops, ...row }: MeasuredRow): BenchmarkRow {
  return {
    ...row,
    ms: rounded(row.ms),
    peerMs: rounded(row.peerMs),
    ratio: rounded(row.peerMs / row.ms),
    gflops: flops === undefined ? null : rounded(flops / row.ms / 1e6),
    peerCallMs: rounded(row.peerCallMs),
    firstMs: rounded(row.firstMs),
  };
}

const rounded = (value: number): number => Number(value.toPrecision(5));

/**
 * The n-th root of the product.
 *
 * @throws RangeError when there are no values, or one is not positive
 */
export function geometricMean(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('geometricMean: no values, expected one at least');
  const wrong = values.find((value) => !(value > 0));
  if (wrong !== undefined) throw new RangeError(`geometricMean: expected positive values, got ${wrong}`);
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/** Geometric means of the ratios by group and number of threads, in the order of the rows. */
export function groupMeans(
  rows: readonly BenchmarkRow[],
): { readonly group: string; readonly threads: number; readonly count: number; readonly ratio: number }[] {
  return [...Map.groupBy(rows, ({ group, threads }) => `${threads} ${group}`).values()].map((members) => ({
    group: members[0]!.group,
    threads: members[0]!.threads,
    count: members.length,
    ratio: geometricMean(members.map(({ ratio }) => ratio)),
  }));
}

/** The report as a table for people: rows, then means, then failures. */
export function formatReport(report: BenchmarkReport): string {
  const versions = Object.entries(report.versions).map(([name, version]) => `${name} ${version}`);
  const parts = [[report.cpu, ...versions].join(', ')];
  if (report.rows.length > 0) {
    parts.push(
      table(
        ['name', 'threads', 'engine', 'ms', 'peer ms', 'ratio', 'GFLOP/s', 'first ms', 'includes'],
        report.rows.map((row) => [
          row.name,
          String(row.threads),
          row.engine,
          digits(row.ms),
          digits(row.peerMs),
          row.ratio.toFixed(2),
          row.gflops === null ? '' : row.gflops.toFixed(1),
          digits(row.firstMs),
          row.note,
        ]),
      ),
      table(
        ['group', 'threads', 'rows', 'ratio'],
        groupMeans(report.rows).map((mean) => [
          mean.group,
          String(mean.threads),
          String(mean.count),
          mean.ratio.toFixed(2),
        ]),
      ),
    );
  }
  if (report.failures.length > 0) {
    parts.push(
      report.failures.map((one) => `FAILED ${one.name}, threads ${one.threads}: ${one.message}`).join('\n'),
    );
  }
  return parts.join('\n\n');
}

/** Four significant digits, never in exponents. */
function digits(ms: number): string {
  const decimals = Math.max(0, 3 - Math.floor(Math.log10(ms)));
  return ms.toFixed(Math.min(decimals, 7));
}

/** Columns of text left, of numbers right. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, ...rows];
  const numeric = head.map((_, i) => rows.every((row) => /^[\d.]*$/.test(row[i]!)));
  const widths = head.map((_, i) => Math.max(...lines.map((line) => line[i]!.length)));
  return lines
    .map((line) =>
      line
        .map((cell, i) => (numeric[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Name of the file a whole result is kept in: one for each benchmark, CPU and engine. */
export function resultFileName(benchmark: string, report: BenchmarkReport, engine: string): string {
  const slug = report.cpu
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
  return `${benchmark}.${slug}.${engine}.json`;
}
