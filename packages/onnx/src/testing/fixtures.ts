/** The tensors of the committed fixtures, as tests read them. */
import { readSafetensors } from '@sconce/checkpoint';
import type { Tensor } from '@sconce/tensor';
import { fixtureBytes } from '@sconce/testing';

/** The tensors of a safetensors file under `fixtures/`. */
export function fixtureTensors(path: string): ReadonlyMap<string, Tensor> {
  return readSafetensors(fixtureBytes(path)).tensors;
}
