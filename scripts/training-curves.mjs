// Writes docs/training-curves.md and its picture: the training scripts of the conformance suite run here, beside the losses
// that PyTorch gave (fixtures/curves). About two minutes:
//   pnpm docs:curves
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { plotCharts } from '../apps/cli/src/training/chart.ts';
import { Fixtures } from '../packages/conformance/src/fixtures.ts';
import { compareCurve, readCurves, runCurve } from '../packages/conformance/src/suites/curves.ts';
import { engineInfo } from '../packages/engine/src/index.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const fixtures = new Fixtures();
const { curves, versions } = readCurves(fixtures);
const charts = [];
const rows = [];
let failed = 0;
for (const [name, { oneThread, twoThreads }] of Object.entries(curves)) {
  console.error(name);
  const losses = runCurve(fixtures, name, oneThread.length);
  const { ok, maxAbs, reason } = compareCurve(fixtures, name, losses);
  if (!ok) {
    failed++;
    console.error(`  ${reason}`);
  }
  const own = Math.max(...oneThread.map((loss, i) => Math.abs(loss - twoThreads[i])));
  rows.push([name, losses[0], losses.at(-1), maxAbs, own]);
  const points = (values) => values.map((loss, i) => [i + 1, loss]);
  charts.push({
    title: name,
    xLabel: 'step',
    end: losses.length,
    series: [
      { name: 'Sconce', color: '#0072b2', points: points(losses) },
      { name: 'PyTorch', color: '#d55e00', points: points(oneThread), dashed: true },
    ],
  });
}
const short = (value) => (value < 0.001 ? value.toExponential(1) : value.toFixed(4));
const table = rows.map(
  ([name, first, last, difference, own]) =>
    `| \`${name}\` | ${short(first)} | ${short(last)} | ${short(difference)} | ${own === 0 ? '0' : short(own)} |`,
);
const page = `# Training curves

The same scripts, once in Python with PyTorch ${versions.torch} and once in TypeScript, from the same seed: the weights that layers
start with, the order of batches, the masks of dropout and all random data are the same numbers. What differs is rounding.

![Losses step by step, Sconce beside PyTorch](images/training-curves.svg)

| script | first loss | last loss | largest difference to PyTorch | PyTorch on two threads to itself on one |
| --- | ---: | ---: | ---: | ---: |
${table.join('\n')}

ResNet-18 amplifies rounding: its batch norms see few values, and two runs of PyTorch part as well.

Run here on the \`${engineInfo().target}\` target. The scripts are in \`packages/conformance/src/curves\` and
\`fixtures/generators/curve_scripts\`; \`sconce conformance curves\` runs and judges them, \`pnpm docs:curves\` writes this page.
`;
mkdirSync(`${root}docs/images`, { recursive: true });
writeFileSync(`${root}docs/images/training-curves.svg`, plotCharts(charts));
writeFileSync(`${root}docs/training-curves.md`, page);
process.exitCode = failed > 0 ? 1 : 0;
