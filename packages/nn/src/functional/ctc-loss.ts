/** The loss of connectionist temporal classification, of lengths given as lists or tensors. */
import { Tensor, tensor } from '@sconce/tensor';
import { type LossOptions, reduceLoss } from './loss-reduction.ts';
import { refuse } from './refuse.ts';

/** Options of {@link ctcLoss}. */
export interface CtcLossOptions extends LossOptions {
  /** The class that stands for no label: 0 by default. */
  readonly blank?: number;
  /** Whether impossible alignments, whose loss is infinite, count for nothing: false by default. */
  readonly zeroInfinity?: boolean;
}

/**
 * The negative log likelihood of label sequences under log probabilities of [T, N, C] or [T, C]; targets are of
 * [N, S], or all in a row (`torch.nn.functional.ctc_loss`). With `mean` each loss is divided by its target's length.
 */
export function ctcLoss(
  logProbs: Tensor,
  targets: Tensor,
  inputLengths: Tensor | readonly number[],
  targetLengths: Tensor | readonly number[],
  options: CtcLossOptions = {},
): Tensor {
  const { blank = 0, zeroInfinity = false, reduction = 'mean' } = options;
  const single = logProbs.ndim === 2;
  const lengths = listOf('target_lengths', targetLengths);
  const own = single ? logProbs.unsqueeze(1) : logProbs;
  const labels = single && targets.ndim === 1 ? targets.unsqueeze(0) : targets;
  const { loss } = own._ctcLoss(labels, listOf('input_lengths', inputLengths), lengths, blank, zeroInfinity);
  const finite = zeroInfinity ? loss.where(loss.ne(Number.POSITIVE_INFINITY), 0) : loss;
  if (reduction === 'mean') {
    const divisors = tensor(lengths.map((length) => Math.max(length, 1))).to(loss.dtype);
    return finite.div(divisors).mean();
  }
  return reduceLoss('ctcLoss', single ? finite.squeeze(0) : finite, reduction);
}

function listOf(name: string, lengths: Tensor | readonly number[]): readonly number[] {
  if (!(lengths instanceof Tensor)) return lengths;
  if (lengths.isFloatingPoint()) refuse('ctcLoss', `${name} must be integral`);
  return Array.from(lengths.reshape([-1]).toTypedArray() as ArrayLike<number | bigint>, Number);
}
