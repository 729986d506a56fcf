/** What tests of several packages share. It is never published and nothing outside of tests imports it. */
export {
  fixtureBytes,
  fixtureJson,
  fixtureNames,
  fixturePath,
  fixturesLike,
  fixtureUrl,
} from './fixtures.ts';
export { countRefused, mutants } from './mutants.ts';
export {
  type ReadmeExample,
  type ReadmeOptions,
  type ReadmeRun,
  readmeExamples,
  runReadmeExample,
} from './readme.ts';
