/** Averages of a model's parameters along training (`torch.optim.swa_utils`). */
import { noGrad, type Tensor, tensor } from '@sconce/tensor';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { deepcopy } from '../module/deepcopy.ts';
import { callModule, Module } from '../module/module.ts';
import type { LoadableSchedulerState } from './lr-scheduler/index.ts';
import { LRScheduler, perGroup } from './lr-scheduler/scheduler.ts';
import type { Optimizer } from './optimizer.ts';

/** The new average of one parameter. */
export type AverageFunction = (averaged: Tensor, current: Tensor, numAveraged: number) => Tensor;

/** Brings the averages of many parameters up to date, in place. */
export type MultiAverageFunction = (
  averaged: readonly Tensor[],
  current: readonly Tensor[],
  numAveraged: number,
) => void;

function checkDecay(decay: number): void {
  if (decay >= 0 && decay <= 1) return;
  throw new Error(`Invalid decay value ${decay} provided. Please provide a value in [0,1] range.`);
}

/** Averages that forget by `decay` (`get_ema_avg_fn`). */
export function getEmaAvgFn(decay: number = 0.999): AverageFunction {
  checkDecay(decay);
  return (averaged, current) => noGrad(() => averaged.mul(decay).add(current.mul(1 - decay)));
}

/** {@link getEmaAvgFn} in place for many parameters (`get_ema_multi_avg_fn`). */
export function getEmaMultiAvgFn(decay: number = 0.999): MultiAverageFunction {
  checkDecay(decay);
  return (averaged, current) =>
    noGrad(() => {
      averaged.forEach((own, i) => {
        if (own.isFloatingPoint()) own.lerp_(current[i]!, 1 - decay);
        else own.copy_(own.mul(decay).add(current[i]!.mul(1 - decay)));
      });
    });
}

/** The plain average of all (`get_swa_avg_fn`). */
export function getSwaAvgFn(): AverageFunction {
  return (averaged, current, numAveraged) =>
    noGrad(() => averaged.add(current.sub(averaged).div(numAveraged + 1)));
}

/** {@link getSwaAvgFn} in place for many parameters (`get_swa_multi_avg_fn`). */
export function getSwaMultiAvgFn(): MultiAverageFunction {
  return (averaged, current, numAveraged) =>
    noGrad(() => {
      averaged.forEach((own, i) => {
        if (own.isFloatingPoint()) own.lerp_(current[i]!, 1 / (numAveraged + 1));
        else own.copy_(own.add(current[i]!.sub(own).div(numAveraged + 1)));
      });
    });
}

/** Options of {@link AveragedModel}. */
export interface AveragedModelOptions {
  /** The new average of one parameter (default: the plain average). */
  readonly avgFn?: AverageFunction | null;
  /** The new averages of all parameters, instead. */
  readonly multiAvgFn?: MultiAverageFunction | null;
  /** Whether buffers are averaged too; else they are copied (default false). */
  readonly useBuffers?: boolean;
}

/**
 * A model whose parameters are averages of another one's (`torch.optim.swa_utils.AveragedModel`).
 *
 * @example
 * ```ts
 * const averaged = new optim.swaUtils.AveragedModel(model, { multiAvgFn: optim.swaUtils.getEmaMultiAvgFn(0.99) });
 * for (const [x, y] of batches) {
 *   trainStep(x, y);
 *   averaged.updateParameters(model);
 * }
 * ```
 */
export class AveragedModel<M extends Module = Module> extends Module {
  static override readonly className: string = 'AveragedModel';

  /** The averages. */
  module: M;
  declare n_averaged: Tensor;
  readonly avgFn: AverageFunction | null;
  readonly multiAvgFn: MultiAverageFunction | null;
  readonly useBuffers: boolean;

  constructor(model: M, options: AveragedModelOptions = {}) {
    super();
    const { avgFn = null, multiAvgFn = null, useBuffers = false } = options;
    if (avgFn !== null && multiAvgFn !== null)
      throw new Error('Only one of avg_fn and multi_avg_fn should be provided');
    this.module = deepcopy(model);
    this.registerBuffer('n_averaged', tensor(0n));
    this.avgFn = avgFn;
    this.multiAvgFn = multiAvgFn;
    this.useBuffers = useBuffers;
  }

  /** How many models are in the averages. */
  get nAveraged(): Tensor {
    return this.n_averaged;
  }

  override forward(...inputs: unknown[]): ReturnType<M['forward']> {
    return callModule(this.module, ...inputs) as ReturnType<M['forward']>;
  }

  /** Takes the model's parameters as they are now into the averages. */
  updateParameters(model: Module): void {
    noGrad(() => {
      const own = this.useBuffers ? statesOf(this.module) : this.module.parameters();
      const given = this.useBuffers ? statesOf(model) : model.parameters();
      const pairs = own.slice(0, given.length).map((averaged, i) => [averaged, given[i]!] as const);
      const count = Number(this.n_averaged.item());
      if (count === 0) for (const [averaged, current] of pairs) averaged.copy_(current);
      else this.#average(pairs, count);
      if (!this.useBuffers) {
        const current = model.buffers();
        this.module.buffers().forEach((buffer, i) => {
          buffer.copy_(current[i]!);
        });
      }
      this.n_averaged.add_(1);
    });
  }

  #average(pairs: readonly (readonly [Tensor, Tensor])[], count: number): void {
    if (this.multiAvgFn !== null) {
      for (const list of byDType(pairs)) {
        this.multiAvgFn(
          list.map(([averaged]) => averaged.detach()),
          list.map(([, current]) => current.detach()),
          count,
        );
      }
      return;
    }
    const average = this.avgFn ?? getSwaAvgFn();
    for (const [averaged, current] of pairs)
      averaged.copy_(average(averaged.detach(), current.detach(), count));
  }
}

function statesOf(module: Module): Tensor[] {
  return [...module.parameters(), ...module.buffers()];
}

function byDType<Pair extends readonly [Tensor, Tensor]>(pairs: readonly Pair[]): Iterable<Pair[]> {
  const lists = new Map<string, Pair[]>();
  for (const pair of pairs) {
    const list = lists.get(pair[0].dtype);
    if (list === undefined) lists.set(pair[0].dtype, [pair]);
    else list.push(pair);
  }
  return lists.values();
}

/** A layer that `updateBn` treats: any batch normalisation. */
interface RunningStatistics extends Module {
  momentum: number | null;
  resetRunningStats(): void;
}

function hasRunningStatistics(module: Module): module is RunningStatistics {
  return 'running_mean' in module && 'num_batches_tracked' in module && 'resetRunningStats' in module;
}

/**
 * Computes the statistics of all batch normalisations anew, as plain averages over the batches
 * (`torch.optim.swa_utils.update_bn`): those of an averaged model are none of its own.
 *
 * @param loader batches; of a list, such as [x, y], the first is the model's input
 */
export function updateBn(loader: Iterable<Tensor | readonly Tensor[]>, model: Module): void {
  const layers = model.modules().filter(hasRunningStatistics);
  if (layers.length === 0) return;
  const momenta = layers.map((layer) => layer.momentum);
  const { training } = model;
  for (const layer of layers) layer.resetRunningStats();
  noGrad(() => {
    model.train();
    for (const layer of layers) layer.momentum = null;
    try {
      for (const batch of loader) callModule(model, Array.isArray(batch) ? batch[0] : batch);
    } finally {
      layers.forEach((layer, i) => {
        layer.momentum = momenta[i]!;
      });
      model.train(training);
    }
  });
}

/** Arguments of {@link SWALR} by name. */
export interface SWALRArguments {
  optimizer: Optimizer;
  /** The rate at the end, of all groups or of each. */
  swaLr: number | readonly number[];
  /** Epochs until then (default 10). */
  annealEpochs?: number;
  /** The form of the way (default 'cos'). */
  annealStrategy?: 'cos' | 'linear';
  /** The epoch that was reached (default -1). */
  lastEpoch?: number;
}

const names = ['optimizer', 'swaLr', 'annealEpochs', 'annealStrategy', 'lastEpoch'] as const;

/** Goes to a constant rate, at which models are averaged (`torch.optim.swa_utils.SWALR`). */
export class SWALR extends LRScheduler {
  declare annealEpochs: number;
  declare protected _annealStrategy: 'cos' | 'linear';

  constructor(
    ...args: LayerArguments<
      [
        optimizer: Optimizer,
        swaLr: number | readonly number[],
        annealEpochs: number | undefined,
        annealStrategy: 'cos' | 'linear' | undefined,
        lastEpoch: number | undefined,
      ],
      typeof names,
      SWALRArguments
    >
  ) {
    const { optimizer, lastEpoch, swaLr, annealEpochs, annealStrategy } = readArguments<SWALRArguments>(
      'SWALR',
      names,
      { annealEpochs: 10, annealStrategy: 'cos', lastEpoch: -1 },
      args,
    );
    const rates = perGroup('swa_lr', optimizer, swaLr);
    optimizer.paramGroups.forEach((group, i) => {
      group['swaLr'] = rates[i];
    });
    checkStrategy(annealStrategy);
    if (!Number.isInteger(annealEpochs) || annealEpochs < 0)
      throw new Error(`anneal_epochs must be equal or greater than 0, got ${annealEpochs}`);
    super(optimizer, lastEpoch, { annealEpochs, _annealStrategy: annealStrategy });
  }

  override loadStateDict(state: LoadableSchedulerState): void {
    super.loadStateDict(state);
    checkStrategy(this._annealStrategy);
  }

  override getLr(): number[] {
    this.checkCall();
    const step = this.annealEpochs === 0 ? Math.max(1, this._stepCount - 1) : this._stepCount - 1;
    const span = Math.max(1, this.annealEpochs);
    const before = annealed(this._annealStrategy, (step - 1) / span);
    const now = annealed(this._annealStrategy, step / span);
    return this.currentRates().map((rate, i) => {
      const end = this.optimizer.paramGroups[i]!['swaLr'] as number;
      const start = before === 1 ? end : (rate - before * end) / (1 - before);
      return end * now + start * (1 - now);
    });
  }
}

function annealed(form: 'cos' | 'linear', part: number): number {
  const t = Math.max(0, Math.min(1, part));
  return form === 'linear' ? t : (1 - Math.cos(Math.PI * t)) / 2;
}

function checkStrategy(strategy: unknown): void {
  if (strategy === 'cos' || strategy === 'linear') return;
  throw new Error(`anneal_strategy must be one of 'cos' or 'linear', instead got ${String(strategy)}`);
}
