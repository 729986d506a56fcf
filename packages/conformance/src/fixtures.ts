/** Reads the fixtures that real PyTorch made: JSON descriptions beside safetensors files. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSafetensors } from '@sconce/checkpoint';
import type { Tensor } from '@sconce/tensor';

/** A fixture folder or file that is missing or not what it should be. */
export class FixtureError extends Error {
  readonly path: string;

  constructor(path: string, problem: string) {
    super(`fixtures: ${problem}: ${path}`);
    this.name = 'FixtureError';
    this.path = path;
  }
}

/** One folder of fixtures. */
export class Fixtures {
  readonly root: string;

  /**
   * @param root the folder that holds `layers/`, `models/`, `tensor/` and `onnx/`; found beside the workspace's
   *   packages when left out
   * @throws {FixtureError} when the folder is not there
   */
  constructor(root: string = findFixtures()) {
    if (!existsSync(join(root, 'models')))
      throw new FixtureError(root, 'no fixtures there, expected a folder with models/ in it');
    this.root = root;
  }

  /** The path of a file among the fixtures. */
  path(...parts: string[]): string {
    return join(this.root, ...parts);
  }

  has(...parts: string[]): boolean {
    return existsSync(this.path(...parts));
  }

  /** Names of the folders below one. */
  folders(...parts: string[]): string[] {
    return readdirSync(this.path(...parts), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name)
      .sort();
  }

  text(...parts: string[]): string {
    return new TextDecoder().decode(this.bytes(...parts));
  }

  bytes(...parts: string[]): Uint8Array {
    const path = this.path(...parts);
    if (!existsSync(path)) throw new FixtureError(path, 'file not found');
    return readFileSync(path);
  }

  /** A JSON file. Fixtures are the project's own files, so their shape is taken on trust. */
  json<T>(...parts: string[]): T {
    return JSON.parse(this.text(...parts)) as T;
  }

  /** The tensors of a safetensors file. */
  tensors(...parts: string[]): FixtureTensors {
    return new FixtureTensors(this.path(...parts), readSafetensors(this.bytes(...parts)).tensors);
  }
}

/** The tensors of one fixture file by name. */
export class FixtureTensors {
  readonly path: string;
  readonly all: ReadonlyMap<string, Tensor>;

  constructor(path: string, all: ReadonlyMap<string, Tensor>) {
    this.path = path;
    this.all = all;
  }

  has(name: string): boolean {
    return this.all.has(name);
  }

  /** @throws {FixtureError} when there is no such tensor */
  get(name: string): Tensor {
    const found = this.all.get(name);
    if (found === undefined) throw new FixtureError(this.path, `no tensor ${JSON.stringify(name)}`);
    return found;
  }
}

/** The `fixtures` folder of the workspace this package lies in. */
function findFixtures(): string {
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
