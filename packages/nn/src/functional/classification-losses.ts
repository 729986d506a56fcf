/** Losses between scores of classes and the right classes. */
import * as operators from '@sconce/tensor';
import {
  arange,
  bindArguments,
  fromTypedArray,
  type NllLossOptions,
  type Reduction,
  type Tensor,
} from '@sconce/tensor';
import { checkReduction, type Loss, type LossOptions, reduceLoss } from './loss-reduction.ts';
import { refuse } from './refuse.ts';

/** Sizes as PyTorch's Python code writes them. */
function sizes(tensor: Tensor): string {
  return `[${tensor.shape.join(', ')}]`;
}

/** Options of {@link crossEntropy}. */
export interface CrossEntropyOptions extends NllLossOptions {
  /** Share of the target that is spread evenly over all classes: 0 by default. */
  readonly labelSmoothing?: number;
}

/**
 * The cross entropy of scores of [C], [N, C] or [N, C, ...] and targets: classes of [], [N] or [N, ...], or
 * probabilities of the scores' shape (`torch.nn.functional.cross_entropy`).
 */
export function crossEntropy(
  input: Tensor,
  target: Tensor,
  ...rest: [weight?: Tensor | null | CrossEntropyOptions, options?: CrossEntropyOptions]
): Tensor {
  const names = ['weight', 'ignoreIndex', 'reduction', 'labelSmoothing'] as const;
  const named = bindArguments<CrossEntropyOptions>('crossEntropy', names, rest);
  const { weight = null, ignoreIndex = -100, reduction = 'mean', labelSmoothing = 0 } = named;
  checkReduction('crossEntropy', reduction);
  if (!(labelSmoothing >= 0 && labelSmoothing <= 1)) {
    refuse('crossEntropy', `label_smoothing must be between 0.0 and 1.0. Got: ${labelSmoothing}`);
  }
  const classDim = input.ndim === 1 ? 0 : 1;
  const ofClasses = input.shape.join() !== target.shape.join();
  if (ofClasses && labelSmoothing === 0 && input.ndim > 0 && input.isFloatingPoint()) {
    return input._crossEntropy(target, weight, { ignoreIndex, reduction }).loss;
  }
  const logProbs = input.logSoftmax(classDim);
  if (!ofClasses) {
    if (ignoreIndex >= 0) {
      refuse('crossEntropy', 'ignore_index is not supported for floating point target');
    }
    return fromProbabilities(logProbs, target, classDim, weight, reduction, labelSmoothing);
  }
  const likelihood = logProbs.nllLoss(target, { weight, ignoreIndex, reduction });
  const classes = input.shape[classDim]!;
  const all = weight === null ? logProbs : logProbs.mul(alongClasses(weight, input, classDim));
  const counted = target.ne(ignoreIndex);
  const even = all.sum(classDim).neg().where(counted, 0);
  const spread =
    reduction === 'mean'
      ? even.sum().div(weight === null ? counted.sum() : weightOf(weight, target, counted))
      : reduceLoss('crossEntropy', even, reduction);
  return likelihood.mul(1 - labelSmoothing).add(spread.mul(labelSmoothing / classes));
}

/** The weights of all targets that count. */
function weightOf(weight: Tensor, target: Tensor, counted: Tensor): Tensor {
  const labels = target.where(counted, 0).reshape([-1]);
  return weight
    .gather(0, labels)
    .mul(counted.reshape([-1]))
    .sum();
}

function alongClasses(weight: Tensor, input: Tensor, classDim: number): Tensor {
  return weight.reshape(input.shape.map((_, d) => (d === classDim ? -1 : 1)));
}

function fromProbabilities(
  logProbs: Tensor,
  target: Tensor,
  classDim: number,
  weight: Tensor | null,
  reduction: Reduction,
  smoothing: number,
): Tensor {
  if (!target.isFloatingPoint()) {
    refuse(
      'crossEntropy',
      `Expected floating point type for target with class probabilities, got ${target.dtype}`,
    );
  }
  const classes = logProbs.shape[classDim]!;
  const smooth = smoothing === 0 ? target : target.mul(1 - smoothing).add(smoothing / classes);
  const products = logProbs.mul(smooth);
  const own = weight === null ? products : products.mul(alongClasses(weight, logProbs, classDim));
  if (reduction === 'none') return own.sum(classDim).neg();
  const total = own.sum().neg();
  return reduction === 'sum' ? total : total.div(logProbs.numel() / classes);
}

/** Options of {@link binaryCrossEntropy}. */
export interface BinaryCrossEntropyOptions extends LossOptions {
  /** A factor for each element. */
  readonly weight?: Tensor | null;
}

/** The cross entropy of probabilities and targets between 0 and 1 (`torch.nn.functional.binary_cross_entropy`). */
export const binaryCrossEntropy: Loss<BinaryCrossEntropyOptions> = (
  input,
  target,
  { weight = null, reduction } = {},
) => {
  if (input.shape.join() !== target.shape.join()) {
    refuse(
      'binaryCrossEntropy',
      `Using a target size (${sizes(target)}) that is different to the input size (${sizes(input)}) is deprecated. Please ensure they have the same size.`,
    );
  }
  return operators.binaryCrossEntropy(
    input,
    target,
    reduction === undefined ? { weight } : { weight, reduction },
  );
};

/** Options of {@link binaryCrossEntropyWithLogits}. */
export interface BinaryCrossEntropyWithLogitsOptions extends BinaryCrossEntropyOptions {
  /** A factor for the positive targets of each class. */
  readonly posWeight?: Tensor | null;
}

/** {@link binaryCrossEntropy} of the sigmoid of scores, computed without loss of precision. */
export const binaryCrossEntropyWithLogits: Loss<BinaryCrossEntropyWithLogitsOptions> = (
  input,
  target,
  { weight = null, posWeight = null, reduction } = {},
) => {
  if (input.shape.join() !== target.shape.join()) {
    refuse(
      'binaryCrossEntropyWithLogits',
      `Target size (${sizes(target)}) must be the same as input size (${sizes(input)})`,
    );
  }
  const options = { weight, posWeight, ...(reduction === undefined ? {} : { reduction }) };
  return operators.binaryCrossEntropyWithLogits(input, target, options);
};

/** The mean over the last dimension of the binary cross entropy with logits (`multilabel_soft_margin_loss`). */
export const multilabelSoftMarginLoss: Loss<BinaryCrossEntropyOptions> = (
  input,
  target,
  { weight = null, reduction } = {},
) => {
  const losses = target.mul(input.logsigmoid()).add(target.neg().add(1).mul(input.neg().logsigmoid())).neg();
  const own = weight === null ? losses : losses.mul(weight);
  return reduceLoss('multilabelSoftMarginLoss', own.mean(input.ndim - 1), reduction);
};

/** Options of {@link multiMarginLoss}. */
export interface MultiMarginLossOptions extends LossOptions {
  /** Power of each excess, 1 or 2: 1 by default. */
  readonly p?: 1 | 2;
  /** By how much the right class is to be ahead: 1 by default. */
  readonly margin?: number;
  /** A weight for each class. */
  readonly weight?: Tensor | null;
}

/** How far other classes come into the margin before the right one (`torch.nn.functional.multi_margin_loss`). */
export const multiMarginLoss: Loss<MultiMarginLossOptions> = (input, target, options = {}) => {
  const { p = 1, margin = 1, weight = null, reduction = 'mean' } = options;
  const operator = 'multiMarginLoss';
  checkReduction(operator, reduction);
  if (p !== 1 && p !== 2) refuse(operator, 'only p == 1 and p == 2 supported');
  checkScores(operator, input);
  const scores = input.ndim < 2 ? input.reshape([1, -1]) : input;
  const [batch, classes] = scores.shape as readonly [number, number];
  if (target.ndim > 1 || target.numel() !== batch) {
    refuse(
      operator,
      `target tensor should be 1-D with size equal to the number of rows of the input. Expected target size [${batch}], but got ${sizes(target)}`,
    );
  }
  if (weight !== null) {
    if (weight.ndim > 1 || (weight.ndim === 0 && classes !== 1)) {
      refuse(operator, 'weight must be one-dimensional');
    }
    if (weight.numel() !== classes) {
      refuse(operator, `inconsistent weight size, expected ${classes} but got ${sizes(weight)}`);
    }
  }
  if (target.dtype !== 'int64') refuse(operator, 'expected scalar type Long but found Float');
  const labels = target.reshape([batch, 1]);
  const excess = scores.sub(scores.gather(1, labels)).add(margin).relu();
  const powers = p === 1 ? excess : excess.mul(excess);
  const scaled = weight === null ? powers : powers.mul(weight.gather(0, labels.reshape([-1])).unsqueeze(1));
  const others = scaled.where(arange(classes).ne(labels), 0);
  const losses = others.sum(1).div(classes);
  return reduceLoss(operator, input.ndim < 2 ? losses.reshape(target.shape) : losses, reduction);
};

function checkScores(operator: string, input: Tensor): void {
  const empty = input.ndim === 0 ? false : input.shape.slice(input.ndim === 2 ? 1 : 0).includes(0);
  if (input.ndim > 2 || empty) {
    refuse(
      operator,
      `Expected non-empty vector or matrix with optional 0-dim batch size, but got: ${sizes(input)}`,
    );
  }
}

/**
 * How far other classes come into the margin of 1 before each of the right ones, which are listed up to the first
 * -1 (`torch.nn.functional.multilabel_margin_loss`).
 */
export const multilabelMarginLoss: Loss = (input, target, { reduction = 'mean' } = {}) => {
  const operator = 'multilabelMarginLoss';
  checkReduction(operator, reduction);
  checkScores(operator, input);
  if (target.shape.join() !== input.shape.join()) {
    refuse(operator, `inconsistent target size: ${sizes(target)} for input of size: ${sizes(input)}`);
  }
  const [batch, classes] = input.ndim < 2 ? [1, input.numel()] : (input.shape as readonly [number, number]);
  const { labels, listed, right } = readLabels(target, batch, classes);
  const scores = input.reshape([batch, classes]);
  const excess = scores.unsqueeze(1).sub(scores.gather(1, labels).unsqueeze(2)).add(1).relu();
  const counted = listed.unsqueeze(2).logicalAnd(right.logicalNot().unsqueeze(1));
  const losses = excess.where(counted, 0).sum([1, 2]).div(classes);
  return reduceLoss(operator, input.ndim < 2 ? losses.reshape([]) : losses, reduction);
};

/** The labels of each row up to the first -1, which of them are meant, and which classes these are. */
function readLabels(
  target: Tensor,
  batch: number,
  classes: number,
): { labels: Tensor; listed: Tensor; right: Tensor } {
  const given = target.toTypedArray() as ArrayLike<number | bigint>;
  const labels = new BigInt64Array(given.length);
  const [listed, right] = [new Uint8Array(given.length), new Uint8Array(given.length)];
  for (let n = 0; n < batch; n++) {
    for (let i = n * classes; i < (n + 1) * classes; i++) {
      const label = Number(given[i]);
      if (label < 0) break;
      if (label >= classes) refuse('multilabelMarginLoss', 'target index is out of range');
      labels[i] = BigInt(label);
      listed[i] = 1;
      right[n * classes + label] = 1;
    }
  }
  const shape = [batch, classes];
  return {
    labels: fromTypedArray(labels, shape),
    listed: fromTypedArray(listed, shape).to('bool'),
    right: fromTypedArray(right, shape).to('bool'),
  };
}
