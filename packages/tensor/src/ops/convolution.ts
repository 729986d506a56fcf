/** Convolutions of images and sequences. */
import { viewOf } from '../access.ts';
import { bindArguments, checkTensor, pairArgument } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail, showSizes } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { type CanonicalConv2d, checkBias, checkOperands, runConvolution } from './convolution-core.ts';
import { checkPair, type Padding2d, type Sides, type Size2d, sidesOf } from './window.ts';

export type { CanonicalConv2d };

/** Options of {@link conv2d}. */
export interface Conv2dOptions {
  readonly stride?: Size2d;
  /** Zeros around the image; `same` keeps the size (stride 1 only), `valid` is 0. */
  readonly padding?: Padding2d | 'same' | 'valid';
  readonly dilation?: Size2d;
  readonly groups?: number;
}
/** Options of {@link conv1d}. */
export interface Conv1dOptions {
  readonly stride?: number | readonly number[];
  readonly padding?: number | readonly number[] | 'same' | 'valid';
  readonly dilation?: number | readonly number[];
  readonly groups?: number;
}
const optionNames = ['stride', 'padding', 'dilation', 'groups'] as const;

function samePadding(
  operator: string,
  weight: Tensor,
  options: { stride: readonly number[]; dilation: readonly number[] },
): Sides {
  if (options.stride.some((step) => step !== 1)) {
    fail(operator, "padding='same' is not supported for strided convolutions");
  }
  const [vertical, horizontal] = [0, 1].map((d) => {
    const total = options.dilation[d]! * (weight.shape[d + 2]! - 1);
    return [Math.floor(total / 2), total - Math.floor(total / 2)] as const;
  });
  return [vertical!, horizontal!];
}

function normalizeConv2d(
  operator: string,
  x: Tensor,
  weight: Tensor,
  rest: readonly unknown[],
): [Tensor, Tensor, Tensor | null, CanonicalConv2d] {
  type Named = Conv2dOptions & { bias?: Tensor | null };
  const named = bindArguments<Named>(operator, ['bias', ...optionNames], rest);
  const { bias = null, groups = 1 } = named;
  checkOperands(operator, x, weight, bias);
  const stride = pairArgument(operator, 'stride', named.stride ?? 1);
  const dilation = pairArgument(operator, 'dilation', named.dilation ?? 1);
  checkPair(operator, 'stride', stride, 1);
  checkPair(operator, 'dilation', dilation, 1);
  const given = named.padding ?? 0;
  const padding =
    given === 'same'
      ? samePadding(operator, weight, { stride, dilation })
      : sidesOf(operator, given === 'valid' ? 0 : given);
  const channels = x.shape.at(-3)!;
  const [outChannels, groupChannels] = weight.shape as readonly [number, number, number, number];
  if (!Number.isInteger(groups) || groups < 1) fail(operator, 'non-positive groups is not supported');
  if (outChannels % groups !== 0 || outChannels < groups) {
    fail(
      operator,
      `Given groups=${groups}, expected weight to be at least ${groups} at dimension 0 and divisible by ${groups}, but got weight of size ${showSizes(weight.shape)} instead`,
    );
  }
  if (channels !== groupChannels * groups) {
    fail(
      operator,
      `Given groups=${groups}, weight of size ${showSizes(weight.shape)}, expected input${showSizes(x.shape)} to have ${groupChannels * groups} channels, but got ${channels} channels instead`,
    );
  }
  checkBias(operator, bias, outChannels, weight);
  return [x, weight, bias, { stride, padding, dilation, groups }];
}

/** The convolution of canonical arguments. */
function runConv2d(
  operator: string,
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  options: CanonicalConv2d,
): Tensor {
  const { stride, padding, dilation } = options;
  const padded = padding.map(([before, after], d) => x.shape.at(d - 2)! + before + after);
  const kernel = weight.shape.slice(2);
  const size = padded.map((length, d) => {
    const extent = dilation[d]! * (kernel[d]! - 1) + 1;
    return Math.floor((length - extent) / stride[d]!) + 1;
  }) as [number, number];
  if (size.some((length) => length < 1)) {
    fail(
      operator,
      `Calculated padded input size per channel: (${padded.join(' x ')}). Kernel size: (${kernel.join(' x ')}). Kernel size can't be greater than actual input size`,
    );
  }
  return runConvolution(operator, 'forward', { x, weight, bias, size, channels: weight.shape[0]!, options });
}

/**
 * Convolution of images [N, C, H, W] or [C, H, W] with weights [out, C / groups, kH, kW].
 * Canonical: (x, weight, bias | null, { stride, padding, dilation, groups }), pairs and four-sided padding.
 */
export const conv2d: (
  x: Tensor,
  weight: Tensor,
  bias?: Tensor | null | Conv2dOptions,
  options?: Conv2dOptions,
) => Tensor = defineOperator({
  name: 'conv2d',
  normalize: (x: Tensor, weight: Tensor, ...rest: unknown[]) => normalizeConv2d('conv2d', x, weight, rest),
  forward: (x: Tensor, weight: Tensor, bias: Tensor | null, options: CanonicalConv2d) =>
    runConv2d('conv2d', x, weight, bias, options),
});

/**
 * Convolution of sequences [N, C, L] or [C, L] with weights [out, C / groups, k].
 * Canonical: (x, weight, bias | null, { stride, padding, dilation, groups }) with numbers, padding [left, right].
 */
export const conv1d: (
  x: Tensor,
  weight: Tensor,
  bias?: Tensor | null | Conv1dOptions,
  options?: Conv1dOptions,
) => Tensor = defineOperator({
  name: 'conv1d',
  normalize: (
    x: Tensor,
    weight: Tensor,
    ...rest: unknown[]
  ): [Tensor, Tensor, Tensor | null, CanonicalConv1d] => {
    type Named = Conv1dOptions & { bias?: Tensor | null };
    const named = bindArguments<Named>('conv1d', ['bias', ...optionNames], rest);
    checkTensor('conv1d', 'input', x);
    checkTensor('conv1d', 'weight', weight);
    if (weight.ndim !== 3)
      fail(
        'conv1d',
        'weight must have 3 dimensions',
        '[out, channels / groups, length]',
        showSizes(weight.shape),
      );
    if (x.ndim !== 2 && x.ndim !== 3) {
      fail(
        'conv1d',
        `Expected 2D (unbatched) or 3D (batched) input to conv1d, but got input of size: ${showSizes(x.shape)}`,
      );
    }
    const { bias = null, padding = 0, groups = 1 } = named;
    const one = (value: number | readonly number[] = 1): number =>
      typeof value === 'number' ? value : value[0]!;
    const [stride, dilation] = [one(named.stride), one(named.dilation)];
    const side = typeof padding === 'string' ? padding : one(padding);
    const options = { stride: [1, stride], dilation: [1, dilation], groups } as const;
    const wide =
      typeof side === 'string'
        ? side
        : ([
            [0, 0],
            [side, side],
          ] as const);
    const canonical = normalizeConv2d('conv1d', asRow(x), asRow(weight), [
      bias,
      { ...options, padding: wide },
    ])[3];
    return [x, weight, bias, { stride, padding: canonical.padding[1], dilation, groups }];
  },
  forward: (
    x: Tensor,
    weight: Tensor,
    bias: Tensor | null,
    { stride, padding, dilation, groups }: CanonicalConv1d,
  ) => {
    const options = {
      stride: [1, stride],
      padding: [[0, 0], padding],
      dilation: [1, dilation],
      groups,
    } as const;
    const result = runConv2d('conv1d', asRow(x), asRow(weight), bias, options);
    const dim = result.ndim - 2;
    return viewOf(result, result.shape.toSpliced(dim, 1), result.strides.toSpliced(dim, 1));
  },
});

/** Options of {@link conv1d} as layers of the dispatcher see them. */
export interface CanonicalConv1d {
  readonly stride: number;
  readonly padding: readonly [number, number];
  readonly dilation: number;
  readonly groups: number;
}

/** A sequence as an image of height 1. */
function asRow(x: Tensor): Tensor {
  return viewOf(x, x.shape.toSpliced(-1, 0, 1), x.strides.toSpliced(-1, 0, 0));
}

/** Convolutions as methods. */
export interface ConvolutionMethods {
  /** Convolution of sequences [N, C, L] or [C, L] with weights [out, C / groups, k]. */
  conv1d(weight: Tensor, bias?: Tensor | null | Conv1dOptions, options?: Conv1dOptions): Tensor;
  /** Convolution of images [N, C, H, W] or [C, H, W] with weights [out, C / groups, kH, kW]. */
  conv2d(weight: Tensor, bias?: Tensor | null | Conv2dOptions, options?: Conv2dOptions): Tensor;
}
