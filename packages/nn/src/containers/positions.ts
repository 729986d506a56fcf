/** Positions and numbers of members, which the containers that are lists share. */
import { type Module, registryOf } from '../module/module.ts';

/** A position counted from the start. @throws {RangeError} for one outside of the list */
export function position(length: number, index: number): number {
  if (!Number.isInteger(index) || index < -length || index >= length) {
    throw new RangeError(`index ${index} is out of range`);
  }
  return index < 0 ? index + length : index;
}

/** Makes modules a container's only members, called `'0'`, `'1'`, ... */
export function renumber(container: Module, members: readonly Module[]): void {
  const registry = registryOf(container);
  for (const [name] of registry.entries('module')) registry.remove('module', name);
  for (const [i, member] of members.entries()) container.addModule(String(i), member);
}
