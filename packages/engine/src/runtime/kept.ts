// What kernels work out about sizes before they launch, kept for the next call with the same ones: for small operands it costs
// more than the kernel itself.

/** How many are kept of each kind; beyond that all are forgotten. */
const MOST = 256;

/**
 * A function that makes a value for a key at most once while it is kept.
 * @param make must depend on nothing that the key does not say.
 */
export function kept<V, A extends readonly unknown[]>(
  make: (...args: A) => V,
): (key: string, ...args: A) => V {
  const known = new Map<string, V>();
  return (key, ...args) => {
    let value = known.get(key);
    if (value === undefined) {
      value = make(...args);
      if (known.size >= MOST) known.clear();
      known.set(key, value);
    }
    return value;
  };
}
