/** Schedulers that multiply the learning rates: by functions, at some epochs, or at every one. */
import { type LayerArguments, readArguments } from '../../module/arguments.ts';
import type { Optimizer } from '../optimizer.ts';
import { LRScheduler, type SchedulerState } from './scheduler.ts';

/** A factor for an epoch. */
export type EpochFactor = (epoch: number) => number;

/** Arguments of {@link LambdaLR} and {@link MultiplicativeLR} by name. */
export interface LambdaLRArguments {
  optimizer: Optimizer;
  /** One function, or one for each group. */
  lrLambda: EpochFactor | readonly EpochFactor[];
  /** The epoch that was reached (default -1). */
  lastEpoch?: number;
}

const lambdaNames = ['optimizer', 'lrLambda', 'lastEpoch'] as const;
type LambdaPositional = [
  optimizer: Optimizer,
  lrLambda: EpochFactor | readonly EpochFactor[],
  lastEpoch: number | undefined,
];

abstract class FunctionLR extends LRScheduler {
  declare lrLambdas: EpochFactor[];

  protected constructor(name: string, args: readonly unknown[]) {
    const { optimizer, lrLambda, lastEpoch } = readArguments<LambdaLRArguments>(
      name,
      lambdaNames,
      { lastEpoch: -1 },
      args,
    );
    super(optimizer, lastEpoch, { lrLambdas: functionsOf(optimizer, lrLambda) });
  }

  protected override get stateless(): readonly string[] {
    return ['optimizer', 'lrLambdas'];
  }

  /** Functions are not saved: their places hold null. */
  override stateDict(): SchedulerState {
    return { ...super.stateDict(), lr_lambdas: this.lrLambdas.map(() => null) };
  }
}

function functionsOf(
  optimizer: Optimizer,
  given: EpochFactor | readonly EpochFactor[],
): readonly EpochFactor[] {
  const groups = optimizer.paramGroups.length;
  const list = Array.isArray(given)
    ? (given as readonly EpochFactor[])
    : Array.from({ length: groups }, () => given as EpochFactor);
  if (list.length !== groups) throw new Error(`Expected ${groups} lr_lambdas, but got ${list.length}`);
  for (const one of list) {
    if (typeof one !== 'function')
      throw new TypeError(`lr_lambda should be a function, but got ${typeof one}`);
  }
  return [...list];
}

/** The first rates times a function of the epoch (`torch.optim.lr_scheduler.LambdaLR`). */
export class LambdaLR extends FunctionLR {
  constructor(...args: LayerArguments<LambdaPositional, typeof lambdaNames, LambdaLRArguments>) {
    super('LambdaLR', args);
  }

  override getLr(): number[] {
    this.checkCall();
    return this.baseRates().map((rate, i) => rate * this.lrLambdas[i]!(this.lastEpoch));
  }
}

/** The last rates times a function of the epoch (`MultiplicativeLR`). */
export class MultiplicativeLR extends FunctionLR {
  constructor(...args: LayerArguments<LambdaPositional, typeof lambdaNames, LambdaLRArguments>) {
    super('MultiplicativeLR', args);
  }

  override getLr(): number[] {
    this.checkCall();
    if (this._isInitial) return this.currentRates();
    return this.currentRates().map((rate, i) => rate * this.lrLambdas[i]!(this.lastEpoch));
  }
}

/** Arguments of {@link StepLR} by name. */
export interface StepLRArguments {
  optimizer: Optimizer;
  /** Epochs from one fall to the next. */
  stepSize: number;
  /** Factor of each fall (default 0.1). */
  gamma?: number;
  /** The epoch that was reached (default -1). */
  lastEpoch?: number;
}

const stepNames = ['optimizer', 'stepSize', 'gamma', 'lastEpoch'] as const;

/** Rates fall every so many epochs (`StepLR`). */
export class StepLR extends LRScheduler {
  declare stepSize: number;
  declare gamma: number;

  constructor(
    ...args: LayerArguments<
      [optimizer: Optimizer, stepSize: number, gamma: number | undefined, lastEpoch: number | undefined],
      typeof stepNames,
      StepLRArguments
    >
  ) {
    const { optimizer, lastEpoch, stepSize, gamma } = readArguments<StepLRArguments>(
      'StepLR',
      stepNames,
      { gamma: 0.1, lastEpoch: -1 },
      args,
    );
    super(optimizer, lastEpoch, { stepSize, gamma });
  }

  override getLr(): number[] {
    this.checkCall();
    const stays = this.lastEpoch === 0 || this.lastEpoch % this.stepSize !== 0;
    return this.currentRates().map((rate) => (stays ? rate : rate * this.gamma));
  }

  protected override closedForm(): number[] {
    return this.baseRates().map((rate) => rate * this.gamma ** Math.floor(this.lastEpoch / this.stepSize));
  }
}

/** Arguments of {@link MultiStepLR} by name. */
export interface MultiStepLRArguments {
  optimizer: Optimizer;
  /** Epochs at which rates fall; twice where one stands twice. */
  milestones: Iterable<number>;
  /** Factor of each fall (default 0.1). */
  gamma?: number;
  /** The epoch that was reached (default -1). */
  lastEpoch?: number;
}

const multiStepNames = ['optimizer', 'milestones', 'gamma', 'lastEpoch'] as const;

/** Rates fall at given epochs (`MultiStepLR`). */
export class MultiStepLR extends LRScheduler {
  /** How often rates fall, by epoch. */
  declare milestones: Record<string, number>;
  declare gamma: number;

  constructor(
    ...args: LayerArguments<
      [
        optimizer: Optimizer,
        milestones: Iterable<number>,
        gamma: number | undefined,
        lastEpoch: number | undefined,
      ],
      typeof multiStepNames,
      MultiStepLRArguments
    >
  ) {
    const { optimizer, lastEpoch, milestones, gamma } = readArguments<MultiStepLRArguments>(
      'MultiStepLR',
      multiStepNames,
      { gamma: 0.1, lastEpoch: -1 },
      args,
    );
    const counts: Record<string, number> = {};
    for (const epoch of milestones) counts[epoch] = (counts[epoch] ?? 0) + 1;
    super(optimizer, lastEpoch, { milestones: counts, gamma });
  }

  override getLr(): number[] {
    this.checkCall();
    const times = this.milestones[this.lastEpoch] ?? 0;
    return this.currentRates().map((rate) => (times === 0 ? rate : rate * this.gamma ** times));
  }

  protected override closedForm(): number[] {
    let times = 0;
    for (const [epoch, count] of Object.entries(this.milestones)) {
      if (Number(epoch) <= this.lastEpoch) times += count;
    }
    return this.baseRates().map((rate) => rate * this.gamma ** times);
  }
}

/** Arguments of {@link ExponentialLR} by name. */
export interface ExponentialLRArguments {
  optimizer: Optimizer;
  /** Factor of every epoch. */
  gamma: number;
  /** The epoch that was reached (default -1). */
  lastEpoch?: number;
}

const exponentialNames = ['optimizer', 'gamma', 'lastEpoch'] as const;

/** Rates fall at every epoch (`ExponentialLR`). */
export class ExponentialLR extends LRScheduler {
  declare gamma: number;

  constructor(
    ...args: LayerArguments<
      [optimizer: Optimizer, gamma: number, lastEpoch: number | undefined],
      typeof exponentialNames,
      ExponentialLRArguments
    >
  ) {
    const { optimizer, lastEpoch, gamma } = readArguments<ExponentialLRArguments>(
      'ExponentialLR',
      exponentialNames,
      { lastEpoch: -1 },
      args,
    );
    super(optimizer, lastEpoch, { gamma });
  }

  override getLr(): number[] {
    this.checkCall();
    return this.currentRates().map((rate) => (this._isInitial ? rate : rate * this.gamma));
  }

  protected override closedForm(): number[] {
    return this.baseRates().map((rate) => rate * this.gamma ** this.lastEpoch);
  }
}
