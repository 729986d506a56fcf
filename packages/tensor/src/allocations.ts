/** Where tensors get their memory from, and who is told: scopes, which free what was allocated in them. */
import { allocate, type Storage } from '@sconce/engine';

/** What was allocated in a scope and is not known to be held by something outside of it. */
interface Allocations {
  readonly made: Set<Storage>;
  readonly outer: Allocations | undefined;
}

let current: Allocations | undefined;

/** A storage for a tensor. */
export function allocateStorage(byteLength: number): Storage {
  const storage = allocate(byteLength);
  current?.made.add(storage);
  return storage;
}

/** Exempts a tensor's memory from all scopes that are open: something outside of them holds it. */
export function keepFromScope(tensor: { readonly storage: Storage }): void {
  for (let scope = current; scope !== undefined; scope = scope.outer) scope.made.delete(tensor.storage);
}

/** Runs `body`; `finish` is given what was allocated meanwhile, and how `body` ended. What it returns goes to the scope around. */
export function collectingAllocations<T>(
  body: () => T,
  finish: (made: ReadonlySet<Storage>, result: { readonly value: T } | undefined) => Iterable<Storage>,
): T {
  const own: Allocations = { made: new Set(), outer: current };
  current = own;
  let result: { readonly value: T } | undefined;
  try {
    result = { value: body() };
    return result.value;
  } finally {
    current = own.outer;
    for (const storage of finish(own.made, result)) current?.made.add(storage);
  }
}
