/** Rprop. */
import type { Tensor } from '@sconce/tensor';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { pythonFloat } from '../module/python-text.ts';
import {
  countSteps,
  ElementOptimizer,
  fullState,
  type Learned,
  scalarState,
  stateTensor,
  zerosState,
} from './element-optimizer.ts';
import type { UpdateBatch } from './element-update.ts';
import { checkLearningRate, learningRate } from './learning-rate.ts';
import { type CapturableOption, type CommonOptions, updatesBy } from './options.ts';
import type { Params } from './param-groups.ts';

/** Options of a group of {@link Rprop}. */
export interface RpropOptions extends CommonOptions, CapturableOption {
  /** The first step size (default 1e-2). */
  lr?: number | Tensor;
  /** By how much step sizes shrink when a gradient changes its sign, and grow else (default [0.5, 1.2]). */
  etas?: readonly [number, number];
  /** The smallest and the largest step size (default [1e-6, 50]). */
  stepSizes?: readonly [number, number];
}

/** Arguments of {@link Rprop} by name. */
export interface RpropArguments extends RpropOptions {
  params: Params<RpropOptions>;
}

const names = ['params', 'lr', 'etas', 'stepSizes'] as const;

interface Switches {
  readonly maximize: boolean;
}

type Name = 'parameter' | 'previous' | 'size' | 'grad';
type Scalar = 'shrink' | 'grow' | 'smallest' | 'largest';

const updates = updatesBy<Switches, Name, Scalar>(({ maximize }) => ({
  name: 'Rprop',
  writes: ['parameter', 'previous', 'size'],
  reads: ['grad'],
  scalars: ['shrink', 'grow', 'smallest', 'largest'],
  formula: (m, t, s) => {
    const grad = maximize ? m.neg(t.grad) : t.grad;
    const factor = m.bySign(m.mul(grad, t.previous), s.grow, s.shrink, m.constant(1));
    const size = m.clamp(m.mul(t.size, factor), s.smallest, s.largest);
    const taken = m.zeroWhere(factor, s.shrink, grad);
    const parameter = m.addcmul(t.parameter, m.sign(taken), size, m.constant(-1));
    return { parameter, previous: taken, size };
  },
}));

/**
 * Steps by the gradients' signs, in sizes that depend on whether these change (`torch.optim.Rprop`).
 *
 * @throws {Error} for options out of range, in PyTorch's words
 */
export class Rprop extends ElementOptimizer {
  static override readonly className: string = 'Rprop';

  constructor(
    ...args: LayerArguments<
      [
        params: Params<RpropOptions>,
        lr: number | Tensor | undefined,
        etas: readonly [number, number] | undefined,
        stepSizes: readonly [number, number] | undefined,
      ],
      typeof names,
      RpropArguments,
      'capturable' | 'foreach' | 'maximize' | 'differentiable'
    >
  ) {
    const { params, ...options } = readArguments<RpropArguments>(
      'Rprop',
      names,
      {
        lr: 1e-2,
        etas: [0.5, 1.2],
        stepSizes: [1e-6, 50],
        capturable: false,
        foreach: null,
        maximize: false,
        differentiable: false,
      },
      args,
    );
    checkLearningRate(options.lr);
    const [shrink, grow] = options.etas;
    if (!(shrink > 0 && shrink < 1 && grow > 1))
      throw new Error(`Invalid eta values: ${pythonFloat(shrink)}, ${pythonFloat(grow)}`);
    super(params, options);
  }

  protected override updateGroup(given: unknown, learned: readonly Learned[], batch: UpdateBatch): void {
    const group = given as Required<RpropOptions>;
    const [shrink, grow] = group.etas;
    const [smallest, largest] = group.stepSizes;
    for (const { parameter, state } of learned) {
      if (state['step'] !== undefined) continue;
      state['step'] = scalarState(0);
      state['prev'] = zerosState(parameter);
      state['step_size'] = fullState(parameter, learningRate(group.lr).value);
    }
    countSteps(learned);
    const update = updates({ maximize: group.maximize });
    const scalars = { shrink, grow, smallest, largest };
    for (const { parameter, grad, state } of learned) {
      const [previous, size] = [stateTensor(state, 'prev'), stateTensor(state, 'step_size')];
      batch.add(update, { parameter, grad, previous, size }, scalars);
    }
  }
}
