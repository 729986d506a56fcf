/** The committed files under `fixtures/` at the root of the workspace, named by their path below that folder. */
import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../../../fixtures/', import.meta.url);

/** URL of a file or folder. @throws Error when it is not there */
export function fixtureUrl(path: string): URL {
  const url = new URL(path, root);
  if (!existsSync(url)) throw new Error(`fixtures/${path} is missing`);
  return url;
}

/** Path of a file or folder, for what opens files itself. @throws Error when it is not there */
export function fixturePath(path: string): string {
  return fileURLToPath(fixtureUrl(path));
}

/** Bytes of a file. */
export function fixtureBytes(path: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(fixtureUrl(path)));
}

/** What a JSON file holds. Fixtures are the workspace's own, so their shape is taken on trust. */
export function fixtureJson<T>(path: string): T {
  return JSON.parse(readFileSync(fixtureUrl(path), 'utf8')) as T;
}

/** Names of what lies in a folder, sorted. */
export function fixtureNames(folder: string): string[] {
  return readdirSync(fixtureUrl(folder)).sort();
}

/** Paths of the files that match a glob, sorted. @throws Error when there are none */
export function fixturesLike(pattern: string): string[] {
  const files = globSync(pattern, { cwd: fileURLToPath(root) }).sort();
  if (files.length === 0) throw new Error(`fixtures/${pattern} matches no file`);
  return files;
}
