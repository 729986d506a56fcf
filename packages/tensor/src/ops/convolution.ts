/** Convolutions and transposed convolutions of images and sequences. */
import {
  type ConvolutionShape,
  conv2d as engineConv2d,
  convTranspose2d as engineConvTranspose2d,
} from '@sconce/engine';
import { cast, fillElements, flatElements, materialize, newTensor, sliceOf, viewOf } from '../access.ts';
import { bindArguments, checkTensor, pairArgument } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail, showSizes } from '../errors.ts';
import { numelOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import {
  type Elements,
  type PlainConvolution,
  plainConv2d,
  plainConvTranspose2d,
} from './convolution-plain.ts';
import { computeDType } from './elementwise-core.ts';
import {
  batched,
  checkPair,
  flatSides,
  type Padding2d,
  type Sides,
  type Size2d,
  sidesOf,
  unbatched,
} from './window.ts';

/** Options of {@link conv2d}. */
export interface Conv2dOptions {
  readonly stride?: Size2d;
  /** Zeros around the image; `same` keeps the size (stride 1 only), `valid` is 0. */
  readonly padding?: Padding2d | 'same' | 'valid';
  readonly dilation?: Size2d;
  readonly groups?: number;
}
/** Options of {@link conv2d} as layers of the dispatcher see them. */
export interface CanonicalConv2d {
  readonly stride: readonly [number, number];
  readonly padding: Sides;
  readonly dilation: readonly [number, number];
  readonly groups: number;
}
/** Options of {@link conv1d}. */
export interface Conv1dOptions {
  readonly stride?: number | readonly number[];
  readonly padding?: number | readonly number[] | 'same' | 'valid';
  readonly dilation?: number | readonly number[];
  readonly groups?: number;
}
/** Options of {@link convTranspose2d}. */
export interface ConvTranspose2dOptions {
  readonly stride?: Size2d;
  readonly padding?: Padding2d;
  /** Added to the output at the bottom and right; smaller than the stride or the dilation. */
  readonly outputPadding?: Size2d;
  readonly groups?: number;
  readonly dilation?: Size2d;
}
/** Options of {@link convTranspose2d} as layers of the dispatcher see them. */
export interface CanonicalConvTranspose2d extends CanonicalConv2d {
  readonly outputPadding: readonly [number, number];
}

const optionNames = ['stride', 'padding', 'dilation', 'groups'] as const;

function checkOperands(operator: string, x: Tensor, weight: Tensor, bias: Tensor | null): void {
  checkTensor(operator, 'input', x);
  checkTensor(operator, 'weight', weight);
  if (weight.ndim !== 4) {
    fail(
      operator,
      'weight must have 4 dimensions',
      '[channels, channels / groups, height, width]',
      showSizes(weight.shape),
    );
  }
  if (x.ndim !== 3 && x.ndim !== 4) {
    fail(
      operator,
      `Expected 3D (unbatched) or 4D (batched) input to ${operator}, but got input of size: ${showSizes(x.shape)}`,
    );
  }
  for (const other of [weight, bias]) {
    if (other !== null && other.dtype !== x.dtype) {
      const [a, b] = [dtypeInfo(x.dtype).scalarName, dtypeInfo(other.dtype).scalarName];
      fail(
        operator,
        `Input type (${a}) and ${other === bias ? 'bias' : 'weight'} type (${b}) should be the same`,
      );
    }
  }
  if (dtypeInfo(x.dtype).kind === 'bool') {
    fail(
      operator,
      `"${operator}" not implemented for '${dtypeInfo(x.dtype).scalarName}'`,
      'a dtype of numbers',
      x.dtype,
    );
  }
}

function checkBias(operator: string, bias: Tensor | null, channels: number, weight: Tensor): void {
  if (bias !== null && (bias.ndim !== 1 || bias.shape[0] !== channels)) {
    fail(
      operator,
      `Given weight of size ${showSizes(weight.shape)}, expected bias to be 1-dimensional with ${channels} elements, but got bias of size ${showSizes(bias.shape)} instead`,
    );
  }
}

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
  const compute = computeDType(x.dtype);
  const image = materialize(batched(operator, cast(x, compute)));
  const [batch, inChannels, inHeight, inWidth] = image.shape as readonly [number, number, number, number];
  const [outChannels, , kernelHeight, kernelWidth] = weight.shape as readonly [
    number,
    number,
    number,
    number,
  ];
  const { stride, padding, dilation, groups } = options;
  const [outHeight, outWidth] = [0, 1].map((d) => {
    const padded = image.shape[d + 2]! + padding[d]![0] + padding[d]![1];
    const extent = dilation[d]! * (weight.shape[d + 2]! - 1) + 1;
    return Math.floor((padded - extent) / stride[d]!) + 1;
  }) as [number, number];
  if (outHeight < 1 || outWidth < 1) {
    const padded = [0, 1].map((d) => image.shape[d + 2]! + padding[d]![0] + padding[d]![1]);
    fail(
      operator,
      `Calculated padded input size per channel: (${padded.join(' x ')}). Kernel size: (${kernelHeight} x ${kernelWidth}). Kernel size can't be greater than actual input size`,
    );
  }
  const output = newTensor([batch, outChannels, outHeight, outWidth], compute);
  const geometry = {
    batch,
    inChannels,
    inHeight,
    inWidth,
    outChannels,
    outHeight,
    outWidth,
    kernel: [kernelHeight, kernelWidth],
    stride,
    padding: flatSides(padding),
    dilation,
    groups,
  } as const;
  runOn(image, weight, bias, output, geometry, engineConv2d, plainConv2d);
  return cast(unbatched(x, output), x.dtype);
}

/** Runs one of the two directions on the engine (float32) or in plain loops. */
function runOn(
  image: Tensor,
  weight: Tensor,
  bias: Tensor | null,
  output: Tensor,
  geometry: ConvolutionShape,
  engine: typeof engineConv2d,
  plain: (p: PlainConvolution) => void,
): void {
  if (output.numel() === 0) return;
  const w = materialize(cast(weight, image.dtype));
  const b = bias === null ? null : materialize(cast(bias, image.dtype));
  if (image.numel() === 0 || w.numel() === 0) {
    fail(
      'convolution',
      'an input without elements cannot give an output with elements',
      'channels and kernels that are not empty',
      showSizes(image.shape),
    );
  }
  if (image.dtype === 'float32') {
    engine({
      x: sliceOf(image),
      w: sliceOf(w),
      ...(b === null ? {} : { bias: sliceOf(b) }),
      y: sliceOf(output),
      ...geometry,
    });
    return;
  }
  fillElements(output, 0);
  const read = (tensor: Tensor): Elements => flatElements(tensor) as unknown as Elements;
  const multiply = image.dtype === 'int32' ? Math.imul : (x: number, y: number): number => x * y;
  const biasElements = b === null ? undefined : read(b);
  plain({ x: read(image), w: read(w), bias: biasElements, y: read(output), multiply, ...geometry });
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

/**
 * Transposed convolution of images with weights [C, out / groups, kH, kW]: the gradient of {@link conv2d} with respect to
 * its input. Canonical: (x, weight, bias | null, { stride, padding, outputPadding, groups, dilation }).
 */
export const convTranspose2d: (
  x: Tensor,
  weight: Tensor,
  bias?: Tensor | null | ConvTranspose2dOptions,
  options?: ConvTranspose2dOptions,
) => Tensor = defineOperator({
  name: 'convTranspose2d',
  normalize: (
    x: Tensor,
    weight: Tensor,
    ...rest: unknown[]
  ): [Tensor, Tensor, Tensor | null, CanonicalConvTranspose2d] => {
    const operator = 'convTranspose2d';
    type Named = ConvTranspose2dOptions & { bias?: Tensor | null };
    const names = ['bias', 'stride', 'padding', 'outputPadding', 'groups', 'dilation'] as const;
    const named = bindArguments<Named>(operator, names, rest);
    const { bias = null, groups = 1 } = named;
    checkOperands(operator, x, weight, bias);
    const stride = pairArgument(operator, 'stride', named.stride ?? 1);
    const dilation = pairArgument(operator, 'dilation', named.dilation ?? 1);
    const outputPadding = pairArgument(operator, 'outputPadding', named.outputPadding ?? 0);
    checkPair(operator, 'stride', stride, 1);
    checkPair(operator, 'dilation', dilation, 1);
    checkPair(operator, 'outputPadding', outputPadding, 0);
    outputPadding.forEach((extra, d) => {
      if (extra >= stride[d]! && extra >= dilation[d]!) {
        fail(
          operator,
          `output padding must be smaller than either stride or dilation, but got output_padding_height: ${outputPadding[0]} output_padding_width: ${outputPadding[1]} stride_height: ${stride[0]} stride_width: ${stride[1]} dilation_height: ${dilation[0]} dilation_width: ${dilation[1]}`,
        );
      }
    });
    const [inChannels, groupChannels] = weight.shape as readonly [number, number, number, number];
    if (!Number.isInteger(groups) || groups < 1) fail(operator, 'non-positive groups is not supported');
    if (x.shape.at(-3) !== inChannels || inChannels % groups !== 0) {
      fail(
        operator,
        `Given transposed=1, weight of size ${showSizes(weight.shape)}, expected input${showSizes(x.shape)} to have ${inChannels} channels, but got ${x.shape.at(-3)} channels instead`,
      );
    }
    checkBias(operator, bias, groupChannels * groups, weight);
    return [
      x,
      weight,
      bias,
      { stride, padding: sidesOf(operator, named.padding ?? 0), outputPadding, groups, dilation },
    ];
  },
  forward: (x: Tensor, weight: Tensor, bias: Tensor | null, options: CanonicalConvTranspose2d) => {
    const operator = 'convTranspose2d';
    const compute = computeDType(x.dtype);
    const image = materialize(batched(operator, cast(x, compute)));
    const [batch, inChannels, inHeight, inWidth] = image.shape as readonly [number, number, number, number];
    const [, groupChannels, kernelHeight, kernelWidth] = weight.shape as readonly [
      number,
      number,
      number,
      number,
    ];
    const { stride, padding, dilation, groups, outputPadding } = options;
    const outChannels = groupChannels * groups;
    const [outHeight, outWidth] = [0, 1].map(
      (d) =>
        (image.shape[d + 2]! - 1) * stride[d]! -
        padding[d]![0] -
        padding[d]![1] +
        dilation[d]! * (weight.shape[d + 2]! - 1) +
        outputPadding[d]! +
        1,
    ) as [number, number];
    const shape = [batch, outChannels, outHeight, outWidth];
    if (outHeight < 1 || outWidth < 1) {
      fail(
        operator,
        `Given input size per channel: (${inHeight} x ${inWidth}). Calculated output size per channel: (${outHeight} x ${outWidth}). Output size is too small`,
      );
    }
    if (numelOf(shape) > 0 && inHeight * inWidth === 0) {
      fail(operator, 'non-empty 3D or 4D input tensor expected', undefined, showSizes(x.shape));
    }
    const output = newTensor(shape, compute);
    const geometry = {
      batch,
      inChannels,
      inHeight,
      inWidth,
      outChannels,
      outHeight,
      outWidth,
      kernel: [kernelHeight, kernelWidth],
      stride,
      padding: flatSides(padding),
      dilation,
      groups,
    } as const;
    runOn(image, weight, bias, output, geometry, engineConvTranspose2d, plainConvTranspose2d);
    return cast(unbatched(x, output), x.dtype);
  },
});

/** Convolutions as methods. */
export interface ConvolutionMethods {
  /** Convolution of sequences [N, C, L] or [C, L] with weights [out, C / groups, k]. */
  conv1d(weight: Tensor, bias?: Tensor | null | Conv1dOptions, options?: Conv1dOptions): Tensor;
  /** Convolution of images [N, C, H, W] or [C, H, W] with weights [out, C / groups, kH, kW]. */
  conv2d(weight: Tensor, bias?: Tensor | null | Conv2dOptions, options?: Conv2dOptions): Tensor;
  /**
   * Transposed convolution of images with weights [C, out / groups, kH, kW]: the gradient of `conv2d` with
   * respect to its input.
   */
  convTranspose2d(
    weight: Tensor,
    bias?: Tensor | null | ConvTranspose2dOptions,
    options?: ConvTranspose2dOptions,
  ): Tensor;
}
