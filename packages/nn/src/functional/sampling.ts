/** Samples of classes that gradients flow through. */
import { bindArguments, emptyLike, type Tensor, zerosLike } from '@sconce/tensor';

/** Options of {@link gumbelSoftmax}. */
export interface GumbelSoftmaxOptions {
  /** Temperature: 1 by default. */
  readonly tau?: number;
  /** Whether the samples are vectors of zeros with a one, whose gradient is that of the soft ones: false by default. */
  readonly hard?: boolean;
  /** The classes' dimension: the last one by default. */
  readonly dim?: number;
}

/**
 * Samples from the Gumbel-softmax distribution of logits (`torch.nn.functional.gumbel_softmax`; Jang et al.,
 * "Categorical reparameterization with Gumbel-softmax", 2017), PyTorch's own for the same seed.
 */
export function gumbelSoftmax(
  logits: Tensor,
  ...rest: [
    tau?: number | GumbelSoftmaxOptions,
    hard?: boolean | GumbelSoftmaxOptions,
    options?: Pick<GumbelSoftmaxOptions, 'dim'>,
  ]
): Tensor {
  const named = bindArguments<GumbelSoftmaxOptions>('gumbelSoftmax', ['tau', 'hard', 'dim'], rest);
  const { tau = 1, hard = false, dim = -1 } = named;
  const noise = emptyLike(logits).exponential_().log().neg();
  const soft = logits.add(noise).div(tau).softmax(dim);
  if (!hard) return soft;
  const one = soft.detach().argmax(dim, true);
  const chosen = zerosLike(soft.detach()).scatter(dim, one, 1);
  return chosen.sub(soft.detach()).add(soft);
}
