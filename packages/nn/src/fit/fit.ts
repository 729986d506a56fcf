/** `fit`: the training loop for those who do not want to write it. */
import { getRngState, noGrad, type Tensor } from '@sconce/tensor';
import { pacer } from '../data/macrotask.ts';
import { callModule, type Module } from '../module/module.ts';
import { RunningMeans } from './means.ts';
import { findNan, NanLossError } from './nan-loss.ts';
import { textProgress } from './progress.ts';
import type {
  Batches,
  EpochResult,
  EvaluateOptions,
  FitOptions,
  FitProgress,
  FitResult,
  FitState,
  Loss,
  Means,
} from './types.ts';

/**
 * Trains a model: for each epoch every batch once, then the validation, then the scheduler. Afterwards the model is in
 * training or evaluation mode as it was before.
 *
 * @param loader batches of inputs and, last, the target
 * @throws {NanLossError} when a loss is NaN, before the optimizer's step; it names the step and the layer
 * @throws {RangeError} for a number of epochs that is none
 * @example
 * ```ts
 * await nn.fit(model, loader, {
 *   optimizer: new nn.optim.Adam(model.parameters(), { lr: 1e-3 }),
 *   loss: nn.functional.crossEntropy,
 *   epochs: 10,
 *   metrics: { accuracy: nn.accuracy },
 *   progress: true,
 * });
 * ```
 */
export async function fit(model: Module, loader: Batches, options: FitOptions): Promise<FitResult> {
  const run = new Training(model, loader, options);
  const modes = model.modules().map((module) => [module, module.training] as const);
  try {
    return await run.run();
  } finally {
    for (const [module, training] of modes) module.training = training;
    run.progress.end?.();
  }
}

/**
 * The mean loss and metrics of a model over batches, in evaluation mode and without gradients. The model's mode is then as
 * it was.
 */
export async function evaluate(model: Module, loader: Batches, options: EvaluateOptions): Promise<Means> {
  return await judge(model, loader, options, () => true);
}

/** Runs the batches; stops early when `seen` says so. */
async function judge(
  model: Module,
  loader: Batches,
  { loss, metrics = {} }: EvaluateOptions,
  seen: (means: RunningMeans, batch: number) => boolean,
): Promise<Means> {
  const modes = model.modules().map((module) => [module, module.training] as const);
  const means = new RunningMeans(metrics);
  const pace = pacer();
  let batches = 0;
  try {
    for await (const batch of loader) {
      // Between two batches other code may run, and change the mode.
      model.eval();
      noGrad(() => {
        const { inputs, target } = split(batch);
        const output = callModule(model, ...inputs);
        means.add(lossOf(loss, output, target).item() as number, output, target);
      });
      batches += 1;
      if (!seen(means, batches)) break;
      await pace();
    }
  } finally {
    for (const [module, training] of modes) module.training = training;
  }
  return means.means;
}

class Training {
  readonly progress: FitProgress;
  readonly #model: Module;
  readonly #loader: Batches;
  readonly #options: FitOptions;
  #step = 0;
  #epoch: number;
  readonly #lastEpoch: number;

  constructor(model: Module, loader: Batches, options: FitOptions) {
    const { epochs, firstEpoch = 1, progress = false } = options;
    if (!Number.isInteger(epochs) || epochs < 0)
      throw new RangeError(`fit: expected a number of epochs, got ${epochs}`);
    this.#model = model;
    this.#loader = loader;
    this.#options = options;
    this.#epoch = firstEpoch;
    this.#lastEpoch = firstEpoch + epochs - 1;
    this.progress = progress === true ? textProgress() : progress === false ? {} : progress;
  }

  async run(): Promise<FitResult> {
    const { validation, scheduler, onEpoch, signal } = this.#options;
    const results: EpochResult[] = [];
    for (; this.#epoch <= this.#lastEpoch; this.#epoch++) {
      const trained = signal?.aborted === true ? undefined : await this.#trainEpoch();
      if (trained === undefined) return { epochs: results, stopped: true };
      const judged = validation === undefined ? undefined : await this.#validate(validation);
      // A validation that was broken off says nothing.
      if (validation !== undefined && judged === undefined) return { epochs: results, stopped: true };
      const result: EpochResult = { ...trained, validation: judged };
      results.push(result);
      if (typeof scheduler === 'function') scheduler(result);
      else scheduler?.step();
      this.progress.epoch?.(result, this.#lastEpoch);
      await onEpoch?.(result);
    }
    return { epochs: results, stopped: false };
  }

  /** Undefined when the signal ended it. */
  async #trainEpoch(): Promise<Omit<EpochResult, 'validation'> | undefined> {
    const { metrics = {}, optimizer, signal, onStep } = this.#options;
    const means = new RunningMeans(metrics);
    const losses: number[] = [];
    const pace = pacer();
    const start = performance.now();
    const seconds = (): number => (performance.now() - start) / 1000;
    for await (const batch of this.#loader) {
      this.#step += 1;
      this.#model.train();
      const loss = this.#trainBatch(batch, means);
      losses.push(loss);
      await onStep?.(loss, this.#step);
      this.#tell('train', means, losses.length, this.#loader.length, seconds());
      if (signal?.aborted === true) return undefined;
      await pace();
    }
    if (losses.length === 0) throw new RangeError('fit: expected batches, the loader gave none');
    const learningRates = optimizer.paramGroups.map(({ lr }) => Number(lr));
    const samplesPerSecond = means.samples / seconds();
    const done = { epoch: this.#epoch, losses, learningRates, samplesPerSecond, seconds: seconds() };
    return { ...means.means, ...done };
  }

  #trainBatch(batch: readonly unknown[], means: RunningMeans): number {
    const { optimizer, loss } = this.#options;
    const { inputs, target } = split(batch);
    let first: number | undefined;
    // A closure, since some optimizers compute the loss several times in a step.
    optimizer.step(() => {
      const random = getRngState();
      optimizer.zeroGrad();
      const output = callModule(this.#model, ...inputs);
      const value = lossOf(loss, output, target);
      const number = value.item() as number;
      if (Number.isNaN(number)) {
        throw new NanLossError(this.#step, this.#epoch, findNan(this.#model, inputs, random));
      }
      value.backward();
      if (first === undefined) means.add(number, output, target);
      first ??= number;
      return value;
    });
    if (first === undefined) throw new TypeError('fit: expected an optimizer whose step calls its closure');
    return first;
  }

  /** Undefined when the signal ended it. */
  async #validate(batches: Batches): Promise<Means | undefined> {
    const { signal } = this.#options;
    const start = performance.now();
    const means = await judge(this.#model, batches, this.#options, (running, batch) => {
      this.#tell('validate', running, batch, batches.length, (performance.now() - start) / 1000);
      return signal?.aborted !== true;
    });
    return signal?.aborted === true ? undefined : means;
  }

  #tell(
    phase: FitState['phase'],
    means: RunningMeans,
    batch: number,
    batches: number | undefined,
    seconds: number,
  ): void {
    if (this.progress.update === undefined) return;
    const left =
      batches === undefined || phase === 'validate'
        ? undefined
        : (seconds / batch) * (batches - batch + batches * (this.#lastEpoch - this.#epoch));
    this.progress.update({
      ...means.means,
      epoch: this.#epoch,
      epochs: this.#lastEpoch,
      phase,
      batch,
      batches,
      samplesPerSecond: means.samples / seconds,
      secondsLeft: left,
    });
  }
}

function split(batch: readonly unknown[]): { inputs: readonly unknown[]; target: unknown } {
  if (!Array.isArray(batch) || batch.length < 2)
    throw new TypeError('fit: expected batches [input, ..., target]');
  return { inputs: batch.slice(0, -1), target: batch.at(-1) };
}

function lossOf(loss: Loss, output: unknown, target: unknown): Tensor {
  return loss(output as never, target as never);
}
