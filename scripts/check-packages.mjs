// Looks at every public package as a consumer gets it: packs the tarballs, lets publint and are-the-types-wrong read
// them, installs them together in an empty project, imports each one and type checks those imports.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { installPackages, packPublicPackages } from './packing.mjs';

/** ESM only: CommonJS and the resolution of TypeScript before 4.7 are out of scope. */
const ignoredResolutions = new Set(['node10', 'node16-cjs']);

const problems = [];
const packed = packPublicPackages('packs');
for (const { name, tarball, importable } of packed) {
  const data = readFileSync(tarball);
  const buffer = data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength);
  const lint = await publint({ pack: { tarball: buffer }, strict: true });
  for (const message of lint.messages) problems.push(`${name}: publint: ${formatMessage(message, lint.pkg)}`);
  if (!importable) continue;
  const analysis = await checkPackage(createPackageFromTarballData(data));
  for (const problem of analysis.types === false ? [{ kind: 'NoTypes' }] : analysis.problems) {
    if (!ignoredResolutions.has(problem.resolutionKind) && problem.kind !== 'CJSResolvesToESM') {
      problems.push(`${name}: types: ${JSON.stringify(problem)}`);
    }
  }
}

const project = mkdtempSync(join(tmpdir(), 'sconce-consumer-'));
try {
  installPackages(project, packed);
  const names = packed.filter((entry) => entry.importable).map((entry) => entry.name);
  const source = names.map((name, i) => `import * as m${i} from '${name}';`).join('\n');
  const check = names
    .map((name, i) => `if (Object.keys(m${i}).length === 0) throw new Error('${name} exports nothing');`)
    .join('\n');
  writeFileSync(join(project, 'consumer.mjs'), `${source}\n${check}\n`);
  execFileSync('node', ['consumer.mjs'], { cwd: project, stdio: 'inherit' });
  writeFileSync(
    join(project, 'consumer.mts'),
    `${source}\nexport const all: object[] = [${names.map((_, i) => `m${i}`).join(', ')}];\n`,
  );
  execFileSync(
    resolve('node_modules/.bin/tsc'),
    [
      '--noEmit',
      '--strict',
      '--target',
      'es2022',
      '--module',
      'nodenext',
      '--lib',
      'es2024,dom,esnext.disposable',
      '--types',
      '',
      'consumer.mts',
    ],
    { cwd: project, stdio: 'inherit' },
  );
} finally {
  rmSync(project, { recursive: true, force: true });
}

for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exit(1);
console.log(`packages: ${packed.length} tarballs checked, installed together, imported and type checked`);
