/** Adam and AdamW. */
import { Tensor } from '@sconce/tensor';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { countSteps, ElementOptimizer, type Learned, stateTensor } from './element-optimizer.ts';
import type { UpdateBatch } from './element-update.ts';
import { learningRate } from './learning-rate.ts';
import { checkMoments, startMoments, weightDecayOf } from './moments.ts';
import {
  type CapturableOption,
  type CommonOptions,
  type FusedOption,
  forbidFused,
  updatesBy,
} from './options.ts';
import type { ParamGroup, Params } from './param-groups.ts';
import type { GroupTextOptions } from './printing.ts';

/** The decays of the averages of gradients and of their squares. */
export type Betas = readonly [number | Tensor, number | Tensor];

/** Options of a group of {@link AdamW}. */
export interface AdamWOptions extends CommonOptions, FusedOption, CapturableOption {
  /** Learning rate (default 1e-3). */
  lr?: number | Tensor;
  /** Decays of the averages of gradients and of their squares (default [0.9, 0.999]). */
  betas?: Betas;
  /** Added to the denominator (default 1e-8). */
  eps?: number;
  /** How much smaller parameters get, times the learning rate (default 1e-2; L2 penalty in `Adam`, default 0). */
  weightDecay?: number;
  /** Divides by the largest average there was (default false). */
  amsgrad?: boolean;
}

/** Options of a group of {@link Adam}. */
export interface AdamOptions extends AdamWOptions {
  /** Weight decay as AdamW's (default false). */
  decoupledWeightDecay?: boolean;
}

/** Arguments of {@link Adam} by name. */
export interface AdamArguments extends AdamOptions {
  params: Params<AdamOptions>;
}

/** Arguments of {@link AdamW} by name. */
export interface AdamWArguments extends AdamWOptions {
  params: Params<AdamWOptions>;
}

const names = ['params', 'lr', 'betas', 'eps', 'weightDecay', 'amsgrad'] as const;

type Positional<Options extends object> = [
  params: Params<Options>,
  lr: number | Tensor | undefined,
  betas: Betas | undefined,
  eps: number | undefined,
  weightDecay: number | undefined,
  amsgrad: boolean | undefined,
];

type NamedOnly = 'maximize' | 'foreach' | 'capturable' | 'differentiable' | 'fused';

interface Group {
  readonly lr: number | Tensor;
  readonly betas: Betas;
  readonly eps: number;
  readonly weightDecay: number;
  readonly amsgrad: boolean;
  readonly maximize: boolean;
  readonly decoupledWeightDecay: boolean;
}

interface Switches {
  readonly maximize: boolean;
  readonly decay: 'none' | 'penalty' | 'decoupled';
  readonly amsgrad: boolean;
}

type Name = 'parameter' | 'average' | 'square' | 'largest' | 'grad';
type Scalar = 'decay' | 'weight1' | 'beta2' | 'weight2' | 'correction' | 'eps' | 'step';

const updates = updatesBy<Switches, Name, Scalar>(({ maximize, decay, amsgrad }) => ({
  name: 'Adam',
  writes: amsgrad ? ['parameter', 'average', 'square', 'largest'] : ['parameter', 'average', 'square'],
  reads: ['grad'],
  scalars: ['decay', 'weight1', 'beta2', 'weight2', 'correction', 'eps', 'step'],
  formula: (m, t, s) => {
    let grad = maximize ? m.neg(t.grad) : t.grad;
    const parameter = decay === 'decoupled' ? m.scale(t.parameter, s.decay) : t.parameter;
    if (decay === 'penalty') grad = m.add(grad, parameter, s.decay);
    const average = m.lerp(t.average, grad, s.weight1);
    const square = m.addcmul(m.scale(t.square, s.beta2), grad, grad, s.weight2);
    const largest = amsgrad ? m.maximum(t.largest, square) : square;
    const denominator = m.shift(m.over(m.sqrt(largest), s.correction), s.eps);
    const moved = m.addcdiv(parameter, average, denominator, s.step);
    return { parameter: moved, average, square, ...(amsgrad ? { largest } : {}) };
  },
}));

/**
 * Adam (`torch.optim.Adam`): steps by the average gradient over the root of the average square (Kingma and Ba,
 * https://arxiv.org/abs/1412.6980).
 *
 * @throws {Error} for options out of range, in PyTorch's words
 */
export class Adam extends ElementOptimizer {
  static override readonly className: string = 'Adam';

  constructor(
    ...args: LayerArguments<
      Positional<AdamOptions>,
      typeof names,
      AdamArguments,
      NamedOnly | 'decoupledWeightDecay'
    >
  ) {
    const { params, ...options } = readArguments<AdamArguments>(
      'Adam',
      names,
      {
        lr: 1e-3,
        betas: [0.9, 0.999],
        eps: 1e-8,
        weightDecay: 0,
        amsgrad: false,
        maximize: false,
        foreach: null,
        capturable: false,
        differentiable: false,
        fused: null,
        decoupledWeightDecay: false,
      },
      args,
    );
    checkOptions(options);
    super(params, options);
    forbidFused(options);
  }

  protected override updateGroup(given: unknown, learned: readonly Learned[], batch: UpdateBatch): void {
    const group = given as Group;
    const { eps, weightDecay, amsgrad, maximize, decoupledWeightDecay } = group;
    const lr = learningRate(group.lr);
    const [beta1, beta2] = group.betas.map(numberOf) as [number, number];
    startMoments(learned, ['exp_avg', 'exp_avg_sq', ...(amsgrad ? ['max_exp_avg_sq'] : [])]);
    const decay = weightDecayOf(weightDecay, decoupledWeightDecay, lr);
    const update = updates({ maximize, decay: decay.kind, amsgrad });
    const steps = countSteps(learned);
    for (let i = 0; i < learned.length; i++) {
      const { parameter, grad, state } = learned[i]!;
      const step = steps[i]!;
      batch.add(
        update,
        {
          parameter,
          grad,
          average: stateTensor(state, 'exp_avg'),
          square: stateTensor(state, 'exp_avg_sq'),
          ...(amsgrad ? { largest: stateTensor(state, 'max_exp_avg_sq') } : {}),
        },
        {
          decay: decay.amount,
          weight1: 1 - beta1,
          beta2,
          weight2: 1 - beta2,
          correction: (1 - beta2 ** step) ** 0.5,
          eps,
          step: -lr.round(lr.value / (1 - beta1 ** step)),
        },
      );
    }
  }
}

function numberOf(beta: number | Tensor): number {
  return beta instanceof Tensor ? Number(beta.item()) : beta;
}

function checkOptions(options: Required<AdamOptions>): void {
  const { lr, betas, foreach, capturable } = options;
  if (lr instanceof Tensor && foreach && !capturable)
    throw new Error('lr as a Tensor is not supported for capturable=False and foreach=True');
  checkMoments(options);
  const kinds = betas.map((beta) => beta instanceof Tensor);
  if (kinds[0] !== kinds[1]) throw new Error('betas must be either both floats or both Tensors');
  betas.forEach((beta, i) => {
    if (!(beta instanceof Tensor)) return;
    if (!capturable && foreach)
      throw new Error(`betas[${i}] as a Tensor is not supported for capturable=False and foreach=True`);
    if (beta.numel() !== 1) throw new Error(`Tensor betas[${i}] must be 1-element`);
  });
}

/**
 * Adam with weight decay apart from the gradients (`torch.optim.AdamW`; Loshchilov and Hutter,
 * https://arxiv.org/abs/1711.05101).
 *
 * @throws {Error} for options out of range, in PyTorch's words
 */
export class AdamW extends Adam {
  static override readonly className: string = 'AdamW';

  constructor(...args: LayerArguments<Positional<AdamWOptions>, typeof names, AdamWArguments, NamedOnly>) {
    const { params, ...options } = readArguments<AdamWArguments>(
      'AdamW',
      names,
      {
        lr: 1e-3,
        betas: [0.9, 0.999],
        eps: 1e-8,
        weightDecay: 1e-2,
        amsgrad: false,
        maximize: false,
        foreach: null,
        capturable: false,
        differentiable: false,
        fused: null,
      },
      args,
    );
    super(params, { ...options, decoupledWeightDecay: true });
  }

  protected override get textOptions(): GroupTextOptions {
    return [...super.textOptions, 'weightDecay'];
  }

  /** Files of Adam load into AdamW. */
  protected override upgradeGroup(group: ParamGroup): void {
    super.upgradeGroup(group);
    group['decoupledWeightDecay'] = true;
  }
}
