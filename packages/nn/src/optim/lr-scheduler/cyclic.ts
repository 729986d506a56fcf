/** A scheduler that goes up and down. */
import { type LayerArguments, readArguments } from '../../module/arguments.ts';
import type { Optimizer } from '../optimizer.ts';
import { prepareMomentum, setMomentum } from './momentum.ts';
import { checkOptimizer, LRScheduler, perGroup, type SchedulerState, setOption } from './scheduler.ts';

/** Arguments of {@link CyclicLR} by name. */
export interface CyclicLRArguments {
  optimizer: Optimizer;
  /** The smallest rate, of all groups or of each. */
  baseLr: number | readonly number[];
  /** The largest rate, of all groups or of each. */
  maxLr: number | readonly number[];
  /** Steps from the smallest to the largest (default 2000). */
  stepSizeUp?: number;
  /** Steps back (default null: as many). */
  stepSizeDown?: number | null;
  /** Whether cycles stay as high, halve, or fall by `gamma` at every step (default 'triangular'). */
  mode?: 'triangular' | 'triangular2' | 'exp_range';
  /** Factor of every step, of 'exp_range' (default 1). */
  gamma?: number;
  /** The height, instead of a mode. */
  scaleFn?: ((x: number) => number) | null;
  /** Whether `scaleFn` is given the number of the cycle or of the step (default 'cycle'). */
  scaleMode?: 'cycle' | 'iterations';
  /** Whether momentum goes the other way (default true). */
  cycleMomentum?: boolean;
  /** The smallest momentum (default 0.8). */
  baseMomentum?: number | readonly number[];
  /** The largest momentum (default 0.9). */
  maxMomentum?: number | readonly number[];
  /** The step that was reached (default -1). */
  lastEpoch?: number;
}

const names = [
  'optimizer',
  'baseLr',
  'maxLr',
  'stepSizeUp',
  'stepSizeDown',
  'mode',
  'gamma',
  'scaleFn',
  'scaleMode',
  'cycleMomentum',
  'baseMomentum',
  'maxMomentum',
  'lastEpoch',
] as const;

const modes = ['triangular', 'triangular2', 'exp_range'];

/** Rates go up and down between two bounds; `step` after every batch (`torch.optim.lr_scheduler.CyclicLR`). */
export class CyclicLR extends LRScheduler {
  declare maxLrs: number[];
  declare totalSize: number;
  declare stepRatio: number;
  declare mode: 'triangular' | 'triangular2' | 'exp_range';
  declare gamma: number;
  declare scaleMode: 'cycle' | 'iterations';
  declare cycleMomentum: boolean;
  declare useBeta1: boolean;
  declare baseMomentums: number[];
  declare maxMomentums: number[];
  declare protected _scaleFnCustom: ((x: number) => number) | null;

  constructor(
    ...args: LayerArguments<
      [
        optimizer: Optimizer,
        baseLr: number | readonly number[],
        maxLr: number | readonly number[],
        stepSizeUp: number | undefined,
        stepSizeDown: number | null | undefined,
        mode: 'triangular' | 'triangular2' | 'exp_range' | undefined,
        gamma: number | undefined,
        scaleFn: ((x: number) => number) | null | undefined,
        scaleMode: 'cycle' | 'iterations' | undefined,
        cycleMomentum: boolean | undefined,
        baseMomentum: number | readonly number[] | undefined,
        maxMomentum: number | readonly number[] | undefined,
        lastEpoch: number | undefined,
      ],
      typeof names,
      CyclicLRArguments
    >
  ) {
    const given = readArguments<CyclicLRArguments>(
      'CyclicLR',
      names,
      {
        stepSizeUp: 2000,
        stepSizeDown: null,
        mode: 'triangular',
        gamma: 1,
        scaleFn: null,
        scaleMode: 'cycle',
        cycleMomentum: true,
        baseMomentum: 0.8,
        maxMomentum: 0.9,
        lastEpoch: -1,
      },
      args,
    );
    const { optimizer, lastEpoch, mode, gamma, scaleFn, cycleMomentum, stepSizeUp } = given;
    checkOptimizer(optimizer);
    const baseLrs = perGroup('base_lr', optimizer, given.baseLr);
    const begins = lastEpoch === -1;
    if (begins) {
      optimizer.paramGroups.forEach((group, i) => {
        setOption(group, 'lr', baseLrs[i]!);
      });
    }
    const totalSize = stepSizeUp + (given.stepSizeDown ?? stepSizeUp);
    if (scaleFn === null && !modes.includes(mode)) throw new Error('mode is invalid and scale_fn is None');
    const scaleMode = scaleFn !== null ? given.scaleMode : mode === 'exp_range' ? 'iterations' : 'cycle';
    const momentum = cycleMomentum
      ? prepareMomentum(optimizer, given.baseMomentum, given.maxMomentum, begins)
      : undefined;
    super(optimizer, lastEpoch, {
      maxLrs: perGroup('max_lr', optimizer, given.maxLr),
      totalSize,
      stepRatio: stepSizeUp / totalSize,
      mode,
      gamma,
      _scaleFnCustom: scaleFn,
      scaleMode,
      cycleMomentum,
      ...(momentum === undefined
        ? {}
        : { useBeta1: momentum.useBeta1, baseMomentums: momentum.base, maxMomentums: momentum.max }),
    });
    this.baseLrs = baseLrs;
  }

  protected override get stateless(): readonly string[] {
    return ['optimizer', '_scaleFnCustom'];
  }

  /** A function is not saved: its place holds null. */
  override stateDict(): SchedulerState {
    return { ...super.stateDict(), _scale_fn_custom: null };
  }

  /** How high a cycle is: of its number, or of the step's. */
  scaleFn(x: number): number {
    if (this._scaleFnCustom !== null) return this._scaleFnCustom(x);
    if (this.mode === 'triangular') return 1;
    return this.mode === 'triangular2' ? 1 / 2 ** (x - 1) : this.gamma ** x;
  }

  override getLr(): number[] {
    this.checkCall();
    const { lastEpoch, totalSize, stepRatio } = this;
    const cycle = Math.floor(1 + lastEpoch / totalSize);
    const x = 1 + lastEpoch / totalSize - cycle;
    const height = x <= stepRatio ? x / stepRatio : (x - 1) / (stepRatio - 1);
    const scale = this.scaleFn(this.scaleMode === 'cycle' ? cycle : lastEpoch);
    if (this.cycleMomentum) {
      this.optimizer.paramGroups.forEach((group, i) => {
        const [low, high] = [this.baseMomentums[i]!, this.maxMomentums[i]!];
        setMomentum(group, this.useBeta1, high - (high - low) * height * scale);
      });
    }
    return this.baseRates().map((base, i) => base + (this.maxLrs[i]! - base) * height * scale);
  }
}
