/** In browsers, in place of `fixture-folder.ts`: there are no folders. */
import { FixtureError } from './fixture-error.ts';
import type { FixtureSource } from './fixture-source.ts';

/** @throws {FixtureError} always */
export function openFolder(root: string): FixtureSource {
  throw new FixtureError(root, 'browsers have no folders, expected files from fixturesInMemory');
}

/** @throws {FixtureError} always */
export function findFolder(): string {
  throw new FixtureError('fixtures', 'browsers have no folders, expected files from fixturesInMemory');
}
