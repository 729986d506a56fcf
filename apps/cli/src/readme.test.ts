/** The TypeScript examples of the workspace's README, and of packages' READMEs that need no files, run. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

const root = fileURLToPath(new URL('../../../', import.meta.url));
/** Below this package, so that examples find every workspace package. */
const scratch = fileURLToPath(new URL('../.cache/readme/', import.meta.url));
/** READMEs whose examples stand on their own; the other packages run theirs beside their sources, with files made there. */
const readmes = ['.', 'packages/codegen', 'packages/engine', 'packages/tensor', 'packages/conformance'].map(
  (folder) => join(root, folder, 'README.md'),
);

beforeAll(() => mkdirSync(scratch, { recursive: true }));
afterAll(() => rmSync(dirname(scratch), { recursive: true, force: true }));

describe.each(readmes)('%s', (path) => {
  const examples = Array.from(
    readFileSync(path, 'utf8').matchAll(/^```(?:ts|typescript)\n(.*?)^```/gms),
    ([, code]) => code ?? '',
  );

  test.each(examples.map((code, i) => ({ code, i })))('example $i runs', async ({ code, i }) => {
    const file = join(scratch, `${relative(root, path).replaceAll('/', '-')}-${i}.ts`);
    writeFileSync(file, code);
    const log = vi.spyOn(console, 'log').mockImplementation(() => {});
    const folder = process.cwd();
    try {
      // Examples name files as seen from the workspace's root.
      process.chdir(root);
      await expect(import(pathToFileURL(file).href)).resolves.toBeDefined();
    } finally {
      process.chdir(folder);
      log.mockRestore();
    }
  });
});
