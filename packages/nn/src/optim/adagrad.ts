/** Adagrad. */
import type { Tensor } from '@sconce/tensor';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import {
  countSteps,
  ElementOptimizer,
  fullState,
  type Learned,
  scalarState,
  stateTensor,
} from './element-optimizer.ts';
import type { UpdateBatch } from './element-update.ts';
import { checkAtLeast, checkLearningRate, learningRate } from './learning-rate.ts';
import { type CommonOptions, type FusedOption, forbidFused, updatesBy } from './options.ts';
import type { Params } from './param-groups.ts';
import type { ParameterState } from './state-dict.ts';

/** Options of a group of {@link Adagrad}. */
export interface AdagradOptions extends CommonOptions, FusedOption {
  /** Learning rate (default 1e-2). */
  lr?: number | Tensor;
  /** How the learning rate falls (default 0). */
  lrDecay?: number;
  /** L2 penalty (default 0). */
  weightDecay?: number;
  /** What the sums of squares start with (default 0). */
  initialAccumulatorValue?: number;
  /** Added to the denominator (default 1e-10). */
  eps?: number;
}

/** Arguments of {@link Adagrad} by name. */
export interface AdagradArguments extends AdagradOptions {
  params: Params<AdagradOptions>;
}

const names = [
  'params',
  'lr',
  'lrDecay',
  'weightDecay',
  'initialAccumulatorValue',
  'eps',
  'foreach',
] as const;

interface Switches {
  readonly maximize: boolean;
  readonly decay: boolean;
}

type Name = 'parameter' | 'sum' | 'grad';
type Scalar = 'weightDecay' | 'eps' | 'step';

const updates = updatesBy<Switches, Name, Scalar>(({ maximize, decay }) => ({
  name: 'Adagrad',
  writes: ['parameter', 'sum'],
  reads: ['grad'],
  scalars: ['weightDecay', 'eps', 'step'],
  formula: (m, t, s) => {
    let grad = maximize ? m.neg(t.grad) : t.grad;
    if (decay) grad = m.add(grad, t.parameter, s.weightDecay);
    const sum = m.addcmul(t.sum, grad, grad);
    const deviation = m.shift(m.sqrt(sum), s.eps);
    return { parameter: m.addcdiv(t.parameter, grad, deviation, s.step), sum };
  },
}));

/**
 * Steps by the gradient over the root of the sum of all squares so far (`torch.optim.Adagrad`).
 *
 * @throws {Error} for options out of range, in PyTorch's words
 */
export class Adagrad extends ElementOptimizer {
  static override readonly className: string = 'Adagrad';

  constructor(
    ...args: LayerArguments<
      [
        params: Params<AdagradOptions>,
        lr: number | Tensor | undefined,
        lrDecay: number | undefined,
        weightDecay: number | undefined,
        initialAccumulatorValue: number | undefined,
        eps: number | undefined,
        foreach: boolean | null | undefined,
      ],
      typeof names,
      AdagradArguments,
      'maximize' | 'differentiable' | 'fused'
    >
  ) {
    const { params, ...options } = readArguments<AdagradArguments>(
      'Adagrad',
      names,
      {
        lr: 1e-2,
        lrDecay: 0,
        weightDecay: 0,
        initialAccumulatorValue: 0,
        eps: 1e-10,
        foreach: null,
        maximize: false,
        differentiable: false,
        fused: null,
      },
      args,
    );
    checkLearningRate(options.lr);
    checkAtLeast(0, options.lrDecay, (value) => `Invalid lr_decay value: ${value}`);
    checkAtLeast(0, options.weightDecay, (value) => `Invalid weight_decay value: ${value}`);
    checkAtLeast(
      0,
      options.initialAccumulatorValue,
      (value) => `Invalid initial_accumulator_value value: ${value}`,
    );
    checkAtLeast(0, options.eps, (value) => `Invalid epsilon value: ${value}`);
    super(params, options);
    forbidFused(options);
    for (const group of this.paramGroups) {
      for (const parameter of group.params) this.#start(parameter, this.stateOf(parameter));
    }
  }

  #start(parameter: Tensor, state: ParameterState): void {
    state['step'] = scalarState(0);
    state['sum'] = fullState(parameter, this.defaults['initialAccumulatorValue'] as number);
  }

  protected override updateGroup(given: unknown, learned: readonly Learned[], batch: UpdateBatch): void {
    const group = given as Required<AdagradOptions>;
    const { eps, weightDecay, lrDecay, maximize } = group;
    const { value: rate, round } = learningRate(group.lr);
    for (const { parameter, state } of learned) {
      if (state['step'] === undefined) this.#start(parameter, state);
    }
    const update = updates({ maximize, decay: weightDecay !== 0 });
    const steps = countSteps(learned);
    for (let i = 0; i < learned.length; i++) {
      const { parameter, grad, state } = learned[i]!;
      const step = -round(rate / (1 + (steps[i]! - 1) * lrDecay));
      batch.add(update, { parameter, grad, sum: stateTensor(state, 'sum') }, { weightDecay, eps, step });
    }
  }
}
