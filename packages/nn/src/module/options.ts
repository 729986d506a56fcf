/** Tells objects of named options from other values. */

/** Whether a value is a plain object, as opposed to a list, a tensor or a module. */
export function isOptions(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
