/**
 * Connectionist temporal classification (Graves et al., 2006): the likelihood of a sequence of labels under all of its
 * alignments with a longer sequence of predictions, by the forward-backward algorithm in the logarithm.
 */
import { cast, flatElements, materialize, newTensor } from '../access.ts';
import { requireFloat } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail, showSizes } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { computeDType } from './elementwise-core.ts';

type FloatElements = Float32Array | Float64Array;

/** Results of {@link _ctcLoss}. */
export interface CtcLossResult {
  /** The negative log likelihood of each sequence. */
  readonly loss: Tensor;
  /** log alpha of [batch, time, 2 * longest target + 1]; -infinity where an alignment cannot be. */
  readonly logAlpha: Tensor;
}

type CtcArguments = [
  logProbs: Tensor,
  targets: Tensor,
  inputLengths: readonly number[],
  targetLengths: readonly number[],
  blank: number,
  zeroInfinity: boolean,
];

const never = Number.NEGATIVE_INFINITY;

/** log(exp(a) + exp(b) + exp(c)). */
function logSum(a: number, b: number, c: number): number {
  const top = Math.max(a, b, c);
  return top === never ? never : top + Math.log(Math.exp(a - top) + Math.exp(b - top) + Math.exp(c - top));
}

/** One sequence: its labels with blanks between and around them, and where its predictions lie. */
interface Sequence {
  readonly labels: Int32Array;
  readonly time: number;
  /** Place of the prediction at time 0 of class 0. */
  readonly start: number;
}

/** Steps between predictions. */
interface Grid {
  readonly times: number;
  readonly batch: number;
  readonly classes: number;
  /** States of the longest sequence. */
  readonly states: number;
}

function gridOf([logProbs, , , targetLengths]: CtcArguments): Grid {
  const [times, batch, classes] = logProbs.shape as readonly [number, number, number];
  return { times, batch, classes, states: 2 * Math.max(0, ...targetLengths) + 1 };
}

function sequencesOf([logProbs, targets, inputLengths, targetLengths, blank]: CtcArguments): Sequence[] {
  const values = flatElements(materialize(cast(targets, 'int64'))) as BigInt64Array;
  const classes = logProbs.shape[2]!;
  let at = 0;
  return targetLengths.map((length, n) => {
    const first = targets.ndim === 2 ? n * targets.shape[1]! : at;
    at += length;
    const labels = new Int32Array(2 * length + 1).fill(blank);
    for (let s = 0; s < length; s++) labels[2 * s + 1] = Number(values[first + s]!);
    return { labels, time: inputLengths[n]!, start: n * classes };
  });
}

/** Whether a state may be reached from the one two before: not from a label to the same label again. */
function skips(labels: Int32Array, s: number): boolean {
  return s >= 2 && labels[s] !== labels[s - 2];
}

function negativeLikelihood(
  alpha: Float64Array,
  from: number,
  { labels, time }: Sequence,
  states: number,
): number {
  if (time === 0) return labels.length === 1 ? 0 : Number.POSITIVE_INFINITY;
  const last = from + (time - 1) * states + labels.length - 1;
  return -logSum(alpha[last]!, labels.length > 1 ? alpha[last - 1]! : never, never);
}

/** Fills in log alpha of one sequence, from its place on. */
function forwardPass(
  p: FloatElements,
  alpha: Float64Array,
  from: number,
  { labels, time, start }: Sequence,
  { batch, classes, states }: Grid,
): void {
  if (time === 0) return;
  alpha[from] = p[start + labels[0]!]!;
  if (labels.length > 1) alpha[from + 1] = p[start + labels[1]!]!;
  for (let t = 1; t < time; t++) {
    const [own, before] = [from + t * states, from + (t - 1) * states];
    for (let s = 0; s < labels.length; s++) {
      const sum = logSum(
        alpha[before + s]!,
        s > 0 ? alpha[before + s - 1]! : never,
        skips(labels, s) ? alpha[before + s - 2]! : never,
      );
      alpha[own + s] = sum + p[start + t * batch * classes + labels[s]!]!;
    }
  }
}

/**
 * The negative log likelihood of each sequence of targets. Canonical: (logProbs of [T, N, C], targets of [N, S] or all
 * in a row, inputLengths, targetLengths, blank, zeroInfinity).
 */
export const _ctcLoss: (...args: CtcArguments) => CtcLossResult = defineOperator({
  name: '_ctcLoss',
  normalize: (logProbs, targets, inputLengths, targetLengths, blank, zeroInfinity): CtcArguments => {
    requireFloat('ctcLoss', logProbs);
    if (logProbs.ndim !== 3)
      fail('ctcLoss', 'log_probs has to be of [T, N, C]', '3 dimensions', showSizes(logProbs.shape));
    const [times, batch, classes] = logProbs.shape as readonly [number, number, number];
    if (!(blank >= 0 && blank < classes)) fail('ctcLoss', 'blank must be in label range');
    if (inputLengths.length !== batch) fail('ctcLoss', 'input_lengths must be of size batch_size');
    if (targetLengths.length !== batch) fail('ctcLoss', 'target_lengths must be of size batch_size');
    inputLengths.forEach((length, n) => {
      if (length < 0 || length > times) {
        fail(
          'ctcLoss',
          `Expected input_lengths to have value at most ${times}, but got value ${length} (while checking batch ${n})`,
        );
      }
    });
    const total = targetLengths.reduce((sum, length) => sum + length, 0);
    const fits =
      targets.ndim === 1
        ? targets.shape[0] === total
        : targets.ndim === 2 &&
          targets.shape[0] === batch &&
          targetLengths.every((own) => own <= targets.shape[1]!);
    if (!fits || targetLengths.some((length) => length < 0)) {
      fail(
        'ctcLoss',
        'targets do not fit target_lengths',
        `[${total}] or [${batch}, longest]`,
        showSizes(targets.shape),
      );
    }
    return [logProbs, targets, inputLengths, targetLengths, blank, zeroInfinity];
  },
  forward: (...args) => {
    const [logProbs] = args;
    const compute = computeDType(logProbs.dtype);
    const grid = gridOf(args);
    const { times, batch, states } = grid;
    const dense = materialize(cast(logProbs, compute));
    const sequences = sequencesOf(args);
    const [loss, logAlpha] = [newTensor([batch], 'float64'), newTensor([batch, times, states], 'float64')];
    const p = flatElements(dense) as FloatElements;
    const [losses, alpha] = [flatElements(loss) as Float64Array, flatElements(logAlpha) as Float64Array];
    alpha.fill(never);
    sequences.forEach((sequence, n) => {
      const from = n * times * states;
      forwardPass(p, alpha, from, sequence, grid);
      losses[n] = negativeLikelihood(alpha, from, sequence, states);
    });
    return { loss: cast(loss, logProbs.dtype), logAlpha };
  },
  derivatives: [
    {
      reads: [0, 1, 'result.logAlpha'],
      of: ([grad], args, { logAlpha }) =>
        grad === undefined ? null : ctcLossBackward(grad, logAlpha, ...args),
    },
    null,
    null,
    null,
    null,
    null,
  ],
});

/** The gradient of {@link _ctcLoss}. As PyTorch's it takes the predictions for normalized. */
const ctcLossBackward: (grad: Tensor, logAlpha: Tensor, ...args: CtcArguments) => Tensor = defineOperator({
  name: '_ctcLossBackward',
  forward: (grad: Tensor, logAlpha: Tensor, ...args: CtcArguments): Tensor => {
    const [logProbs, , , , , zeroInfinity] = args;
    const compute = computeDType(logProbs.dtype);
    const grid = gridOf(args);
    const { times, batch, classes, states } = grid;
    const dense = materialize(cast(logProbs, compute));
    const given = materialize(cast(grad, 'float64'));
    const sequences = sequencesOf(args);
    const result = newTensor(logProbs.shape, compute);
    const p = flatElements(dense) as FloatElements;
    const alpha = flatElements(logAlpha) as Float64Array;
    const [g, to] = [flatElements(given) as Float64Array, flatElements(result) as FloatElements];
    to.fill(0);
    const step = batch * classes;
    const [occupied, following, own] = [
      new Float64Array(classes),
      new Float64Array(states),
      new Float64Array(states),
    ];
    sequences.forEach((sequence, n) => {
      const { labels, time, start } = sequence;
      const from = n * times * states;
      const loss = negativeLikelihood(alpha, from, sequence, states);
      if (zeroInfinity && loss === Number.POSITIVE_INFINITY) return;
      following.fill(never);
      for (let t = time - 1; t >= 0; t--) {
        occupied.fill(never);
        for (let s = labels.length - 1; s >= 0; s--) {
          const ends = t === time - 1 && s >= labels.length - 2;
          const sum =
            t === time - 1
              ? ends
                ? 0
                : never
              : logSum(
                  following[s]!,
                  s + 1 < labels.length ? following[s + 1]! : never,
                  s + 2 < labels.length && skips(labels, s + 2) ? following[s + 2]! : never,
                );
          own[s] = sum + p[start + t * step + labels[s]!]!;
          const label = labels[s]!;
          occupied[label] = logSum(occupied[label]!, alpha[from + t * states + s]! + own[s]!, never);
        }
        following.set(own);
        for (let c = 0; c < classes; c++) {
          const at = start + t * step + c;
          to[at] = (Math.exp(p[at]!) - Math.exp(occupied[c]! + loss - p[at]!)) * g[n]!;
        }
      }
    });
    return cast(result, logProbs.dtype);
  },
});

/** The loss as a method of log probabilities. */
export interface CtcLossMethods {
  /** The negative log likelihood of each sequence of targets. */
  _ctcLoss(
    targets: Tensor,
    inputLengths: readonly number[],
    targetLengths: readonly number[],
    blank: number,
    zeroInfinity: boolean,
  ): CtcLossResult;
}
