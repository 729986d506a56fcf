/** Warnings for users, on the console. */

const given = new Set<string>();

/** Says something once, as Python's warnings do: the same text is not repeated. */
export function warn(message: string): void {
  if (given.has(message)) return;
  given.add(message);
  console.warn(message);
}
