/** The negative log likelihood of classes, and its gradient. */
import { crossEntropyBackward } from '@sconce/engine';
import { cast, flatElements, materialize, newTensor, sliceOf } from '../access.ts';
import { bindArguments, checkTensor, requireFloat } from '../arguments.ts';
import { gradMode } from '../autograd/mode.ts';
import { defineOperator } from '../dispatcher.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail, showSizes } from '../errors.ts';
import { numelOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { computeDType } from './elementwise-core.ts';
import { wordsOf } from './positions.ts';

type FloatElements = Float32Array | Float64Array;

/** What becomes of the losses of single elements. */
export type Reduction = 'none' | 'mean' | 'sum';

/** Refuses what is no reduction. */
function checkReduction(reduction: string): asserts reduction is Reduction {
  if (reduction !== 'none' && reduction !== 'mean' && reduction !== 'sum') {
    fail('nllLoss', `${reduction} is not a valid value for reduction`, 'none, mean or sum');
  }
}

/** Options of {@link nllLoss}. */
export interface NllLossOptions {
  /** A weight for each class. */
  readonly weight?: Tensor | null;
  /** The target that counts for nothing: -100 by default. */
  readonly ignoreIndex?: number;
  /** `mean` by default: the sum divided by the weights of all targets. */
  readonly reduction?: Reduction;
}

interface CanonicalOptions {
  readonly ignoreIndex: number;
  readonly reduction: Reduction;
}

/** Signature of {@link nllLoss}. */
export type NllLossOperator = (
  x: Tensor,
  target: Tensor,
  weight?: Tensor | null | NllLossOptions,
  options?: NllLossOptions,
) => Tensor;

/** Log probabilities read as [batch, classes, inner]. */
interface Layout {
  readonly batch: number;
  readonly classes: number;
  readonly inner: number;
}

function layoutOf(shape: readonly number[]): Layout {
  if (shape.length === 1) return { batch: 1, classes: shape[0]!, inner: 1 };
  return { batch: shape[0]!, classes: shape[1]!, inner: numelOf(shape.slice(2)) };
}

/** The classes of all targets (dense, uint8 or int64), -1 for those that are ignored. */
function labelsOf({ batch, classes, inner }: Layout, targets: Tensor, ignoreIndex: number): Float64Array {
  const labels = new Float64Array(batch * inner);
  if (targets.dtype === 'int64') {
    const words = wordsOf(targets);
    for (let i = 0; i < labels.length; i++) labels[i] = words[2 * i + 1]! * 2 ** 32 + (words[2 * i]! >>> 0);
  } else labels.set(flatElements(targets) as Uint8Array);
  for (let i = 0; i < labels.length; i++) {
    const label = labels[i]!;
    if (label === ignoreIndex) labels[i] = -1;
    else if (!(label >= 0 && label < classes)) {
      fail('nllLoss', `Target ${label} is out of bounds.`, `0 to ${classes - 1}`);
    }
  }
  return labels;
}

/** Where the element of a target's class lies. */
function placeOf({ classes, inner }: Layout, target: number, label: number): number {
  if (inner === 1) return target * classes + label;
  return (Math.floor(target / inner) * classes + label) * inner + (target % inner);
}

function weightsOf(
  weight: Tensor | null,
  x: { readonly dtype: Tensor['dtype'] },
): () => FloatElements | undefined {
  if (weight === null) return () => undefined;
  const dense = materialize(cast(weight, computeDType(x.dtype)));
  return () => flatElements(dense) as FloatElements;
}

/** The weights of all targets that count. */
function massOf(classOf: Float64Array, weights: FloatElements | undefined): number {
  let mass = 0;
  for (const label of classOf) if (label >= 0) mass += weights === undefined ? 1 : weights[label]!;
  return mass;
}

/** Refuses what does not fit, in PyTorch's words, which depend on the number of dimensions. */
function checkNll(x: Tensor, target: Tensor, weight: Tensor | null, reduction: string): void {
  checkReduction(reduction);
  requireFloat('nllLoss', x);
  checkTensor('nllLoss', 'target', target);
  if (x.ndim < 1) fail('nllLoss', `Expected 1 or more dimensions (got ${x.ndim})`);
  checkTarget(x, target);
  if (weight === null) return;
  const { classes } = layoutOf(x.shape);
  if (weight.ndim !== 1 || weight.numel() !== classes) {
    fail(
      'nllLoss',
      `weight tensor should be defined either for all ${classes} classes or no classes but got weight tensor of shape: ${showSizes(weight.shape)}`,
    );
  }
  if (weight.dtype !== x.dtype) {
    const [expected, found] = [x, weight].map(({ dtype }) => dtypeInfo(dtype).scalarName);
    fail('nllLoss', `expected scalar type ${expected} but found ${found}`);
  }
}

function checkTarget(x: Tensor, target: Tensor): void {
  const [sizes, targets] = [showSizes(x.shape), showSizes(target.shape)];
  if (x.ndim === 1 && target.ndim === 1 && target.shape[0] !== 1) {
    fail('nllLoss', `For 1D input, 1D target must have size 1, but got target size: ${target.shape[0]}`);
  }
  if (x.ndim > 1 && target.shape[0] !== x.shape[0]) {
    fail(
      'nllLoss',
      `Expected input batch_size (${x.shape[0]}) to match target batch_size (${target.shape[0] ?? 0}).`,
    );
  }
  if (target.dtype !== 'int64' && target.dtype !== 'uint8') {
    const found = dtypeInfo(target.dtype).scalarName;
    fail('nllLoss', `expected target dtype to be Long or Byte, but got ${found}`);
  }
  if (x.ndim <= 2) {
    if (target.ndim > 1) fail('nllLoss', '0D or 1D target tensor expected, multi-target not supported');
    return;
  }
  const expected = [x.shape[0]!, ...x.shape.slice(2)];
  if (target.shape.join() === expected.join()) return;
  if (x.ndim !== 4) fail('nllLoss', `Expected target size ${showSizes(expected)}, got ${targets}`);
  if (target.ndim !== 3) {
    fail(
      'nllLoss',
      `only batches of spatial targets supported (3D tensors) but got targets of dimension: ${target.ndim}`,
    );
  }
  fail('nllLoss', `size mismatch (got input: ${sizes} , target: ${targets}`);
}

/** PyTorch has a node of its own for targets with dimensions beside the batch. */
function nodeNameOf(x: Tensor): string {
  return x.ndim > 2 ? 'NllLoss2DBackward0' : 'NllLossBackward0';
}

/** The loss of log probabilities. */
function lossOf(
  x: Tensor,
  target: Tensor,
  weight: Tensor | null,
  { ignoreIndex, reduction }: CanonicalOptions,
): Tensor {
  const compute = computeDType(x.dtype);
  const dense = materialize(cast(x, compute));
  const labels = materialize(target);
  const each = reduction === 'none';
  const result = newTensor(each && x.ndim > 1 ? target.shape : [], compute);
  const weights = weightsOf(weight, x);
  const from = flatElements(dense) as FloatElements;
  const to = flatElements(result) as FloatElements;
  const w = weights();
  let [total, mass] = [0, 0];
  const layout = layoutOf(x.shape);
  const classOf = labelsOf(layout, labels, ignoreIndex);
  for (let i = 0; i < classOf.length; i++) {
    const label = classOf[i]!;
    if (label < 0) {
      if (each) to[i] = 0;
      continue;
    }
    const share = w === undefined ? 1 : w[label]!;
    const loss = -from[placeOf(layout, i, label)]! * share;
    if (each) to[i] = loss;
    total += loss;
    mass += share;
  }
  if (!each) to[0] = reduction === 'mean' ? total / mass : total;
  return cast(result, x.dtype);
}

/**
 * -weight[target] * x[target] of log probabilities x of [C], [N, C] or [N, C, ...]; targets of [], [N] or [N, ...].
 * Canonical: (x, target, weight | null, { ignoreIndex, reduction }).
 */
export const nllLoss: NllLossOperator = defineOperator({
  name: 'nllLoss',
  backwardName: nodeNameOf,
  normalize: (
    x: Tensor,
    target: Tensor,
    ...rest: unknown[]
  ): [Tensor, Tensor, Tensor | null, CanonicalOptions] => {
    const names = ['weight', 'ignoreIndex', 'reduction'] as const;
    const named = bindArguments<NllLossOptions>('nllLoss', names, rest);
    const { weight = null, ignoreIndex = -100, reduction = 'mean' } = named;
    checkNll(x, target, weight, reduction);
    return [x, target, weight, { ignoreIndex, reduction }];
  },
  forward: lossOf,
  derivatives: [
    {
      reads: [1, 2],
      of: (grad, [x, target, weight, options]) => nllLossBackward(grad, x.shape, target, weight, options),
    },
    null,
    null,
    null,
  ],
});

/** The gradient of {@link nllLoss} with respect to log probabilities of a shape; linear in `grad`. */
const nllLossBackward: (
  grad: Tensor,
  shape: readonly number[],
  target: Tensor,
  weight: Tensor | null,
  options: CanonicalOptions,
) => Tensor = defineOperator({
  name: 'nllLossBackward',
  forward: (
    grad: Tensor,
    shape: readonly number[],
    target: Tensor,
    weight: Tensor | null,
    { ignoreIndex, reduction }: CanonicalOptions,
  ): Tensor => {
    const compute = computeDType(grad.dtype);
    const given = materialize(cast(grad, compute));
    const labels = materialize(target);
    const result = newTensor(shape, compute);
    const weights = weightsOf(weight, grad);
    const [g, to] = [flatElements(given) as FloatElements, flatElements(result) as FloatElements];
    const [w, layout] = [weights(), layoutOf(shape)];
    const classOf = labelsOf(layout, labels, ignoreIndex);
    to.fill(0);
    const mass = reduction === 'mean' ? massOf(classOf, w) : 1;
    const each = reduction === 'none';
    for (let i = 0; i < classOf.length; i++) {
      const label = classOf[i]!;
      if (label < 0) continue;
      const share = w === undefined ? 1 : w[label]!;
      to[placeOf(layout, i, label)] = (-g[each ? i : 0]! * share) / mass;
    }
    return cast(result, grad.dtype);
  },
  derivatives: [
    { reads: [2, 3], of: (gg, [, , target, weight, options]) => gg.nllLoss(target, { weight, ...options }) },
    null,
    null,
    null,
    null,
  ],
});

/** Results of {@link _crossEntropy}. */
export interface CrossEntropyResult {
  readonly loss: Tensor;
  /** The logarithms of the classes' probabilities. */
  readonly logProbabilities: Tensor;
}

type CrossEntropyArguments = [x: Tensor, target: Tensor, weight: Tensor | null, options: CanonicalOptions];

/**
 * {@link nllLoss} of the {@link logSoftmax} of scores: the gradient of the scores is made in one pass.
 * Canonical: as nllLoss, with every option given.
 */
export const _crossEntropy: (...args: CrossEntropyArguments) => CrossEntropyResult = defineOperator({
  name: '_crossEntropy',
  backwardName: nodeNameOf,
  normalize: (...[x, target, weight, options]: CrossEntropyArguments): CrossEntropyArguments => {
    checkNll(x, target, weight, options.reduction);
    return [x, target, weight, options];
  },
  forward: (...[x, target, weight, options]: CrossEntropyArguments): CrossEntropyResult => {
    const logProbabilities = x.logSoftmax(classDimOf(x));
    return { loss: lossOf(logProbabilities, target, weight, options), logProbabilities };
  },
  derivatives: [
    {
      reads: [0, 1, 2, 'result.logProbabilities'],
      of: (grads, [x, target, weight, options], { logProbabilities }) => {
        const [grad, other] = grads;
        if (gradMode.enabled || other !== undefined || grad === undefined) {
          // What has gradients itself is made of operators, whose logarithms depend on the scores.
          const own = x.logSoftmax(classDimOf(x));
          const given = grad === undefined ? other! : nllLossBackward(grad, x.shape, target, weight, options);
          const total = grad === undefined || other === undefined ? given : given.add(other);
          return total._logSoftmaxBackwardData(own, classDimOf(x), x.dtype);
        }
        return scoresBackward(grad, logProbabilities, target, weight, options);
      },
    },
    null,
    null,
    null,
  ],
});

function classDimOf({ ndim }: Tensor): number {
  return ndim === 1 ? 0 : 1;
}

function scoresBackward(
  grad: Tensor,
  logProbabilities: Tensor,
  target: Tensor,
  weight: Tensor | null,
  { ignoreIndex, reduction }: CanonicalOptions,
): Tensor {
  const { dtype, shape } = logProbabilities;
  const compute = computeDType(dtype);
  const [given, labels] = [materialize(cast(grad, compute)), materialize(cast(target, 'int64'))];
  const dense = materialize(cast(logProbabilities, compute));
  const [result, scales] = [newTensor(shape, compute), newTensor(target.shape, compute)];
  const layout = layoutOf(shape);
  const [w, g] = [weightsOf(weight, logProbabilities)(), flatElements(given) as FloatElements];
  const to = flatElements(scales) as FloatElements;
  const classOf = labelsOf(layout, labels, ignoreIndex);
  const mass = reduction === 'mean' ? massOf(classOf, w) : 1;
  const each = reduction === 'none';
  for (let i = 0; i < classOf.length; i++) {
    const label = classOf[i]!;
    const share = w === undefined ? 1 : w[label]!;
    to[i] = label < 0 ? 0 : (g[each ? i : 0]! * share) / mass;
  }
  if (result.numel() > 0) {
    const { batch, classes, inner } = layout;
    crossEntropyBackward({
      dtype: compute === 'float64' ? 'float64' : 'float32',
      logProbabilities: sliceOf(dense),
      targets: sliceOf(labels),
      scales: sliceOf(scales),
      dx: sliceOf(result),
      ...{ outer: batch, classes, inner },
    });
  }
  return cast(result, dtype);
}

/** The negative log likelihood as a method. */
export interface NllLossMethods {
  /** -weight[target] * x[target] of log probabilities. */
  nllLoss(target: Tensor, weight?: Tensor | null | NllLossOptions, options?: NllLossOptions): Tensor;
  /** `nllLoss` of the logarithmic softmax of scores along their classes. */
  _crossEntropy(
    target: Tensor,
    weight: Tensor | null,
    options: { readonly ignoreIndex: number; readonly reduction: Reduction },
  ): CrossEntropyResult;
}
