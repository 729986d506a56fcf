// What the host offers beyond the language: environment variables and Node's own modules, without an import that a
// bundler for browsers would follow.

/** An environment variable; nothing where there are none. */
export function environment(name: string): string | undefined {
  const value = typeof process === 'undefined' ? undefined : process.env?.[name];
  return value === '' ? undefined : value;
}

/** One of Node's modules, or nothing on another host. */
export function nodeModule<T>(name: `node:${string}`): T | undefined {
  if (typeof process === 'undefined') return undefined;
  return process.getBuiltinModule?.(name) as T | undefined;
}

/** The message of whatever was thrown, on one line. */
export function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n', 1)[0]!;
}
