/** Where fixtures come from: a folder of files, or files that a page has fetched. */

/** Fixture files. Paths start below `fixtures/` and have `/` between their parts. */
export interface FixtureSource {
  /** The place, for messages. */
  readonly root: string;
  /** A file's bytes; nothing when it is not there. */
  read(path: string): Uint8Array | undefined;
  has(path: string): boolean;
  /** Names of the folders right below one. */
  folders(path: string): string[];
}

/**
 * Fixtures held in memory, by path (`models/digits/model.json`): the way for browsers, which have no folders.
 *
 * @param root the place they were fetched from, for messages
 */
export function fixturesInMemory(files: ReadonlyMap<string, Uint8Array>, root: string): FixtureSource {
  return {
    root,
    read: (path) => files.get(path),
    has: (path) => files.has(path),
    folders: (path) => {
      const below = [...files.keys()].filter((name) => name.startsWith(`${path}/`));
      const parts = below.map((name) => name.slice(path.length + 1).split('/'));
      return [...new Set(parts.filter(({ length }) => length > 1).map(([name]) => name!))];
    },
  };
}
