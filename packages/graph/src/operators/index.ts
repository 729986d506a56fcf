/** The table of all operators, out of the families beside this file. */

import type { AttributeSpecs } from '../attributes.ts';
import { defineOperator, type OperatorDefinition, type OperatorOptions, OperatorTable } from '../operator.ts';
import { activation } from './activation.ts';
import { constant } from './constant.ts';
import { convolution } from './convolution.ts';
import { elementwise } from './elementwise.ts';
import { indexing } from './indexing.ts';
import { matmul } from './matmul.ts';
import { normalization } from './normalization.ts';
import { pooling } from './pooling.ts';
import { reductions } from './reduction.ts';
import { resize } from './resize.ts';
import { shape } from './shape.ts';

const families: readonly (readonly OperatorDefinition[])[] = [
  activation,
  constant,
  convolution,
  elementwise,
  indexing,
  matmul,
  normalization,
  pooling,
  reductions,
  resize,
  shape,
];

/** Every operator that graphs may use; {@link registerOperator} adds to it. */
export const operators: OperatorTable = new OperatorTable(
  families.flat().map((definition) => ({ ...definition, ownsOutputs: true })),
);

/**
 * Adds an operator of the user's own, in any domain. Throws a `GraphError` when there is one already.
 *
 * @example
 * registerOperator('Double', { domain: 'my', inputs: 1, run: (_call, x: Tensor) => add(x, x) });
 */
export function registerOperator<const S extends AttributeSpecs = Record<never, never>>(
  opType: string,
  options: OperatorOptions<S>,
): void {
  operators.add(defineOperator(opType, options));
}
