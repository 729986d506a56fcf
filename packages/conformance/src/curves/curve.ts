/** What the training scripts have in common: what they are given and what they yield. */
import type { Tensor } from '@sconce/tensor';

/** scikit-learn's handwritten digits. */
export interface Digits {
  /** uint8 [1797, 8, 8], 0 to 16 */
  readonly images: Tensor;
  /** int64 [1797] */
  readonly labels: Tensor;
}

/** Trains for so many steps from a seed of its own and yields the loss of each. */
export type TrainingScript = (steps: number, digits: Digits) => Iterable<number>;
