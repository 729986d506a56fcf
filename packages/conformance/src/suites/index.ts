/** Every suite by name, in the order in which they are run and listed. */
import type { Suite } from '../suite.ts';
import { curves } from './curves.ts';
import { layers } from './layers.ts';
import { models } from './models.ts';
import { moduledb } from './moduledb.ts';
import { onnxOperators } from './onnx-operators.ts';
import { opdb } from './opdb.ts';
import { operators } from './operators.ts';
import { optimdb } from './optimdb.ts';

export const suites: Readonly<Record<string, Suite>> = {
  operators,
  opdb,
  moduledb,
  optimdb,
  layers,
  onnx: onnxOperators,
  models,
  curves,
};
