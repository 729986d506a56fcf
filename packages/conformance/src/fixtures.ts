/** Reads the fixtures that real PyTorch made: JSON descriptions beside safetensors files. */

import { readSafetensors } from '@sconce/checkpoint';
import type { Tensor } from '@sconce/tensor';
import { findFolder, openFolder } from '#fixture-folder';
import { FixtureError } from './fixture-error.ts';
import type { FixtureSource } from './fixture-source.ts';

/** One set of fixtures. */
export class Fixtures {
  readonly #source: FixtureSource;

  /**
   * @param source the folder that holds `layers/`, `models/`, `tensor/` and `onnx/`, or such files from elsewhere;
   *   found beside the workspace's packages when left out
   * @throws {FixtureError} when the folder is not there
   */
  constructor(source: string | FixtureSource = findFolder()) {
    this.#source = typeof source === 'string' ? openFolder(source) : source;
  }

  /** The path of a file among the fixtures. */
  path(...parts: string[]): string {
    return [this.#source.root, ...parts].join('/');
  }

  has(...parts: string[]): boolean {
    return this.#source.has(parts.join('/'));
  }

  /** Names of the folders below one. */
  folders(...parts: string[]): string[] {
    return this.#source.folders(parts.join('/')).sort();
  }

  text(...parts: string[]): string {
    return new TextDecoder().decode(this.bytes(...parts));
  }

  bytes(...parts: string[]): Uint8Array {
    const found = this.#source.read(parts.join('/'));
    if (found === undefined) throw new FixtureError(this.path(...parts), 'file not found');
    return found;
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
