/** A scheduler that goes up once, and down far below where it began. */
import { type LayerArguments, readArguments } from '../../module/arguments.ts';
import type { Optimizer } from '../optimizer.ts';
import { prepareMomentum, setMomentum } from './momentum.ts';
import { checkOptimizer, LRScheduler, perGroup } from './scheduler.ts';

/** Arguments of {@link OneCycleLR} by name. */
export interface OneCycleLRArguments {
  optimizer: Optimizer;
  /** The largest rate, of all groups or of each. */
  maxLr: number | readonly number[];
  /** Steps of the whole cycle; or give the next two. */
  totalSteps?: number | null;
  epochs?: number | null;
  stepsPerEpoch?: number | null;
  /** The part of the cycle that goes up (default 0.3). */
  pctStart?: number;
  /** The form of the ways (default 'cos'). */
  annealStrategy?: 'cos' | 'linear';
  /** Whether momentum goes the other way (default true). */
  cycleMomentum?: boolean;
  /** The smallest momentum (default 0.85). */
  baseMomentum?: number | readonly number[];
  /** The largest momentum (default 0.95). */
  maxMomentum?: number | readonly number[];
  /** How many times smaller than the largest the first rate is (default 25). */
  divFactor?: number;
  /** How many times smaller than the first the last rate is (default 1e4). */
  finalDivFactor?: number;
  /** Whether it goes back to the first rate before it goes below (default false). */
  threePhase?: boolean;
  /** The step that was reached (default -1). */
  lastEpoch?: number;
}

const names = [
  'optimizer',
  'maxLr',
  'totalSteps',
  'epochs',
  'stepsPerEpoch',
  'pctStart',
  'annealStrategy',
  'cycleMomentum',
  'baseMomentum',
  'maxMomentum',
  'divFactor',
  'finalDivFactor',
  'threePhase',
  'lastEpoch',
] as const;

/** From one option of the groups to another, under PyTorch's names. */
interface Phase {
  end_step: number;
  start_lr: string;
  end_lr: string;
  start_momentum: string;
  end_momentum: string;
}

/** The groups' options that phases name. */
const options: Readonly<Record<string, string>> = {
  initial_lr: 'initialLr',
  max_lr: 'maxLr',
  min_lr: 'minLr',
  max_momentum: 'maxMomentum',
  base_momentum: 'baseMomentum',
};

/** Rates go up and then down to nearly 0; `step` after every batch (`torch.optim.lr_scheduler.OneCycleLR`). */
export class OneCycleLR extends LRScheduler {
  declare totalSteps: number;
  declare cycleMomentum: boolean;
  declare useBeta1: boolean;
  declare protected _schedulePhases: Phase[];
  declare protected _annealFuncType: 'cos' | 'linear';

  constructor(
    ...args: LayerArguments<
      [
        optimizer: Optimizer,
        maxLr: number | readonly number[],
        totalSteps: number | null | undefined,
        epochs: number | null | undefined,
        stepsPerEpoch: number | null | undefined,
        pctStart: number | undefined,
        annealStrategy: 'cos' | 'linear' | undefined,
        cycleMomentum: boolean | undefined,
        baseMomentum: number | readonly number[] | undefined,
        maxMomentum: number | readonly number[] | undefined,
        divFactor: number | undefined,
        finalDivFactor: number | undefined,
        threePhase: boolean | undefined,
        lastEpoch: number | undefined,
      ],
      typeof names,
      OneCycleLRArguments
    >
  ) {
    const given = readArguments<OneCycleLRArguments>(
      'OneCycleLR',
      names,
      {
        totalSteps: null,
        epochs: null,
        stepsPerEpoch: null,
        pctStart: 0.3,
        annealStrategy: 'cos',
        cycleMomentum: true,
        baseMomentum: 0.85,
        maxMomentum: 0.95,
        divFactor: 25,
        finalDivFactor: 1e4,
        threePhase: false,
        lastEpoch: -1,
      },
      args,
    );
    const { optimizer, lastEpoch, pctStart, annealStrategy, cycleMomentum } = given;
    checkOptimizer(optimizer);
    const totalSteps = totalOf(given);
    if (!(pctStart >= 0 && pctStart <= 1))
      throw new Error(`Expected float between 0 and 1 pct_start, but got ${pctStart}`);
    if (annealStrategy !== 'cos' && annealStrategy !== 'linear') {
      throw new Error(
        `anneal_strategy must be one of 'cos' or 'linear', instead got ${String(annealStrategy)}`,
      );
    }
    const maxLrs = perGroup('max_lr', optimizer, given.maxLr);
    const begins = lastEpoch === -1;
    if (begins) {
      optimizer.paramGroups.forEach((group, i) => {
        group['initialLr'] = maxLrs[i]! / given.divFactor;
        group['maxLr'] = maxLrs[i];
        group['minLr'] = (group['initialLr'] as number) / given.finalDivFactor;
      });
    }
    const momentum = cycleMomentum
      ? prepareMomentum(optimizer, given.baseMomentum, given.maxMomentum, begins)
      : undefined;
    super(optimizer, lastEpoch, {
      totalSteps,
      _schedulePhases: phasesOf(totalSteps, pctStart, given.threePhase),
      _annealFuncType: annealStrategy,
      cycleMomentum,
      ...(momentum === undefined ? {} : { useBeta1: momentum.useBeta1 }),
    });
  }

  override getLr(): number[] {
    this.checkCall();
    const step = this.lastEpoch;
    if (step > this.totalSteps) {
      throw new Error(
        `Tried to step ${step} times. The specified number of total steps is ${this.totalSteps}`,
      );
    }
    const phases = this._schedulePhases;
    const found = phases.findIndex((phase) => step <= phase.end_step);
    const at = found < 0 ? phases.length - 1 : found;
    const phase = phases[at]!;
    const start = at === 0 ? 0 : phases[at - 1]!.end_step;
    const part = (step - start) / (phase.end_step - start);
    return this.optimizer.paramGroups.map((group) => {
      const option = (name: string): number => group[options[name] ?? name] as number;
      if (this.cycleMomentum) {
        const momentum = anneal(
          this._annealFuncType,
          option(phase.start_momentum),
          option(phase.end_momentum),
          part,
        );
        setMomentum(group, this.useBeta1, momentum);
      }
      return anneal(this._annealFuncType, option(phase.start_lr), option(phase.end_lr), part);
    });
  }
}

function anneal(form: 'cos' | 'linear', start: number, end: number, part: number): number {
  if (form === 'linear') return (end - start) * part + start;
  return end + ((start - end) / 2) * (Math.cos(Math.PI * part) + 1);
}

function totalOf({ totalSteps, epochs, stepsPerEpoch }: Required<OneCycleLRArguments>): number {
  if (totalSteps !== null) return positive('total_steps', totalSteps);
  if (epochs !== null && stepsPerEpoch !== null)
    return positive('epochs', epochs) * positive('steps_per_epoch', stepsPerEpoch);
  throw new Error('You must define either total_steps OR (epochs AND steps_per_epoch)');
}

function positive(name: string, value: number): number {
  if (value > 0 && Number.isInteger(value)) return value;
  throw new Error(`Expected positive integer ${name}, but got ${value}`);
}

function phasesOf(total: number, pctStart: number, three: boolean): Phase[] {
  const phase = (end_step: number, lr: [string, string], momentum: [string, string]): Phase => ({
    end_step,
    start_lr: lr[0],
    end_lr: lr[1],
    start_momentum: momentum[0],
    end_momentum: momentum[1],
  });
  const down: [string, string] = ['max_momentum', 'base_momentum'];
  const up: [string, string] = ['base_momentum', 'max_momentum'];
  const first = phase(pctStart * total - 1, ['initial_lr', 'max_lr'], down);
  if (!three) return [first, phase(total - 1, ['max_lr', 'min_lr'], up)];
  return [
    first,
    phase(2 * pctStart * total - 2, ['max_lr', 'initial_lr'], up),
    phase(total - 1, ['initial_lr', 'min_lr'], ['max_momentum', 'max_momentum']),
  ];
}
