/** How often a classifier is right. */
import { argmax, type Tensor } from '@sconce/tensor';

/**
 * The part of samples that are classified right, from 0 to 1.
 *
 * @param scores [N, classes], of which the largest counts; or [N] or [N, 1] logits of two classes, of which the sign counts
 * @param targets class numbers [N], or 0 and 1 in the logits' shape
 */
export function accuracy(scores: Tensor, targets: Tensor): number {
  const classes = scores.ndim > 1 ? scores.shape.at(-1)! : 1;
  const guesses = classes > 1 ? argmax(scores, -1) : scores.gt(0);
  const right = guesses
    .reshape([-1])
    .to('int64')
    .eq(targets.reshape([-1]).to('int64'));
  return right.to('float64').mean().item() as number;
}
