/**
 * What all normalizations have in common: elements in groups that share a mean and a deviation, with weights that other
 * groups of elements share. Layer, group, batch and RMS norm differ in these groups only.
 */
import { batchNormBackward, groupNormBackward, layerNormBackward, rmsNormBackward } from '@sconce/engine';
import { cast, fillElements, materialize, newTensor, sliceOf } from '../access.ts';
import type { DType } from '../dtype.ts';
import { numelOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { computeDType } from './elementwise-core.ts';

/** How the elements of a tensor are grouped. */
export interface NormLayout {
  /** What is normalized: rows, groups of channels of each sample, or channels over the batch. */
  readonly kind: 'rows' | 'groups' | 'channels';
  /** The tensor's shape as [batch, ..., inner], with a dimension for each that strides below tell apart. */
  readonly shape: readonly number[];
  /** Strides of mean and deviation under `shape`; 0 where neighbours share them. */
  readonly group: readonly number[];
  /** Strides of weight and bias under `shape`. */
  readonly parameter: readonly number[];
  /** Number of groups, and of weights. */
  readonly groups: number;
  readonly parameters: number;
  /** The tensor as [batch, parameters, inner]. */
  readonly batch: number;
  readonly inner: number;
  /** Whether the mean is subtracted. */
  readonly centred: boolean;
}

/** Rows of `size` elements, each normalized, with a weight for each place in a row. */
export function rowLayout(rows: number, size: number, centred: boolean): NormLayout {
  return {
    kind: 'rows',
    shape: [rows, size],
    group: [1, 0],
    parameter: [0, 1],
    groups: rows,
    parameters: size,
    batch: rows,
    inner: 1,
    centred,
  };
}

/** [batch, channels, inner], normalized by groups of channels, with a weight for each channel. */
export function groupLayout(batch: number, channels: number, inner: number, groups: number): NormLayout {
  const size = groups === 0 ? 0 : channels / groups;
  return {
    kind: 'groups',
    shape: [batch, groups, size, inner],
    group: [groups, 1, 0, 0],
    parameter: [0, size, 1, 0],
    groups: batch * groups,
    parameters: channels,
    batch,
    inner,
    centred: true,
  };
}

/** [batch, channels, inner], normalized by channels over the whole batch. */
export function channelLayout(batch: number, channels: number, inner: number): NormLayout {
  return {
    kind: 'channels',
    shape: [batch, channels, inner],
    group: [0, 1, 0],
    parameter: [0, 1, 0],
    groups: channels,
    parameters: channels,
    batch,
    inner,
    centred: true,
  };
}

/** A normalization's result, dense, in the dtype it is computed in; mean and rstd have one element for each group. */
export interface Normalized {
  readonly output: Tensor;
  readonly mean: Tensor;
  /** 1 / sqrt(variance + eps). */
  readonly rstd: Tensor;
}

/** Dense tensor in the dtype that is computed in, or nothing. */
export function denseIn(compute: DType, tensor: Tensor | null): Tensor | undefined {
  return tensor === null ? undefined : materialize(cast(tensor, compute));
}

/** What the gradients of a normalization are made of. */
export interface NormGradientParts {
  readonly grad: Tensor;
  readonly x: Tensor;
  readonly weight: Tensor | null;
  readonly mean: Tensor | undefined;
  readonly rstd: Tensor;
  readonly layout: NormLayout;
  /** Mean and deviation are given numbers, not the input's own: no gradient flows through them. */
  readonly fixed?: boolean;
  /** Gradients of mean and rstd, where these are results of their own; for {@link recordedGradients} only. */
  readonly statisticGrads?: { readonly mean: Tensor | undefined; readonly rstd: Tensor | undefined };
}

/** The gradients of one normalization. Those that a training step asks for together are computed together. */
export class NormGradients {
  readonly #layout: NormLayout;
  readonly #fixed: boolean;
  readonly #grad: Tensor;
  readonly #x: Tensor;
  readonly #weight: Tensor | undefined;
  readonly #mean: Tensor | undefined;
  readonly #rstd: Tensor;
  #weightGrad: Tensor | undefined;
  #biasGrad: Tensor | undefined;

  constructor({ grad, x, weight, mean, rstd, layout, fixed = false }: NormGradientParts) {
    const compute = computeDType(x.dtype);
    this.#layout = layout;
    this.#fixed = fixed;
    this.#grad = denseIn(compute, grad)!;
    this.#x = denseIn(compute, x)!;
    this.#weight = denseIn(compute, weight);
    this.#mean = mean === undefined ? undefined : denseIn(compute, mean);
    this.#rstd = denseIn(compute, rstd)!;
  }

  /** The gradient of the weight, one element for each parameter. */
  weight(): Tensor {
    if (this.#weightGrad === undefined) this.#run(undefined, true);
    return this.#weightGrad!;
  }

  /** The gradient of the bias. */
  bias(): Tensor {
    if (this.#biasGrad === undefined) this.#run(undefined, this.#weight !== undefined);
    return this.#biasGrad!;
  }

  /** The gradient of the input. */
  input(): Tensor {
    const output = newTensor(this.#x.shape, this.#x.dtype);
    this.#run(output, this.#weight !== undefined);
    return output;
  }

  /** Computes the gradient of the input where there is an `output` for it, and those of weight and bias with `parameters`. */
  #run(output: Tensor | undefined, parameters: boolean): void {
    const { batch, parameters: count, centred, kind, groups } = this.#layout;
    const [x, weight] = [this.#x, this.#weight];
    const fresh = (): Tensor => newTensor([count], x.dtype);
    const dweight = parameters ? fresh() : undefined;
    const dbias = centred && (parameters || output === undefined) ? fresh() : undefined;
    if (dweight !== undefined) this.#weightGrad = dweight;
    if (dbias !== undefined) this.#biasGrad = dbias;
    if (x.numel() === 0) {
      for (const sum of [dweight, dbias]) if (sum !== undefined) fillElements(sum, 0);
      return;
    }
    const operands = {
      dtype: floatOf(x),
      dy: sliceOf(this.#grad),
      x: sliceOf(x),
      rstd: sliceOf(this.#rstd),
      ...(weight && { weight: sliceOf(weight) }),
      ...(output && { dx: sliceOf(output) }),
      ...(dweight && { dweight: sliceOf(dweight) }),
    };
    if (this.#mean === undefined) {
      rmsNormBackward({ ...operands, outer: batch, size: count });
      return;
    }
    const centredOperands = {
      ...operands,
      mean: sliceOf(this.#mean),
      ...(dbias && { dbias: sliceOf(dbias) }),
    };
    if (kind === 'rows') {
      layerNormBackward({ ...centredOperands, outer: batch, size: count });
      return;
    }
    const shape = { batch, channels: count, inner: this.#layout.inner };
    if (kind === 'groups') groupNormBackward({ ...centredOperands, ...shape, groups: groups / batch });
    else batchNormBackward({ ...centredOperands, ...shape, fixed: this.#fixed });
  }
}

/** The engine's type of a tensor that is computed in. */
export function floatOf(x: Tensor): 'float32' | 'float64' {
  return x.dtype === 'float64' ? 'float64' : 'float32';
}

/**
 * The gradients with operators that have gradients themselves: of input, weight and bias, the last two flat. The
 * statistics are computed anew, so that the gradients of these gradients pass through them.
 */
export function recordedGradients(
  parts: NormGradientParts,
  eps: number,
): { input: Tensor; weight: Tensor; bias: Tensor } {
  const { grad, x, weight, layout, fixed, statisticGrads } = parts;
  const { shape, group, parameter: along } = layout;
  const under = (strides: readonly number[]): number[] =>
    shape.map((size, d) => (strides[d] === 0 ? 1 : size));
  const over = (strides: readonly number[]): number[] =>
    shape.flatMap((_, d) => (strides[d] === 0 ? [d] : []));
  const [g, own] = [grad.reshape(shape), x.reshape(shape)];
  const within = over(group);
  const scaled = weight === null ? g : g.mul(weight.reshape(under(along)));
  let normal: Tensor;
  let result: Tensor;
  if (fixed) {
    const rstd = parts.rstd.reshape(under(group));
    normal = own.sub(parts.mean!.reshape(under(group))).mul(rstd);
    result = scaled.mul(rstd);
  } else {
    const deviation = layout.centred ? own.sub(own.mean(within, true)) : own;
    const rstd = deviation.mul(deviation).mean(within, true).add(eps).rsqrt();
    normal = deviation.mul(rstd);
    const projection = normal.mul(scaled.mul(normal).mean(within, true));
    const rest = layout.centred ? scaled.sub(scaled.mean(within, true)) : scaled;
    result = rest.sub(projection).mul(rstd);
    const count = numelOf(shape) / layout.groups;
    if (statisticGrads?.mean !== undefined) {
      result = result.add(statisticGrads.mean.reshape(under(group)).div(count));
    }
    if (statisticGrads?.rstd !== undefined) {
      const cubed = rstd.mul(rstd).mul(normal);
      result = result.sub(statisticGrads.rstd.reshape(under(group)).mul(cubed).div(count));
    }
  }
  const flat = (product: Tensor): Tensor => product.sum(over(along)).reshape([layout.parameters]);
  return { input: result.reshape(x.shape), weight: flat(g.mul(normal)), bias: flat(g) };
}

const shared = new WeakMap<object, NormGradients>();

/** The gradients for one pass backwards, which hands the same list of gradients to the derivative of each argument. */
export function sharedGradients(grads: object, parts: () => NormGradientParts): NormGradients {
  let own = shared.get(grads);
  if (own === undefined) {
    own = new NormGradients(parts());
    shared.set(grads, own);
  }
  return own;
}
