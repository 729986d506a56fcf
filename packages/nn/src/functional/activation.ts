/** Activations that are made of others. */
import { bindArguments, type DType, softmax, type Tensor, where } from '@sconce/tensor';
import { refuse } from './refuse.ts';

/**
 * x where it is positive, else weight * x, with one weight or one for each channel of [N, C, *]
 * (`torch.nn.functional.prelu`).
 */
export function prelu(x: Tensor, ...rest: [weight: Tensor | { readonly weight: Tensor }]): Tensor {
  const { weight } = bindArguments<{ weight: Tensor }>('prelu', ['weight'], rest);
  if (weight === undefined) refuse('prelu', "missing argument 'weight'");
  if (weight.ndim > 1) {
    refuse('prelu', `prelu: Expected \`weight\` to be a scalar or 1D tensor, but got: ndim = ${weight.ndim}`);
  }
  const count = weight.numel();
  if (count !== 1) {
    if (x.ndim === 0) refuse('prelu', 'Not allow zero-dim input tensor.');
    const channels = x.ndim > 1 ? x.shape[1]! : 1;
    if (count !== channels) {
      refuse(
        'prelu',
        `Mismatch of parameter numbers and input channel size. Found parameter numbers = ${count} and channel size = ${channels}.`,
      );
    }
  }
  const perChannel = count === 1 ? [] : [count, ...x.shape.slice(2).map(() => 1)];
  return where(x.gt(0), x, x.mul(weight.reshape(perChannel)));
}

/** x / (1 + |x|) (`torch.nn.functional.softsign`). */
export function softsign(x: Tensor): Tensor {
  return x.div(x.abs().add(1));
}

/** x - tanh(x) (`torch.nn.functional.tanhshrink`). */
export function tanhshrink(x: Tensor): Tensor {
  return x.sub(x.tanh());
}

/** The first half along a dimension times the sigmoid of the second (`torch.nn.functional.glu`). */
export function glu(x: Tensor, ...rest: [dim?: number | { readonly dim?: number }]): Tensor {
  const { dim = -1 } = bindArguments<{ dim: number }>('glu', ['dim'], rest);
  if (x.ndim === 0) refuse('glu', 'glu does not support scalars because halving size must be even');
  const own = dim < 0 ? dim + x.ndim : dim;
  const size = x.size(dim);
  if (size % 2 !== 0) {
    refuse('glu', `Halving dimension must be even, but dimension ${own} is size ${size}`);
  }
  return x.narrow(own, 0, size / 2).mul(x.narrow(own, size / 2, size / 2).sigmoid());
}

/** Options of {@link softmin}. */
export interface SoftminOptions {
  readonly dim?: number;
  /** The input is converted to it first. */
  readonly dtype?: DType | null;
}

/** Softmax of -x along a dimension (`torch.nn.functional.softmin`). */
export function softmin(
  x: Tensor,
  ...rest: [dim: number | SoftminOptions, options?: SoftminOptions]
): Tensor {
  const { dim, dtype = null } = bindArguments<SoftminOptions>('softmin', ['dim', 'dtype'], rest);
  if (dim === undefined) refuse('softmin', "missing argument 'dim'");
  return softmax(x.neg(), dim, { dtype });
}
