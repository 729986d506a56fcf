// Writes docs/nn-modules.md from a run of the suites over all samples of PyTorch's databases:
//   for name in opdb moduledb optimdb; do python fixtures/generators/$name.py --out DIR; done; node scripts/nn-modules.mjs DIR
// It reads the sources, so that nothing has to be built. `pnpm docs:coverage DIR` runs it too.
import { spawnSync } from 'node:child_process';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error('nn-modules: expected the folder that the generators of the databases wrote to');
  process.exit(1);
}

const { torch, sections } = JSON.parse(readFileSync(join(folder, 'moduledb', 'names.json'), 'utf8'));

/** `kaiming_uniform_` becomes `kaimingUniform_`; classes keep their name. */
const camelCase = (name) => name.replace(/(?<=[a-z0-9])_([a-z0-9])/g, (_, letter) => letter.toUpperCase());

const { engine, cases, there } = runSuites();
const tests = globSync('packages/{nn,tensor,conformance,sconce}/src/**/*.test.ts')
  .sort()
  .map((path) => ({ path, text: readFileSync(path, 'utf8') }));

/** The suites' cases, and the names that Sconce has. */
function runSuites() {
  const spaces = sections.map(({ space, names }) => [space, names.map(({ name }) => camelCase(name))]);
  const script = `
    import { Fixtures, runSuite, suites } from '@sconce/conformance';
    import * as nn from '@sconce/nn';
    const out = { cases: {}, there: {} };
    for (const name of ['opdb', 'moduledb', 'optimdb']) {
      const report = await runSuite(suites[name], new Fixtures(${JSON.stringify(resolve(folder))}), name === 'opdb' ? { only: /^nn\\./ } : {});
      out.engine = report.versions.engine;
      out.cases[name] = report.cases.map(({ name, status, reason }) => [name, status, reason]);
    }
    for (const [space, names] of ${JSON.stringify(spaces)}) {
      const path = space.split('.').filter((part) => part !== 'nn');
      const found = path.reduce((value, part) => value?.[part], nn) ?? {};
      out.there[space] = names.filter((name) => name in found);
    }
    process.stdout.write(JSON.stringify(out));
  `;
  const { stdout, status } = spawnSync(
    process.execPath,
    ['--conditions=@sconce/source', '--input-type=module', '--eval', script],
    {
      cwd: 'packages/conformance',
      encoding: 'utf8',
      maxBuffer: 1 << 30,
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  if (status !== 0) throw new Error(`nn-modules: the suites ended with status ${status}`);
  return JSON.parse(stdout);
}

/** Cases by name and kind: how many pass, how many there are, and the first that does not. */
function countsOf(suite, nameOf) {
  const found = new Map();
  for (const [name, status, reason] of cases[suite]) {
    const [first, kind] = name.split(' ');
    const key = nameOf(first);
    const kinds = found.get(key) ?? new Map();
    const count = kinds.get(kind) ?? { passed: 0, all: 0, failed: 0, reason: '' };
    count.all++;
    if (status === 'passed') count.passed++;
    else if (status === 'failed') count.failed++;
    if (status !== 'passed' && count.reason === '') count.reason = reason;
    kinds.set(kind, count);
    found.set(key, kinds);
  }
  return found;
}

const functions = new Set(
  sections.find(({ space }) => space === 'nn.functional').names.map(({ name }) => name),
);
const compared = {
  nn: countsOf('moduledb', (name) => name),
  'nn.functional': countsOf('opdb', (name) => {
    const parts = name.split('.').slice(2);
    return functions.has(parts[0]) ? parts[0] : parts.join('.');
  }),
  optim: countsOf('optimdb', (name) => name),
};
compared['optim.lrScheduler'] = compared.optim;
compared['optim.swaUtils'] = compared.optim;

const escaped = (text) =>
  text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ').slice(0, 160);
const cell = (count) => (count === undefined ? '' : `${count.passed} of ${count.all}`);

/** Where a name without cases of its own is compared. */
function elsewhere(space, name) {
  if (space === 'nn.functional') {
    const plain = name.replace(/_with_indices$|_$/, '');
    if (plain !== name && compared[space].has(plain)) return `a form of \`${plain}\`, which is compared`;
    const layer = [...compared.nn.keys()].find(
      (own) => own.toLowerCase() === plain.replaceAll('_', '').toLowerCase(),
    );
    if (layer !== undefined) return `compared through \`nn.${layer}\``;
  }
  const word = new RegExp(`\\b${camelCase(name)}(?![\\w$])`);
  const files = tests
    .filter(({ text }) => word.test(text))
    .map(({ path }) => path.split('/').slice(1).join('/').replace('/src', ''));
  if (files.length === 0) return 'not compared';
  return `compared in tests: ${files
    .slice(0, 2)
    .map((path) => `\`${path}\``)
    .join(', ')}`;
}

/** What are classes in Python and types here, which are erased before a program runs. */
const types = ['Dataset', 'IterableDataset', 'Sampler'];

const totals = { all: 0, passing: 0, failing: 0, tested: 0, uncompared: 0, missing: 0, excluded: 0 };

/** State, counts and note of one name. */
function row(space, { name, excluded }) {
  totals.all++;
  const isType = space === 'data' && types.includes(name);
  const here = isType || there[space].includes(camelCase(name));
  const kinds = compared[space]?.get(name);
  if (!here) {
    totals[excluded === null ? 'missing' : 'excluded']++;
    return {
      name,
      state: excluded === null ? 'not there' : 'out of scope',
      kinds: new Map(),
      note: excluded ?? '',
    };
  }
  if (kinds === undefined) {
    const note = `${isType ? 'a type; ' : ''}${elsewhere(space, name)}`;
    const state = note === 'not compared' ? 'there' : 'there, tested';
    totals[note === 'not compared' ? 'uncompared' : 'tested']++;
    return { name, state, kinds: new Map(), note: note === 'not compared' ? 'no test of its own' : note };
  }
  const counts = [...kinds.values()];
  const failing = counts.some(({ failed }) => failed > 0);
  totals[failing ? 'failing' : 'passing']++;
  const note = counts.find(({ reason }) => reason !== '')?.reason ?? '';
  return { name, state: failing ? 'failing' : 'passing', kinds, note };
}

const columns = {
  nn: [
    ['initial weights', 'init'],
    ['printed', 'print'],
    ['results', 'forward'],
    ['gradients', 'gradient'],
    ['errors', 'error'],
  ],
  'nn.functional': [
    ['results', 'forward'],
    ['gradients', 'gradient'],
    ['errors', 'error'],
  ],
  optim: [
    ['steps', 'steps'],
    ['resumed', 'resume'],
    ['printed', 'print'],
    ['errors', 'error'],
  ],
  'optim.lrScheduler': [
    ['schedules', 'schedule'],
    ['resumed', 'resume'],
    ['errors', 'error'],
  ],
};

function table({ python, space, names }) {
  const shown = columns[space] ?? [];
  const rows = names.map((name) => row(space, name));
  return `## ${python}

| name | state | ${shown.map(([title]) => `${title} | `).join('')}note |
| --- | --- | ${shown.map(() => '---: | ').join('')}--- |
${rows
  .map(
    ({ name, state, kinds, note }) =>
      `| ${name} | ${state} | ${shown.map(([, kind]) => `${cell(kinds.get(kind))} | `).join('')}${escaped(note)} |`,
  )
  .join('\n')}
`;
}

const tables = sections.map(table).join('\n');
const sum = (suite) => {
  const all = cases[suite];
  return `${all.filter(([, status]) => status === 'passed').length} of ${all.length}`;
};
const text = `# torch.nn, torch.optim and torch.utils.data

Every public name of PyTorch ${torch}, and what Sconce has of it. Layers, optimizers and functions are run on the samples of PyTorch's own
databases (\`module_db\`, \`optim_db\` and \`op_db\` of \`torch.testing._internal\`) and on samples of options and classes that these lack
(\`fixtures/generators/moduledb_more.py\`, \`optimdb.py\`). Compared are, for layers: the initial weights after a seed, bit for bit; the
printed text; results, buffers after the call, and gradients of inputs and parameters in float32 and float64, in training and evaluation
mode, random ones after the same seed; the messages of errors. For optimizers: parameters and state dicts after 1, 5 and 50 steps, going on from
PyTorch's state dict, the printed text. For schedulers: learning rates and state dicts over 64 steps. Tolerances are those of
\`torch.testing.assert_close\`, or twice PyTorch's own distance between float32 and float64 where that is larger; for gradients of layers, and for
LBFGS and Muon, the largest such distance of several runs whose inputs differ in the last bit.

Of ${totals.all} names **${totals.passing} pass on every sample**, ${totals.failing} fail on some; ${totals.tested} more are compared through others or in tests of their own, ${totals.uncompared} are there
without a test of their own, ${totals.missing} are not there, and ${totals.excluded} are out of scope. In all ${sum('moduledb')} cases of layers, ${sum('optimdb')} of optimizers and schedules, and
${sum('opdb')} of \`torch.nn.functional\` pass (engine: ${engine}). A case that does not pass without failing is one that JavaScript cannot tell from another: the
note says so.

Made by

\`\`\`
python fixtures/generators/opdb.py --out DIR --limit 24
python fixtures/generators/moduledb.py --out DIR
python fixtures/generators/optimdb.py --out DIR
node scripts/nn-modules.mjs DIR
\`\`\`

${tables}`;
writeFileSync('docs/nn-modules.md', text);
console.log(totals);
