/** The cross entropy of scores that a linear layer gives. */
import { linear, type Tensor } from '@sconce/tensor';
import { type CrossEntropyOptions, crossEntropy } from './classification-losses.ts';
import { refuse } from './refuse.ts';

/** Options of {@link linearCrossEntropy}. */
export interface LinearCrossEntropyOptions extends Omit<CrossEntropyOptions, 'ignoreIndex'> {
  /** Added to the scores: [C] or [C, ...]. */
  readonly linearBias?: Tensor | null;
  /** The target that counts for nothing: -100 if null or left out. Not for targets of probabilities. */
  readonly ignoreIndex?: number | null;
}

/** Sizes as Python writes a tuple. */
function tuple(list: readonly number[]): string {
  return list.length === 1 ? `(${list[0]},)` : `(${list.join(', ')})`;
}

/**
 * The cross entropy of `input` [N, F] or [F] through a linear layer of weight [C, F] or [C, ..., F], and a target as
 * `crossEntropy` takes it (`torch.nn.functional.linear_cross_entropy`).
 */
export function linearCrossEntropy(
  input: Tensor,
  linearWeight: Tensor,
  target: Tensor,
  { linearBias = null, ignoreIndex = null, ...options }: LinearCrossEntropyOptions = {},
): Tensor {
  const fail = (problem: string): never => refuse('linearCrossEntropy', problem);
  if (input.ndim < 1 || input.ndim > 2) {
    fail(`expected input with dimensionality 1 or 2, got ${input.ndim}`);
  }
  if (linearWeight.ndim < 2) {
    fail(`expected linear_weight with dimensionality at least 2, got ${linearWeight.ndim}`);
  }
  const features = input.shape.at(-1)!;
  if (features !== linearWeight.shape.at(-1)) {
    fail(
      `expected equal input and linear_weight last dimensions (in_features), got ${features} and ${linearWeight.shape.at(-1)}, respectively`,
    );
  }
  const out = linearWeight.shape.slice(0, -1);
  if (linearBias !== null && linearBias.shape.join() !== out.join()) {
    fail(`expected linear_bias shape ${tuple(out)}, got ${tuple(linearBias.shape)}`);
  }
  if (out.length > 1 && input.ndim === 1) {
    fail(
      `K-dimensional loss defined by linear_weight shape ${tuple(linearWeight.shape)} requires batched input, (N, ${features}), got unbatched input with shape ${tuple(input.shape)}`,
    );
  }
  const shape = [...input.shape.slice(0, -1), ...out];
  if (target.shape.join() === shape.join() && ignoreIndex !== null) {
    fail('ignore_index cannot be specified when target contains probabilities');
  }
  const scores = linear(
    input,
    linearWeight.reshape([-1, features]),
    linearBias === null ? null : linearBias.reshape([-1]),
  );
  return crossEntropy(scores.reshape(shape), target, { ...options, ignoreIndex: ignoreIndex ?? -100 });
}
