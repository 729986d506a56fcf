/** Runs the examples of a README as they stand there, so that they cannot go out of date. */
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { fixturePath } from './fixtures.ts';

/** A TypeScript block of a README. */
export interface ReadmeExample {
  readonly code: string;
  /** The block without a language right behind it: what the README says that it prints. */
  readonly shown: string | undefined;
}

/** How an example is run. */
export interface ReadmeOptions {
  /** For the names of files in the example: the path of the file to read, or `'scratch'` for a file to be written. */
  readonly files?: Readonly<Record<string, string>>;
  /** Which of the README's examples; the first one (0) when left out. */
  readonly example?: number;
  /** The folder of the package whose dependencies the example sees; the README's own when left out. */
  readonly from?: URL;
}

/** What came of an example. */
export interface ReadmeRun {
  readonly printed: string;
  /** What the README says that it prints. */
  readonly shown: string | undefined;
  /** The files that were written to scratch, by their names in the example. */
  readonly written: ReadonlyMap<string, Uint8Array>;
}

/** The TypeScript blocks of a README, in order. */
export function readmeExamples(readme: URL): ReadmeExample[] {
  const blocks = [...readFileSync(readme, 'utf8').matchAll(/^```(\w*)\n(.*?)^```$/gms)];
  return blocks.flatMap(([, language, code = ''], i) => {
    if (language !== 'ts') return [];
    const next = blocks[i + 1];
    return [{ code, shown: next?.[1] === '' ? next[2] : undefined }];
  });
}

/**
 * Runs an example of a README in a process of its own, against the packages' sources. Files that it names below
 * `fixtures/` are the workspace's; the others need an entry in `files`.
 *
 * @throws Error when the example fails, does not name one of `files`, or leaves a scratch file unwritten
 */
export async function runReadmeExample(readme: URL, options: ReadmeOptions = {}): Promise<ReadmeRun> {
  const { files = {}, example = 0, from = new URL('.', readme) } = options;
  const found = readmeExamples(readme)[example];
  if (found === undefined) throw new Error(`${readme.pathname}: no TypeScript example ${example}`);
  const scratch = mkdtempSync(join(tmpdir(), 'sconce-readme-'));
  try {
    const places = Object.entries(files).map(
      ([name, place]) => [name, place === 'scratch' ? join(scratch, name) : place] as const,
    );
    let code = found.code.replace(/'fixtures\/([^']+)'/g, (_, path: string) =>
      JSON.stringify(fixturePath(path)),
    );
    for (const [name, place] of places) {
      if (!code.includes(`'${name}'`)) throw new Error(`${readme.pathname}: the example names no '${name}'`);
      code = code.replaceAll(`'${name}'`, JSON.stringify(place));
    }
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--conditions=@sconce/source', '--input-type=module-typescript', '--eval', code],
      { cwd: fileURLToPath(from), encoding: 'utf8' },
    );
    const scratched = places.filter(([name]) => files[name] === 'scratch');
    const written = new Map(scratched.map(([name, place]) => [name, new Uint8Array(readFileSync(place))]));
    return { printed: stdout, shown: found.shown, written };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
