// Every row of the kernel benchmark, in the order of its report.

import { attentions } from './attention.ts';
import type { KernelCase } from './case.ts';
import { convolutions } from './convolution.ts';
import { otherConvolutions } from './convolution-others.ts';
import { elementwiseOperations } from './elementwise.ts';
import { matmul } from './matmul.ts';
import { movements } from './movement.ts';
import { normalizations } from './normalization.ts';
import { poolings } from './pooling.ts';
import { reductions } from './reduction.ts';
import { resizes } from './resize.ts';
import { rowNorms } from './row-norm.ts';
import { statistics } from './statistics.ts';

/** All rows; no two share a name. */
export const kernelCases: readonly KernelCase[] = [
  ...matmul,
  ...convolutions,
  ...otherConvolutions,
  ...elementwiseOperations,
  ...normalizations,
  ...rowNorms,
  ...poolings,
  ...reductions,
  ...statistics,
  ...movements,
  ...resizes,
  ...attentions,
];
