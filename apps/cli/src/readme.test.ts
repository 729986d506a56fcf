/** The examples of the workspace's README, and of packages whose own tests do not run theirs. */
import { readmeExamples, runReadmeExample } from '@sconce/testing';
import { describe, expect, test } from 'vitest';

const root = new URL('../../../', import.meta.url);
/** Examples of the workspace's README see the packages that this one depends on. */
const readmes = [
  { path: 'README.md', from: new URL('../', import.meta.url) },
  { path: 'packages/codegen/README.md' },
  { path: 'packages/engine/README.md' },
];

describe.each(readmes)('$path', ({ path, from }) => {
  const readme = new URL(path, root);
  test.each(readmeExamples(readme).map((_, example) => example))('example %i runs', async (example) => {
    await expect(
      runReadmeExample(readme, { example, ...(from !== undefined && { from }) }),
    ).resolves.toBeDefined();
  });
});
