/** Memory of gradients that nobody but a backward pass has seen: given back as soon as the pass needs it no more. */
import type { Storage } from '@sconce/engine';
import { collectingAllocations } from '../allocations.ts';
import type { Grad } from './node.ts';

/** What a backward pass without recording made itself, and how many gradients that wait in it show each piece. */
export class PassMemory {
  readonly #waiting: Map<Storage, number> = new Map();

  /**
   * Runs a derivative that keeps no tensor beyond its call. What it makes is the pass's: what its gradients do not show is
   * freed at once.
   */
  run(derivative: () => readonly Grad[]): readonly Grad[] {
    return collectingAllocations(derivative, (made, result) => {
      if (result === undefined) return made;
      for (const grad of result.value) {
        if (grad !== undefined && made.has(grad.storage)) this.#waiting.set(grad.storage, 0);
      }
      const shown: Storage[] = [];
      for (const storage of made) {
        if (this.#waiting.has(storage)) shown.push(storage);
        else storage.dispose();
      }
      return shown;
    });
  }

  /** Makes the memory of a sum the pass's. */
  adopt({ storage }: { readonly storage: Storage }): void {
    this.#waiting.set(storage, 0);
  }

  /** A gradient waits for the node it goes to. */
  hold({ storage }: { readonly storage: Storage }): void {
    const waiting = this.#waiting.get(storage);
    if (waiting !== undefined) this.#waiting.set(storage, waiting + 1);
  }

  /** A gradient waits no more. */
  drop({ storage }: { readonly storage: Storage }): void {
    const waiting = this.#waiting.get(storage);
    if (waiting === undefined) return;
    this.#waiting.set(storage, waiting - 1);
    this.#freeUnlessWaiting(storage);
  }

  /** Frees the memory of those gradients that nothing waits for. */
  sweep(grads: readonly Grad[]): void {
    for (const grad of grads) if (grad !== undefined) this.#freeUnlessWaiting(grad.storage);
  }

  /** Someone outside has seen these gradients: their memory is the collector's. */
  release(grads: readonly Grad[]): void {
    for (const grad of grads) if (grad !== undefined) this.#waiting.delete(grad.storage);
  }

  #freeUnlessWaiting(storage: Storage): void {
    const waiting = this.#waiting.get(storage);
    if (waiting === undefined || waiting > 0) return;
    this.#waiting.delete(storage);
    storage.dispose();
  }
}
