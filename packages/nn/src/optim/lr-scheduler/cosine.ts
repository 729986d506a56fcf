/** Schedulers that follow a cosine. */
import { type LayerArguments, readArguments } from '../../module/arguments.ts';
import type { Optimizer } from '../optimizer.ts';
import { LRScheduler } from './scheduler.ts';

/** Arguments of {@link CosineAnnealingLR} by name. */
export interface CosineAnnealingLRArguments {
  optimizer: Optimizer;
  /** Epochs until the rates are smallest. */
  TMax: number;
  /** The smallest rate (default 0). */
  etaMin?: number;
  /** The epoch that was reached (default -1). */
  lastEpoch?: number;
}

const annealingNames = ['optimizer', 'TMax', 'etaMin', 'lastEpoch'] as const;

/** Rates fall, and rise again, along a cosine (`torch.optim.lr_scheduler.CosineAnnealingLR`). */
export class CosineAnnealingLR extends LRScheduler {
  declare TMax: number;
  declare etaMin: number;

  constructor(
    ...args: LayerArguments<
      [optimizer: Optimizer, TMax: number, etaMin: number | undefined, lastEpoch: number | undefined],
      typeof annealingNames,
      CosineAnnealingLRArguments
    >
  ) {
    const { optimizer, lastEpoch, TMax, etaMin } = readArguments<CosineAnnealingLRArguments>(
      'CosineAnnealingLR',
      annealingNames,
      { etaMin: 0, lastEpoch: -1 },
      args,
    );
    super(optimizer, lastEpoch, { TMax, etaMin });
  }

  override getLr(): number[] {
    this.checkCall();
    const { lastEpoch, TMax, etaMin } = this;
    if (this._isInitial) return this.currentRates();
    if (this._stepCount === 1 && lastEpoch > 0) {
      const factor = 1 + Math.cos((lastEpoch * Math.PI) / TMax);
      return this.baseRates().map((base) => etaMin + ((base - etaMin) * factor) / 2);
    }
    const base = this.baseRates();
    if (pythonRemainder(lastEpoch - 1 - TMax, 2 * TMax) === 0) {
      const rise = 1 - Math.cos(Math.PI / TMax);
      return this.currentRates().map((rate, i) => rate + ((base[i]! - etaMin) * rise) / 2);
    }
    const factor =
      (1 + Math.cos((Math.PI * lastEpoch) / TMax)) / (1 + Math.cos((Math.PI * (lastEpoch - 1)) / TMax));
    return this.currentRates().map((rate) => factor * (rate - etaMin) + etaMin);
  }

  protected override closedForm(): number[] {
    const { lastEpoch, TMax, etaMin } = this;
    const factor = 1 + Math.cos((Math.PI * lastEpoch) / TMax);
    return this.baseRates().map((base) => etaMin + ((base - etaMin) * factor) / 2);
  }
}

function pythonRemainder(a: number, b: number): number {
  return ((a % b) + b) % b;
}

/** Arguments of {@link CosineAnnealingWarmRestarts} by name. */
export interface CosineAnnealingWarmRestartsArguments {
  optimizer: Optimizer;
  /** Epochs until the first restart. */
  T0: number;
  /** How many times longer it takes until each next one (default 1). */
  TMult?: number;
  /** The smallest rate (default 0). */
  etaMin?: number;
  /** The epoch that was reached (default -1). */
  lastEpoch?: number;
}

const restartsNames = ['optimizer', 'T0', 'TMult', 'etaMin', 'lastEpoch'] as const;

/** Rates fall along a cosine and start anew (`CosineAnnealingWarmRestarts`). `step` takes parts of epochs too. */
export class CosineAnnealingWarmRestarts extends LRScheduler {
  declare T0: number;
  declare Ti: number;
  declare TMult: number;
  declare TCur: number;
  declare etaMin: number;

  constructor(
    ...args: LayerArguments<
      [
        optimizer: Optimizer,
        T0: number,
        TMult: number | undefined,
        etaMin: number | undefined,
        lastEpoch: number | undefined,
      ],
      typeof restartsNames,
      CosineAnnealingWarmRestartsArguments
    >
  ) {
    const { optimizer, lastEpoch, T0, TMult, etaMin } = readArguments<CosineAnnealingWarmRestartsArguments>(
      'CosineAnnealingWarmRestarts',
      restartsNames,
      { TMult: 1, etaMin: 0, lastEpoch: -1 },
      args,
    );
    if (T0 <= 0 || !Number.isInteger(T0)) throw new Error(`Expected positive integer T_0, but got ${T0}`);
    if (TMult < 1 || !Number.isInteger(TMult))
      throw new Error(`Expected integer T_mult >= 1, but got ${TMult}`);
    if (typeof etaMin !== 'number') {
      throw new Error(`Expected float or int eta_min, but got ${String(etaMin)} of type ${typeof etaMin}`);
    }
    super(optimizer, lastEpoch, { T0, Ti: T0, TMult, etaMin, TCur: lastEpoch });
  }

  protected override get stateNames(): Readonly<Record<string, string>> {
    return { T0: 'T_0', Ti: 'T_i' };
  }

  override getLr(): number[] {
    this.checkCall();
    const factor = 1 + Math.cos((Math.PI * this.TCur) / this.Ti);
    return this.baseRates().map((base) => this.etaMin + ((base - this.etaMin) * factor) / 2);
  }

  override step(given?: number): void {
    let epoch = given === undefined && this.lastEpoch < 0 ? 0 : given;
    const { T0, TMult } = this;
    if (epoch === undefined) {
      epoch = this.lastEpoch + 1;
      this.TCur++;
      if (this.TCur >= this.Ti) {
        this.TCur %= this.Ti;
        this.Ti *= TMult;
      }
    } else {
      if (epoch < 0) throw new Error(`Expected non-negative epoch, but got ${epoch}`);
      if (epoch < T0) {
        this.Ti = T0;
        this.TCur = epoch;
      } else if (TMult === 1) this.TCur = epoch % T0;
      else {
        const n = Math.trunc(Math.log((epoch / T0) * (TMult - 1) + 1) / Math.log(TMult));
        this.TCur = epoch - (T0 * (TMult ** n - 1)) / (TMult - 1);
        this.Ti = T0 * TMult ** n;
      }
    }
    this.lastEpoch = Math.floor(epoch);
    this.setRates(() => this.getLr());
  }
}
