/** Adamax. */
import type { Tensor } from '@sconce/tensor';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { countSteps, ElementOptimizer, type Learned, stateTensor } from './element-optimizer.ts';
import type { UpdateBatch } from './element-update.ts';
import { learningRate } from './learning-rate.ts';
import { checkMoments, startMoments } from './moments.ts';
import { type CapturableOption, type CommonOptions, updatesBy } from './options.ts';
import type { Params } from './param-groups.ts';

/** Options of a group of {@link Adamax}. */
export interface AdamaxOptions extends CommonOptions, CapturableOption {
  /** Learning rate (default 2e-3). */
  lr?: number | Tensor;
  /** Decays of the average of gradients and of their largest (default [0.9, 0.999]). */
  betas?: readonly [number, number];
  /** Added to the gradients' sizes (default 1e-8). */
  eps?: number;
  /** L2 penalty (default 0). */
  weightDecay?: number;
}

/** Arguments of {@link Adamax} by name. */
export interface AdamaxArguments extends AdamaxOptions {
  params: Params<AdamaxOptions>;
}

const names = ['params', 'lr', 'betas', 'eps', 'weightDecay', 'foreach'] as const;

interface Switches {
  readonly maximize: boolean;
  readonly decay: boolean;
}

type Name = 'parameter' | 'average' | 'norm' | 'grad';
type Scalar = 'weightDecay' | 'weight1' | 'beta2' | 'eps' | 'step';

const updates = updatesBy<Switches, Name, Scalar>(({ maximize, decay }) => ({
  name: 'Adamax',
  writes: ['parameter', 'average', 'norm'],
  reads: ['grad'],
  scalars: ['weightDecay', 'weight1', 'beta2', 'eps', 'step'],
  formula: (m, t, s) => {
    let grad = maximize ? m.neg(t.grad) : t.grad;
    if (decay) grad = m.add(grad, t.parameter, s.weightDecay);
    const average = m.lerp(t.average, grad, s.weight1);
    const norm = m.maximum(m.scale(t.norm, s.beta2), m.shift(m.abs(grad), s.eps));
    return { parameter: m.addcdiv(t.parameter, average, norm, s.step), average, norm };
  },
}));

/**
 * Adam with the infinity norm (`torch.optim.Adamax`).
 *
 * @throws {Error} for options out of range, in PyTorch's words
 */
export class Adamax extends ElementOptimizer {
  static override readonly className: string = 'Adamax';

  constructor(
    ...args: LayerArguments<
      [
        params: Params<AdamaxOptions>,
        lr: number | Tensor | undefined,
        betas: readonly [number, number] | undefined,
        eps: number | undefined,
        weightDecay: number | undefined,
        foreach: boolean | null | undefined,
      ],
      typeof names,
      AdamaxArguments,
      'maximize' | 'differentiable' | 'capturable'
    >
  ) {
    const { params, ...options } = readArguments<AdamaxArguments>(
      'Adamax',
      names,
      {
        lr: 2e-3,
        betas: [0.9, 0.999],
        eps: 1e-8,
        weightDecay: 0,
        foreach: null,
        maximize: false,
        differentiable: false,
        capturable: false,
      },
      args,
    );
    checkMoments(options);
    super(params, options);
  }

  protected override updateGroup(given: unknown, learned: readonly Learned[], batch: UpdateBatch): void {
    const group = given as Required<AdamaxOptions>;
    const { eps, weightDecay, maximize } = group;
    const [beta1, beta2] = group.betas;
    const { value: rate, round } = learningRate(group.lr);
    startMoments(learned, ['exp_avg', 'exp_inf']);
    const update = updates({ maximize, decay: weightDecay !== 0 });
    const steps = countSteps(learned);
    for (let i = 0; i < learned.length; i++) {
      const { parameter, grad, state } = learned[i]!;
      const [average, norm] = [stateTensor(state, 'exp_avg'), stateTensor(state, 'exp_inf')];
      const step = -round(rate / (1 - beta1 ** steps[i]!));
      batch.add(
        update,
        { parameter, grad, average, norm },
        { weightDecay, weight1: 1 - beta1, beta2, eps, step },
      );
    }
  }
}
