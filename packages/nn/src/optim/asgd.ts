/** Averaged stochastic gradient descent. */
import { _items, _setItems_, type Tensor } from '@sconce/tensor';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import {
  countSteps,
  ElementOptimizer,
  type Learned,
  scalarState,
  stateTensor,
  stateTensors,
  zerosState,
} from './element-optimizer.ts';
import type { UpdateBatch } from './element-update.ts';
import { checkAtLeast, checkLearningRate, learningRate } from './learning-rate.ts';
import { type CapturableOption, type CommonOptions, updatesBy } from './options.ts';
import type { Params } from './param-groups.ts';
import type { GroupTextOptions } from './printing.ts';
import type { ParameterState } from './state-dict.ts';

/** Options of a group of {@link ASGD}. */
export interface ASGDOptions extends CommonOptions, CapturableOption {
  /** Learning rate (default 1e-2). */
  lr?: number | Tensor;
  /** How parameters and the learning rate decay (default 1e-4). */
  lambd?: number;
  /** Power of the learning rate's decay (default 0.75). */
  alpha?: number;
  /** Step from which on is averaged (default 1e6). */
  t0?: number;
  /** L2 penalty (default 0). */
  weightDecay?: number;
}

/** Arguments of {@link ASGD} by name. */
export interface ASGDArguments extends ASGDOptions {
  params: Params<ASGDOptions>;
}

const names = [
  'params',
  'lr',
  'lambd',
  'alpha',
  't0',
  'weightDecay',
  'foreach',
  'maximize',
  'differentiable',
  'capturable',
] as const;

interface Switches {
  readonly maximize: boolean;
  readonly decay: boolean;
  /** Whether it is averaged; else the average is the parameter. */
  readonly averaged: boolean;
}

type Name = 'parameter' | 'average' | 'grad';
type Scalar = 'weightDecay' | 'shrink' | 'step' | 'weight';

const updates = updatesBy<Switches, Name, Scalar>(({ maximize, decay, averaged }) => ({
  name: 'ASGD',
  writes: ['parameter', 'average'],
  reads: ['grad'],
  scalars: ['weightDecay', 'shrink', 'step', 'weight'],
  formula: (m, t, s) => {
    let grad = maximize ? m.neg(t.grad) : t.grad;
    if (decay) grad = m.add(grad, t.parameter, s.weightDecay);
    const parameter = m.add(m.scale(t.parameter, s.shrink), grad, s.step);
    if (!averaged) return { parameter, average: parameter };
    const away = m.scale(m.sub(parameter, t.average), s.weight);
    return { parameter, average: m.add(t.average, away, m.constant(1)) };
  },
}));

/**
 * Stochastic gradient descent that averages the parameters (`torch.optim.ASGD`; Polyak and Juditsky): the averages are
 * `optimizer.state.get(parameter).ax`.
 *
 * @throws {Error} for options out of range, in PyTorch's words
 */
export class ASGD extends ElementOptimizer {
  static override readonly className: string = 'ASGD';

  constructor(
    ...args: LayerArguments<
      [
        params: Params<ASGDOptions>,
        lr: number | Tensor | undefined,
        lambd: number | undefined,
        alpha: number | undefined,
        t0: number | undefined,
        weightDecay: number | undefined,
        foreach: boolean | null | undefined,
        maximize: boolean | undefined,
        differentiable: boolean | undefined,
        capturable: boolean | undefined,
      ],
      typeof names,
      ASGDArguments
    >
  ) {
    const { params, ...options } = readArguments<ASGDArguments>(
      'ASGD',
      names,
      {
        lr: 1e-2,
        lambd: 1e-4,
        alpha: 0.75,
        t0: 1e6,
        weightDecay: 0,
        foreach: null,
        maximize: false,
        differentiable: false,
        capturable: false,
      },
      args,
    );
    checkLearningRate(options.lr);
    checkAtLeast(0, options.weightDecay, (value) => `Invalid weight_decay value: ${value}`);
    super(params, options);
  }

  protected override get textOptions(): GroupTextOptions {
    return [...super.textOptions, 'lambd', 'alpha', 't0'];
  }

  protected override upgradeState(state: ParameterState): void {
    for (const name of ['step', 'eta', 'mu']) {
      const value = state[name];
      if (typeof value === 'number') state[name] = scalarState(value);
    }
  }

  protected override updateGroup(given: unknown, learned: readonly Learned[], batch: UpdateBatch): void {
    const group = given as Required<ASGDOptions>;
    const { lambd, alpha, t0, weightDecay, maximize } = group;
    const { value: rate, round } = learningRate(group.lr);
    for (const { parameter, state } of learned) {
      if (state['step'] !== undefined) continue;
      state['step'] = scalarState(0);
      state['eta'] = scalarState(rate);
      state['mu'] = scalarState(1);
      state['ax'] = zerosState(parameter);
    }
    const steps = countSteps(learned);
    const [etaTensors, muTensors] = [stateTensors(learned, 'eta'), stateTensors(learned, 'mu')];
    const [etas, mus] = [_items(etaTensors), _items(muTensors)];
    for (let i = 0; i < learned.length; i++) {
      const { parameter, grad, state } = learned[i]!;
      const [eta, weight] = [etas[i]!, mus[i]!];
      batch.add(
        updates({ maximize, decay: weightDecay !== 0, averaged: weight !== 1 }),
        { parameter, grad, average: stateTensor(state, 'ax') },
        { weightDecay, shrink: 1 - lambd * eta, step: -eta, weight },
      );
    }
    const decayed = (step: number): number => round(round(1 + round(round(lambd * rate) * step)) ** alpha);
    _setItems_(
      etaTensors,
      steps.map((step) => round(rate / decayed(step))),
    );
    _setItems_(
      muTensors,
      steps.map((step) => 1 / Math.max(1, step - t0)),
    );
  }
}
