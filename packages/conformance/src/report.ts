/** The report every suite writes (one JSON shape for people, tables and CI) and its printed form. */

/** How one case ended. `unsupported` means that a part it needs is not there, which is not a wrong result. */
export type CaseStatus = 'passed' | 'failed' | 'unsupported';

/** One case of a suite. Errors are `null` where nothing could be compared. */
export interface CaseResult {
  readonly name: string;
  readonly status: CaseStatus;
  /** Largest absolute difference from the reference. */
  readonly maxAbs: number | null;
  /** Largest absolute difference divided by the largest absolute reference value. */
  readonly maxRel: number | null;
  /** Why the case did not pass; empty when it did. */
  readonly reason: string;
}

/** What a suite's run gave. */
export interface SuiteReport {
  readonly suite: string;
  /** Versions of what made the reference, as its fixtures record them, and of what was judged. */
  readonly versions: Readonly<Record<string, string>>;
  readonly passed: number;
  readonly failed: number;
  readonly unsupported: number;
  readonly cases: readonly CaseResult[];
}

/** Counts the cases of a suite into its report. */
export function makeReport(
  suite: string,
  versions: Readonly<Record<string, string>>,
  cases: readonly CaseResult[],
): SuiteReport {
  const count = (status: CaseStatus): number => cases.filter((one) => one.status === status).length;
  return {
    suite,
    versions,
    passed: count('passed'),
    failed: count('failed'),
    unsupported: count('unsupported'),
    cases,
  };
}

/**
 * A table of a report, one line a case, its totals last.
 *
 * @param options.only print only cases that did not pass (the totals count all)
 */
export function formatReport(report: SuiteReport, options: { only?: 'problems' } = {}): string {
  const shown =
    options.only === 'problems' ? report.cases.filter((one) => one.status !== 'passed') : report.cases;
  const rows = shown.map((one) => [
    one.name,
    one.status,
    formatError(one.maxAbs),
    formatError(one.maxRel),
    one.reason,
  ]);
  const table = alignColumns([[report.suite, 'status', 'max abs', 'max rel', ''], ...rows], [2, 3]);
  return rows.length > 0 ? `${table}\n${formatTotals(report)}` : formatTotals(report);
}

/** One line a suite: its counts and the largest errors among the cases that passed. */
export function summaryTable(reports: readonly SuiteReport[]): string {
  const rows = reports.map((report) => [
    report.suite,
    String(report.passed),
    String(report.failed),
    String(report.unsupported),
    formatError(largestError(report, 'maxAbs')),
    formatError(largestError(report, 'maxRel')),
  ]);
  const torch = [...new Set(reports.map(({ versions }) => versions['torch'] ?? 'unknown'))].join(', ');
  return `${alignColumns([['conformance', 'passed', 'failed', 'unsupported', 'max abs', 'max rel'], ...rows], [1, 2, 3, 4, 5])}\nagainst PyTorch ${torch}; max rel: relative to the largest value of the reference`;
}

/** One line: the suite, its counts and the largest errors among the cases that passed. */
export function formatTotals(report: SuiteReport): string {
  const [maxAbs, maxRel] = (['maxAbs', 'maxRel'] as const).map((key) =>
    formatError(largestError(report, key)),
  );
  return `${report.suite}: ${report.passed} passed, ${report.failed} failed, ${report.unsupported} unsupported, largest error of those passed ${maxAbs} absolute, ${maxRel} relative to the largest value`;
}

function largestError(report: SuiteReport, key: 'maxAbs' | 'maxRel'): number {
  return Math.max(0, ...report.cases.filter((one) => one.status === 'passed').map((one) => one[key] ?? 0));
}

function alignColumns(rows: readonly (readonly string[])[], right: readonly number[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  const pad = (cell: string, column: number): string =>
    right.includes(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0);
  return rows.map((row) => row.map(pad).join('  ').trimEnd()).join('\n');
}

function formatError(value: number | null): string {
  if (value === null) return '';
  return value === 0 ? '0' : value.toExponential(1);
}
