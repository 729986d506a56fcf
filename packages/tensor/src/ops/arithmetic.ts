/** Table entries of the arithmetic that several families build on. */
import type { BinaryEntry } from './elementwise-core.ts';

/** x + y. */
export const sumOf: BinaryEntry = { name: 'add', result: 'same', engine: 'add' };

/** x - y. */
export const differenceOf: BinaryEntry = { name: 'sub', result: 'same', engine: 'sub' };

/** x * y. */
export const productOf: BinaryEntry = {
  name: 'mul',
  result: 'same',
  engine: 'mul',
  derivatives: [
    { reads: [1], of: (grad, [, y]) => grad.mul(y) },
    { reads: [0], of: (grad, [x]) => grad.mul(x) },
  ],
};

/** x / y, in floats. */
export const quotientOf: BinaryEntry = { name: 'div', result: 'float', engine: 'div' };

/** The larger of both; NaN if one is NaN. */
export const largerOf: BinaryEntry = { name: 'maximum', result: 'same', engine: 'maximum' };

/** The smaller of both; NaN if one is NaN. */
export const smallerOf: BinaryEntry = { name: 'minimum', result: 'same', engine: 'minimum' };
