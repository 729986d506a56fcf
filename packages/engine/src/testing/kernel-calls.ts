// Calls of every kernel with operands and shapes at random, for tests that compare executors with each other.

import type { Slice } from '../types.ts';
import { convolutionsCalls } from './calls/convolutions.ts';
import { elementwiseCalls } from './calls/elementwise.ts';
import { movementCalls } from './calls/movement.ts';
import { normalizationCalls } from './calls/normalization.ts';
import { poolingCalls } from './calls/pooling.ts';
import { productsCalls } from './calls/products.ts';
import { recurrentCalls } from './calls/recurrent.ts';

export { seedCalls } from './calls/operands.ts';

/** Each makes a call's operands and runs it, so that the same numbers give the same call on each target. */
export const calls: Readonly<Record<string, () => Slice>> = {
  ...productsCalls,
  ...recurrentCalls,
  ...convolutionsCalls,
  ...poolingCalls,
  ...elementwiseCalls,
  ...normalizationCalls,
  ...movementCalls,
};
