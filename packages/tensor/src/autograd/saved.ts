/** Hooks on what recording saves for the backward pass (`torch.autograd.graph.saved_tensors_hooks`). */
import { Tensor } from '../tensor.ts';

/** What is done with tensors that recording saves. */
export interface SavedTensorHooks {
  /** Called when a tensor is saved; what it returns is kept instead. */
  readonly pack: (tensor: Tensor) => unknown;
  /** Called each time the tensor is needed: gives a tensor of the same content. */
  readonly unpack: (packed: never) => Tensor;
}

/** The hooks that are on. */
export const savedHooks: { current: SavedTensorHooks | undefined } = { current: undefined };

/**
 * Runs `body`; tensors that are saved for backward while it runs are kept as `pack` gives them back, and go through
 * `unpack` when the backward pass needs them: to compress them, or to store them elsewhere. Synchronous only.
 */
export function savedTensorsHooks<Kept, T>(
  pack: (tensor: Tensor) => Kept,
  unpack: (packed: Kept) => Tensor,
  body: () => T,
): T {
  const before = savedHooks.current;
  savedHooks.current = { pack, unpack };
  try {
    return body();
  } finally {
    savedHooks.current = before;
  }
}

/** A tensor as a `pack` hook keeps it. */
export class Packed {
  readonly content: unknown;
  readonly #hooks: SavedTensorHooks;

  constructor(hooks: SavedTensorHooks, tensor: Tensor) {
    this.#hooks = hooks;
    // What a hook computes with is not saved by it again.
    const before = savedHooks.current;
    savedHooks.current = undefined;
    try {
      this.content = hooks.pack(tensor);
    } finally {
      savedHooks.current = before;
    }
  }

  unpack(): Tensor {
    return this.#hooks.unpack(this.content as never);
  }
}

/** A value with the tensors in it, in its lists and in its fields replaced. */
export function mapTensors(value: unknown, change: (tensor: Tensor) => unknown): unknown {
  if (value instanceof Tensor) return change(value);
  if (Array.isArray(value)) return value.map((entry) => mapTensors(entry, change));
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) {
    return value;
  }
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, mapTensors(part, change)]));
}

/** A value with what was packed in it unpacked. */
export function unpacked(value: unknown): unknown {
  if (value instanceof Packed) return value.unpack();
  if (Array.isArray(value)) return value.map(unpacked);
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) {
    return value;
  }
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, unpacked(part)]));
}
