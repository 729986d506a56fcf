/** Names in state dicts are PyTorch's, names in TypeScript are theirs in camelCase. */

/** `weightDecay` becomes `weight_decay`; names that are written so already stay. */
export function snakeCase(name: string): string {
  return name.replace(/(?<=.)[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** `weight_decay` becomes `weightDecay`. */
export function camelCase(name: string): string {
  return name.replace(/(?<=[^_])_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** What can stand for a Python dict: a plain object, or the Map that a checkpoint's dict is read as. */
export type PythonDict = Readonly<Record<string, unknown>> | ReadonlyMap<unknown, unknown>;

/** The keys of a dict, as text, and their values. @throws {TypeError} naming what is no dict */
export function entriesOf(value: unknown, what: string): [string, unknown][] {
  if (value instanceof Map) return [...value].map(([key, item]) => [String(key), item]);
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return Object.entries(value);
  throw new TypeError(`${what}: expected a dict, got ${value === null ? 'null' : typeof value}`);
}

/** A dict as a plain object; dicts and lists inside of it too. Other values are the same objects. */
export function plainDict(value: unknown, what: string): Record<string, unknown> {
  return Object.fromEntries(entriesOf(value, what).map(([key, item]) => [key, plainValue(item, what)]));
}

/** Any value of a state dict; Maps and plain objects become new plain objects, lists new lists. */
export function plainValue(value: unknown, what: string): unknown {
  if (Array.isArray(value)) return value.map((item) => plainValue(item, what));
  if (value instanceof Map) return plainDict(value, what);
  if (typeof value !== 'object' || value === null) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null ? plainDict(value, what) : value;
}
