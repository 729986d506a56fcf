/** Normal numbers within bounds, as layers' weights are initialised. */

import { filledTensor, newTensorLike } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { noGrad } from '../autograd/mode.ts';
import { fail } from '../errors.ts';
import { where } from '../ops/comparison.ts';
import { erf } from '../special/error-function.ts';
import type { Tensor } from '../tensor.ts';
import { fillNormal, fillUniform } from './distributions.ts';
import { defaultGenerator } from './generator.ts';
import type { GeneratorOptions } from './in-place.ts';

/** Options of {@link truncNormal_}. */
export interface TruncNormalOptions extends GeneratorOptions {
  /** 0 by default. */
  readonly mean?: number;
  /** 1 by default. */
  readonly std?: number;
  /** Smallest number: -2 by default. */
  readonly a?: number;
  /** Largest number: 2 by default. */
  readonly b?: number;
}

/** Probability that a standard normal number is at most x. */
function cumulative(x: number): number {
  return (1 + erf(x / Math.SQRT2)) / 2;
}

/**
 * Fills a tensor, by position (mean, std, a, b) or by name, with normal numbers that lie in [a, b]; others are drawn
 * again. No gradient is recorded. Returns the tensor. PyTorch's `nn.init.trunc_normal_`.
 * @throws TensorError for a standard deviation that is not positive
 */
export function truncNormal_(
  x: Tensor,
  ...rest: readonly (number | TruncNormalOptions | undefined)[]
): Tensor {
  checkTensor('truncNormal_', 'tensor', x);
  const names = ['mean', 'std', 'a', 'b', 'generator'] as const;
  const bound = bindArguments<TruncNormalOptions>('truncNormal_', names, rest);
  const { mean = 0, std = 1, a = -2, b = 2, generator = defaultGenerator } = bound;
  if (!(std > 0)) fail('truncNormal_', 'the standard deviation must be positive', '> 0', String(std));
  const inside = cumulative((b - mean) / std) - cumulative((a - mean) / std);
  return noGrad(() => {
    if (inside > 0.3) return x.copy_(rejected(x, { mean, std, a, b, generator }));
    return x.copy_(proposed(x, { mean, std, a, b, generator }));
  });
}

/** Draws whole tensors of normal numbers until each place has had one in bounds. */
function rejected(x: Tensor, { mean, std, a, b, generator }: Required<TruncNormalOptions>): Tensor {
  // The bounds as the tensor's dtype holds them.
  const [low, high] = [a, b].map((value) => filledTensor([], x.dtype, value)) as [Tensor, Tensor];
  const draw = (): Tensor => {
    const drawn = newTensorLike(x, x.shape, x.dtype);
    fillNormal(drawn, mean, std, generator);
    return drawn;
  };
  fillNormal(x, mean, std, generator);
  let result = x;
  for (;;) {
    const outside = result.lt(low).logicalOr(result.gt(high));
    if (!outside.any().item()) return result;
    result = where(outside, draw(), result);
  }
}

/** Draws uniform numbers, and accepts each with the probability that its density has in proportion to the largest. */
function proposed(x: Tensor, { mean, std, a, b, generator }: Required<TruncNormalOptions>): Tensor {
  const mode = Math.max(a, Math.min(mean, b));
  const peak = -0.5 * ((mode - mean) / std) ** 2;
  const refused = (candidates: Tensor): Tensor => {
    const density = candidates.sub(mean).div_(std).pow_(2).mul_(-0.5).sub_(peak);
    const drawn = newTensorLike(x, x.shape, x.dtype);
    fillUniform(drawn, 0, 1, generator);
    return drawn.log_().gt(density);
  };
  fillUniform(x, a, b, generator);
  let result = x;
  let pending = refused(x);
  while (pending.any().item()) {
    const candidates = newTensorLike(x, x.shape, x.dtype);
    fillUniform(candidates, a, b, generator);
    result = where(pending, candidates, result);
    pending = pending.logicalAnd(refused(candidates));
  }
  return result;
}
