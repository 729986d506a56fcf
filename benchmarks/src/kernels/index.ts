// Every row of the kernel benchmark, in the order of its report.

import type { KernelCase } from './case.ts';
import { convolutions } from './convolution.ts';
import { elementwiseOperations } from './elementwise.ts';
import { matmul } from './matmul.ts';
import { movements } from './movement.ts';
import { normalizations } from './normalization.ts';
import { poolings } from './pooling.ts';
import { reductions } from './reduction.ts';

/** All rows; no two share a name. */
export const kernelCases: readonly KernelCase[] = [
  ...matmul,
  ...convolutions,
  ...elementwiseOperations,
  ...normalizations,
  ...poolings,
  ...reductions,
  ...movements,
];
