/** Normalization over batches, layers and groups. */
import {
  batchNormTraining,
  channelAffine,
  groupNorm as engineGroupNorm,
  layerNorm as engineLayerNorm,
  type Slice,
} from '@sconce/engine';
import { cast, flatElements, materialize, newTensor, sliceOf } from '../access.ts';
import { bindArguments, requireFloat } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import type { DType } from '../dtype.ts';
import { fail, showSizes } from '../errors.ts';
import { elementsOf } from '../memory.ts';
import { numelOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { computeDType } from './elementwise-core.ts';
import { moments } from './reduction-core.ts';

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
/** Options of {@link layerNorm} and {@link groupNorm}. */
export interface NormOptions {
  readonly eps?: number;
}
/** Dense elements of an optional parameter in the dtype that is computed in. */
function parameterElements(parameter: Tensor | null, compute: DType): () => FloatElements | undefined {
  if (parameter === null) return () => undefined;
  const dense = materialize(cast(parameter, compute));
  return () => flatElements(dense) as FloatElements;
}

/** Weight and bias as the engine takes them: dense float32. */
function parameterSlices(weight: Tensor | null, bias: Tensor | null): { weight?: Slice; bias?: Slice } {
  const slice = (parameter: Tensor): Slice => sliceOf(materialize(cast(parameter, 'float32')));
  return { ...(weight && { weight: slice(weight) }), ...(bias && { bias: slice(bias) }) };
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
    requireFloat('batchNorm', x);
    if (x.ndim < 2) fail('batchNorm', 'Expected at least 2 dimensions', '[N, C, ...]', showSizes(x.shape));
    const channels = x.shape[1]!;
    const parameters = { running_mean: runningMean, running_var: runningVar, weight, bias };
    for (const [name, parameter] of Object.entries(parameters)) {
      if (parameter !== null && parameter.numel() !== channels) {
        fail('batchNorm', `${name} should contain ${channels} elements not ${parameter.numel()}`);
      }
    }
    if (!training && (runningMean === null || runningVar === null)) {
      fail('batchNorm', 'Expected running_mean and running_var to be defined when training=False');
    }
    if (training && x.numel() === channels) {
      fail(
        'batchNorm',
        `Expected more than 1 value per channel when training, got input size ${showSizes(x.shape)}`,
      );
    }
    return [x, runningMean, runningVar, weight, bias, { training, momentum, eps }];
  },
  forward: (x, runningMean, runningVar, weight, bias, { training, momentum, eps }) => {
    const compute = computeDType(x.dtype);
    const input = materialize(cast(x, compute));
    const [batch, channels] = x.shape as readonly [number, number];
    const inner = numelOf(x.shape.slice(2));
    const output = newTensor(x.shape, compute);
    if (x.numel() === 0) return cast(output, x.dtype);
    if (training && compute === 'float32') {
      const [mean, variance] = [newTensor([channels], compute), newTensor([channels], compute)];
      const slices = {
        x: sliceOf(input),
        y: sliceOf(output),
        mean: sliceOf(mean),
        variance: sliceOf(variance),
      };
      batchNormTraining({ ...slices, ...parameterSlices(weight, bias), batch, channels, inner, eps });
      updateStatistics(
        [runningMean, runningVar],
        momentum,
        [readDouble(mean), readDouble(variance)],
        batch * inner,
      );
      return cast(output, x.dtype);
    }
    const means = training ? new Float64Array(channels) : readDouble(runningMean!);
    const variances = training ? new Float64Array(channels) : readDouble(runningVar!);
    if (training) {
      const count = batch * inner;
      const from = flatElements(input) as FloatElements;
      for (let c = 0; c < channels; c++) {
        const { mean, squares } = channelMoments(from, c, batch, channels, inner);
        means[c] = mean;
        variances[c] = squares / count;
      }
      updateStatistics([runningMean, runningVar], momentum, [means, variances], count);
    }
    const scale = newTensor([channels], compute);
    const shift = newTensor([channels], compute);
    const weights = parameterElements(weight, compute);
    const biases = parameterElements(bias, compute);
    const scales = flatElements(scale) as FloatElements;
    const shifts = flatElements(shift) as FloatElements;
    const [w, b] = [weights(), biases()];
    for (let c = 0; c < channels; c++) {
      scales[c] = (w?.[c] ?? 1) / Math.sqrt(variances[c]! + eps);
      shifts[c] = (b?.[c] ?? 0) - means[c]! * scales[c]!;
    }
    if (compute === 'float32') {
      const slices = { x: sliceOf(input), scale: sliceOf(scale), shift: sliceOf(shift), y: sliceOf(output) };
      channelAffine({ ...slices, batch, channels, inner });
    } else {
      const from = flatElements(input) as FloatElements;
      const to = flatElements(output) as FloatElements;
      for (let i = 0; i < to.length; i++) {
        const c = Math.floor(i / inner) % channels;
        to[i] = from[i]! * scales[c]! + shifts[c]!;
      }
    }
    return cast(output, x.dtype);
  },
});

/** Moves the running statistics towards the batch's, whose variances are divided by the number of elements. */
function updateStatistics(
  [runningMean, runningVar]: readonly [Tensor | null, Tensor | null],
  momentum: number,
  [means, variances]: readonly [Float64Array, Float64Array],
  count: number,
): void {
  updateRunning(runningMean, momentum, means);
  updateRunning(
    runningVar,
    momentum,
    variances.map((value) => (value * count) / (count - 1)),
  );
}

function readDouble(tensor: Tensor): Float64Array {
  return (flatElements(materialize(cast(tensor, 'float64'))) as Float64Array).slice();
}

function channelMoments(
  from: FloatElements,
  channel: number,
  batch: number,
  channels: number,
  inner: number,
): { mean: number; squares: number } {
  const each = (visit: (value: number) => void): void => {
    for (let n = 0; n < batch; n++) {
      const base = (n * channels + channel) * inner;
      for (let i = 0; i < inner; i++) visit(from[base + i]!);
    }
  };
  let total = 0;
  each((value) => {
    total += value;
  });
  const mean = total / (batch * inner);
  let squares = 0;
  each((value) => {
    squares += (value - mean) ** 2;
  });
  return { mean, squares };
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
 * Normalizes over the last dimensions, whose sizes are `normalizedShape`, then scales and shifts elementwise.
 * Canonical: (x, normalizedShape, weight | null, bias | null, { eps }).
 */
export const layerNorm: (
  x: Tensor,
  normalizedShape: readonly number[],
  weight?: Tensor | null | NormOptions,
  bias?: Tensor | null,
  options?: NormOptions,
) => Tensor = defineOperator({
  name: 'layerNorm',
  normalize: (
    x: Tensor,
    normalizedShape: readonly number[],
    ...rest: unknown[]
  ): [Tensor, readonly number[], Tensor | null, Tensor | null, Required<NormOptions>] => {
    type Named = NormOptions & { weight?: Tensor | null; bias?: Tensor | null };
    const named = bindArguments<Named>('layerNorm', ['weight', 'bias', 'eps'], rest);
    const { weight = null, bias = null, eps = 1e-5 } = named;
    requireFloat('layerNorm', x);
    const tail = x.shape.slice(x.ndim - normalizedShape.length);
    if (
      normalizedShape.length === 0 ||
      tail.join() !== normalizedShape.join() ||
      normalizedShape.length > x.ndim
    ) {
      fail(
        'layerNorm',
        `Given normalized_shape=${showSizes(normalizedShape)}, expected input with shape [*, ${normalizedShape.join(', ')}], but got input of size${showSizes(x.shape)}`,
      );
    }
    for (const [name, parameter] of [
      ['weight', weight],
      ['bias', bias],
    ] as const) {
      if (parameter !== null && parameter.shape.join() !== normalizedShape.join()) {
        fail(
          'layerNorm',
          `Expected ${name} to be of same shape as normalized_shape, but got ${name} of shape ${showSizes(parameter.shape)} and normalized_shape = ${showSizes(normalizedShape)}`,
        );
      }
    }
    return [x, normalizedShape, weight, bias, { eps }];
  },
  forward: (x, normalizedShape, weight, bias, { eps }) => {
    const size = numelOf(normalizedShape);
    if (computeDType(x.dtype) === 'float32') {
      return normalizeOnEngine(x, (slices) => {
        engineLayerNorm({ ...slices, ...parameterSlices(weight, bias), outer: x.numel() / size, size, eps });
      });
    }
    return normalizeLines(x, size, eps, weight, bias, (_, k) => k);
  },
});

/**
 * Normalizes the channels (dimension 1) of each sample in groups, then scales and shifts each channel.
 * Canonical: (x, numGroups, weight | null, bias | null, { eps }).
 */
export const groupNorm: (
  x: Tensor,
  numGroups: number,
  weight?: Tensor | null | NormOptions,
  bias?: Tensor | null,
  options?: NormOptions,
) => Tensor = defineOperator({
  name: 'groupNorm',
  normalize: (
    x: Tensor,
    numGroups: number,
    ...rest: unknown[]
  ): [Tensor, number, Tensor | null, Tensor | null, Required<NormOptions>] => {
    type Named = NormOptions & { weight?: Tensor | null; bias?: Tensor | null };
    const named = bindArguments<Named>('groupNorm', ['weight', 'bias', 'eps'], rest);
    const { weight = null, bias = null, eps = 1e-5 } = named;
    requireFloat('groupNorm', x);
    if (x.ndim < 2)
      fail('groupNorm', 'Expected at least 2 dimensions for input tensor', '[N, C, ...]', showSizes(x.shape));
    const channels = x.shape[1]!;
    if (!Number.isInteger(numGroups) || numGroups < 1 || channels % numGroups !== 0) {
      fail(
        'groupNorm',
        `Expected number of channels in input to be divisible by num_groups, but got input of shape ${showSizes(x.shape)} and num_groups=${numGroups}`,
      );
    }
    for (const [name, parameter] of [
      ['weight', weight],
      ['bias', bias],
    ] as const) {
      if (parameter !== null && (parameter.ndim !== 1 || parameter.shape[0] !== channels)) {
        fail(
          'groupNorm',
          `Expected ${name} to be a vector of size equal to the number of channels in input, but got ${name} of shape ${showSizes(parameter.shape)} and input of shape ${showSizes(x.shape)}`,
        );
      }
    }
    return [x, numGroups, weight, bias, { eps }];
  },
  forward: (x, numGroups, weight, bias, { eps }) => {
    const inner = numelOf(x.shape.slice(2));
    if (computeDType(x.dtype) === 'float32') {
      return normalizeOnEngine(x, (slices) => {
        const [batch, channels] = x.shape as readonly [number, number];
        const shape = { batch, channels, inner, groups: numGroups };
        engineGroupNorm({ ...slices, ...parameterSlices(weight, bias), ...shape, eps });
      });
    }
    const groupChannels = x.shape[1]! / numGroups;
    const size = groupChannels * inner;
    return normalizeLines(
      x,
      size,
      eps,
      weight,
      bias,
      (line, k) => (line % numGroups) * groupChannels + Math.floor(k / inner),
    );
  },
});

/** Has the engine normalize a tensor, in float32; a tensor without elements stays as it is. */
function normalizeOnEngine(x: Tensor, normalize: (slices: { x: Slice; y: Slice }) => void): Tensor {
  const input = materialize(cast(x, 'float32'));
  const output = newTensor(x.shape, 'float32');
  if (x.numel() > 0) normalize({ x: sliceOf(input), y: sliceOf(output) });
  return cast(output, x.dtype);
}

/** Normalizes runs of `size` elements; `parameterAt` says which weight and bias an element has. */
function normalizeLines(
  x: Tensor,
  size: number,
  eps: number,
  weight: Tensor | null,
  bias: Tensor | null,
  parameterAt: (line: number, k: number) => number,
): Tensor {
  const compute = computeDType(x.dtype);
  const input = materialize(cast(x, compute));
  const output = newTensor(x.shape, compute);
  const weights = parameterElements(weight, compute);
  const biases = parameterElements(bias, compute);
  const from = flatElements(input) as FloatElements;
  const to = flatElements(output) as FloatElements;
  const [w, b] = [weights(), biases()];
  for (let line = 0; line * size < to.length; line++) {
    const base = line * size;
    const { mean, squares } = moments(from, base, size, 1);
    const scale = 1 / Math.sqrt(squares / size + eps);
    for (let k = 0; k < size; k++) {
      const at = parameterAt(line, k);
      to[base + k] = (from[base + k]! - mean) * scale * (w?.[at] ?? 1) + (b?.[at] ?? 0);
    }
  }
  return cast(output, x.dtype);
}

/** Normalization as methods. */
export interface NormalizationMethods {
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
  /**
   * Normalizes over the last dimensions, whose sizes are `normalizedShape`, then scales and shifts
   * elementwise.
   */
  layerNorm(
    normalizedShape: readonly number[],
    weight?: Tensor | null | NormOptions,
    bias?: Tensor | null,
    options?: NormOptions,
  ): Tensor;
  /** Normalizes the channels (dimension 1) of each sample in groups, then scales and shifts each channel. */
  groupNorm(
    numGroups: number,
    weight?: Tensor | null | NormOptions,
    bias?: Tensor | null,
    options?: NormOptions,
  ): Tensor;
}
