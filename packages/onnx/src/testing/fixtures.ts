/** The committed fixtures, as tests read them. */
import { readdirSync, readFileSync } from 'node:fs';
import { readSafetensors } from '@sconce/checkpoint';
import type { Tensor } from '@sconce/tensor';

const root = new URL('../../../../fixtures/', import.meta.url);

/** Bytes of a file under `fixtures/`. */
export function fixtureBytes(path: string): Uint8Array {
  return new Uint8Array(readFileSync(new URL(path, root)));
}

/** A JSON file under `fixtures/`. */
export function fixtureJson<T>(path: string): T {
  return JSON.parse(readFileSync(new URL(path, root), 'utf8')) as T;
}

/** The tensors of a safetensors file under `fixtures/`. */
export function fixtureTensors(path: string): ReadonlyMap<string, Tensor> {
  return readSafetensors(fixtureBytes(path)).tensors;
}

/** Names of what lies in a folder under `fixtures/`. */
export function fixtureNames(folder: string): string[] {
  return readdirSync(new URL(folder, root)).sort();
}

/** Path of a file under `fixtures/`, for what reads files itself. */
export function fixtureUrl(path: string): URL {
  return new URL(path, root);
}
