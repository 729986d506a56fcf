// Writes docs/coverage.md from a run of the operator database's suite over all of its samples:
//   python fixtures/generators/opdb.py --out DIR && pnpm docs:coverage DIR
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error('docs:coverage: expected the folder that fixtures/generators/opdb.py wrote to');
  process.exit(1);
}
const { stdout } = spawnSync(
  'node',
  ['apps/cli/dist/main.js', 'conformance', 'opdb', '--json', '--fixtures', folder],
  { encoding: 'utf8', maxBuffer: 1 << 30, stdio: ['ignore', 'pipe', 'inherit'] },
);
const [report] = JSON.parse(stdout);
const names = JSON.parse(readFileSync(join(folder, 'opdb', 'names.json'), 'utf8'));

/** Cases by operator and kind: passed, failed, not there, and what went wrong first. */
const found = new Map();
for (const { name, status, reason } of report.cases) {
  const [variantName, kind] = name.split(' ');
  const op = names
    .map((entry) => entry.op)
    .filter((own) => variantName === own || variantName.startsWith(`${own}.`))
    .sort((a, b) => b.length - a.length)[0];
  const key = `${op} ${kind}`;
  const entry = found.get(key) ?? { passed: 0, failed: 0, unsupported: 0, reason: '' };
  entry[status]++;
  if (status !== 'passed' && entry.reason === '') entry.reason = reason;
  found.set(key, entry);
}

const empty = { passed: 0, failed: 0, unsupported: 0, reason: '' };
const cell = ({ passed, failed, unsupported }) =>
  passed + failed + unsupported === 0 ? '' : `${passed} of ${passed + failed + unsupported}`;
const totals = { passing: 0, failing: 0, missing: 0, excluded: 0, gradients: 0, differentiable: 0 };
const rows = names.map(({ op, excluded }) => {
  if (excluded !== null) {
    totals.excluded++;
    return `| ${op} | out of scope | | | | ${excluded} |`;
  }
  const [forward, gradient, error] = ['forward', 'gradient', 'error'].map(
    (kind) => found.get(`${op} ${kind}`) ?? empty,
  );
  const all = forward.passed + forward.failed + forward.unsupported;
  let state = 'passing';
  if (all === 0) state = 'no samples';
  else if (forward.passed === 0 && forward.failed === 0) state = 'not there';
  else if (forward.failed + forward.unsupported > 0) state = 'failing';
  if (state === 'passing') totals.passing++;
  if (state === 'failing') totals.failing++;
  if (state === 'not there') totals.missing++;
  if (gradient.passed + gradient.failed + gradient.unsupported > 0 && state !== 'not there') {
    totals.differentiable++;
    if (gradient.failed + gradient.unsupported === 0) totals.gradients++;
  }
  const reason = [forward, gradient, error].map((entry) => entry.reason).find((text) => text !== '') ?? '';
  const shown = reason.replaceAll('|', '\\|').replaceAll('<', '&lt;').slice(0, 140);
  return `| ${op} | ${state} | ${cell(forward)} | ${cell(gradient)} | ${cell(error)} | ${shown} |`;
});

const text = `# Operators

PyTorch's own operator database (\`torch.testing._internal.common_methods_invocations.op_db\`) gives sample arguments for every
operator. Sconce is run on them and held against what PyTorch ${report.versions.torch} gave: results of float32 and integer samples,
gradients of float64 samples, and the messages of errors. Tolerances are those of \`torch.testing.assert_close\`, or twice PyTorch's
own distance between float32 and float64 where that is larger.

Of ${names.length} names, ${totals.excluded} are out of scope. **${totals.passing} pass on every forward sample**, ${totals.failing} fail on some, ${totals.missing} are not there.
${totals.gradients} of the ${totals.differentiable} that are there and have gradients pass on every gradient sample. In all ${report.passed} of ${report.passed + report.failed + report.unsupported} cases
pass (engine: ${report.versions.engine}).

Made by

\`\`\`
python fixtures/generators/opdb.py --out DIR --limit 24
pnpm docs:coverage DIR
\`\`\`

| operator | state | forward | gradient | errors | the first that is not right |
| --- | --- | ---: | ---: | ---: | --- |
${rows.join('\n')}
`;
writeFileSync('docs/coverage.md', text);
console.log(totals);
