/** The table of all exporters by tensor operator, out of the families beside this file. */
import { attention } from './attention.ts';
import { convolution } from './convolution.ts';
import { dropout } from './dropout.ts';
import { elementwise } from './elementwise.ts';
import type { Exporters } from './export-call.ts';
import { indexing } from './indexing.ts';
import { matmul } from './matmul.ts';
import { normalization } from './normalization.ts';
import { pooling } from './pooling.ts';
import { reductions } from './reduction.ts';
import { resampling } from './resampling.ts';
import { shape } from './shape.ts';

export const exporters: Exporters = {
  ...attention,
  ...convolution,
  ...dropout,
  ...elementwise,
  ...indexing,
  ...matmul,
  ...normalization,
  ...pooling,
  ...reductions,
  ...resampling,
  ...shape,
};
