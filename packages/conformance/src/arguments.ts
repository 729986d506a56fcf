/** Decodes the arguments that fixtures store as JSON. */

/** A JSON value as the generators write arguments; non-finite numbers are `{ "number": "NaN" }`. */
export type JsonArgument =
  | null
  | boolean
  | number
  | string
  | readonly JsonArgument[]
  | { readonly [key: string]: JsonArgument };

/** The argument with its non-finite numbers restored. */
export function decodeArgument(value: JsonArgument): unknown {
  if (Array.isArray(value)) return value.map(decodeArgument);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  if (entries.length === 1 && entries[0]?.[0] === 'number') return Number(entries[0][1]);
  return Object.fromEntries(entries.map(([key, item]) => [key, decodeArgument(item as JsonArgument)]));
}
