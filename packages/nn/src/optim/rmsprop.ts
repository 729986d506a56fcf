/** RMSprop. */
import type { Tensor } from '@sconce/tensor';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { countSteps, ElementOptimizer, type Learned, scalarState, zerosState } from './element-optimizer.ts';
import type { UpdateBatch } from './element-update.ts';
import { checkAtLeast, checkLearningRate, learningRate } from './learning-rate.ts';
import { type CapturableOption, type CommonOptions, updatesBy } from './options.ts';
import type { Params } from './param-groups.ts';

/** Options of a group of {@link RMSprop}. */
export interface RMSpropOptions extends CommonOptions, CapturableOption {
  /** Learning rate (default 1e-2). */
  lr?: number | Tensor;
  /** Decay of the averages (default 0.99). */
  alpha?: number;
  /** Added to the denominator (default 1e-8). */
  eps?: number;
  /** L2 penalty (default 0). */
  weightDecay?: number;
  /** How much of the step before is taken again (default 0). */
  momentum?: number;
  /** Divides by the deviation from the average gradient (default false). */
  centered?: boolean;
}

/** Arguments of {@link RMSprop} by name. */
export interface RMSpropArguments extends RMSpropOptions {
  params: Params<RMSpropOptions>;
}

const names = [
  'params',
  'lr',
  'alpha',
  'eps',
  'weightDecay',
  'momentum',
  'centered',
  'capturable',
  'foreach',
  'maximize',
  'differentiable',
] as const;

interface Switches {
  readonly maximize: boolean;
  readonly decay: boolean;
  readonly momentum: boolean;
  readonly centered: boolean;
}

type Name = 'parameter' | 'square' | 'buffer' | 'average' | 'grad';
type Scalar = 'weightDecay' | 'alpha' | 'weight' | 'eps' | 'momentum' | 'step';

const updates = updatesBy<Switches, Name, Scalar>(({ maximize, decay, momentum, centered }) => ({
  name: 'RMSprop',
  writes: [
    'parameter',
    'square',
    ...(momentum ? (['buffer'] as const) : []),
    ...(centered ? (['average'] as const) : []),
  ],
  reads: ['grad'],
  scalars: ['weightDecay', 'alpha', 'weight', 'eps', 'momentum', 'step'],
  formula: (m, t, s) => {
    let grad = maximize ? m.neg(t.grad) : t.grad;
    if (decay) grad = m.add(grad, t.parameter, s.weightDecay);
    const square = m.addcmul(m.scale(t.square, s.alpha), grad, grad, s.weight);
    const average = centered ? m.lerp(t.average, grad, s.weight) : undefined;
    const variance = average === undefined ? square : m.addcmul(square, average, average, m.constant(-1));
    const deviation = m.shift(m.sqrt(variance), s.eps);
    const buffer = momentum ? m.addcdiv(m.scale(t.buffer, s.momentum), grad, deviation) : undefined;
    const parameter =
      buffer === undefined
        ? m.addcdiv(t.parameter, grad, deviation, s.step)
        : m.add(t.parameter, buffer, s.step);
    return {
      parameter,
      square,
      ...(buffer === undefined ? {} : { buffer }),
      ...(average === undefined ? {} : { average }),
    };
  },
}));

/**
 * Steps by the gradient over the root of the average square (`torch.optim.RMSprop`).
 *
 * @throws {Error} for options out of range, in PyTorch's words
 */
export class RMSprop extends ElementOptimizer {
  static override readonly className: string = 'RMSprop';

  constructor(
    ...args: LayerArguments<
      [
        params: Params<RMSpropOptions>,
        lr: number | Tensor | undefined,
        alpha: number | undefined,
        eps: number | undefined,
        weightDecay: number | undefined,
        momentum: number | undefined,
        centered: boolean | undefined,
        capturable: boolean | undefined,
        foreach: boolean | null | undefined,
        maximize: boolean | undefined,
        differentiable: boolean | undefined,
      ],
      typeof names,
      RMSpropArguments
    >
  ) {
    const { params, ...options } = readArguments<RMSpropArguments>(
      'RMSprop',
      names,
      {
        lr: 1e-2,
        alpha: 0.99,
        eps: 1e-8,
        weightDecay: 0,
        momentum: 0,
        centered: false,
        capturable: false,
        foreach: null,
        maximize: false,
        differentiable: false,
      },
      args,
    );
    checkLearningRate(options.lr);
    checkAtLeast(0, options.eps, (value) => `Invalid epsilon value: ${value}`);
    checkAtLeast(0, options.momentum, (value) => `Invalid momentum value: ${value}`);
    checkAtLeast(0, options.weightDecay, (value) => `Invalid weight_decay value: ${value}`);
    checkAtLeast(0, options.alpha, (value) => `Invalid alpha value: ${value}`);
    super(params, options);
  }

  protected override updateGroup(given: unknown, learned: readonly Learned[], batch: UpdateBatch): void {
    const group = given as Required<RMSpropOptions>;
    const { alpha, eps, weightDecay, momentum, centered, maximize } = group;
    for (const { parameter, state } of learned) {
      if (state['step'] !== undefined) continue;
      state['step'] = scalarState(0);
      state['square_avg'] = zerosState(parameter);
      if (momentum > 0) state['momentum_buffer'] = zerosState(parameter);
      if (centered) state['grad_avg'] = zerosState(parameter);
    }
    countSteps(learned);
    const update = updates({ maximize, decay: weightDecay !== 0, momentum: momentum > 0, centered });
    const step = -learningRate(group.lr).value;
    const scalars = { weightDecay, alpha, weight: 1 - alpha, eps, momentum, step };
    for (const { parameter, grad, state } of learned) {
      const square = state['square_avg'] as Tensor;
      const buffer = state['momentum_buffer'] as Tensor;
      const average = state['grad_avg'] as Tensor;
      batch.add(update, { parameter, grad, square, buffer, average }, scalars);
    }
  }
}
