// Remakes the figures in the README from a run of the conformance suites. With --check it changes nothing and fails
// when the counts there are not those of the run (errors differ in their last digits from CPU to CPU).
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const [begin, end] = ['<!-- conformance:begin -->', '<!-- conformance:end -->'];
const { status, stdout } = spawnSync('node', ['apps/cli/dist/main.js', 'conformance', '--json'], {
  encoding: 'utf8',
  maxBuffer: 1 << 28,
  stdio: ['ignore', 'pipe', 'inherit'],
});
if (status !== 0) {
  console.error('docs: `sconce conformance` did not pass; mend that first');
  process.exit(1);
}
const reports = JSON.parse(stdout);
const rows = reports.map(({ suite, passed, failed, unsupported, cases }) => {
  const largest = (key) => Math.max(0, ...cases.map((one) => one[key] ?? 0)).toExponential(1);
  return { suite, counts: [passed, failed, unsupported], errors: [largest('maxAbs'), largest('maxRel')] };
});

const readme = readFileSync('README.md', 'utf8');
const [from, to] = [readme.indexOf(begin), readme.indexOf(end)];
if (from < 0 || to < from) throw new Error(`README.md: expected ${begin} and ${end}`);

if (process.argv.includes('--check')) {
  const table = readme.slice(from, to);
  const missing = rows.filter(({ suite, counts }) => !table.includes(`| ${suite} | ${counts.join(' | ')} |`));
  for (const { suite, counts } of missing) {
    console.error(`README.md: ${suite}: the run gave ${counts.join(' | ')}; run pnpm run docs`);
  }
  process.exit(missing.length > 0 ? 1 : 0);
}

const { torch } = reports[0].versions;
const table = [
  '| suite | passed | failed | unsupported | largest absolute error | relative to the largest value |',
  '| --- | ---: | ---: | ---: | ---: | ---: |',
  ...rows.map(({ suite, counts, errors }) => `| ${suite} | ${[...counts, ...errors].join(' | ')} |`),
  '',
  `Against PyTorch ${torch}, from \`pnpm sconce conformance\`.`,
];
writeFileSync('README.md', `${readme.slice(0, from)}${begin}\n${table.join('\n')}\n${readme.slice(to)}`);
