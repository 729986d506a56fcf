// The results that are kept, as Markdown: a summary of each CPU, and a page of all its rows.

import {
  type BenchmarkRow,
  type CostRow,
  digits,
  type GroupMean,
  groupMeans,
  LARGE_MS,
  meanScaling,
  splitRows,
} from './report.ts';
import { type CpuResults, cpuSlug } from './results.ts';
import { WANTED_MEMORY, wantedRatio, wantedScaling } from './wanted.ts';

/** What benchmarks are called, in the order of their tables; others come behind, under their names. */
const titles: Readonly<Record<string, string>> = {
  kernels: 'Kernels',
  web: 'WebAssembly in Node',
  browser: 'WebAssembly in Chromium',
  costs: 'Beside the arithmetic',
  networks: 'Networks as one program',
  models: 'Whole models',
  tensor: 'Tensors',
  train: 'Training',
};

interface Titled {
  readonly benchmark: string;
  readonly engine: string;
  readonly title: string;
  readonly versions: string;
  readonly compared: readonly BenchmarkRow[];
  readonly costs: readonly CostRow[];
}

/**
 * Means by group, what has a time of its own to keep, and costs.
 *
 * @param page where the rows are
 * @param chosen which benchmarks it is about
 */
export function summary(
  results: CpuResults,
  page: string,
  chosen: (benchmark: string) => boolean = () => true,
): string {
  const parts = titled(results)
    .filter(({ benchmark }) => chosen(benchmark))
    .flatMap((report) => {
      const timed = report.compared.filter((row) => row.wantedMs !== undefined);
      return [
        `**${report.title}**, ${report.versions}:`,
        ...(report.compared.length > 0 ? [meanTable(report)] : []),
        ...(timed.length > 0 ? [rowTable(timed)] : []),
        ...memoryTable(report.compared),
        ...(report.costs.length > 0 ? [costTable(report.costs)] : []),
      ];
    });
  return [`### ${results.cpu}`, ...parts, `[Every row](${page})`].join('\n\n');
}

/** All rows, and what the numbers mean. */
export function rowsPage(results: CpuResults): string {
  const parts = titled(results).flatMap((report) => [
    `## ${report.title}`,
    `${sentence(report.versions)}.`,
    ...(report.compared.length > 0 ? [rowTable(report.compared)] : []),
    ...(report.costs.length > 0 ? [costTable(report.costs)] : []),
  ]);
  return `${[
    `# Benchmarks: ${results.cpu}`,
    `Vector instructions: ${results.features || 'not known'}. Times are medians in milliseconds; a ratio over 1 means that ` +
      'Sconce is faster. [What is measured](../../benchmarks/README.md). Made by `pnpm docs:bench`.',
    ...parts,
  ].join('\n\n')}\n`;
}

/** Name of the page of a CPU. */
export const pageName = ({ cpu }: CpuResults): string => `${cpuSlug(cpu)}.md`;

function titled({ reports }: CpuResults): Titled[] {
  const order = Object.keys(titles);
  const place = (benchmark: string): number =>
    (order.indexOf(benchmark) + order.length + 1) % (order.length + 1);
  return Object.entries(reports)
    .map(([key, { versions, rows }]) => {
      const [benchmark, engine] = key.split(' ') as [string, string];
      const { compared, costs } = splitRows(rows);
      const peers = [...new Set(compared.map(({ peer }) => peer))];
      const beside = peers.length === 0 ? '' : ` beside ${peers.join(', ')}`;
      return {
        benchmark,
        engine,
        title: `${titles[benchmark] ?? benchmark}: ${engine}${beside}`,
        versions: Object.entries(versions)
          .map(([name, version]) => `${name} ${version}`)
          .join(', '),
        compared,
        costs,
      };
    })
    .sort((a, b) => place(a.benchmark) - place(b.benchmark) || a.engine.localeCompare(b.engine));
}

/** A line for each group, a column for each number of threads. */
function meanTable({ benchmark, engine, compared }: Titled): string {
  const means = groupMeans(compared);
  const threads = [...new Set(means.map((mean) => mean.threads))].sort((a, b) => a - b);
  const more = threads.filter((count) => count > 1);
  const head = [
    'group',
    'rows',
    'wanted',
    ...threads.map((count) => (count === 1 ? '1 thread' : `${count} threads`)),
    ...more.flatMap((count) => [`${count} over 1`, 'wanted']),
  ];
  const lines = [...Map.groupBy(means, ({ group }) => group)].map(([group, its]) => {
    const on = (count: number): GroupMean | undefined => its.find((mean) => mean.threads === count);
    return [
      group,
      String(its[0]!.count),
      number(wantedRatio(benchmark, engine, group)),
      ...threads.map((count) => number(on(count)?.ratio ?? null)),
      ...more.flatMap((count) => {
        const scaling = on(count)?.scaling ?? null;
        return [number(scaling), scaling === null || count !== 2 ? '' : number(wantedScaling(group))];
      }),
    ];
  });
  const large = more.map((count) => {
    const gain = meanScaling(compared.filter((row) => row.threads === count));
    return gain === null
      ? ''
      : `${count} threads over 1, all rows of ${LARGE_MS} ms and more: ${number(gain)}.`;
  });
  return [markdown(head, lines), ...large.filter((line) => line !== '')].join('\n\n');
}

function rowTable(rows: readonly BenchmarkRow[]): string {
  const wanted = rows.some((row) => row.wantedMs !== undefined);
  return markdown(
    [
      ...['name', 'threads', 'ms', ...(wanted ? ['wanted ms'] : [])],
      ...['peer ms', 'ratio', 'over 1 thread', 'GFLOP/s', 'first call ms'],
    ],
    rows.map((row) => [
      row.name,
      String(row.threads),
      digits(row.ms),
      ...(wanted ? [row.wantedMs === undefined ? '' : String(row.wantedMs)] : []),
      digits(row.peerMs),
      number(row.ratio),
      number(row.scaling),
      row.gflops?.toFixed(1) ?? '',
      digits(row.firstMs),
    ]),
  );
}

/** Peak memory, where rows have it. */
function memoryTable(rows: readonly BenchmarkRow[]): string[] {
  const measured = rows.filter((row) => row.memory !== undefined);
  if (measured.length === 0) return [];
  return [
    markdown(
      [
        'peak memory of a process',
        'threads',
        'MiB',
        'in scopes MiB',
        'peer MiB',
        'part of the peer',
        'wanted',
      ],
      measured.map(({ name, threads, memory }) => [
        name,
        String(threads),
        ...[memory!.mib, memory!.scopedMib, memory!.peerMib].map((its) => its.toFixed(0)),
        memory!.ratio.toFixed(2),
        `at most ${WANTED_MEMORY}`,
      ]),
    ),
  ];
}

function costTable(rows: readonly CostRow[]): string {
  return markdown(
    ['what', 'threads', 'ms', 'wanted ms', 'measured as'],
    rows.map((row) => [
      row.name,
      String(row.threads),
      digits(row.ms),
      row.wantedMs === null ? '' : String(row.wantedMs),
      row.note,
    ]),
  );
}

const number = (value: number | null): string => value?.toFixed(2) ?? '';

const sentence = (text: string): string => text.slice(0, 1).toUpperCase() + text.slice(1);

/** A table; columns of numbers to the right. */
function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const numeric = head.map((_, i) => rows.every((row) => /^[-\d.]*$/.test(row[i]!)));
  return [line(head), line(numeric.map((its) => (its ? '---:' : '---'))), ...rows.map(line)].join('\n');
}
