/** Normalization over layers and groups, and by the root mean square. */
import {
  groupNorm as engineGroupNorm,
  layerNorm as engineLayerNorm,
  rmsNorm as engineRmsNorm,
  type Slice,
} from '@sconce/engine';
import { cast, denseReshape, fillElements, newTensor, sliceOf } from '../access.ts';
import { bindArguments, requireFloat } from '../arguments.ts';
import type { ArgumentGrad, Derivative } from '../autograd/derivative.ts';
import { gradMode } from '../autograd/mode.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail, showSizes } from '../errors.ts';
import { numelOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { computeDType } from './elementwise-core.ts';
import {
  denseIn,
  floatOf,
  groupLayout,
  type Normalized,
  type NormGradientParts,
  type NormLayout,
  recordedGradients,
  rowLayout,
  sharedGradients,
} from './normalization-core.ts';

/** Options of {@link layerNorm} and {@link groupNorm}. */
export interface NormOptions {
  readonly eps?: number;
}

/** Refuses rows that do not end in the normalized shape, and parameters of another one. */
function checkRows(
  operator: string,
  x: Tensor,
  normalizedShape: readonly number[],
  parameters: Readonly<Record<string, Tensor | null>>,
): void {
  requireFloat(operator, x);
  if (normalizedShape.length === 0) {
    fail(
      operator,
      'Expected normalized_shape to be at least 1-dimensional, i.e., containing at least one element, but got normalized_shape = []',
    );
  }
  for (const [name, parameter] of Object.entries(parameters)) {
    if (parameter !== null && parameter.shape.join() !== normalizedShape.join()) {
      fail(
        operator,
        `Expected ${name} to be of same shape as normalized_shape, but got ${name} of shape ${showSizes(parameter.shape)} and normalized_shape = ${showSizes(normalizedShape)}`,
      );
    }
  }
  const tail = x.shape.slice(x.ndim - normalizedShape.length);
  if (tail.join() !== normalizedShape.join() || normalizedShape.length > x.ndim) {
    fail(
      operator,
      `Given normalized_shape=${showSizes(normalizedShape)}, expected input with shape [*, ${normalizedShape.join(', ')}], but got input of size${showSizes(x.shape)}`,
    );
  }
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
    checkRows('layerNorm', x, normalizedShape, { weight, bias });
    return [x, normalizedShape, weight, bias, { eps }];
  },
  composite: true,
  forward: (x, normalizedShape, weight, bias, { eps }) =>
    nativeLayerNorm(x, normalizedShape, weight, bias, eps).output,
});

/** A normalization's result with what its gradient needs. */
export interface NativeNormResult {
  readonly output: Tensor;
  /** Each group's mean. */
  readonly mean: Tensor;
  /** One over each group's standard deviation. */
  readonly rstd: Tensor;
}

type Kernel = (operands: {
  dtype: 'float32' | 'float64';
  x: Slice;
  y: Slice;
  mean: Slice;
  rstd: Slice;
  weight?: Slice;
  bias?: Slice;
}) => void;

/** Has a kernel of the engine normalize. */
function runNorm(
  x: Tensor,
  layout: NormLayout,
  weight: Tensor | null,
  bias: Tensor | null,
  kernel: Kernel,
): Normalized {
  const compute = computeDType(x.dtype);
  const dense = denseIn(compute, x)!;
  const [w, b] = [denseIn(compute, weight), denseIn(compute, bias)];
  const output = newTensor(x.shape, compute);
  const [mean, rstd] = [newTensor([layout.groups], compute), newTensor([layout.groups], compute)];
  if (x.numel() === 0) {
    // The mean of nothing.
    fillElements(mean, 0);
    fillElements(rstd, Number.NaN);
    return { output: cast(output, x.dtype), mean, rstd };
  }
  kernel({
    dtype: floatOf(dense),
    x: sliceOf(dense),
    y: sliceOf(output),
    mean: sliceOf(mean),
    rstd: sliceOf(rstd),
    ...(w && { weight: sliceOf(w) }),
    ...(b && { bias: sliceOf(b) }),
  });
  return { output: cast(output, x.dtype), mean, rstd };
}

/** Finds one gradient: in few passes where nothing is recorded, else with operators. */
function gradientOf(
  which: 'input' | 'weight' | 'bias',
  grads: readonly (Tensor | undefined)[],
  eps: number,
  parts: () => NormGradientParts,
): Tensor {
  if (gradMode.enabled) return recordedGradients(parts(), eps)[which];
  return sharedGradients(grads, parts)[which]();
}

type LayerNormArguments = [
  x: Tensor,
  normalizedShape: readonly number[],
  weight: Tensor | null,
  bias: Tensor | null,
  eps: number,
];

function rowsOf(x: Tensor, normalizedShape: readonly number[], centred: boolean): NormLayout {
  const size = numelOf(normalizedShape);
  return rowLayout(numelOf(x.shape.slice(0, x.ndim - normalizedShape.length)), size, centred);
}

function layerNormDerivative(
  which: 'input' | 'weight' | 'bias',
): Derivative<LayerNormArguments, NativeNormResult> {
  return {
    reads: [0, 2, 'result.mean', 'result.rstd'],
    of: (grads, [x, normalizedShape, weight, , eps], { mean, rstd }): ArgumentGrad => {
      const [grad] = grads;
      if (grad === undefined) return null;
      const layout = rowsOf(x, normalizedShape, true);
      const found = gradientOf(which, grads, eps, () => ({ grad, x, weight, mean, rstd, layout }));
      return which === 'input' ? found : found.reshape(normalizedShape);
    },
  };
}

/** {@link layerNorm} with mean and rstd. Canonical: (x, normalizedShape, weight | null, bias | null, eps). */
export const nativeLayerNorm: (...args: LayerNormArguments) => NativeNormResult = defineOperator({
  name: 'nativeLayerNorm',
  normalize: (x, normalizedShape, weight, bias, eps): LayerNormArguments => {
    checkRows('nativeLayerNorm', x, normalizedShape, { weight, bias });
    return [x, normalizedShape, weight, bias, eps];
  },
  forward: (x, normalizedShape, weight, bias, eps) => {
    const layout = rowsOf(x, normalizedShape, true);
    const size = layout.parameters;
    const { output, mean, rstd } = runNorm(x, layout, weight, bias, (slices) =>
      engineLayerNorm({ ...slices, outer: layout.groups, size, eps }),
    );
    const shape = x.shape.map((own, d) => (d < x.ndim - normalizedShape.length ? own : 1));
    return { output, mean: denseReshape(mean, shape), rstd: denseReshape(rstd, shape) };
  },
  derivatives: [
    layerNormDerivative('input'),
    null,
    layerNormDerivative('weight'),
    layerNormDerivative('bias'),
    null,
  ],
});

/** Options of {@link rmsNorm}. */
export interface RmsNormOptions {
  /** Added to the mean square; the dtype's own precision if null or left out. */
  readonly eps?: number | null;
}

/**
 * Divides by the root of the mean square over the last dimensions, whose sizes are `normalizedShape`, then scales
 * elementwise. Canonical: (x, normalizedShape, weight | null, { eps }).
 */
export const rmsNorm: (
  x: Tensor,
  normalizedShape: readonly number[],
  weight?: Tensor | null | RmsNormOptions,
  eps?: number | null | RmsNormOptions,
) => Tensor = defineOperator({
  name: 'rmsNorm',
  normalize: (
    x: Tensor,
    normalizedShape: readonly number[],
    ...rest: unknown[]
  ): [Tensor, readonly number[], Tensor | null, { eps: number }] => {
    type Named = RmsNormOptions & { weight?: Tensor | null };
    const { weight = null, eps = null } = bindArguments<Named>('rmsNorm', ['weight', 'eps'], rest);
    checkRows('rmsNorm', x, normalizedShape, { weight });
    const precision = { float64: 2 ** -52, float32: 2 ** -23, float16: 2 ** -10, bfloat16: 2 ** -7 };
    return [x, normalizedShape, weight, { eps: eps ?? precision[x.dtype as keyof typeof precision] }];
  },
  composite: true,
  forward: (x, normalizedShape, weight, { eps }) => _fusedRmsNorm(x, normalizedShape, weight, eps).output,
});

type RmsNormArguments = [x: Tensor, normalizedShape: readonly number[], weight: Tensor | null, eps: number];
type RmsNormResult = Omit<NativeNormResult, 'mean'>;

function rmsNormDerivative(which: 'input' | 'weight'): Derivative<RmsNormArguments, RmsNormResult> {
  return {
    reads: [0, 2, 'result.rstd'],
    of: (grads, [x, normalizedShape, weight, eps], { rstd }): ArgumentGrad => {
      const [grad] = grads;
      if (grad === undefined) return null;
      const layout = rowsOf(x, normalizedShape, false);
      const found = gradientOf(which, grads, eps, () => ({
        grad,
        x,
        weight,
        mean: undefined,
        rstd,
        layout,
      }));
      return which === 'input' ? found : found.reshape(normalizedShape);
    },
  };
}

/** {@link rmsNorm} with what its gradient needs. Canonical: (x, normalizedShape, weight | null, eps). */
export const _fusedRmsNorm: (...args: RmsNormArguments) => RmsNormResult = defineOperator({
  name: '_fusedRmsNorm',
  forward: (
    x: Tensor,
    normalizedShape: readonly number[],
    weight: Tensor | null,
    eps: number,
  ): RmsNormResult => {
    const layout = rowsOf(x, normalizedShape, false);
    const { output, rstd } = runNorm(x, layout, weight, null, ({ mean: _mean, bias: _bias, ...slices }) =>
      engineRmsNorm({ ...slices, outer: layout.groups, size: layout.parameters, eps }),
    );
    const shape = x.shape.map((own, d) => (d < x.ndim - normalizedShape.length ? own : 1));
    return { output, rstd: denseReshape(rstd, shape) };
  },
  derivatives: [rmsNormDerivative('input'), null, rmsNormDerivative('weight'), null],
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
      fail('groupNorm', `Expected at least 2 dimensions for input tensor but received ${x.ndim}`);
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
  composite: true,
  forward: (x, numGroups, weight, bias, { eps }) => {
    const [batch, channels] = x.shape as readonly [number, number];
    const inner = numelOf(x.shape.slice(2));
    return nativeGroupNorm(x, weight, bias, batch, channels, inner, numGroups, eps).output;
  },
});

type GroupNormArguments = [
  x: Tensor,
  weight: Tensor | null,
  bias: Tensor | null,
  batch: number,
  channels: number,
  inner: number,
  groups: number,
  eps: number,
];

function groupNormDerivative(
  which: 'input' | 'weight' | 'bias',
): Derivative<GroupNormArguments, NativeNormResult> {
  return {
    reads: [0, 1, 'result.mean', 'result.rstd'],
    of: (grads, [x, weight, , batch, channels, inner, groups, eps], { mean, rstd }): ArgumentGrad => {
      const [given, meanGrad, rstdGrad] = grads;
      const layout = groupLayout(batch, channels, inner, groups);
      const grad = given ?? x.newZeros(x.shape);
      const parts = { grad, x, weight, mean, rstd, layout };
      if (meanGrad === undefined && rstdGrad === undefined) return gradientOf(which, grads, eps, () => parts);
      const statisticGrads = { mean: meanGrad, rstd: rstdGrad };
      return recordedGradients({ ...parts, statisticGrads }, eps)[which];
    },
  };
}

/**
 * {@link groupNorm} with mean and rstd. Canonical: (x, weight | null, bias | null, batch, channels, inner, groups,
 * eps), where x has batch * channels * inner elements.
 */
export const nativeGroupNorm: (...args: GroupNormArguments) => NativeNormResult = defineOperator({
  name: 'nativeGroupNorm',
  normalize: (x, ...rest): GroupNormArguments => {
    requireFloat('nativeGroupNorm', x);
    return [x, ...rest];
  },
  forward: (x, weight, bias, batch, channels, inner, groups, eps) => {
    const layout = groupLayout(batch, channels, inner, groups);
    const { output, mean, rstd } = runNorm(x, layout, weight, bias, (slices) =>
      engineGroupNorm({ ...slices, batch, channels, inner, groups, eps }),
    );
    const shape = [batch, groups];
    return { output, mean: denseReshape(mean, shape), rstd: denseReshape(rstd, shape) };
  },
  derivatives: [
    groupNormDerivative('input'),
    groupNormDerivative('weight'),
    groupNormDerivative('bias'),
    null,
    null,
    null,
    null,
    null,
  ],
});

type Rest<Args extends readonly unknown[]> = Args extends [Tensor, ...infer Others] ? Others : never;

/** Normalization as methods. */
export interface NormalizationMethods {
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
  /** `layerNorm` with mean and rstd. */
  nativeLayerNorm(...args: Rest<LayerNormArguments>): NativeNormResult;
  /** Normalizes the channels (dimension 1) of each sample in groups, then scales and shifts each channel. */
  groupNorm(
    numGroups: number,
    weight?: Tensor | null | NormOptions,
    bias?: Tensor | null,
    options?: NormOptions,
  ): Tensor;
  /** `groupNorm` with mean and rstd. */
  nativeGroupNorm(...args: Rest<GroupNormArguments>): NativeNormResult;
  /** Divides by the root of the mean square over the last dimensions, then scales elementwise. */
  rmsNorm(
    normalizedShape: readonly number[],
    weight?: Tensor | null | RmsNormOptions,
    eps?: number | null | RmsNormOptions,
  ): Tensor;
  /** `rmsNorm` with what its gradient needs. */
  _fusedRmsNorm(...args: Rest<RmsNormArguments>): RmsNormResult;
}
