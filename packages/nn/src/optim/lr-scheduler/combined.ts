/** Schedulers made of others. */
import { type LayerArguments, readArguments } from '../../module/arguments.ts';
import type { Optimizer } from '../optimizer.ts';
import { entriesOf } from '../python-names.ts';
import { ReduceLROnPlateau } from './plateau.ts';
import {
  type LoadableSchedulerState,
  type LRScheduler,
  numberOf,
  type Rate,
  ratesOf,
  type SchedulerState,
  ScheduleState,
  setOption,
} from './scheduler.ts';

/** A scheduler that can be part of another: not one that `step` must be given a metric. */
export type Schedule = LRScheduler | SequentialLR | ChainedScheduler;

/** What made-up schedulers have in common: their parts, and their state. */
abstract class CombinedScheduler extends ScheduleState {
  readonly optimizer: Optimizer;
  protected readonly _schedulers: readonly Schedule[];
  protected _lastLr: Rate[] = [];

  constructor(optimizer: Optimizer, schedulers: readonly Schedule[]) {
    super();
    this.optimizer = optimizer;
    this._schedulers = [...schedulers];
  }

  protected override get stateless(): readonly string[] {
    return ['optimizer', '_schedulers'];
  }

  /** The parts. */
  get schedulers(): readonly Schedule[] {
    return this._schedulers;
  }

  /** The learning rates of the groups as of the last step. */
  getLastLr(): Rate[] {
    return this._lastLr;
  }

  override stateDict(): SchedulerState {
    return { ...super.stateDict(), _schedulers: this._schedulers.map((part) => part.stateDict()) };
  }

  override loadStateDict(state: LoadableSchedulerState): void {
    super.loadStateDict(state);
    const parts = new Map(entriesOf(state, 'loadStateDict')).get('_schedulers');
    if (!Array.isArray(parts) || parts.length !== this._schedulers.length) {
      throw new TypeError(
        `loadStateDict: '_schedulers', expected a list of ${this._schedulers.length}, got ${Array.isArray(parts) ? parts.length : typeof parts}`,
      );
    }
    this._schedulers.forEach((part, i) => {
      part.loadStateDict(parts[i] as LoadableSchedulerState);
    });
  }
}

function checkParts(name: string, optimizer: Optimizer, schedulers: readonly Schedule[]): void {
  schedulers.forEach((scheduler, i) => {
    if ((scheduler as { optimizer?: unknown }).optimizer === undefined)
      throw new TypeError(`${name} at index ${i} should have \`optimizer\` as its attribute.`);
    if ((scheduler as unknown) instanceof ReduceLROnPlateau) {
      throw new Error(
        `${name} does not support \`ReduceLROnPlateau\` scheduler as it requires additional kwargs to be specified when calling \`step\`, but got one at index ${i} in the given schedulers sequence.`,
      );
    }
    if (scheduler.optimizer !== optimizer) {
      throw new Error(
        `${name} expects all schedulers to belong to the same optimizer, but got scheduler ${scheduler.constructor.name} at index ${i} has ${scheduler.optimizer}, which is different from ${optimizer.getName()}.`,
      );
    }
  });
}

/** Arguments of {@link SequentialLR} by name. */
export interface SequentialLRArguments {
  optimizer: Optimizer;
  /** The schedulers, in the order in which they are used. */
  schedulers: readonly Schedule[];
  /** The epochs at which the second, third, ... begins. */
  milestones: readonly number[];
  /** The epoch that was reached (default -1). */
  lastEpoch?: number;
}

const sequentialNames = ['optimizer', 'schedulers', 'milestones', 'lastEpoch'] as const;

/** One scheduler after the other (`torch.optim.lr_scheduler.SequentialLR`). */
export class SequentialLR extends CombinedScheduler {
  lastEpoch: number;
  protected readonly _milestones: readonly number[];

  constructor(
    ...args: LayerArguments<
      [
        optimizer: Optimizer,
        schedulers: readonly Schedule[],
        milestones: readonly number[],
        lastEpoch: number | undefined,
      ],
      typeof sequentialNames,
      SequentialLRArguments
    >
  ) {
    const { optimizer, schedulers, milestones, lastEpoch } = readArguments<SequentialLRArguments>(
      'SequentialLR',
      sequentialNames,
      { lastEpoch: -1 },
      args,
    );
    if (schedulers.length < 1)
      throw new Error('SequentialLR expects at least one scheduler, but got no scheduler.');
    checkParts('SequentialLR', optimizer, schedulers);
    if (milestones.length !== schedulers.length - 1) {
      throw new Error(
        `Sequential Schedulers expects number of schedulers provided to be one more than the number of milestone points, but got number of schedulers ${schedulers.length} and the number of milestones to be equal to ${milestones.length}`,
      );
    }
    super(optimizer, schedulers);
    this._milestones = [...milestones];
    this.lastEpoch = lastEpoch + 1;
    for (const group of optimizer.paramGroups) setOption(group, 'lr', numberOf(group['initialLr']));
    // Their constructors have all taken a step.
    undo(this);
    const first = this.#at(0);
    first.initialStep();
    this._lastLr = first.getLastLr();
  }

  /** The number of the scheduler that an epoch is in. */
  #index(epoch: number): number {
    return this._milestones.filter((milestone) => milestone <= epoch).length;
  }

  #at(epoch: number): LRScheduler {
    // PyTorch's parts are simple schedulers too where this is called.
    return this._schedulers[this.#index(epoch)] as LRScheduler;
  }

  /** Goes on to the next epoch, with the scheduler whose it is. */
  step(): void {
    this.lastEpoch++;
    const index = this.#index(this.lastEpoch);
    const scheduler = this._schedulers[index]!;
    if (index > 0 && this._milestones[index - 1] === this.lastEpoch) (scheduler as LRScheduler).updateLr(0);
    else scheduler.step();
    this._lastLr = scheduler.getLastLr();
  }
}

function undo(scheduler: Schedule): void {
  if (scheduler instanceof CombinedScheduler) for (const part of scheduler.schedulers) undo(part);
  else scheduler.lastEpoch--;
}

/** Arguments of {@link ChainedScheduler} by name. */
export interface ChainedSchedulerArguments {
  /** The schedulers. */
  schedulers: readonly Schedule[];
  /** The optimizer of all (default the first scheduler's). */
  optimizer?: Optimizer | null;
}

const chainedNames = ['schedulers', 'optimizer'] as const;

/** Several schedulers at once: every step is a step of each (`ChainedScheduler`). */
export class ChainedScheduler extends CombinedScheduler {
  constructor(
    ...args: LayerArguments<
      [schedulers: readonly Schedule[], optimizer: Optimizer | null | undefined],
      typeof chainedNames,
      ChainedSchedulerArguments
    >
  ) {
    const { schedulers, optimizer: given } = readArguments<ChainedSchedulerArguments>(
      'ChainedScheduler',
      chainedNames,
      { optimizer: null },
      args,
    );
    const [first] = schedulers;
    if (first === undefined) {
      throw new Error('ChainedScheduler expects at least one scheduler to be chained, but got no scheduler.');
    }
    const optimizer = given ?? first.optimizer;
    checkParts('ChainedScheduler', optimizer, schedulers);
    super(optimizer, schedulers);
    this._lastLr = ratesOf(optimizer);
  }

  /** Goes on to the next epoch. */
  step(): void {
    for (const scheduler of this._schedulers) scheduler.step();
    this._lastLr = ratesOf(this.optimizer);
  }
}
