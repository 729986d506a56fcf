/** `sconce conformance`: the suites against real PyTorch. */
import {
  Fixtures,
  formatReport,
  formatTotals,
  runSuite,
  type SuiteReport,
  suites,
} from '@sconce/conformance';
import { Command } from 'commander';
import { JudgedFailure, UsageError } from '../errors.ts';
import { print, printJson, userPath, withProgress } from '../terminal.ts';

interface ConformanceOptions {
  readonly filter?: string;
  readonly fixtures?: string;
  readonly json?: boolean;
  readonly verbose?: boolean;
}

export function conformanceCommand(): Command {
  const list = Object.values(suites).map(
    ({ name, description, onRequest }) =>
      `  ${name.padEnd(10)} ${description}${onRequest ? ' (only when named)' : ''}`,
  );
  const usual = Object.values(suites).filter(({ onRequest }) => !onRequest);
  return new Command('conformance')
    .description('compare with what real PyTorch computed')
    .argument(
      '[suite...]',
      `suites to run: ${Object.keys(suites).join(', ')} (default: ${usual.map(({ name }) => name).join(', ')})`,
    )
    .option('--filter <regexp>', 'run only the cases whose name matches')
    .option('--fixtures <folder>', "a fixtures folder (default: the workspace's)")
    .option('--json', 'print the reports as one JSON document')
    .option('--verbose', 'print every case, not only those that do not pass')
    .addHelpText('after', `\nSuites:\n${list.join('\n')}\n\nExit status 1 when a case is out of tolerance.`)
    .action(async (names: string[], options: ConformanceOptions) => {
      const reports = await runSuites(names, options);
      if (options.json) printJson(reports);
      else for (const report of reports) print(printed(report, options.verbose === true));
      const failed = reports.reduce((sum, report) => sum + report.failed, 0);
      if (failed > 0) throw new JudgedFailure(`${failed} cases failed`);
    });
}

/** Runs the named suites, all of them when none is named. */
export async function runSuites(
  names: readonly string[],
  options: ConformanceOptions,
): Promise<SuiteReport[]> {
  const unknown = names.filter((name) => suites[name] === undefined);
  if (unknown.length > 0) {
    throw new UsageError(
      `conformance: unknown suite ${unknown.join(', ')}, expected ${Object.keys(suites).join(', ')}`,
    );
  }
  const fixtures = new Fixtures(options.fixtures === undefined ? undefined : userPath(options.fixtures));
  const only = options.filter === undefined ? undefined : parseFilter(options.filter);
  const chosen = Object.values(suites).filter(({ name, onRequest }) =>
    names.length === 0 ? !onRequest : names.includes(name),
  );
  return await withProgress('conformance', async (update) => {
    const reports: SuiteReport[] = [];
    for (const suite of chosen) {
      let done = 0;
      reports.push(
        await runSuite(suite, fixtures, {
          ...(only === undefined ? {} : { only }),
          onCase: (result) => update(`${suite.name}: ${++done} cases, ${result.name}`),
        }),
      );
    }
    return reports;
  });
}

/** A report as people read it: its cases (all, or those that need attention) over its totals. */
function printed(report: SuiteReport, verbose: boolean): string {
  const attention = report.failed + report.unsupported > 0;
  if (verbose) return `${formatReport(report)}\n`;
  return attention ? `${formatReport(report, { only: 'problems' })}\n` : formatTotals(report);
}

function parseFilter(text: string): RegExp {
  try {
    return new RegExp(text);
  } catch {
    throw new UsageError(`conformance: --filter: expected a regular expression, got ${JSON.stringify(text)}`);
  }
}
