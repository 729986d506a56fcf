import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fixtureNames, readmeExamples, runReadmeExample } from './index.ts';

let folder: string;
let readme: URL;

const text = `# A package

\`\`\`ts
import { readdirSync, writeFileSync } from 'node:fs';

const count: number = readdirSync('fixtures/hostile').length;
writeFileSync('out.txt', String(count));
console.log(count);
\`\`\`

prints

\`\`\`
many
\`\`\`

\`\`\`ts
throw new Error('this example is broken');
\`\`\`
`;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sconce-testing-'));
  readme = pathToFileURL(join(folder, 'README.md'));
  writeFileSync(readme, text);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('an example runs with the fixtures it names, and what it prints and writes comes back', async () => {
  const { printed, shown, written } = await runReadmeExample(readme, { files: { 'out.txt': 'scratch' } });
  const count = String(fixtureNames('hostile').length);
  expect(printed).toBe(`${count}\n`);
  expect(shown).toBe('many\n');
  expect(new TextDecoder().decode(written.get('out.txt'))).toBe(count);
});

test('an example that fails, or is not there, is an error', async () => {
  expect(readmeExamples(readme)).toHaveLength(2);
  await expect(runReadmeExample(readme, { example: 1 })).rejects.toThrow('this example is broken');
  await expect(runReadmeExample(readme, { example: 2 })).rejects.toThrow('no TypeScript example 2');
});

test('a file that the example does not name is an error', async () => {
  const files = { 'out.txt': 'scratch', 'other.txt': 'scratch' };
  await expect(runReadmeExample(readme, { files })).rejects.toThrow("names no 'other.txt'");
});

test('the example of this package runs', async () => {
  expect((await runReadmeExample(new URL('../README.md', import.meta.url))).printed).toBe('10\n');
});
