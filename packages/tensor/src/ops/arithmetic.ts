/** Table entries of the arithmetic that several families build on. */
import type { BinaryEntry } from './elementwise-core.ts';

/** x + y. */
export const sumOf: BinaryEntry = {
  name: 'add',
  result: 'promote',
  engine: 'add',
  float: (x, y) => x + y,
  long: (x, y) => x + y,
  bool: (x, y) => (x + y === 0 ? 0 : 1),
};

/** x * y. */
export const productOf: BinaryEntry = {
  name: 'mul',
  result: 'promote',
  engine: 'mul',
  float: (x, y) => x * y,
  int: Math.imul,
  long: (x, y) => x * y,
};

/** x / y, in floats. */
export const quotientOf: BinaryEntry = {
  name: 'div',
  result: 'float',
  engine: 'div',
  float: (x, y) => x / y,
};

/** The larger of two ordered values; written for number and bigint alike, which Math.max is not. */
function larger<T extends number | bigint>(x: T, y: T): T {
  if (x > y) return x;
  return y;
}

function smaller<T extends number | bigint>(x: T, y: T): T {
  if (x < y) return x;
  return y;
}

/** The larger of both; NaN if one is NaN. */
export const largerOf: BinaryEntry = {
  name: 'maximum',
  result: 'promote',
  engine: 'maximum',
  float: Math.max,
  long: larger,
};

/** The smaller of both; NaN if one is NaN. */
export const smallerOf: BinaryEntry = {
  name: 'minimum',
  result: 'promote',
  engine: 'minimum',
  float: Math.min,
  long: smaller,
};
