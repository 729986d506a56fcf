/** NAdam. */
import { _items, _setItems_, type Tensor } from '@sconce/tensor';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import {
  countSteps,
  ElementOptimizer,
  type Learned,
  stateTensor,
  stateTensors,
} from './element-optimizer.ts';
import type { UpdateBatch } from './element-update.ts';
import { checkAtLeast, learningRate } from './learning-rate.ts';
import { checkMoments, startMoments, weightDecayOf } from './moments.ts';
import { type CapturableOption, type CommonOptions, updatesBy } from './options.ts';
import type { Params } from './param-groups.ts';

/** Options of a group of {@link NAdam}. */
export interface NAdamOptions extends CommonOptions, CapturableOption {
  /** Learning rate (default 2e-3). */
  lr?: number | Tensor;
  /** Decays of the averages of gradients and of their squares (default [0.9, 0.999]). */
  betas?: readonly [number, number];
  /** Added to the denominator (default 1e-8). */
  eps?: number;
  /** L2 penalty (default 0). */
  weightDecay?: number;
  /** How the momentum grows (default 4e-3). */
  momentumDecay?: number;
  /** Weight decay as AdamW's (default false). */
  decoupledWeightDecay?: boolean;
}

/** Arguments of {@link NAdam} by name. */
export interface NAdamArguments extends NAdamOptions {
  params: Params<NAdamOptions>;
}

const names = [
  'params',
  'lr',
  'betas',
  'eps',
  'weightDecay',
  'momentumDecay',
  'decoupledWeightDecay',
] as const;

interface Switches {
  readonly maximize: boolean;
  readonly decay: 'none' | 'penalty' | 'decoupled';
}

type Name = 'parameter' | 'average' | 'square' | 'grad';
type Scalar = 'decay' | 'weight1' | 'beta2' | 'weight2' | 'correction' | 'eps' | 'gradStep' | 'averageStep';

const updates = updatesBy<Switches, Name, Scalar>(({ maximize, decay }) => ({
  name: 'NAdam',
  writes: ['parameter', 'average', 'square'],
  reads: ['grad'],
  scalars: ['decay', 'weight1', 'beta2', 'weight2', 'correction', 'eps', 'gradStep', 'averageStep'],
  formula: (m, t, s) => {
    let grad = maximize ? m.neg(t.grad) : t.grad;
    const parameter = decay === 'decoupled' ? m.scale(t.parameter, s.decay) : t.parameter;
    if (decay === 'penalty') grad = m.add(grad, parameter, s.decay);
    const average = m.lerp(t.average, grad, s.weight1);
    const square = m.addcmul(m.scale(t.square, s.beta2), grad, grad, s.weight2);
    const denominator = m.shift(m.sqrt(m.over(square, s.correction)), s.eps);
    const moved = m.addcdiv(parameter, grad, denominator, s.gradStep);
    return { parameter: m.addcdiv(moved, average, denominator, s.averageStep), average, square };
  },
}));

/**
 * Adam with Nesterov's momentum (`torch.optim.NAdam`).
 *
 * @throws {Error} for options out of range, in PyTorch's words
 */
export class NAdam extends ElementOptimizer {
  static override readonly className: string = 'NAdam';

  constructor(
    ...args: LayerArguments<
      [
        params: Params<NAdamOptions>,
        lr: number | Tensor | undefined,
        betas: readonly [number, number] | undefined,
        eps: number | undefined,
        weightDecay: number | undefined,
        momentumDecay: number | undefined,
        decoupledWeightDecay: boolean | undefined,
      ],
      typeof names,
      NAdamArguments,
      'maximize' | 'foreach' | 'capturable' | 'differentiable'
    >
  ) {
    const { params, ...options } = readArguments<NAdamArguments>(
      'NAdam',
      names,
      {
        lr: 2e-3,
        betas: [0.9, 0.999],
        eps: 1e-8,
        weightDecay: 0,
        momentumDecay: 4e-3,
        decoupledWeightDecay: false,
        maximize: false,
        foreach: null,
        capturable: false,
        differentiable: false,
      },
      args,
    );
    checkMoments(options);
    checkAtLeast(0, options.momentumDecay, (value) => `Invalid momentum_decay value: ${value}`);
    super(params, options);
  }

  protected override updateGroup(given: unknown, learned: readonly Learned[], batch: UpdateBatch): void {
    const group = given as Required<NAdamOptions>;
    const { eps, weightDecay, momentumDecay, maximize, decoupledWeightDecay } = group;
    const [beta1, beta2] = group.betas;
    const lr = learningRate(group.lr);
    const { value: rate, round } = lr;
    startMoments(learned, ['exp_avg', 'exp_avg_sq'], { mu_product: 1 });
    const decay = weightDecayOf(weightDecay, decoupledWeightDecay, lr);
    const update = updates({ maximize, decay: decay.kind });
    const momentum = (step: number): number => beta1 * (1 - 0.5 * 0.96 ** (step * momentumDecay));
    const steps = countSteps(learned);
    const productTensors = stateTensors(learned, 'mu_product');
    const products = _items(productTensors).map((product, i) =>
      Math.fround(product * Math.fround(momentum(steps[i]!))),
    );
    _setItems_(productTensors, products);
    for (let i = 0; i < learned.length; i++) {
      const { parameter, grad, state } = learned[i]!;
      const [step, product] = [steps[i]!, products[i]!];
      const [mu, next] = [momentum(step), momentum(step + 1)];
      batch.add(
        update,
        {
          parameter,
          grad,
          average: stateTensor(state, 'exp_avg'),
          square: stateTensor(state, 'exp_avg_sq'),
        },
        {
          decay: decay.amount,
          weight1: 1 - beta1,
          beta2,
          weight2: 1 - beta2,
          correction: 1 - beta2 ** step,
          eps,
          gradStep: round(round(-rate * (1 - mu)) / (1 - product)),
          averageStep: round(round(-rate * next) / (1 - product * next)),
        },
      );
    }
  }
}
