/** What the functions of both float types are made of. */

import type { KernelBuilder } from '../builder.ts';
import type { Contract } from '../contract.ts';
import type { FloatType, Operand, Vector } from '../types.ts';

/** The magnitude of the first with the sign of the second. */
export function copySign<C extends Contract, T extends FloatType>(
  k: KernelBuilder<C>,
  magnitude: Vector<T>,
  sign: Vector<T>,
): Vector<T> {
  return k.or(k.abs(magnitude), k.and(sign, -0));
}

/** `terms[0] + terms[1] * x + terms[2] * x^2 + ...` */
export function polynomial<C extends Contract, T extends FloatType>(
  k: KernelBuilder<C>,
  x: Vector<T>,
  terms: readonly number[],
): Vector<T> {
  return terms
    .slice(0, -1)
    .reduceRight<Operand<T>>((sum, term) => k.fma(sum, x, term), terms.at(-1)!) as Vector<T>;
}
