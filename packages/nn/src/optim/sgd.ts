/** Stochastic gradient descent. */
import { keep, type Tensor } from '@sconce/tensor';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { ElementOptimizer, type Learned } from './element-optimizer.ts';
import type { UpdateBatch } from './element-update.ts';
import { checkAtLeast, checkLearningRate, learningRate } from './learning-rate.ts';
import { type CommonOptions, type FusedOption, forbidFused, updatesBy } from './options.ts';
import type { ParamGroup, Params } from './param-groups.ts';

/** Options of a group of {@link SGD}. */
export interface SGDOptions extends CommonOptions, FusedOption {
  /** Learning rate (default 1e-3). */
  lr?: number | Tensor;
  /** How much of the step before is taken again (default 0). */
  momentum?: number;
  /** How much less of the gradient goes into the momentum (default 0). */
  dampening?: number;
  /** L2 penalty (default 0). */
  weightDecay?: number;
  /** Nesterov's momentum (default false). */
  nesterov?: boolean;
}

/** Arguments of {@link SGD} by name. */
export interface SGDArguments extends SGDOptions {
  params: Params<SGDOptions>;
}

const names = ['params', 'lr', 'momentum', 'dampening', 'weightDecay', 'nesterov'] as const;

interface Group extends Required<Omit<SGDOptions, 'lr'>> {
  readonly lr: number | Tensor;
}

interface Switches {
  readonly maximize: boolean;
  readonly decay: boolean;
  readonly nesterov: boolean;
  /** none; the first step, which copies the gradient; or a later one. */
  readonly momentum: 'none' | 'first' | 'later';
}

type Name = 'parameter' | 'buffer' | 'grad';
type Scalar = 'weightDecay' | 'momentum' | 'undamped' | 'step';

const updates = updatesBy<Switches, Name, Scalar>(({ maximize, decay, nesterov, momentum }) => ({
  name: 'SGD',
  writes: momentum === 'none' ? ['parameter'] : ['parameter', 'buffer'],
  reads: ['grad'],
  scalars: ['weightDecay', 'momentum', 'undamped', 'step'],
  formula: (m, t, s) => {
    let grad = maximize ? m.neg(t.grad) : t.grad;
    if (decay) grad = m.add(grad, t.parameter, s.weightDecay);
    if (momentum === 'none') return { parameter: m.add(t.parameter, grad, s.step) };
    const buffer =
      momentum === 'first' ? m.detach(grad) : m.add(m.scale(t.buffer, s.momentum), grad, s.undamped);
    const along = nesterov ? m.add(grad, buffer, s.momentum) : buffer;
    return { parameter: m.add(t.parameter, along, s.step), buffer };
  },
}));

/**
 * Stochastic gradient descent, with momentum if asked for (`torch.optim.SGD`).
 *
 * @example
 * ```ts
 * const optimizer = new nn.optim.SGD(model.parameters(), { lr: 0.1, momentum: 0.9 });
 * optimizer.zeroGrad();
 * loss(model(x), y).backward();
 * optimizer.step();
 * ```
 * @throws {Error} for options out of range, in PyTorch's words
 */
export class SGD extends ElementOptimizer {
  static override readonly className: string = 'SGD';

  constructor(
    ...args: LayerArguments<
      [
        params: Params<SGDOptions>,
        lr: number | Tensor | undefined,
        momentum: number | undefined,
        dampening: number | undefined,
        weightDecay: number | undefined,
        nesterov: boolean | undefined,
      ],
      typeof names,
      SGDArguments,
      'maximize' | 'foreach' | 'differentiable' | 'fused'
    >
  ) {
    const { params, ...options } = readArguments<SGDArguments>(
      'SGD',
      names,
      {
        lr: 1e-3,
        momentum: 0,
        dampening: 0,
        weightDecay: 0,
        nesterov: false,
        maximize: false,
        foreach: null,
        differentiable: false,
        fused: null,
      },
      args,
    );
    checkLearningRate(options.lr);
    checkAtLeast(0, options.momentum, (value) => `Invalid momentum value: ${value}`);
    checkAtLeast(0, options.weightDecay, (value) => `Invalid weight_decay value: ${value}`);
    if (options.nesterov && (options.momentum <= 0 || options.dampening !== 0))
      throw new Error('Nesterov momentum requires a momentum and zero dampening');
    super(params, options);
    forbidFused(options);
  }

  protected override remembers(group: ParamGroup): boolean {
    return group['momentum'] !== 0;
  }

  protected override updateGroup(given: unknown, learned: readonly Learned[], batch: UpdateBatch): void {
    const group = given as Group;
    const lr = learningRate(group.lr);
    const { weightDecay, momentum, dampening, nesterov, maximize } = group;
    const scalars = { weightDecay, momentum, undamped: 1 - dampening, step: -lr.value };
    for (const { parameter, grad, state } of learned) {
      let phase: Switches['momentum'] = 'none';
      if (momentum !== 0) {
        phase = state['momentum_buffer'] == null ? 'first' : 'later';
        if (phase === 'first') state['momentum_buffer'] = keep(grad.detach().clone());
      }
      const update = updates({ maximize, decay: weightDecay !== 0, nesterov, momentum: phase });
      const buffer = state['momentum_buffer'] as Tensor | undefined;
      batch.add(update, { parameter, grad, ...(phase === 'none' ? {} : { buffer: buffer! }) }, scalars);
    }
  }
}
