/** Schedulers that change the learning rates during a number of epochs. */
import { type LayerArguments, readArguments } from '../../module/arguments.ts';
import type { Optimizer } from '../optimizer.ts';
import { LRScheduler } from './scheduler.ts';

/** Arguments of {@link ConstantLR} by name. */
export interface ConstantLRArguments {
  optimizer: Optimizer;
  /** Factor at the beginning, from 0 to 1 (default 1/3). */
  factor?: number;
  /** Epochs that it lasts (default 5). */
  totalIters?: number;
  /** The epoch that was reached (default -1). */
  lastEpoch?: number;
}

const constantNames = ['optimizer', 'factor', 'totalIters', 'lastEpoch'] as const;

/** Smaller rates for some epochs (`torch.optim.lr_scheduler.ConstantLR`). */
export class ConstantLR extends LRScheduler {
  declare factor: number;
  declare totalIters: number;

  constructor(
    ...args: LayerArguments<
      [
        optimizer: Optimizer,
        factor: number | undefined,
        totalIters: number | undefined,
        lastEpoch: number | undefined,
      ],
      typeof constantNames,
      ConstantLRArguments
    >
  ) {
    const { optimizer, lastEpoch, factor, totalIters } = readArguments<ConstantLRArguments>(
      'ConstantLR',
      constantNames,
      { factor: 1 / 3, totalIters: 5, lastEpoch: -1 },
      args,
    );
    if (factor > 1 || factor < 0)
      throw new Error('Constant multiplicative factor expected to be between 0 and 1.');
    super(optimizer, lastEpoch, { factor, totalIters });
  }

  override getLr(): number[] {
    this.checkCall();
    const { lastEpoch, factor, totalIters } = this;
    return this.currentRates().map((rate) => {
      if (lastEpoch === 0) return rate * factor;
      return lastEpoch === totalIters ? rate * (1 / factor) : rate;
    });
  }

  protected override closedForm(): number[] {
    const { lastEpoch, factor, totalIters } = this;
    return this.baseRates().map((rate) => rate * (factor + Number(lastEpoch >= totalIters) * (1 - factor)));
  }
}

/** Arguments of {@link LinearLR} by name. */
export interface LinearLRArguments {
  optimizer: Optimizer;
  /** Factor at the beginning, above 0 and at most 1 (default 1/3). */
  startFactor?: number;
  /** Factor at the end, from 0 to 1 (default 1). */
  endFactor?: number;
  /** Epochs from one to the other (default 5). */
  totalIters?: number;
  /** The epoch that was reached (default -1). */
  lastEpoch?: number;
}

const linearNames = ['optimizer', 'startFactor', 'endFactor', 'totalIters', 'lastEpoch'] as const;

/** A factor that changes by the same amount every epoch (`LinearLR`): a warm-up, say. */
export class LinearLR extends LRScheduler {
  declare startFactor: number;
  declare endFactor: number;
  declare totalIters: number;

  constructor(
    ...args: LayerArguments<
      [
        optimizer: Optimizer,
        startFactor: number | undefined,
        endFactor: number | undefined,
        totalIters: number | undefined,
        lastEpoch: number | undefined,
      ],
      typeof linearNames,
      LinearLRArguments
    >
  ) {
    const { optimizer, lastEpoch, startFactor, endFactor, totalIters } = readArguments<LinearLRArguments>(
      'LinearLR',
      linearNames,
      { startFactor: 1 / 3, endFactor: 1, totalIters: 5, lastEpoch: -1 },
      args,
    );
    if (startFactor > 1 || startFactor <= 0) {
      throw new Error('Starting multiplicative factor expected to be greater than 0 and less or equal to 1.');
    }
    if (endFactor > 1 || endFactor < 0)
      throw new Error('Ending multiplicative factor expected to be between 0 and 1.');
    super(optimizer, lastEpoch, { startFactor, endFactor, totalIters });
  }

  override getLr(): number[] {
    this.checkCall();
    const { lastEpoch, startFactor, endFactor, totalIters } = this;
    return this.currentRates().map((rate) => {
      if (lastEpoch === 0) return rate * startFactor;
      if (this._isInitial || lastEpoch > totalIters) return rate;
      const rise = endFactor - startFactor;
      return rate * (1 + rise / (totalIters * startFactor + (lastEpoch - 1) * rise));
    });
  }

  protected override closedForm(): number[] {
    const { lastEpoch, startFactor, endFactor, totalIters } = this;
    const factor = startFactor + ((endFactor - startFactor) * Math.min(totalIters, lastEpoch)) / totalIters;
    return this.baseRates().map((rate) => rate * factor);
  }
}

/** Arguments of {@link PolynomialLR} by name. */
export interface PolynomialLRArguments {
  optimizer: Optimizer;
  /** Epochs until the rates are 0 (default 5). */
  totalIters?: number;
  /** Power of the polynomial (default 1). */
  power?: number;
  /** The epoch that was reached (default -1). */
  lastEpoch?: number;
}

const polynomialNames = ['optimizer', 'totalIters', 'power', 'lastEpoch'] as const;

/** Rates that fall to 0 by a polynomial (`PolynomialLR`). */
export class PolynomialLR extends LRScheduler {
  declare totalIters: number;
  declare power: number;

  constructor(
    ...args: LayerArguments<
      [
        optimizer: Optimizer,
        totalIters: number | undefined,
        power: number | undefined,
        lastEpoch: number | undefined,
      ],
      typeof polynomialNames,
      PolynomialLRArguments
    >
  ) {
    const { optimizer, lastEpoch, totalIters, power } = readArguments<PolynomialLRArguments>(
      'PolynomialLR',
      polynomialNames,
      { totalIters: 5, power: 1, lastEpoch: -1 },
      args,
    );
    super(optimizer, lastEpoch, { totalIters, power });
  }

  override getLr(): number[] {
    this.checkCall();
    const { lastEpoch, totalIters, power } = this;
    if (this._isInitial || lastEpoch > totalIters) return this.currentRates();
    const factor = ((1 - lastEpoch / totalIters) / (1 - (lastEpoch - 1) / totalIters)) ** power;
    return this.currentRates().map((rate) => rate * factor);
  }

  protected override closedForm(): number[] {
    const { lastEpoch, totalIters, power } = this;
    const factor = (1 - Math.min(totalIters, lastEpoch) / totalIters) ** power;
    return this.baseRates().map((rate) => rate * factor);
  }
}
