// `pnpm docs:bench [--check]`: makes the tables of the docs from the results that are kept. With --check it changes
// nothing and fails where the docs are not what would be made.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readResults } from './results.ts';
import { pageName, rowsPage, summary } from './tables.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** The pages with summaries, and which benchmarks each is about. */
const readmes: Readonly<Record<string, (benchmark: string) => boolean>> = {
  'packages/engine/README.md': (benchmark) => benchmark !== 'tensor' && benchmark !== 'train',
  'packages/tensor/README.md': (benchmark) => benchmark === 'tensor',
  'packages/nn/README.md': (benchmark) => benchmark === 'train',
};
const pages = 'docs/benchmarks';
const [begin, end] = ['<!-- benchmarks:begin -->', '<!-- benchmarks:end -->'];

const results = readResults();
const read = (path: string): string | undefined =>
  existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined;

const made = new Map<string, string>();
for (const [readme, chosen] of Object.entries(readmes)) {
  const text = read(readme)!;
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${readme}: expected ${begin} and ${end}`);
  const tables = results
    .filter(({ reports }) => Object.keys(reports).some((key) => chosen(key.split(' ')[0]!)))
    .map((one) => `${summary(one, `../../${pages}/${pageName(one)}`, chosen)}\n\n`);
  made.set(readme, `${text.slice(0, from)}${begin}\n\n${tables.join('')}${text.slice(to)}`);
}
for (const one of results) made.set(`${pages}/${pageName(one)}`, rowsPage(one));

const stale = existsSync(join(root, pages))
  ? readdirSync(join(root, pages))
      .map((name) => `${pages}/${name}`)
      .filter((path) => !made.has(path))
  : [];
const changed = [...made].filter(([path, content]) => read(path) !== content);

if (process.argv.includes('--check')) {
  for (const path of [...changed.map(([its]) => its), ...stale]) {
    console.error(`${path}: not what benchmarks/results gives; run pnpm docs:bench`);
  }
  process.exitCode = changed.length + stale.length > 0 ? 1 : 0;
} else {
  for (const path of stale) rmSync(join(root, path));
  mkdirSync(join(root, pages), { recursive: true });
  for (const [path, content] of changed) writeFileSync(join(root, path), content);
}
