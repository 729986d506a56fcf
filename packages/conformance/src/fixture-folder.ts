/** Fixtures in a folder of files. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FixtureError } from './fixture-error.ts';
import type { FixtureSource } from './fixture-source.ts';

/** @throws {FixtureError} when the folder is not there */
export function openFolder(root: string): FixtureSource {
  if (!existsSync(root)) throw new FixtureError(root, 'no fixtures there, expected a folder');
  return {
    root,
    read: (path) => (existsSync(join(root, path)) ? readFileSync(join(root, path)) : undefined),
    has: (path) => existsSync(join(root, path)),
    folders: (path) =>
      readdirSync(join(root, path), { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map((entry) => entry.name),
  };
}

/** The `fixtures` folder of the workspace this package lies in. */
export function findFolder(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    const candidate = join(folder, 'fixtures');
    if (existsSync(join(candidate, 'models'))) return candidate;
    if (dirname(folder) === folder) {
      throw new FixtureError(
        fileURLToPath(import.meta.url),
        'no fixtures folder above this package; name one',
      );
    }
  }
}
