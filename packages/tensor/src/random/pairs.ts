/** Arithmetic of twice a double's precision, for tables that are made once. */

/** An unevaluated sum of two doubles. */
export type Pair = readonly [high: number, low: number];

/** a * b, without error (Dekker). */
export function product(a: number, b: number): Pair {
  const high = a * b;
  const splitA = 134217729 * a;
  const a1 = splitA - (splitA - a);
  const a2 = a - a1;
  const splitB = 134217729 * b;
  const b1 = splitB - (splitB - b);
  const b2 = b - b1;
  return [high, a2 * b2 - (high - a1 * b1 - a2 * b1 - a1 * b2)];
}

/** a + b. */
export function sum(a: Pair, b: Pair): Pair {
  const high = a[0] + b[0];
  const part = high - a[0];
  const low = a[0] - (high - part) + (b[0] - part) + a[1] + b[1];
  const rounded = high + low;
  return [rounded, low - (rounded - high)];
}

/** a * b. */
export function times(a: Pair, b: Pair): Pair {
  const [high, low] = product(a[0], b[0]);
  const rest = low + (a[0] * b[1] + a[1] * b[0]);
  const rounded = high + rest;
  return [rounded, rest - (rounded - high)];
}

/** a / b for a whole number b. */
export function dividedBy(a: Pair, b: number): Pair {
  const quotient = a[0] / b;
  const [high, low] = product(quotient, b);
  return sum([quotient, 0], [(a[0] - high - low + a[1]) / b, 0]);
}
