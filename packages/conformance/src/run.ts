/** Runs a suite and makes its report; the one place where a case's exception becomes its result. */
import { engineInfo } from '@sconce/engine';
import type { Fixtures } from './fixtures.ts';
import { type CaseResult, makeReport, type SuiteReport } from './report.ts';
import { type Suite, type SuiteCase, UnsupportedCase } from './suite.ts';

/**
 * Runs a suite's cases one after another.
 *
 * @param options.only run only the cases whose name matches
 * @param options.onCase called after each case, for progress
 */
export async function runSuite(
  suite: Suite,
  fixtures: Fixtures,
  options: { only?: RegExp; onCase?: (result: CaseResult) => void } = {},
): Promise<SuiteReport> {
  const results: CaseResult[] = [];
  for (const one of suite.cases(fixtures)) {
    if (options.only !== undefined && !options.only.test(one.name)) continue;
    const result = await runCase(one);
    results.push(result);
    options.onCase?.(result);
  }
  return makeReport(suite.name, { ...suite.versions(fixtures), engine: engineInfo().target }, results);
}

async function runCase({ name, judge }: SuiteCase): Promise<CaseResult> {
  try {
    const { ok, maxAbs, maxRel, reason } = await judge();
    return { name, status: ok ? 'passed' : 'failed', maxAbs, maxRel, reason };
  } catch (error) {
    const reason = (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
    const status = error instanceof UnsupportedCase ? 'unsupported' : 'failed';
    return { name, status, maxAbs: null, maxRel: null, reason };
  }
}
