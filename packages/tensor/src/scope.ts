/**
 * Memory for those who want control: `scope` frees what was made in it and not returned.
 *
 * Nobody has to use it: unreachable tensors free their memory by themselves. It bounds what a long loop on WebAssembly
 * holds, whose memory the collector frees only when the loop yields.
 */
import type { Storage } from '@sconce/engine';
import { collectingAllocations, keepFromScope } from './allocations.ts';
import { GradNode } from './autograd/node.ts';
import { Packed } from './autograd/saved.ts';
import { fail } from './errors.ts';
import { Tensor } from './tensor.ts';

/**
 * Runs `body`, frees the memory of every tensor that was made in it, and returns what `body` returns. What survives:
 * tensors in the returned value (which may be a list, a Map, a Set or an object of such, class instances included), with
 * all that a backward pass from them needs; gradients that were collected in `grad`; and what {@link keep} was called for.
 * Views of memory from outside are left alone. Using a freed tensor afterwards is an error.
 *
 * @example
 * ```ts
 * for (const [x, y] of batches) {
 *   const loss = scope(() => {
 *     const value = mseLoss(model.forward(x), y);
 *     value.backward();
 *     optimizer.step();
 *     return value.item();
 *   });
 * }
 * ```
 * @throws TensorError when `body` returns a promise: what it makes later would not be seen
 */
export function scope<T>(body: () => T): T {
  return collectingAllocations(
    () => {
      const value = body();
      if (value instanceof Promise)
        fail('scope', 'the function must be synchronous', 'no promise', 'a promise');
      return value;
    },
    (made, result) => {
      const held = result === undefined ? new Set<Storage>() : storagesIn(result.value);
      const survivors: Storage[] = [];
      for (const storage of made) {
        if (held.has(storage)) survivors.push(storage);
        else storage.dispose();
      }
      return survivors;
    },
  );
}

/** Exempts a tensor from the scopes it was made in, for one that something outside of them holds. Returns it. */
export function keep(tensor: Tensor): Tensor {
  for (const storage of storagesIn(tensor)) keepFromScope({ storage });
  return tensor;
}

/** The memory of all tensors in a value, and of those that their graph holds. */
function storagesIn(root: unknown): Set<Storage> {
  const storages = new Set<Storage>();
  const seen = new Set<object>();
  const rest: unknown[] = [root];
  while (rest.length > 0) {
    const value = rest.pop();
    if (typeof value !== 'object' || value === null || seen.has(value) || ArrayBuffer.isView(value)) continue;
    seen.add(value);
    if (value instanceof Tensor) {
      storages.add(value.storage);
      rest.push(value.base, value.autograd?.node, value.autograd?.grad);
    } else if (value instanceof GradNode) {
      rest.push(...value.edges.map((edge) => edge?.node), ...value.saved);
    } else if (value instanceof Packed) rest.push(value.content);
    else if (value instanceof Map) rest.push(...value.keys(), ...value.values());
    else if (value instanceof Set) rest.push(...value);
    else rest.push(...Object.values(value));
  }
  return storages;
}
