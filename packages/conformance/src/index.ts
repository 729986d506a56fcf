/** The conformance suites: Sconce held against what real PyTorch computed. */
export { type Comparison, combineComparisons, compareTensors, type Tolerance } from './compare.ts';
export { FixtureError } from './fixture-error.ts';
export { type FixtureSource, fixturesInMemory } from './fixture-source.ts';
export { Fixtures, FixtureTensors } from './fixtures.ts';
export * from './models/index.ts';
export {
  type CaseResult,
  type CaseStatus,
  formatReport,
  formatTotals,
  makeReport,
  type SuiteReport,
  summaryTable,
} from './report.ts';
export { runSuite } from './run.ts';
export { type Suite, type SuiteCase, UnsupportedCase } from './suite.ts';
export { suites } from './suites/index.ts';
