/** Padding with a constant. */
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator, definitionOf } from '../dispatcher.ts';
import { fail } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { pad } from './padding.ts';

/** Signature of {@link constantPadNd}. */
export type ConstantPadOperator = (
  x: Tensor,
  pads: readonly number[],
  value?: number | boolean | { readonly value?: number | boolean },
) => Tensor;

const padding = definitionOf<
  [Tensor, readonly number[], { mode: 'constant'; value: number | boolean }],
  Tensor
>(pad);

/**
 * Elements added before and after, from the last dimension on: [left, right, top, bottom, ...]; 0 by default. Negative
 * numbers crop. Canonical: (x, pads, value).
 */
export const constantPadNd: ConstantPadOperator = defineOperator({
  name: 'constantPadNd',
  normalize: (
    x: Tensor,
    pads: readonly number[],
    ...rest: unknown[]
  ): [Tensor, readonly number[], number | boolean] => {
    checkTensor('constantPadNd', 'input', x);
    const { value = 0 } = bindArguments<{ value: number | boolean }>('constantPadNd', ['value'], rest);
    if (pads.length % 2 !== 0) {
      fail('constantPadNd', `Length of pad must be even but instead it equals ${pads.length}`);
    }
    if (pads.length > 2 * x.ndim) {
      fail(
        'constantPadNd',
        `Length of pad should be no more than twice the number of dimensions of the input. Pad length is ${pads.length}while the input has ${x.ndim}dimensions.`,
      );
    }
    x.shape.forEach((size, d) => {
      const [before = 0, after = 0] = pads.slice(2 * (x.ndim - 1 - d));
      if (size + before + after < 0) {
        fail(
          'constantPadNd',
          `The input size ${size}, plus negative padding ${before} and ${after}, resulted in a negative output size, which is invalid. Check dimension ${d} of your input.`,
        );
      }
    });
    return [x, pads, value];
  },
  forward: (x: Tensor, pads: readonly number[], value: number | boolean) =>
    padding.forward(x, pads, { mode: 'constant', value }),
  derivatives: [
    (grad, [, pads]) =>
      grad.constantPadNd(
        pads.map((count) => -count),
        0,
      ),
  ],
});

/** Constant padding as a method. */
export interface ConstantPaddingMethods {
  /** Elements added before and after, from the last dimension on; negative numbers crop. */
  constantPadNd(
    pads: readonly number[],
    value?: number | boolean | { readonly value?: number | boolean },
  ): Tensor;
}
