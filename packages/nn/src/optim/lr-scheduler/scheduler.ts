/** What all learning-rate schedulers have in common (`torch.optim.lr_scheduler.LRScheduler`). */
import { noGrad, Tensor } from '@sconce/tensor';
import { warn } from '../../module/warn.ts';
import { Optimizer } from '../optimizer.ts';
import type { ParamGroup } from '../param-groups.ts';
import { camelCase, entriesOf, type PythonDict, plainValue, snakeCase } from '../python-names.ts';

/** A learning rate as groups hold it. */
export type Rate = number | Tensor;

const EPOCH_DEPRECATION =
  'The epoch parameter in `scheduler.step()` was not necessary and is being deprecated where possible. Please use `scheduler.step()` to step the scheduler. During the deprecation, if epoch is different from None, the closed form is used instead of the new chainable form, where available.';
const ADVICE = 'See more details at https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate';

/** State dict of a scheduler: PyTorch's names, numbers, lists of them. */
export type SchedulerState = Record<string, unknown>;

/** A state dict to load: what `stateDict` gives, or the Map that `readTorch` of `@sconce/checkpoint` reads. */
export type LoadableSchedulerState = PythonDict;

/** State as own properties whose names are PyTorch's in camelCase. */
export abstract class ScheduleState {
  /** PyTorch's names of the properties whose names do not tell them. */
  protected get stateNames(): Readonly<Record<string, string>> {
    return {};
  }

  /** Properties that are no state. */
  protected get stateless(): readonly string[] {
    return ['optimizer'];
  }

  /** The state under PyTorch's names. */
  stateDict(): SchedulerState {
    const state: SchedulerState = {};
    for (const [name, value] of this.stateEntries()) {
      state[this.stateNames[name] ?? snakeCase(name)] = plainValue(value, name);
    }
    return state;
  }

  /** Takes over the state of `stateDict()`, or of PyTorch's. What the scheduler does not have is passed over. */
  loadStateDict(state: LoadableSchedulerState): void {
    const own = Object.entries(this.stateNames).map(([name, python]): [string, string] => [python, name]);
    const names = new Map(own);
    const known = new Set(this.stateEntries().map(([name]) => name));
    for (const [python, value] of entriesOf(state, 'loadStateDict')) {
      const name = names.get(python) ?? camelCase(python);
      if (known.has(name)) Object.assign(this, { [name]: plainValue(value, python) });
    }
  }

  private stateEntries(): [string, unknown][] {
    return Object.entries(this).filter(([name]) => !this.stateless.includes(name));
  }
}

/**
 * Base of schedulers that compute the learning rates from a count of steps. One of your own writes `getLr`. Construct it
 * after the optimizer; call `step` after the optimizer's, once an epoch.
 */
export abstract class LRScheduler extends ScheduleState {
  readonly optimizer: Optimizer;
  /** Where the count of steps is. */
  lastEpoch: number;
  /** The learning rates to begin with, of each group. */
  baseLrs: Rate[];
  /** How often `step` was called, the constructor's call included. */
  protected _stepCount: number = 0;
  protected _isInitial: boolean = false;
  protected _getLrCalledWithinStep: boolean = false;
  protected _lastLr: Rate[] = [];

  /**
   * @param lastEpoch the epoch that was reached, to go on from there; groups must know their `initialLr` then
   * @param prepare sets properties that `getLr` reads: the first rates are computed here
   * @throws {Error} in PyTorch's words
   */
  constructor(optimizer: Optimizer, lastEpoch: number = -1, prepare: object = {}) {
    super();
    checkOptimizer(optimizer);
    this.optimizer = optimizer;
    optimizer.paramGroups.forEach((group, i) => {
      if (lastEpoch === -1) group['initialLr'] ??= copyOf(group.lr);
      else if (group['initialLr'] === undefined) {
        throw new Error(
          `param 'initial_lr' is not specified in param_groups[${i}] when resuming scheduler with last_epoch >= 0.\nThis typically happens when:\n1. You're trying to resume training from a checkpoint but haven't properly loaded the optimizer state\n2. You're using last_epoch >= 0 for a fresh training run (not recommended)`,
        );
      }
    });
    this.baseLrs = optimizer.paramGroups.map((group) => copyOf(group['initialLr'] as Rate));
    this.lastEpoch = lastEpoch;
    optimizer.stepped ??= false;
    Object.assign(this, prepare);
    this.initialStep();
  }

  /** Computes the first rates. */
  initialStep(): void {
    this._stepCount = 0;
    this._isInitial = true;
    try {
      this.step();
    } finally {
      this._isInitial = false;
    }
  }

  /** The learning rates of the groups as of the last step. */
  getLastLr(): Rate[] {
    return this._lastLr;
  }

  /** The rates for `lastEpoch`, of each group; often computed from those of the step before. */
  abstract getLr(): number[];

  /** The rates for `lastEpoch` without those before, where there is such a formula. */
  protected closedForm?(): number[];

  /**
   * Goes on to the next epoch and sets the groups' learning rates.
   * @param epoch goes to this one instead (deprecated in PyTorch)
   */
  step(epoch?: number): void {
    if (this._stepCount === 1 && this.optimizer.stepped === false) {
      warn(
        `Detected call of \`lr_scheduler.step()\` before \`optimizer.step()\`. In PyTorch 1.1.0 and later, you should call them in the opposite order: \`optimizer.step()\` before \`lr_scheduler.step()\`.  Failure to do this will result in PyTorch skipping the first value of the learning rate schedule. ${ADVICE}`,
      );
    }
    this._stepCount++;
    if (epoch !== undefined) warnEpoch();
    this.updateLr(epoch);
  }

  /** Sets the rates of the next epoch, or of one that is given. */
  updateLr(epoch?: number): void {
    this.lastEpoch = epoch ?? this.lastEpoch + 1;
    this.setRates(() =>
      epoch === undefined || this.closedForm === undefined ? this.getLr() : this.closedForm(),
    );
  }

  /** Computes rates and sets them. */
  protected setRates(compute: () => number[]): void {
    this._getLrCalledWithinStep = true;
    let rates: number[];
    try {
      rates = compute();
    } finally {
      this._getLrCalledWithinStep = false;
    }
    this.optimizer.paramGroups.forEach((group, i) => {
      setOption(group, 'lr', rates[i]!);
    });
    this._lastLr = ratesOf(this.optimizer);
  }

  /** Warns where `getLr` was called from outside, which does not give the rates that are used. */
  protected checkCall(): void {
    if (this._getLrCalledWithinStep) return;
    warn('To get the last learning rate computed by the scheduler, please use `get_last_lr()`.');
  }

  /** The groups' learning rates as numbers. */
  protected currentRates(): number[] {
    return this.optimizer.paramGroups.map((group) => numberOf(group.lr));
  }

  /** The rates to begin with as numbers. */
  protected baseRates(): number[] {
    return this.baseLrs.map(numberOf);
  }
}

/** Warns that epochs are counted by the schedulers themselves. */
export function warnEpoch(): void {
  warn(EPOCH_DEPRECATION);
}

/** @throws {TypeError} in PyTorch's words for what is none */
export function checkOptimizer(optimizer: unknown): asserts optimizer is Optimizer {
  if (optimizer instanceof Optimizer) return;
  const name =
    typeof optimizer === 'object' && optimizer !== null ? optimizer.constructor.name : typeof optimizer;
  throw new TypeError(`${name} is not an Optimizer`);
}

/** A rate as a number. */
export function numberOf(rate: unknown): number {
  return rate instanceof Tensor ? Number(rate.item()) : (rate as number);
}

/** The groups' learning rates, tensors copied. */
export function ratesOf(optimizer: Optimizer): Rate[] {
  return optimizer.paramGroups.map((group) => copyOf(group.lr));
}

function copyOf(rate: Rate): Rate {
  return rate instanceof Tensor ? rate.clone() : rate;
}

/** Sets an option of a group; one that is a tensor stays the same tensor. */
export function setOption(group: ParamGroup, name: string, value: number): void {
  const own = group[name];
  if (own instanceof Tensor) noGrad(() => own.fill_(value));
  else group[name] = value;
}

/** A value for each group: a list of as many, or one for all. @throws {Error} in PyTorch's words */
export function perGroup(name: string, optimizer: Optimizer, value: number | readonly number[]): number[] {
  const groups = optimizer.paramGroups.length;
  if (!Array.isArray(value)) return Array.from({ length: groups }, () => value as number);
  if (value.length !== groups) {
    throw new Error(
      `${name} must have the same length as optimizer.param_groups. ${name} has ${value.length} values, param_groups has ${groups}.`,
    );
  }
  return [...(value as readonly number[])];
}
