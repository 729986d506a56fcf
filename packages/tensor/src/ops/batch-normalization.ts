/** Normalization of channels over a batch, with statistics that are kept for evaluation. */
import { batchNormTraining, channelAffine } from '@sconce/engine';
import {
  cast,
  denseReshape,
  fillElements,
  flatElements,
  materialize,
  newTensor,
  sliceOf,
  viewOf,
} from '../access.ts';
import { bindArguments, requireFloat } from '../arguments.ts';
import type { Derivative } from '../autograd/derivative.ts';
import { gradMode } from '../autograd/mode.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail, showSizes } from '../errors.ts';
import { elementsOf } from '../memory.ts';
import { numelOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { computeDType } from './elementwise-core.ts';
import { apply, fused, runFused } from './fused-core.ts';
import {
  channelLayout,
  denseIn,
  floatOf,
  type NormGradientParts,
  type NormLayout,
  recordedGradients,
  sharedGradients,
} from './normalization-core.ts';

type FloatElements = Float32Array | Float64Array;

/** Options of {@link batchNorm}. */
export interface BatchNormOptions {
  /** Normalize with the batch's own statistics and update the running ones. */
  readonly training?: boolean;
  /** Weight of the batch in the running statistics. */
  readonly momentum?: number;
  /** Added to the variance. */
  readonly eps?: number;
}

type BatchNormArguments = [
  x: Tensor,
  runningMean: Tensor | null,
  runningVar: Tensor | null,
  weight: Tensor | null,
  bias: Tensor | null,
  options: Required<BatchNormOptions>,
];

/**
 * Normalizes each channel (dimension 1) by mean and variance, then scales and shifts it. In training the statistics are
 * the batch's, and runningMean and runningVar are updated in place.
 * Canonical: (x, runningMean | null, runningVar | null, weight | null, bias | null, { training, momentum, eps }).
 */
export const batchNorm: (
  x: Tensor,
  runningMean: Tensor | null,
  runningVar: Tensor | null,
  weight?: Tensor | null | BatchNormOptions,
  bias?: Tensor | null | BatchNormOptions,
  options?: BatchNormOptions,
) => Tensor = defineOperator({
  name: 'batchNorm',
  normalize: (
    x: Tensor,
    runningMean: Tensor | null,
    runningVar: Tensor | null,
    ...rest: unknown[]
  ): BatchNormArguments => {
    type Named = BatchNormOptions & { weight?: Tensor | null; bias?: Tensor | null };
    const names = ['weight', 'bias', 'training', 'momentum', 'eps'] as const;
    const named = bindArguments<Named>('batchNorm', names, rest);
    const { weight = null, bias = null, training = false, momentum = 0.1, eps = 1e-5 } = named;
    checkBatchNorm('batchNorm', x, weight, bias, runningMean, runningVar, training);
    if (training && x.numel() > 0 && x.numel() === x.shape[1]) {
      fail(
        'batchNorm',
        `Expected more than 1 value per channel when training, got input size ${showSizes(x.shape)}`,
      );
    }
    return [x, runningMean, runningVar, weight, bias, { training, momentum, eps }];
  },
  composite: true,
  forward: (x, runningMean, runningVar, weight, bias, { training, momentum, eps }) => {
    if (x.numel() > 0)
      return nativeBatchNorm(x, weight, bias, runningMean, runningVar, training, momentum, eps).output;
    // Without elements there is nothing to normalize; the parameters take part in the graph all the same.
    const scaled = weight === null ? x.clone() : x.mul(weight.select(0, 0));
    return bias === null ? scaled : scaled.add(bias.select(0, 0));
  },
});

/** Arguments up to `training`. */
type Checked = NativeArguments extends [...infer Head, number, number] ? Head : never;

function checkBatchNorm(
  operator: string,
  ...[x, weight, bias, runningMean, runningVar, training]: Checked
): void {
  requireFloat(operator, x);
  if (x.numel() === 0) return;
  if (x.ndim < 2) fail(operator, 'Expected at least 2 dimensions', '[N, C, ...]', showSizes(x.shape));
  const channels = x.shape[1]!;
  const parameters = { running_mean: runningMean, running_var: runningVar, weight, bias };
  for (const [name, parameter] of Object.entries(parameters)) {
    if (parameter !== null && parameter.numel() !== channels) {
      fail(operator, `${name} should contain ${channels} elements not ${parameter.numel()}`);
    }
  }
  if (!training && (runningMean === null || runningVar === null)) {
    fail(operator, 'Expected running_mean and running_var to be defined when training=False');
  }
}

/** Results of {@link nativeBatchNorm}. */
export interface NativeBatchNormResult {
  readonly output: Tensor;
  /** The batch's mean of each channel; empty outside training. */
  readonly saveMean: Tensor;
  /** One over the batch's standard deviation of each channel; empty outside training. */
  readonly saveInvstd: Tensor;
}

type NativeArguments = [
  x: Tensor,
  weight: Tensor | null,
  bias: Tensor | null,
  runningMean: Tensor | null,
  runningVar: Tensor | null,
  training: boolean,
  momentum: number,
  eps: number,
];

function layoutFor(x: Tensor): NormLayout {
  return channelLayout(x.shape[0]!, x.shape[1]!, numelOf(x.shape.slice(2)));
}

function partsOf(
  grads: readonly (Tensor | undefined)[],
  [x, weight, , runningMean, runningVar, training, , eps]: NativeArguments,
  { saveMean, saveInvstd }: NativeBatchNormResult,
): NormGradientParts {
  const statistics = training
    ? { mean: saveMean, rstd: saveInvstd }
    : {
        mean: cast(runningMean!.detach(), computeDType(x.dtype)),
        rstd: reciprocalDeviation(runningVar!, eps),
      };
  return { grad: grads[0]!, x, weight, ...statistics, layout: layoutFor(x), fixed: !training };
}

/** 1 / sqrt(variance + eps) of each channel. */
function reciprocalDeviation(variance: Tensor, eps: number): Tensor {
  const result = newTensor(variance.shape, computeDType(variance.dtype));
  const from = readDouble(variance);
  const to = flatElements(result) as FloatElements;
  for (let c = 0; c < to.length; c++) to[c] = 1 / Math.sqrt(from[c]! + eps);
  return result;
}

function derivative(which: 'input' | 'weight' | 'bias'): Derivative<NativeArguments, NativeBatchNormResult> {
  return {
    reads: [0, 1, 3, 4, 'result.saveMean', 'result.saveInvstd'],
    of: (grads, args, result) => {
      if (grads[0] === undefined) return null;
      const parts = (): NormGradientParts => partsOf(grads, args, result);
      if (gradMode.enabled) return recordedGradients(parts(), args[7])[which];
      return sharedGradients(grads, parts)[which]();
    },
  };
}

function nativeOperator(name: string): (...args: NativeArguments) => NativeBatchNormResult {
  return defineOperator({
    name,
    normalize: (x, weight, bias, runningMean, runningVar, training, momentum, eps): NativeArguments => {
      checkBatchNorm(name, x, weight, bias, runningMean, runningVar, training);
      return [x, weight, bias, runningMean, runningVar, training, momentum, eps];
    },
    forward: normalize,
    derivatives: [
      derivative('input'),
      derivative('weight'),
      derivative('bias'),
      null,
      null,
      null,
      null,
      null,
    ],
  });
}

function normalize(
  ...[x, weight, bias, runningMean, runningVar, training, momentum, eps]: NativeArguments
): NativeBatchNormResult {
  const compute = computeDType(x.dtype);
  const input = materialize(cast(x, compute));
  const layout = layoutFor(x);
  const channels = layout.parameters;
  if (!training) {
    const output = affine(input, layout, weight, bias, runningMean!, runningVar!, eps);
    const none = (): Tensor => newTensor([0], compute);
    return { output: cast(output, x.dtype), saveMean: none(), saveInvstd: none() };
  }
  const output = newTensor(x.shape, compute);
  const [mean, variance, rstd] = [0, 1, 2].map(() => newTensor([channels], compute)) as [
    Tensor,
    Tensor,
    Tensor,
  ];
  const [w, b] = [denseIn(compute, weight), denseIn(compute, bias)];
  const { batch, inner } = layout;
  if (x.numel() === 0) {
    fillElements(mean, 0);
    fillElements(rstd, Number.NaN);
    return { output: cast(output, x.dtype), saveMean: mean, saveInvstd: rstd };
  }
  batchNormTraining({
    dtype: floatOf(input),
    x: sliceOf(input),
    y: sliceOf(output),
    mean: sliceOf(mean),
    variance: sliceOf(variance),
    ...(w && { weight: sliceOf(w) }),
    ...(b && { bias: sliceOf(b) }),
    batch,
    channels,
    inner,
    eps,
  });
  const variances = readDouble(variance);
  const scales = flatElements(rstd) as FloatElements;
  for (let c = 0; c < channels; c++) scales[c] = 1 / Math.sqrt(variances[c]! + eps);
  update(runningMean, runningVar, momentum, mean, variances, layout);
  return { output: cast(output, x.dtype), saveMean: mean, saveInvstd: rstd };
}

/** Normalizes with given statistics: one multiplication and one addition for each element. */
function affine(
  x: Tensor,
  { batch, inner, parameters: channels }: NormLayout,
  weight: Tensor | null,
  bias: Tensor | null,
  runningMean: Tensor,
  runningVar: Tensor,
  eps: number,
): Tensor {
  const output = newTensor(x.shape, x.dtype);
  const [means, variances] = [readDouble(runningMean), readDouble(runningVar)];
  const [w, b] = [weight, bias].map((own) => (own === null ? undefined : readDouble(own)));
  const [scale, shift] = [newTensor([channels], x.dtype), newTensor([channels], x.dtype)];
  const [scales, shifts] = [flatElements(scale) as FloatElements, flatElements(shift) as FloatElements];
  for (let c = 0; c < channels; c++) {
    scales[c] = (w?.[c] ?? 1) / Math.sqrt(variances[c]! + eps);
    shifts[c] = (b?.[c] ?? 0) - means[c]! * scales[c]!;
  }
  if (x.numel() === 0) return output;
  if (x.dtype === 'float32') {
    const slices = { x: sliceOf(x), scale: sliceOf(scale), shift: sliceOf(shift), y: sliceOf(output) };
    channelAffine({ ...slices, batch, channels, inner });
    return output;
  }
  const along = (own: Tensor): Tensor => viewOf(own, [channels, 1], [1, 0]);
  const dense = denseReshape(x, [batch, channels, inner]);
  return denseReshape(runFused(affineForm, [dense, along(scale), along(shift)]), x.shape);
}

const affineForm = fused('batchNorm', (x, scale, shift) => apply('fma', x, scale, shift));

function readDouble(tensor: Tensor): Float64Array {
  return Float64Array.from(flatElements(materialize(cast(tensor, 'float64'))) as Float64Array);
}

/**
 * Moves the running statistics towards the batch's, whose variances are divided by the number of elements. As in
 * PyTorch this does not count as a change of what autograd keeps.
 */
function update(
  runningMean: Tensor | null,
  runningVar: Tensor | null,
  momentum: number,
  mean: Tensor,
  variances: Float64Array,
  { batch, inner }: NormLayout,
): void {
  const count = batch * inner;
  updateRunning(runningMean, momentum, readDouble(mean));
  updateRunning(
    runningVar,
    momentum,
    variances.map((value) => (value * count) / (count - 1)),
  );
}

function updateRunning(running: Tensor | null, momentum: number, batch: Float64Array): void {
  if (running === null) return;
  const elements = elementsOf(running) as FloatElements;
  const step = running.strides[0]!;
  batch.forEach((value, c) => {
    const at = running.offset + c * step;
    elements[at] = momentum * value + (1 - momentum) * elements[at]!;
  });
}

/**
 * Batch norm with what its gradient needs. Canonical: (x, weight | null, bias | null, runningMean | null,
 * runningVar | null, training, momentum, eps).
 */
export const nativeBatchNorm: (...args: NativeArguments) => NativeBatchNormResult =
  nativeOperator('nativeBatchNorm');

const legit = nativeOperator('_nativeBatchNormLegit');

type WithoutStatistics = [
  x: Tensor,
  weight: Tensor | null,
  bias: Tensor | null,
  training: boolean,
  momentum: number,
  eps: number,
];

/** As {@link nativeBatchNorm}; the running statistics may be left out of the call. Canonical: as there. */
export const _nativeBatchNormLegit: (...args: NativeArguments | WithoutStatistics) => NativeBatchNormResult =
  (...args) => {
    const [x, weight, bias, ...rest] = args;
    if (rest.length === 5) return legit(x, weight, bias, ...rest);
    return legit(x, weight, bias, null, null, ...rest);
  };

/**
 * Batch norm in training. The last result is an empty tensor, which other devices use. Canonical: (x, weight | null,
 * bias | null, runningMean, runningVar, momentum, eps).
 */
export const _batchNormWithUpdate: (
  x: Tensor,
  weight: Tensor | null,
  bias: Tensor | null,
  runningMean: Tensor,
  runningVar: Tensor,
  momentum: number,
  eps: number,
) => NativeBatchNormResult & { readonly reserve: Tensor } = defineOperator({
  name: '_batchNormWithUpdate',
  composite: true,
  forward: (
    x: Tensor,
    weight: Tensor | null,
    bias: Tensor | null,
    runningMean: Tensor,
    runningVar: Tensor,
    momentum: number,
    eps: number,
  ) => ({
    ...nativeBatchNorm(x, weight, bias, runningMean, runningVar, true, momentum, eps),
    reserve: newTensor([0], 'uint8'),
  }),
});

type Rest<Args extends readonly unknown[]> = Args extends [Tensor, ...infer Others] ? Others : never;

/** Batch normalization as methods. */
export interface BatchNormalizationMethods {
  /**
   * Normalizes each channel (dimension 1) by mean and variance, then scales and shifts it. In training the
   * statistics are the batch's, and runningMean and runningVar are updated in place.
   */
  batchNorm(
    runningMean: Tensor | null,
    runningVar: Tensor | null,
    weight?: Tensor | null | BatchNormOptions,
    bias?: Tensor | null | BatchNormOptions,
    options?: BatchNormOptions,
  ): Tensor;
  /** Batch norm with what its gradient needs. */
  nativeBatchNorm(...args: Rest<NativeArguments>): NativeBatchNormResult;
  /** As `nativeBatchNorm`; the running statistics may be left out. */
  _nativeBatchNormLegit(...args: Rest<NativeArguments> | Rest<WithoutStatistics>): NativeBatchNormResult;
  /** Batch norm in training. */
  _batchNormWithUpdate(
    weight: Tensor | null,
    bias: Tensor | null,
    runningMean: Tensor,
    runningVar: Tensor,
    momentum: number,
    eps: number,
  ): NativeBatchNormResult & { readonly reserve: Tensor };
}
