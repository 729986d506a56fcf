// Dependencies between workspace packages point one way (the table below); this check fails on any other edge.
// That imports match the manifests is knip's check, that they form no circle inside a package is Biome's.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const anyPackage = '*';
/** What each package may depend on at run time. Development dependencies may not close a circle either. */
const allowed = {
  codegen: [],
  engine: ['codegen'],
  tensor: ['engine'],
  nn: ['tensor'],
  graph: ['tensor'],
  'onnx-proto': [],
  onnx: ['graph', 'nn', 'onnx-proto', 'tensor'],
  checkpoint: ['tensor'],
  vision: ['tensor'],
  testing: [],
  conformance: anyPackage,
  sconce: anyPackage,
  cli: anyPackage,
  benchmarks: anyPackage,
  'browser-tests': anyPackage,
};

const problems = [];
const edges = new Map();
for (const group of ['packages', 'apps', '.']) {
  const folders = group === '.' ? ['benchmarks', 'browser-tests'] : readdirSync(group);
  for (const folder of folders) {
    const manifest = JSON.parse(readFileSync(join(group, folder, 'package.json'), 'utf8'));
    const inWorkspace = (record) =>
      Object.keys(record ?? {})
        .filter((name) => name.startsWith('@sconce/'))
        .map((name) => name.slice('@sconce/'.length));
    const runtime = inWorkspace({
      ...manifest.dependencies,
      ...manifest.optionalDependencies,
      ...manifest.peerDependencies,
    });
    const permitted = allowed[folder];
    if (permitted === undefined)
      problems.push(`${group}/${folder}: not in the table of scripts/check-dependencies.mjs`);
    for (const target of runtime) {
      if (permitted !== undefined && permitted !== anyPackage && !permitted.includes(target)) {
        problems.push(
          `${group}/${folder}: depends on ${target}, allowed are ${permitted.join(', ') || 'none'}`,
        );
      }
    }
    edges.set(folder, [...runtime, ...inWorkspace(manifest.devDependencies)]);
  }
}

const visit = (name, path) => {
  if (path.includes(name)) problems.push(`circle: ${[...path.slice(path.indexOf(name)), name].join(' -> ')}`);
  else for (const target of edges.get(name) ?? []) visit(target, [...path, name]);
};
for (const name of edges.keys()) visit(name, []);

for (const problem of new Set(problems)) console.error(problem);
if (problems.length > 0) process.exit(1);
console.log(
  `dependency direction: ${edges.size} packages, ${[...edges.values()].flat().length} edges, all in order`,
);
