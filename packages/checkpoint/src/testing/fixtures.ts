/** The files that real PyTorch and NumPy made, in `fixtures/` at the root of the workspace. */
import { globSync, readFileSync } from 'node:fs';

const root = new URL('../../../../fixtures/', import.meta.url);

/** URL of a file under `fixtures/`. */
export function fixtureUrl(path: string): URL {
  return new URL(path, root);
}

/** A file under `fixtures/`. */
export function fixture(path: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(path, root)));
}

/** The files under `fixtures/` that match, sorted; none is an error. */
export function fixturesLike(pattern: string): string[] {
  const files = globSync(pattern, { cwd: root }).sort();
  if (files.length === 0) throw new Error(`fixtures/${pattern} matches no file`);
  return files;
}

/** What `fixtures/generators/checkpoint.py` says a tensor is; values of int64 tensors are texts. */
export interface ExpectedTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly stride: readonly number[];
  readonly offset: number;
  readonly values: readonly (number | boolean | string)[];
}

/** `fixtures/checkpoint/checkpoint.json`. */
export function expectedTensors(): {
  stateDict: Record<string, ExpectedTensor>;
  optimizerState: ExpectedTensor;
} {
  return JSON.parse(new TextDecoder().decode(fixture('checkpoint/checkpoint.json')));
}
