/** The softmax of many classes of which few are frequent, with its loss: `AdaptiveLogSoftmaxWithLoss`. */
import { cat, float32, type Tensor, TensorError } from '@sconce/tensor';
import { ModuleList } from '../containers/module-list.ts';
import { Sequential } from '../containers/sequential.ts';
import { type DTypeOption, type LayerArguments, readArguments } from '../module/arguments.ts';
import { Module } from '../module/module.ts';
import { Linear } from './linear.ts';

/** Arguments of `AdaptiveLogSoftmaxWithLoss` by name. */
export interface AdaptiveLogSoftmaxOptions extends DTypeOption {
  inFeatures: number;
  nClasses: number;
  /** The first class of each cluster but the first, increasing: classes are ordered by how frequent they are. */
  cutoffs: readonly number[];
  /** By which factor each cluster's features are fewer than those of the one before (default 4). */
  divValue?: number;
  /** Whether the scores of the first cluster and of the clusters have a bias (default false). */
  headBias?: boolean;
}

const names = ['inFeatures', 'nClasses', 'cutoffs', 'divValue', 'headBias'] as const;
const defaults = { divValue: 4, headBias: false, dtype: float32 } as const;

type Tail = Sequential<[Linear, Linear]>;

/**
 * Log probabilities of many classes in clusters (`torch.nn.AdaptiveLogSoftmaxWithLoss`; Grave et al., "Efficient
 * softmax approximation for GPUs", 2017). Called with [N, inFeatures] or [inFeatures] and classes, it gives
 * `[output, loss]`: the log probabilities of these classes, and the mean negative log likelihood.
 *
 * @throws {TypeError} when constructed with wrong cutoffs
 */
export class AdaptiveLogSoftmaxWithLoss extends Module {
  static override readonly className: string = 'AdaptiveLogSoftmaxWithLoss';

  readonly inFeatures: number;
  readonly nClasses: number;
  /** Ends of all clusters. */
  readonly cutoffs: readonly number[];
  readonly divValue: number;
  readonly headBias: boolean;
  /** Classes of the first cluster. */
  readonly shortlistSize: number;
  /** Clusters but the first. */
  readonly nClusters: number;
  readonly headSize: number;
  /** Scores of the first cluster's classes and of the other clusters. */
  readonly head: Linear;
  /** Scores of the classes of each other cluster. */
  readonly tail: ModuleList;

  constructor(
    ...args: LayerArguments<
      [
        inFeatures: number,
        nClasses: number,
        cutoffs: readonly number[],
        divValue: number | undefined,
        headBias: boolean | undefined,
      ],
      typeof names,
      AdaptiveLogSoftmaxOptions,
      'dtype'
    >
  ) {
    super();
    type Options = AdaptiveLogSoftmaxOptions;
    const options = readArguments<Options>('AdaptiveLogSoftmaxWithLoss', names, defaults, args);
    const { inFeatures, nClasses, cutoffs, divValue, headBias, dtype } = options;
    checkCutoffs(cutoffs, nClasses);
    this.inFeatures = inFeatures;
    this.nClasses = nClasses;
    this.cutoffs = [...cutoffs, nClasses];
    this.divValue = divValue;
    this.headBias = headBias;
    this.shortlistSize = cutoffs[0] as number;
    this.nClusters = cutoffs.length;
    this.headSize = this.shortlistSize + this.nClusters;
    this.head = new Linear(inFeatures, this.headSize, { bias: headBias, dtype });
    const tails = cutoffs.map((start, i) => {
      const hidden = Math.floor(inFeatures / divValue ** (i + 1));
      const size = (this.cutoffs[i + 1] as number) - start;
      return new Sequential(
        new Linear(inFeatures, hidden, { bias: false, dtype }),
        new Linear(hidden, size, { bias: false, dtype }),
      );
    });
    this.tail = new ModuleList(tails);
  }

  /** Draws new weights. */
  resetParameters(): void {
    this.head.resetParameters();
    for (const layer of this.tail.modules()) if (layer instanceof Linear) layer.resetParameters();
  }

  override forward(input: Tensor, target: Tensor): [output: Tensor, loss: Tensor] {
    checkShapes(input, target);
    const batched = target.ndim > 0;
    const x = batched ? input : input.unsqueeze(0);
    const classes = batched ? target : target.unsqueeze(0);
    const batch = classes.shape[0] as number;
    let output = x.newZeros([batch]);
    let columns = classes.newZeros([batch]);
    let used = 0;
    for (const [i, [low, high]] of this.ranges().entries()) {
      const rows = classes.ge(low).logicalAnd(classes.lt(high)).nonzero().reshape([-1]);
      if (rows.numel() === 0) continue;
      used += rows.numel();
      const own = classes.indexSelect(0, rows);
      if (i === 0) {
        columns = columns.indexCopy(0, rows, own);
        continue;
      }
      const scores = this.tailOf(i - 1)(x.indexSelect(0, rows)).logSoftmax(1);
      const local = scores.gather(1, own.sub(low).unsqueeze(1)).squeeze(1);
      columns = columns.indexFill(0, rows, this.shortlistSize + i - 1);
      output = output.indexCopy(0, rows, local);
    }
    if (used !== batch) {
      refuse(
        `Target values should be in [0, ${this.nClasses - 1}], but values in range [${classes.min().item()}, ${classes.max().item()}] were found. `,
      );
    }
    const head = this.head(x).logSoftmax(1);
    const full = output.add(head.gather(1, columns.unsqueeze(1)).squeeze(1));
    const loss = full.neg().mean();
    return [batched ? full : full.squeeze(0), loss];
  }

  /** The log probabilities of all classes: [N, inFeatures] to [N, nClasses]. */
  logProb(input: Tensor): Tensor {
    return this.allOf(input, this.head(input));
  }

  /** The class of the highest probability: [N, inFeatures] to int64 [N]. */
  predict(input: Tensor): Tensor {
    const head = this.head(input);
    const best = head.argmax(1);
    const rows = best.ge(this.shortlistSize).nonzero().reshape([-1]);
    if (rows.numel() === 0) return best;
    // Only inputs whose best column is a cluster need the others' scores.
    const all = this.allOf(input.indexSelect(0, rows), head.indexSelect(0, rows));
    return best.indexCopy(0, rows, all.argmax(1));
  }

  private allOf(input: Tensor, scores: Tensor): Tensor {
    const head = scores.logSoftmax(1);
    const parts = [head.narrow(1, 0, this.shortlistSize)];
    for (let i = 0; i < this.nClusters; i++) {
      const cluster = head.narrow(1, this.shortlistSize + i, 1);
      parts.push(this.tailOf(i)(input).logSoftmax(1).add(cluster));
    }
    return cat(parts, 1);
  }

  private ranges(): (readonly [low: number, high: number])[] {
    return this.cutoffs.map((end, i) => [i === 0 ? 0 : (this.cutoffs[i - 1] as number), end]);
  }

  private tailOf(i: number): Tail {
    return this.tail.at(i) as Tail;
  }
}

function checkCutoffs(cutoffs: readonly number[], classes: number): void {
  if (cutoffs.length === 0) throw new TypeError('cutoffs should be a sequence of length larger than 0');
  const rising = cutoffs.every((cutoff, i) => cutoff > (i === 0 ? 0 : (cutoffs[i - 1] as number)));
  if (rising && cutoffs.every(Number.isInteger) && (cutoffs.at(-1) as number) < classes) return;
  throw new TypeError(
    'cutoffs should be a sequence of unique, positive integers sorted in an increasing order, where each value is between 1 and n_classes-1',
  );
}

function checkShapes(input: Tensor, target: Tensor): void {
  if (target.ndim > 1) refuse('0D or 1D target tensor expected, multi-target not supported');
  if (target.ndim === 1 && input.shape[0] !== target.shape[0]) {
    refuse('Input and target should have the same size in the batch dimension.');
  }
  if (input.ndim === target.ndim + 1) return;
  refuse(
    `${target.ndim}D target tensor expects ${target.ndim + 1}D input tensors, but found inputs with size torch.Size([${input.shape.join(', ')}])`,
  );
}

function refuse(problem: string): never {
  throw new TensorError({ operator: 'AdaptiveLogSoftmaxWithLoss', problem });
}
