// All rows of the tensor benchmark, in the order of their table.

import type { TensorCase } from './case.ts';
import { convolutionCases } from './convolution.ts';
import { elementwiseCases } from './elementwise.ts';
import { lenetCases } from './lenet.ts';
import { matmulCases } from './matmul.ts';
import { movementCases } from './movement.ts';
import { normalizationCases } from './normalization.ts';
import { smallOperatorCases } from './small-operators.ts';

/** Every case. */
export const tensorCases: readonly TensorCase[] = [
  ...smallOperatorCases,
  ...elementwiseCases,
  ...matmulCases,
  ...convolutionCases,
  ...normalizationCases,
  ...movementCases,
  ...lenetCases,
];
