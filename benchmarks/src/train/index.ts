// All rows of the training benchmark, in the order of their table.

import type { TensorCase } from '../tensor/case.ts';
import { lstmCases } from './lstm.ts';
import { resnetCases } from './resnet.ts';
import { transformerCases } from './transformer.ts';

/** Every case. */
export const trainCases: readonly TensorCase[] = [...resnetCases, ...lstmCases, ...transformerCases];
