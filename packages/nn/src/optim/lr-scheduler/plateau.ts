/** A scheduler that looks at how training goes. */
import type { Tensor } from '@sconce/tensor';
import { type LayerArguments, readArguments } from '../../module/arguments.ts';
import type { Optimizer } from '../optimizer.ts';
import {
  checkOptimizer,
  type LoadableSchedulerState,
  numberOf,
  type Rate,
  ratesOf,
  ScheduleState,
  setOption,
  warnEpoch,
} from './scheduler.ts';

/** Arguments of {@link ReduceLROnPlateau} by name. */
export interface ReduceLROnPlateauArguments {
  optimizer: Optimizer;
  /** Whether the metric is to fall or to rise (default 'min'). */
  mode?: 'min' | 'max';
  /** Factor by which rates fall, below 1 (default 0.1). */
  factor?: number;
  /** Epochs without improvement that are tolerated (default 10). */
  patience?: number;
  /** What counts as an improvement (default 1e-4). */
  threshold?: number;
  /** Whether the threshold is a part of the best metric, or an amount (default 'rel'). */
  thresholdMode?: 'rel' | 'abs';
  /** Epochs to wait after rates fell (default 0). */
  cooldown?: number;
  /** The smallest rate, of all groups or of each (default 0). */
  minLr?: number | readonly number[];
  /** Falls that are smaller are not made (default 1e-8). */
  eps?: number;
}

const names = [
  'optimizer',
  'mode',
  'factor',
  'patience',
  'threshold',
  'thresholdMode',
  'cooldown',
  'minLr',
  'eps',
] as const;

/**
 * Rates fall when a metric has stopped improving (`torch.optim.lr_scheduler.ReduceLROnPlateau`): call `step(loss)` after
 * every epoch.
 */
export class ReduceLROnPlateau extends ScheduleState {
  readonly optimizer: Optimizer;
  factor: number;
  defaultMinLr: number | null;
  minLrs: number[];
  patience: number;
  cooldown: number;
  eps: number;
  lastEpoch: number = 0;
  mode: 'min' | 'max';
  threshold: number;
  thresholdMode: 'rel' | 'abs';
  modeWorse: number = 0;
  /** The best metric so far. */
  best: number = 0;
  cooldownCounter: number = 0;
  numBadEpochs: number = 0;
  protected _lastLr: Rate[];

  constructor(
    ...args: LayerArguments<
      [
        optimizer: Optimizer,
        mode: 'min' | 'max' | undefined,
        factor: number | undefined,
        patience: number | undefined,
        threshold: number | undefined,
        thresholdMode: 'rel' | 'abs' | undefined,
        cooldown: number | undefined,
        minLr: number | readonly number[] | undefined,
        eps: number | undefined,
      ],
      typeof names,
      ReduceLROnPlateauArguments
    >
  ) {
    super();
    const given = readArguments<ReduceLROnPlateauArguments>(
      'ReduceLROnPlateau',
      names,
      {
        mode: 'min',
        factor: 0.1,
        patience: 10,
        threshold: 1e-4,
        thresholdMode: 'rel',
        cooldown: 0,
        minLr: 0,
        eps: 1e-8,
      },
      args,
    );
    const { optimizer, minLr } = given;
    if (given.factor >= 1) throw new Error('Factor should be < 1.0.');
    checkOptimizer(optimizer);
    const groups = optimizer.paramGroups.length;
    if (typeof minLr === 'number') {
      this.defaultMinLr = minLr;
      this.minLrs = Array.from({ length: groups }, () => minLr);
    } else {
      if (minLr.length !== groups) throw new Error(`expected ${groups} min_lrs, got ${minLr.length}`);
      this.defaultMinLr = null;
      this.minLrs = [...minLr];
    }
    this.optimizer = optimizer;
    this.factor = given.factor;
    this.patience = given.patience;
    this.cooldown = given.cooldown;
    this.eps = given.eps;
    this.mode = given.mode;
    this.threshold = given.threshold;
    this.thresholdMode = given.thresholdMode;
    this._lastLr = ratesOf(optimizer);
    this.#checkModes();
    this.best = this.modeWorse;
  }

  #checkModes(): void {
    const { mode, thresholdMode } = this;
    if (mode !== 'min' && mode !== 'max') throw new Error(`mode ${String(mode)} is unknown!`);
    if (thresholdMode !== 'rel' && thresholdMode !== 'abs')
      throw new Error(`threshold mode ${String(thresholdMode)} is unknown!`);
    this.modeWorse = mode === 'min' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  }

  override loadStateDict(state: LoadableSchedulerState): void {
    super.loadStateDict(state);
    this.#checkModes();
  }

  /** The learning rates of the groups as of the last step. */
  getLastLr(): Rate[] {
    return this._lastLr;
  }

  /** Whether it waits because rates have just fallen. */
  get inCooldown(): boolean {
    return this.cooldownCounter > 0;
  }

  /** Looks at an epoch's metric, and lowers the rates if it has not improved for too long. */
  step(metrics: number | Tensor, epoch?: number): void {
    const current = numberOf(metrics);
    if (epoch !== undefined) warnEpoch();
    this.lastEpoch = epoch ?? this.lastEpoch + 1;
    if (this.#isBetter(current)) {
      this.best = current;
      this.numBadEpochs = 0;
    } else this.numBadEpochs++;
    if (this.inCooldown) {
      this.cooldownCounter--;
      this.numBadEpochs = 0;
    }
    if (this.numBadEpochs > this.patience) {
      this.#reduce();
      this.cooldownCounter = this.cooldown;
      this.numBadEpochs = 0;
    }
    this._lastLr = ratesOf(this.optimizer);
  }

  #isBetter(current: number): boolean {
    const { best, threshold, mode } = this;
    if (this.thresholdMode === 'rel')
      return mode === 'min' ? current < best * (1 - threshold) : current > best * (threshold + 1);
    return mode === 'min' ? current < best - threshold : current > best + threshold;
  }

  #reduce(): void {
    const groups = this.optimizer.paramGroups;
    if (groups.length !== this.minLrs.length) {
      const smallest = this.defaultMinLr;
      if (smallest === null) {
        throw new Error(
          `The number of param groups in the \`optimizer\` (${groups.length}) differs from when \`ReduceLROnPlateau\` was initialized (${this.minLrs.length}), usually due to a new param group being added to the optimizer. Please modify the \`min_lrs\` field to match the length of the \`optimizer\` param groups.`,
        );
      }
      this.minLrs = groups.map(() => smallest);
    }
    groups.forEach((group, i) => {
      const before = numberOf(group.lr);
      const after = Math.max(before * this.factor, this.minLrs[i]!);
      if (before - after > this.eps) setOption(group, 'lr', after);
    });
  }
}
