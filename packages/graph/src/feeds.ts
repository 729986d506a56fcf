/** Checks what a user feeds against what the graph declares, before anything is computed. */
import type { Tensor } from '@sconce/tensor';
import { GraphError, type Problem } from './errors.ts';
import type { ValueInfo } from './graph.ts';

/** Writes a declared value: `float32[N, 3, 224, 224]`. */
export function formatType(info: ValueInfo): string {
  return `${info.dtype}${info.shape ? `[${info.shape.map((size) => size ?? '?').join(', ')}]` : ''}`;
}

/**
 * Throws a {@link GraphError} that lists every missing, unknown or misshapen feed. Dimensions with the same
 * symbol must have the same size in all feeds.
 */
export function checkFeeds(inputs: readonly ValueInfo[], feeds: Readonly<Record<string, Tensor>>): void {
  const problems: Problem[] = [];
  const names = inputs.map((input) => input.name);
  for (const name of Object.keys(feeds))
    if (!names.includes(name))
      problems.push({
        message: `run: unknown input '${name}', expected ${names.map((n) => `'${n}'`).join(', ') || 'none'}`,
      });
  const symbols = new Map<string, { size: number; input: string }>();
  for (const input of inputs) {
    const feed = Object.hasOwn(feeds, input.name) ? feeds[input.name] : undefined;
    const message =
      feed === undefined ? ` is missing, expected ${formatType(input)}` : mismatch(input, feed, symbols);
    if (message !== undefined) problems.push({ message: `run: input '${input.name}'${message}` });
  }
  if (problems.length > 0) throw new GraphError(problems);
}

function mismatch(
  input: ValueInfo,
  feed: Tensor,
  symbols: Map<string, { size: number; input: string }>,
): string | undefined {
  const got = `${feed.dtype}[${feed.shape.join(', ')}]`;
  if (input.dtype !== 'undefined' && feed.dtype !== input.dtype)
    return `: expected ${formatType(input)}, got ${got}`;
  if (input.shape === undefined) return undefined;
  if (feed.shape.length !== input.shape.length) return `: expected ${formatType(input)}, got ${got}`;
  for (const [axis, expected] of input.shape.entries()) {
    const size = feed.shape[axis]!;
    if (typeof expected === 'number' && size !== expected)
      return `: expected ${formatType(input)}, got ${got} (dimension ${axis})`;
    if (typeof expected !== 'string') continue;
    const bound = symbols.get(expected);
    if (bound === undefined) symbols.set(expected, { size, input: input.name });
    else if (bound.size !== size)
      return `: dimension ${axis} (${expected}) is ${size}, but ${bound.size} in input '${bound.input}'`;
  }
  return undefined;
}
