// Packs the public packages and installs the tarballs together in a project of their own, as consumers get them.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/**
 * A public package and its tarball.
 *
 * @typedef {{ name: string, tarball: string, importable: boolean }} PackedPackage
 */

/**
 * Packs every public package of the workspace from what is built.
 *
 * @param {string} name of the folder below `.cache` for the tarballs, which is emptied first
 * @returns {PackedPackage[]}
 */
export function packPublicPackages(name) {
  const destination = join(root, '.cache', name);
  rmSync(destination, { recursive: true, force: true });
  mkdirSync(destination, { recursive: true });
  return ['packages', 'apps'].flatMap((group) =>
    readdirSync(join(root, group)).flatMap((folder) => {
      const cwd = join(root, group, folder);
      const manifest = JSON.parse(readFileSync(join(cwd, 'package.json'), 'utf8'));
      if (manifest.private) return [];
      const command = ['pack', '--json', '--pack-destination', destination];
      const report = JSON.parse(execFileSync('pnpm', command, { cwd, encoding: 'utf8' }));
      const tarball = resolve(cwd, report.filename);
      return [{ name: manifest.name, tarball, importable: manifest.exports !== undefined }];
    }),
  );
}

/**
 * Installs tarballs together in a folder that holds nothing else, with npm and without install scripts.
 *
 * @param {string} project
 * @param {readonly PackedPackage[]} packed
 */
export function installPackages(project, packed) {
  const local = Object.fromEntries(packed.map(({ name, tarball }) => [name, `file:${tarball}`]));
  writeFileSync(
    join(project, 'package.json'),
    JSON.stringify({ private: true, type: 'module', dependencies: local, overrides: local }),
  );
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', '--loglevel=error'], {
    cwd: project,
    // What npm says is for people; standard output belongs to whoever calls this.
    stdio: ['ignore', 2, 2],
  });
}
