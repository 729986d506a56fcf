/**
 * The layers' functions without state (`torch.nn.functional`). Most are the tensor package's operators; what PyTorch
 * has only here is composed of them below.
 */
import { batchNorm, type Tensor, TensorError, where } from '@sconce/tensor';

export {
  adaptiveAvgPool2d,
  adaptiveMaxPool2d,
  adaptiveMaxPool2dWithIndices,
  avgPool2d,
  batchNorm,
  conv1d,
  conv2d,
  convTranspose2d,
  dropout,
  dropout2d,
  elu,
  gelu,
  groupNorm,
  hardsigmoid,
  hardswish,
  hardtanh,
  interpolate,
  layerNorm,
  leakyRelu,
  linear,
  logSoftmax,
  maxPool2d,
  maxPool2dWithIndices,
  mish,
  pad,
  pixelShuffle,
  relu,
  relu6,
  sigmoid,
  silu,
  softmax,
  softplus,
  tanh,
} from '@sconce/tensor';

/** Options of {@link instanceNorm}. */
export interface InstanceNormOptions {
  /** Added to the variance (default 1e-5). */
  readonly eps?: number;
  /** Whether the statistics are the input's (default true) or the running ones. */
  readonly useInputStats?: boolean;
  /** Share of the new statistics in the running ones (default 0.1). */
  readonly momentum?: number;
}

/** Normalizes each channel of each sample of [N, C, *] (`torch.nn.functional.instance_norm`). */
export function instanceNorm(
  x: Tensor,
  runningMean: Tensor | null = null,
  runningVar: Tensor | null = null,
  weight: Tensor | null = null,
  bias: Tensor | null = null,
  options: InstanceNormOptions = {},
): Tensor {
  const { useInputStats = true, momentum = 0.1, eps = 1e-5 } = options;
  if (!useInputStats)
    return batchNorm(x, runningMean, runningVar, weight, bias, { training: false, momentum, eps });
  const [batch = 0, channels = 0, ...rest] = x.shape;
  const each = (perChannel: Tensor | null): Tensor | null =>
    perChannel === null ? null : perChannel.repeat([batch]);
  const mean = each(runningMean);
  const variance = each(runningVar);
  const y = batchNorm(x.reshape([1, batch * channels, ...rest]), mean, variance, each(weight), each(bias), {
    training: true,
    momentum,
    eps,
  });
  for (const [running, updated] of [[runningMean, mean] as const, [runningVar, variance] as const]) {
    if (running !== null && updated !== null)
      running.copy_(updated.reshape([batch, channels]).mean({ dim: 0 }));
  }
  return y.reshape([...x.shape]);
}

/**
 * x where it is positive, else weight * x, with one weight or one for each channel of [N, C, *]
 * (`torch.nn.functional.prelu`).
 */
export function prelu(x: Tensor, weight: Tensor): Tensor {
  const channels = x.shape[1] ?? 1;
  if (weight.numel() !== 1 && weight.numel() !== channels) {
    throw new TensorError({
      operator: 'prelu',
      problem: `Mismatch of parameter numbers and input channel size. Found parameter numbers = ${weight.numel()} and channel size = ${channels}.`,
    });
  }
  const perChannel = weight.numel() === 1 ? [1] : [weight.numel(), ...x.shape.slice(2).map(() => 1)];
  return where(x.gt(0), x, x.mul(weight.reshape(perChannel)));
}

/** The inverse of `pixelShuffle`: [*, C, H * r, W * r] to [*, C * r * r, H, W] (`torch.nn.functional.pixel_unshuffle`). */
export function pixelUnshuffle(x: Tensor, downscaleFactor: number): Tensor {
  const r = downscaleFactor;
  const [channels = 0, height = 0, width = 0] = x.shape.slice(-3);
  for (const [name, dim, size] of [['height', -2, height] as const, ['width', -1, width] as const]) {
    if (size % r === 0) continue;
    throw new TensorError({
      operator: 'pixelUnshuffle',
      problem: `pixel_unshuffle expects ${name} to be divisible by downscale_factor, but input.size(${dim})=${size} is not divisible by ${r}`,
    });
  }
  const outer = x.shape.slice(0, -3);
  const n = outer.length;
  return x
    .reshape([...outer, channels, height / r, r, width / r, r])
    .permute([...outer.keys(), n, n + 2, n + 4, n + 1, n + 3])
    .reshape([...outer, channels * r * r, height / r, width / r]);
}

/** Interleaves the channels of groups in [N, C, *] (`torch.nn.functional.channel_shuffle`). */
export function channelShuffle(x: Tensor, groups: number): Tensor {
  const [batch = 0, channels = 0, ...rest] = x.shape;
  if (x.ndim < 3 || channels % groups !== 0) {
    throw new TensorError({
      operator: 'channelShuffle',
      problem: `Number of channels must be divisible by groups. Got ${channels} channels and ${groups} groups.`,
    });
  }
  return x
    .reshape([batch, groups, channels / groups, ...rest])
    .transpose(1, 2)
    .reshape([...x.shape]);
}
