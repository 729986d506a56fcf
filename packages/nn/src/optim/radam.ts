/** RAdam. */
import type { Tensor } from '@sconce/tensor';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { countSteps, ElementOptimizer, type Learned, stateTensor } from './element-optimizer.ts';
import type { UpdateBatch } from './element-update.ts';
import { learningRate } from './learning-rate.ts';
import { checkMoments, startMoments, weightDecayOf } from './moments.ts';
import { type CapturableOption, type CommonOptions, updatesBy } from './options.ts';
import type { Params } from './param-groups.ts';

/** Options of a group of {@link RAdam}. */
export interface RAdamOptions extends CommonOptions, CapturableOption {
  /** Learning rate (default 1e-3). */
  lr?: number | Tensor;
  /** Decays of the averages of gradients and of their squares (default [0.9, 0.999]). */
  betas?: readonly [number, number];
  /** Added to the denominator (default 1e-8). */
  eps?: number;
  /** L2 penalty (default 0). */
  weightDecay?: number;
  /** Weight decay as AdamW's (default false). */
  decoupledWeightDecay?: boolean;
}

/** Arguments of {@link RAdam} by name. */
export interface RAdamArguments extends RAdamOptions {
  params: Params<RAdamOptions>;
}

const names = ['params', 'lr', 'betas', 'eps', 'weightDecay', 'decoupledWeightDecay'] as const;

interface Switches {
  readonly maximize: boolean;
  readonly decay: 'none' | 'penalty' | 'decoupled';
  /** Whether the variance is tractable, so that steps are rectified. */
  readonly rectified: boolean;
}

type Name = 'parameter' | 'average' | 'square' | 'grad';
type Scalar =
  | 'decay'
  | 'weight1'
  | 'beta2'
  | 'weight2'
  | 'correction1'
  | 'rate'
  | 'eps'
  | 'root2'
  | 'rectification';

const updates = updatesBy<Switches, Name, Scalar>(({ maximize, decay, rectified }) => ({
  name: 'RAdam',
  writes: ['parameter', 'average', 'square'],
  reads: ['grad'],
  scalars: ['decay', 'weight1', 'beta2', 'weight2', 'correction1', 'rate', 'eps', 'root2', 'rectification'],
  formula: (m, t, s) => {
    let grad = maximize ? m.neg(t.grad) : t.grad;
    const parameter = decay === 'decoupled' ? m.scale(t.parameter, s.decay) : t.parameter;
    if (decay === 'penalty') grad = m.add(grad, parameter, s.decay);
    const average = m.lerp(t.average, grad, s.weight1);
    const square = m.addcmul(m.scale(t.square, s.beta2), grad, grad, s.weight2);
    let along = m.scale(m.over(average, s.correction1), s.rate);
    if (rectified) {
      const adaptive = m.under(s.root2, m.shift(m.sqrt(square), s.eps));
      along = m.scale(m.mul(along, adaptive), s.rectification);
    }
    return { parameter: m.add(parameter, along, m.constant(-1)), average, square };
  },
}));

/**
 * Adam whose first steps are rectified (`torch.optim.RAdam`; Liu and others, https://arxiv.org/abs/1908.03265).
 *
 * @throws {Error} for options out of range, in PyTorch's words
 */
export class RAdam extends ElementOptimizer {
  static override readonly className: string = 'RAdam';

  constructor(
    ...args: LayerArguments<
      [
        params: Params<RAdamOptions>,
        lr: number | Tensor | undefined,
        betas: readonly [number, number] | undefined,
        eps: number | undefined,
        weightDecay: number | undefined,
        decoupledWeightDecay: boolean | undefined,
      ],
      typeof names,
      RAdamArguments,
      'maximize' | 'foreach' | 'capturable' | 'differentiable'
    >
  ) {
    const { params, ...options } = readArguments<RAdamArguments>(
      'RAdam',
      names,
      {
        lr: 1e-3,
        betas: [0.9, 0.999],
        eps: 1e-8,
        weightDecay: 0,
        decoupledWeightDecay: false,
        maximize: false,
        foreach: null,
        capturable: false,
        differentiable: false,
      },
      args,
    );
    checkMoments(options);
    super(params, options);
  }

  protected override updateGroup(given: unknown, learned: readonly Learned[], batch: UpdateBatch): void {
    const group = given as Required<RAdamOptions>;
    const { eps, weightDecay, maximize, decoupledWeightDecay } = group;
    const [beta1, beta2] = group.betas;
    const lr = learningRate(group.lr);
    const { value: rate } = lr;
    startMoments(learned, ['exp_avg', 'exp_avg_sq']);
    const decay = weightDecayOf(weightDecay, decoupledWeightDecay, lr);
    // The longest the approximated average can be, and how long it is.
    const longest = 2 / (1 - beta2) - 1;
    const steps = countSteps(learned);
    for (let i = 0; i < learned.length; i++) {
      const { parameter, grad, state } = learned[i]!;
      const step = steps[i]!;
      const correction2 = 1 - beta2 ** step;
      const length = longest - (2 * step * beta2 ** step) / correction2;
      const rectified = length > 5;
      const rectification = rectified
        ? (((length - 4) * (length - 2) * longest) / ((longest - 4) * (longest - 2) * length)) ** 0.5
        : 1;
      batch.add(
        updates({ maximize, decay: decay.kind, rectified }),
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
          correction1: 1 - beta1 ** step,
          rate,
          eps,
          root2: correction2 ** 0.5,
          rectification,
        },
      );
    }
  }
}
