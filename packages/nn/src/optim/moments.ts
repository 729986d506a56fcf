/** What Adam and its relatives have in common: averages of gradients and of their squares, and how weights decay. */
import { type Learned, scalarState, zerosState } from './element-optimizer.ts';
import { checkAtLeast, checkBetas, checkLearningRate, type LearningRate } from './learning-rate.ts';
import type { ParameterState } from './state-dict.ts';

/** Refuses options out of range. @throws {Error} in PyTorch's words */
export function checkMoments(options: {
  readonly lr: unknown;
  readonly eps: number;
  readonly betas: readonly unknown[];
  readonly weightDecay: number;
}): void {
  checkLearningRate(options.lr);
  checkAtLeast(0, options.eps, (value) => `Invalid epsilon value: ${value}`);
  checkBetas(options.betas);
  checkAtLeast(0, options.weightDecay, (value) => `Invalid weight_decay value: ${value}`);
}

/** Makes the state of parameters that have none: the step, then numbers and averages that begin with zeros. */
export function startMoments(
  learned: readonly Learned[],
  averages: readonly string[],
  numbers: Readonly<Record<string, number>> = {},
): void {
  for (const { parameter, state } of learned) {
    if (state['step'] === undefined) {
      const begun: ParameterState = { step: scalarState(0) };
      for (const [name, value] of Object.entries(numbers)) begun[name] = scalarState(value);
      for (const name of averages) begun[name] = zerosState(parameter);
      Object.assign(state, begun);
    }
  }
}

/** How weights decay in a step. */
export interface WeightDecay {
  readonly kind: 'none' | 'penalty' | 'decoupled';
  /** Factor of the weights that is added to gradients, or that weights are multiplied by. */
  readonly amount: number;
}

/** The decay of a group's weights. */
export function weightDecayOf(weightDecay: number, decoupled: boolean, lr: LearningRate): WeightDecay {
  if (weightDecay === 0) return { kind: 'none', amount: 0 };
  if (!decoupled) return { kind: 'penalty', amount: weightDecay };
  return { kind: 'decoupled', amount: lr.round(1 - lr.round(lr.value * weightDecay)) };
}
