/**
 * Formulas of several tensors that the engine computes in one pass. Derivatives use them where nothing is recorded, since
 * a chain of operators would go through memory at every step.
 */
import type { Expression } from '@sconce/engine';
import type { Derivative } from '../autograd/derivative.ts';
import { gradMode } from '../autograd/mode.ts';
import type { Tensor } from '../tensor.ts';
import { type Computation, type DTypeRule, runMany } from './elementwise-core.ts';

export { apply, choose, chooseInside } from './expressions.ts';

/** What computes a formula: its arguments are the tensors' elements and then the parameters. */
export type Formula = (...args: Expression[]) => Expression;

/** A formula of floating-point tensors. */
export interface FusedEntry extends Computation, DTypeRule {
  readonly formula: Formula;
}

/** A named formula. */
export function fused(name: string, formula: Formula): FusedEntry {
  return { name, result: 'floatOnly', formula };
}

/** Computes the formula for every element, of tensors that are broadcast. */
export function runFused(
  entry: FusedEntry,
  inputs: readonly Tensor[],
  parameters: readonly number[] = [],
): Tensor {
  return runMany(entry, inputs, parameters);
}

/**
 * A derivative in two forms: where nothing is recorded the formula of (grad, kept tensor), in one pass; else the same
 * with operators that have derivatives themselves.
 */
export function fusedDerivative<Canonical extends unknown[]>(options: {
  readonly reads: 0 | 'result';
  readonly entry: FusedEntry | ((args: Canonical) => FusedEntry);
  readonly parameters?: (args: Canonical) => readonly number[];
  readonly recorded: (grad: Tensor, kept: Tensor, args: Canonical) => Tensor;
}): Derivative<Canonical, Tensor> {
  const { reads, entry, parameters, recorded } = options;
  return {
    reads: [reads],
    of: (grad, args, result) => {
      const kept = (reads === 'result' ? result : args[0]) as Tensor;
      if (gradMode.enabled) return recorded(grad as Tensor, kept, args);
      const own = typeof entry === 'function' ? entry(args) : entry;
      return runMany(own, [grad as Tensor, kept], parameters?.(args));
    },
  };
}
