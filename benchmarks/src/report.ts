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
  /** Sconce's time on one thread over `ms`; `null` on one thread, or where one thread was not measured. */
  readonly scaling: number | null;
  /** Sconce's arithmetic in 10^9 operations a second; `null` where operations are not what counts. */
  readonly gflops: number | null;
  /** The peer's whole call. */
  readonly peerCallMs: number;
  /** Sconce's first call in this process, code generation included where no row before needed the same kernel. */
  readonly firstMs: number;
  /** What a call may take, where not only the ratio is judged. */
  readonly wantedMs?: number;
  /** Memory of whole processes that do this alone, where it is looked at. */
  readonly memory?: PeakMemory;
  /** What the times include. */
  readonly note: string;
}

/** The most memory that a process has held, in MiB of resident memory. */
export interface PeakMemory {
  readonly mib: number;
  /** With every call in a `scope`. */
  readonly scopedMib: number;
  readonly peerMib: number;
  /** `mib / peerMib`: below 1 Sconce holds less. */
  readonly ratio: number;
}

/** What something costs by itself, where there is nothing to compare it with. */
export interface CostRow {
  readonly name: string;
  readonly group: string;
  readonly threads: number;
  readonly engine: string;
  readonly ms: number;
  readonly peer: null;
  readonly peerMs: null;
  readonly ratio: null;
  /** What it may cost; `null` where nothing is said. */
  readonly wantedMs: number | null;
  /** How it was measured. */
  readonly note: string;
}

/** A row that gave no number. */
export interface BenchmarkFailure {
  readonly name: string;
  readonly threads: number;
  readonly message: string;
}

/** A benchmark's result. */
export interface BenchmarkReport<Row = BenchmarkRow> extends Machine {
  readonly versions: Readonly<Record<string, string>>;
  readonly rows: readonly Row[];
  readonly failures: readonly BenchmarkFailure[];
}

/** What is measured of one row. */
export type MeasuredRow = Omit<BenchmarkRow, 'ratio' | 'gflops' | 'scaling'> & { readonly flops?: number };

/** A cost, its time rounded to five digits. */
export function makeCost(row: Omit<CostRow, 'peer' | 'peerMs' | 'ratio'>): CostRow {
  return { ...row, ms: rounded(row.ms), peer: null, peerMs: null, ratio: null };
}

/** Fills in what follows from the times, and rounds all numbers to five digits. */
export function makeRow({ flops, ...row }: MeasuredRow): BenchmarkRow {
  return {
    ...row,
    ms: rounded(row.ms),
    peerMs: rounded(row.peerMs),
    ratio: rounded(row.peerMs / row.ms),
    scaling: null,
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

/** The rows with their scaling filled in. */
export function withScaling<Row extends BenchmarkRow | CostRow>(rows: readonly Row[]): Row[] {
  const alone = new Map(rows.filter(({ threads }) => threads === 1).map((row) => [row.name, row.ms]));
  return rows.map((row) => {
    const ms = alone.get(row.name);
    if (row.peer === null || row.threads === 1 || ms === undefined) return row;
    return { ...row, scaling: rounded(ms / row.ms) };
  });
}

/** The rows that stand beside a peer, and those that have none. */
export function splitRows(rows: readonly (BenchmarkRow | CostRow)[]): {
  readonly compared: readonly BenchmarkRow[];
  readonly costs: readonly CostRow[];
} {
  return {
    compared: rows.filter((row): row is BenchmarkRow => row.peer !== null),
    costs: rows.filter((row): row is CostRow => row.peer === null),
  };
}

/** Milliseconds on one thread from which on a row counts when threads are compared: threads have enough to do. */
export const LARGE_MS = 0.5;

/** Geometric means over the rows of a group on one number of threads. */
export interface GroupMean {
  readonly group: string;
  readonly threads: number;
  readonly count: number;
  readonly ratio: number;
  /** Over the rows that take {@link LARGE_MS} or more on one thread; `null` when there are none. */
  readonly scaling: number | null;
}

/** Geometric means by group and number of threads, in the order of the rows. */
export function groupMeans(rows: readonly BenchmarkRow[]): GroupMean[] {
  return [...Map.groupBy(rows, ({ group, threads }) => `${threads} ${group}`).values()].map((members) => ({
    group: members[0]!.group,
    threads: members[0]!.threads,
    count: members.length,
    ratio: geometricMean(members.map(({ ratio }) => ratio)),
    scaling: meanScaling(members),
  }));
}

/** Geometric mean of what threads gain over the rows that are large; `null` when there are none. */
export function meanScaling(rows: readonly BenchmarkRow[]): number | null {
  const large = rows.flatMap(({ scaling, ms }) =>
    scaling !== null && scaling * ms >= LARGE_MS ? scaling : [],
  );
  return large.length === 0 ? null : geometricMean(large);
}

/** The report as a table for people: rows, then means, then rows without a peer, then failures. */
export function formatReport(report: BenchmarkReport<BenchmarkRow | CostRow>): string {
  const { compared, costs } = splitRows(report.rows);
  return withFrame(report, [
    ...(compared.length > 0 ? comparedTables(compared) : []),
    ...memoryTable(compared),
    ...(costs.length > 0 ? [costTable(costs)] : []),
  ]);
}

function comparedTables(rows: readonly BenchmarkRow[]): string[] {
  const wanted = rows.some((row) => row.wantedMs !== undefined);
  const peers = new Set(rows.map(({ peer }) => peer)).size > 1;
  return [
    table(
      [
        ...['name', 'threads', 'engine', 'ms', ...(wanted ? ['wanted ms'] : []), ...(peers ? ['peer'] : [])],
        ...['peer ms', 'ratio', 'scaling', 'GFLOP/s', 'first ms', 'includes'],
      ],
      rows.map((row) => [
        row.name,
        String(row.threads),
        row.engine,
        digits(row.ms),
        ...(wanted ? [row.wantedMs === undefined ? '' : String(row.wantedMs)] : []),
        ...(peers ? [row.peer] : []),
        digits(row.peerMs),
        row.ratio.toFixed(2),
        row.scaling?.toFixed(2) ?? '',
        row.gflops?.toFixed(1) ?? '',
        digits(row.firstMs),
        row.note,
      ]),
    ),
    table(
      ['group', 'threads', 'rows', 'ratio', 'scaling'],
      groupMeans(rows).map((mean) => [
        mean.group,
        String(mean.threads),
        String(mean.count),
        mean.ratio.toFixed(2),
        mean.scaling?.toFixed(2) ?? '',
      ]),
    ),
  ];
}

function memoryTable(rows: readonly BenchmarkRow[]): string[] {
  const measured = rows.filter((row) => row.memory !== undefined);
  if (measured.length === 0) return [];
  return [
    table(
      ['peak memory', 'threads', 'MiB', 'in scopes MiB', 'peer MiB', 'part'],
      measured.map(({ name, threads, memory }) => [
        name,
        String(threads),
        ...[memory!.mib, memory!.scopedMib, memory!.peerMib].map((its) => its.toFixed(0)),
        memory!.ratio.toFixed(2),
      ]),
    ),
  ];
}

function costTable(rows: readonly CostRow[]): string {
  return table(
    ['name', 'threads', 'engine', 'ms', 'wanted ms', 'measured as'],
    rows.map((row) => [
      row.name,
      String(row.threads),
      row.engine,
      digits(row.ms),
      row.wantedMs === null ? '' : String(row.wantedMs),
      row.note,
    ]),
  );
}

function withFrame(report: BenchmarkReport<unknown>, tables: readonly string[]): string {
  const versions = Object.entries(report.versions).map(([name, version]) => `${name} ${version}`);
  const failed = report.failures.map((one) => `FAILED ${one.name}, threads ${one.threads}: ${one.message}`);
  return [
    [report.cpu, ...versions].join(', '),
    ...(report.rows.length > 0 ? tables : []),
    ...(failed.length > 0 ? [failed.join('\n')] : []),
  ].join('\n\n');
}

/** Four significant digits, never in exponents. */
export function digits(ms: number): string {
  if (!(ms > 0)) return ms.toFixed(4);
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
