/** Normalizations that are made of others. */
import {
  type BatchNormOptions,
  batchNorm as batchNormOperator,
  bindArguments,
  noGrad,
  type Tensor,
} from '@sconce/tensor';
import { refuse } from './refuse.ts';

type BatchNormRest = [
  weight?: Tensor | null | BatchNormOptions,
  bias?: Tensor | null | BatchNormOptions,
  options?: BatchNormOptions,
];

type BatchNormNamed = BatchNormOptions & { readonly weight?: Tensor | null; readonly bias?: Tensor | null };

/**
 * Normalizes each channel (dimension 1) over the batch (`torch.nn.functional.batch_norm`): the operator `batchNorm`, which
 * takes any `eps`, with the check of the function.
 *
 * @throws {TypeError} for an `eps` that is negative, or zero in training
 */
export function batchNorm(
  x: Tensor,
  runningMean: Tensor | null,
  runningVar: Tensor | null,
  ...rest: BatchNormRest
): Tensor {
  const names = ['weight', 'bias', 'training', 'momentum', 'eps'] as const;
  const { training = false, eps = 1e-5 } = bindArguments<BatchNormNamed>('batchNorm', names, rest);
  if (training && eps <= 0)
    refuse('batchNorm', `batch_norm eps must be positive during training, but got ${eps}`);
  if (eps < 0) refuse('batchNorm', `batch_norm eps must be non-negative, but got ${eps}`);
  return batchNormOperator(x, runningMean, runningVar, ...rest);
}

/** Options of {@link instanceNorm}. */
export interface InstanceNormOptions {
  /** Whether the statistics are the input's (default true) or the running ones. */
  readonly useInputStats?: boolean;
  /** Share of the new statistics in the running ones (default 0.1). */
  readonly momentum?: number;
  /** Added to the variance (default 1e-5). */
  readonly eps?: number;
}

/** {@link InstanceNormOptions} and the tensors, for calls by name. */
export interface InstanceNormNamed extends InstanceNormOptions {
  readonly runningMean?: Tensor | null;
  readonly runningVar?: Tensor | null;
  readonly weight?: Tensor | null;
  readonly bias?: Tensor | null;
}

type InstanceNormRest = [
  runningMean?: Tensor | null | InstanceNormNamed,
  runningVar?: Tensor | null | InstanceNormNamed,
  weight?: Tensor | null | InstanceNormNamed,
  bias?: Tensor | null | InstanceNormNamed,
  options?: InstanceNormOptions,
];

/** Normalizes each channel of each sample of [N, C, *] (`torch.nn.functional.instance_norm`). */
export function instanceNorm(x: Tensor, ...rest: InstanceNormRest): Tensor {
  const {
    runningMean = null,
    runningVar = null,
    weight = null,
    bias = null,
    useInputStats = true,
    momentum = 0.1,
    eps = 1e-5,
  } = bindArguments<InstanceNormNamed>(
    'instanceNorm',
    ['runningMean', 'runningVar', 'weight', 'bias', 'useInputStats', 'momentum', 'eps'],
    rest,
  );
  if (!useInputStats)
    return batchNormOperator(x, runningMean, runningVar, weight, bias, { training: false, momentum, eps });
  const [batch = 0, channels = 0, ...inner] = x.shape;
  if (inner.reduce((a, b) => a * b, 1) === 1) {
    refuse(
      'instanceNorm',
      `Expected more than 1 spatial element when training, got input size [${x.shape.join(', ')}]`,
    );
  }
  const each = (perChannel: Tensor | null): Tensor | null =>
    perChannel === null ? null : perChannel.repeat([batch]);
  const mean = each(runningMean);
  const variance = each(runningVar);
  const y = batchNormOperator(
    x.reshape([1, batch * channels, ...inner]),
    mean,
    variance,
    each(weight),
    each(bias),
    {
      training: true,
      momentum,
      eps,
    },
  );
  noGrad(() => {
    for (const [running, updated] of [[runningMean, mean] as const, [runningVar, variance] as const]) {
      if (running !== null && updated !== null)
        running.copy_(updated.reshape([batch, channels]).mean({ dim: 0 }));
    }
  });
  return y.reshape([...x.shape]);
}

/** Options of {@link localResponseNorm}. */
export interface LocalResponseNormOptions {
  /** Factor of the mean square (default 1e-4). */
  readonly alpha?: number;
  /** Exponent (default 0.75). */
  readonly beta?: number;
  /** Added to the mean square (default 1). */
  readonly k?: number;
}

/**
 * x / (k + alpha * mean square of `size` neighbouring channels) ** beta, of [N, C, ...]
 * (`torch.nn.functional.local_response_norm`).
 */
export function localResponseNorm(
  x: Tensor,
  size: number,
  ...rest: [
    alpha?: number | LocalResponseNormOptions,
    beta?: number | LocalResponseNormOptions,
    k?: number | LocalResponseNormOptions,
  ]
): Tensor {
  const names = ['alpha', 'beta', 'k'] as const;
  const named = bindArguments<LocalResponseNormOptions>('localResponseNorm', names, rest);
  const { alpha = 1e-4, beta = 0.75, k = 1 } = named;
  if (x.ndim < 3) {
    refuse(
      'localResponseNorm',
      `Expected 3D or higher dimensionality                          input (got ${x.ndim} dimensions)`,
    );
  }
  if (x.numel() === 0) return x;
  const squares = x.mul(x);
  const channels = x.shape[1]!;
  const before = Math.floor(size / 2);
  let sum: Tensor | undefined;
  for (let shift = -before; shift < size - before; shift++) {
    // The squares of the channels that lie `shift` away, zeros beyond the ends.
    const outside = Math.min(Math.abs(shift), channels);
    const part = squares.narrow(1, Math.min(Math.max(shift, 0), channels), channels - outside);
    const spaces = new Array<number>(2 * (x.ndim - 2)).fill(0);
    const padded = part.pad([...spaces, shift < 0 ? outside : 0, shift > 0 ? outside : 0]);
    sum = sum === undefined ? padded : sum.add(padded);
  }
  const mean = x.isFloatingPoint() ? sum!.div(size) : sum!.div(size, { roundingMode: 'trunc' });
  return x.div(mean.mul(alpha).add(k).pow(beta));
}
