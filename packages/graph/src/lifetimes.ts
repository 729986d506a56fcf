/**
 * Frees the storages of intermediate values as soon as a run is done with them. Tensors share storages (a
 * reshape is a view), so storages are counted: one is freed when no live value of the run lies in it, and
 * only if a node of this run made it. Feeds, constants and results are never freed.
 */
import type { Tensor } from '@sconce/tensor';

type Storage = Tensor['storage'];

/** The storages that one run made, with the number of live values in each. */
export class Lifetimes {
  readonly #kept: Set<Storage>;
  readonly #live = new Map<Storage, number>();
  /** Storages that results lie in. */
  readonly #taken = new Set<Storage>();

  /** `kept` are tensors that belong to someone else. */
  constructor(kept: Iterable<Tensor>) {
    this.#kept = new Set();
    for (const tensor of kept) this.#kept.add(tensor.storage);
  }

  /** Counts a value that a node made; a storage that the operator does not give away is kept for good. */
  add(tensor: Tensor, owned: boolean): void {
    const { storage } = tensor;
    if (this.#kept.has(storage)) return;
    const count = this.#live.get(storage);
    if (count === undefined && !owned) this.#kept.add(storage);
    else this.#live.set(storage, (count ?? 0) + 1);
  }

  /** Says that nothing reads the value any more. */
  release(tensor: Tensor): void {
    const { storage } = tensor;
    const count = this.#live.get(storage);
    if (count === undefined) return;
    if (count > 1) this.#live.set(storage, count - 1);
    else {
      this.#live.delete(storage);
      storage.dispose();
    }
  }

  /** Hands a value to the user: itself when this run made it, a copy when its storage is someone else's or already handed out. */
  take(tensor: Tensor): Tensor {
    const { storage } = tensor;
    if (this.#kept.has(storage) || this.#taken.has(storage)) return tensor.clone();
    this.#taken.add(storage);
    return tensor;
  }

  /** Frees everything the run made, after it was given up. */
  releaseAll(): void {
    for (const storage of this.#live.keys()) storage.dispose();
    this.#live.clear();
  }
}
