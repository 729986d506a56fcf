/** What `fit` takes, tells while it runs, and returns. */
import type { Tensor } from '@sconce/tensor';

/** Batches whose last member is the target, and all before it the inputs of the model: what a `DataLoader` gives. */
export type Batches = (Iterable<readonly unknown[]> | AsyncIterable<readonly unknown[]>) & {
  /** How many there are in a pass; without it no time left is told. */
  readonly length?: number;
};

/** The mean loss of a batch, to be minimised. */
export type Loss = (output: never, target: never) => Tensor;

/** A number that describes a batch: its mean over the samples. */
export type Metric = (output: never, target: never) => number | Tensor;

/** What an optimizer of `nn.optim` offers. */
export interface FitOptimizer {
  zeroGrad(): void;
  step(closure: () => Tensor): unknown;
  readonly paramGroups: readonly { readonly lr?: unknown }[];
}

/** Means over the samples of one pass. */
export interface Means {
  readonly loss: number;
  /** Under the names of the metrics. */
  readonly metrics: Readonly<Record<string, number>>;
  readonly samples: number;
}

/** What came of one epoch. */
export interface EpochResult extends Means {
  /** From 1 on. */
  readonly epoch: number;
  /** The loss of each batch. */
  readonly losses: readonly number[];
  /** Means over the validation batches; undefined without them. */
  readonly validation: Means | undefined;
  /** Learning rate of each parameter group, before the scheduler's step. */
  readonly learningRates: readonly number[];
  /** Time for training, without validation. */
  readonly seconds: number;
  readonly samplesPerSecond: number;
}

/** What came of training. */
export interface FitResult {
  /** One entry for each epoch that was finished. */
  readonly epochs: readonly EpochResult[];
  /** Whether the signal ended training before its time. */
  readonly stopped: boolean;
}

/** How far training is. */
export interface FitState extends Means {
  /** From 1 on. */
  readonly epoch: number;
  readonly epochs: number;
  readonly phase: 'train' | 'validate';
  /** Batches that are done in this pass. */
  readonly batch: number;
  /** Batches in this pass, where that is known. */
  readonly batches: number | undefined;
  readonly samplesPerSecond: number;
  /** For all epochs that are left, without their validation; undefined where it cannot be told. */
  readonly secondsLeft: number | undefined;
}

/** Shows how training goes. */
export interface FitProgress {
  /** Called after each batch. */
  update?(state: FitState): void;
  /** Called after each epoch. */
  epoch?(result: EpochResult, epochs: number): void;
  /** Called at the end, also when it failed. */
  end?(): void;
}

/** Options of `evaluate`. */
export interface EvaluateOptions {
  readonly loss: Loss;
  /** Further numbers to tell, by name. */
  readonly metrics?: Readonly<Record<string, Metric>>;
}

/** Options of `fit`. */
export interface FitOptions extends EvaluateOptions {
  readonly optimizer: FitOptimizer;
  /** How often to go through the batches. */
  readonly epochs: number;
  /** The first epoch's number (default 1), for training that goes on where it ended. */
  readonly firstEpoch?: number;
  /** Batches to judge the model by after each epoch. */
  readonly validation?: Batches;
  /**
   * A scheduler, whose `step()` is called after each epoch; or a function that is called with the epoch's result, for one
   * that wants a number: `({ validation }) => plateau.step(validation.loss)`.
   */
  readonly scheduler?: { step(): unknown } | ((result: EpochResult) => unknown);
  /** Where to tell how training goes; `true` writes a line for each epoch to the console. */
  readonly progress?: FitProgress | boolean;
  /** Ends training after the batch that is under way. */
  readonly signal?: AbortSignal;
  /** Called after each epoch, and waited for: to save a checkpoint, say. */
  readonly onEpoch?: (result: EpochResult) => unknown;
  /** Called after each batch with its loss and its number from 1 on, counted through all epochs. */
  readonly onStep?: (loss: number, step: number) => unknown;
}
