/** How an operator's gradient is written down, beside its forward. */
import type { Tensor } from '../tensor.ts';

/** What a derivative is given: the gradient of the one output, or those of all of them (undefined: zero). */
export type OutputGrad<Result> = Result extends Tensor ? Tensor : readonly (Tensor | undefined)[];

/** What a derivative gives: the gradient of its argument, a list for a list of tensors, null for zero. */
export type ArgumentGrad = Tensor | null | undefined | readonly (Tensor | null | undefined)[];

/** Computes the gradient of one argument, with operators that have gradients themselves. */
export type DerivativeFunction<Canonical extends readonly unknown[], Result> = (
  grad: OutputGrad<Result>,
  args: Canonical,
  result: Result,
) => ArgumentGrad;

/** What a derivative reads the elements of: an argument, the result, or one field of a result that is a record. */
export type Read = number | 'result' | `result.${string}`;

/**
 * The gradient with respect to one canonical argument.
 *
 * A plain function may look at nothing but shapes and dtypes of the tensors in `args` and `result`. Those whose
 * elements it reads are named in `reads`, by the argument's index, as `'result'` or as `'result.field'`: recording keeps them, and
 * nothing else. The gradient may have any shape and dtype that the argument's broadcast and promotion lead to; it is summed
 * to the argument's shape and converted to its dtype afterwards.
 */
export type Derivative<Canonical extends readonly unknown[], Result> =
  | DerivativeFunction<Canonical, Result>
  | {
      readonly reads: readonly Read[];
      readonly of: DerivativeFunction<Canonical, Result>;
    };

/**
 * How autograd passes through an operator. One of:
 * - `derivatives`: one for each canonical argument that a gradient can flow to, null for the others.
 * - `composite`: forward is made of public operators, each of which is recorded.
 * - `constant`: no gradient flows through (comparisons, indices, shapes).
 * An operator with none of them computes, and says so when a gradient is asked of it.
 */
export interface GradientRules<Canonical extends unknown[], Result> {
  readonly derivatives?: readonly (Derivative<Canonical, Result> | null)[];
  readonly composite?: true;
  readonly constant?: true;
  /** The recorded node's name, where it is not the operator's own with `Backward0` behind (`MaxBackward1`). */
  readonly backwardName?: string | ((...args: Canonical) => string);
  /** The result may show the first argument's memory. */
  readonly view?: true;
  /** Writes into its first argument and returns it. */
  readonly inPlace?: true;
}
