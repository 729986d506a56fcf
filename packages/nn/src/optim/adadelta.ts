/** Adadelta. */
import type { Tensor } from '@sconce/tensor';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { pythonFloat } from '../module/python-text.ts';
import {
  countSteps,
  ElementOptimizer,
  type Learned,
  scalarState,
  stateTensor,
  zerosState,
} from './element-optimizer.ts';
import type { UpdateBatch } from './element-update.ts';
import { checkAtLeast, checkLearningRate, learningRate } from './learning-rate.ts';
import { type CapturableOption, type CommonOptions, updatesBy } from './options.ts';
import type { Params } from './param-groups.ts';

/** Options of a group of {@link Adadelta}. */
export interface AdadeltaOptions extends CommonOptions, CapturableOption {
  /** Learning rate (default 1). */
  lr?: number | Tensor;
  /** Decay of the averages (default 0.9). */
  rho?: number;
  /** Added under the roots (default 1e-6). */
  eps?: number;
  /** L2 penalty (default 0). */
  weightDecay?: number;
}

/** Arguments of {@link Adadelta} by name. */
export interface AdadeltaArguments extends AdadeltaOptions {
  params: Params<AdadeltaOptions>;
}

const names = ['params', 'lr', 'rho', 'eps', 'weightDecay', 'foreach'] as const;

interface Switches {
  readonly maximize: boolean;
  readonly decay: boolean;
}

type Name = 'parameter' | 'square' | 'deltas' | 'grad';
type Scalar = 'weightDecay' | 'rho' | 'weight' | 'eps' | 'step';

const updates = updatesBy<Switches, Name, Scalar>(({ maximize, decay }) => ({
  name: 'Adadelta',
  writes: ['parameter', 'square', 'deltas'],
  reads: ['grad'],
  scalars: ['weightDecay', 'rho', 'weight', 'eps', 'step'],
  formula: (m, t, s) => {
    let grad = maximize ? m.neg(t.grad) : t.grad;
    if (decay) grad = m.add(grad, t.parameter, s.weightDecay);
    const square = m.addcmul(m.scale(t.square, s.rho), grad, grad, s.weight);
    const deviation = m.sqrt(m.shift(square, s.eps));
    const delta = m.mul(m.div(m.sqrt(m.shift(t.deltas, s.eps)), deviation), grad);
    const deltas = m.addcmul(m.scale(t.deltas, s.rho), delta, delta, s.weight);
    return { parameter: m.add(t.parameter, delta, s.step), square, deltas };
  },
}));

/**
 * Steps in the size of the steps before (`torch.optim.Adadelta`; Zeiler, https://arxiv.org/abs/1212.5701).
 *
 * @throws {Error} for options out of range, in PyTorch's words
 */
export class Adadelta extends ElementOptimizer {
  static override readonly className: string = 'Adadelta';

  constructor(
    ...args: LayerArguments<
      [
        params: Params<AdadeltaOptions>,
        lr: number | Tensor | undefined,
        rho: number | undefined,
        eps: number | undefined,
        weightDecay: number | undefined,
        foreach: boolean | null | undefined,
      ],
      typeof names,
      AdadeltaArguments,
      'capturable' | 'maximize' | 'differentiable'
    >
  ) {
    const { params, ...options } = readArguments<AdadeltaArguments>(
      'Adadelta',
      names,
      {
        lr: 1,
        rho: 0.9,
        eps: 1e-6,
        weightDecay: 0,
        foreach: null,
        capturable: false,
        maximize: false,
        differentiable: false,
      },
      args,
    );
    checkLearningRate(options.lr);
    if (!(options.rho >= 0 && options.rho <= 1))
      throw new Error(`Invalid rho value: ${pythonFloat(options.rho)}`);
    checkAtLeast(0, options.eps, (value) => `Invalid epsilon value: ${value}`);
    checkAtLeast(0, options.weightDecay, (value) => `Invalid weight_decay value: ${value}`);
    super(params, options);
  }

  protected override updateGroup(given: unknown, learned: readonly Learned[], batch: UpdateBatch): void {
    const group = given as Required<AdadeltaOptions>;
    const { rho, eps, weightDecay, maximize } = group;
    for (const { parameter, state } of learned) {
      if (state['step'] !== undefined) continue;
      state['step'] = scalarState(0);
      state['square_avg'] = zerosState(parameter);
      state['acc_delta'] = zerosState(parameter);
    }
    countSteps(learned);
    const update = updates({ maximize, decay: weightDecay !== 0 });
    const scalars = { weightDecay, rho, weight: 1 - rho, eps, step: -learningRate(group.lr).value };
    for (const { parameter, grad, state } of learned) {
      const [square, deltas] = [stateTensor(state, 'square_avg'), stateTensor(state, 'acc_delta')];
      batch.add(update, { parameter, grad, square, deltas }, scalars);
    }
  }
}
