/** Adafactor. */
import { type DType, keep, type Tensor, zerosLike } from '@sconce/tensor';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { pythonFloat } from '../module/python-text.ts';
import { countSteps, type Learned, scalarState, stateTensor } from './element-optimizer.ts';
import { checkAtLeast, checkLearningRate, learningRate } from './learning-rate.ts';
import { Optimizer } from './optimizer.ts';
import type { CommonOptions } from './options.ts';
import type { ParamGroup, Params } from './param-groups.ts';
import type { GroupTextOptions } from './printing.ts';
import type { ParameterState } from './state-dict.ts';

/** Options of a group of {@link Adafactor}. */
export interface AdafactorOptions extends Omit<CommonOptions, 'differentiable'> {
  /** Upper bound of the learning rate (default 1e-2). */
  lr?: number | Tensor;
  /** Power of the step in the averages' decay (default -0.8). */
  beta2Decay?: number;
  /** The smallest variance's root (null: the dtype's precision) and the smallest size of parameters (default [null, 1e-3]). */
  eps?: readonly [number | null, number];
  /** The largest root mean square of a step (default 1). */
  d?: number;
  /** How much smaller parameters get, times the learning rate (default 0). */
  weightDecay?: number;
}

/** Arguments of {@link Adafactor} by name. */
export interface AdafactorArguments extends AdafactorOptions {
  params: Params<AdafactorOptions>;
}

const names = ['params', 'lr', 'beta2Decay', 'eps', 'd', 'weightDecay'] as const;

/**
 * Adafactor (`torch.optim.Adafactor`): remembers the squares of a matrix's gradients by rows and columns only (Shazeer
 * and Stern, https://arxiv.org/abs/1804.04235).
 *
 * @throws {Error} for options out of range, in PyTorch's words
 */
export class Adafactor extends Optimizer {
  static override readonly className: string = 'Adafactor';

  constructor(
    ...args: LayerArguments<
      [
        params: Params<AdafactorOptions>,
        lr: number | Tensor | undefined,
        beta2Decay: number | undefined,
        eps: readonly [number | null, number] | undefined,
        d: number | undefined,
        weightDecay: number | undefined,
      ],
      typeof names,
      AdafactorArguments,
      'foreach' | 'maximize'
    >
  ) {
    const { params, ...options } = readArguments<AdafactorArguments>(
      'Adafactor',
      names,
      {
        lr: 1e-2,
        beta2Decay: -0.8,
        eps: [null, 1e-3],
        d: 1,
        weightDecay: 0,
        foreach: null,
        maximize: false,
      },
      args,
    );
    const { lr, beta2Decay, eps, d, weightDecay } = options;
    checkLearningRate(lr, (value) => `Learning rate should be >= 0 but is: ${value}`);
    if (!(beta2Decay <= 0)) throw new Error(`beta2_decay should be <= 0 but is: ${pythonFloat(beta2Decay)}`);
    if (eps[0] !== null) checkAtLeast(0, eps[0], (value) => `epsilon1 should be >= 0 but is: ${value}`);
    checkAtLeast(0, eps[1], (value) => `epsilon2 should be >= 0 but is: ${value}`);
    checkAtLeast(1, d, (value) => `Clipping threshold d should be >= 1 but is: ${value}`);
    checkAtLeast(0, weightDecay, (value) => `weight_decay should be >= 0 but is: ${value}`);
    super(params, options);
  }

  protected override get textOptions(): GroupTextOptions {
    return [...super.textOptions, 'd', 'beta2Decay', 'weightDecay'];
  }

  protected override upgradeState(state: ParameterState): void {
    if (typeof state['step'] === 'number') state['step'] = scalarState(state['step']);
  }

  protected override performStep(): void {
    for (const group of this.paramGroups) {
      const learned: Learned[] = [];
      for (const parameter of group.params) {
        const { grad } = parameter;
        if (grad === null) continue;
        const state = this.stateOf(parameter);
        if (state['step'] === undefined) start(state, grad);
        learned.push({ parameter, grad, state });
      }
      const steps = countSteps(learned);
      learned.forEach((one, i) => {
        update(one, steps[i]!, group);
      });
    }
  }
}

/** The distance from 1 to the next number. */
const precision: Partial<Record<DType, number>> = {
  float64: 2 ** -52,
  float32: 2 ** -23,
  float16: 2 ** -10,
  bfloat16: 2 ** -7,
};

function start(state: ParameterState, grad: Tensor): void {
  state['step'] = scalarState(0);
  if (grad.ndim < 2) {
    state['variance'] = keep(zerosLike(grad).detach());
    return;
  }
  state['row_var'] = keep(grad.newZeros(grad.shape.with(-1, 1)).detach());
  state['col_var'] = keep(grad.newZeros(grad.shape.with(-2, 1)).detach());
}

function update({ parameter, grad: given, state }: Learned, step: number, group: ParamGroup): void {
  const { beta2Decay, eps, d, weightDecay, maximize } = group as unknown as Required<AdafactorOptions>;
  const lr = learningRate(group.lr);
  const grad = maximize ? given.neg() : given;
  const smallest = eps[0] ?? precision[parameter.dtype] ?? 0;
  const weight = step ** beta2Decay;
  const bound = 1 / step ** 0.5;
  // Python's min gives the learning rate, tensor or not, unless the bound is smaller.
  const round = bound < lr.value ? (x: number): number => x : lr.round;
  const rate = round(
    Math.max(eps[1], normOf(parameter) / parameter.numel() ** 0.5) * Math.min(lr.value, bound),
  );
  if (weightDecay !== 0) parameter.mul_(lr.round(1 - lr.round(lr.value * weightDecay)));
  const estimate =
    grad.ndim > 1 ? matrixVariance(state, grad, weight, smallest) : vectorVariance(state, grad, weight);
  const along = estimate
    .clampMin(smallest * smallest)
    .rsqrt_()
    .mul_(grad);
  const denominator = Math.max(1, normOf(along) / (along.numel() ** 0.5 * d));
  parameter.add_(along, { alpha: -round(rate / denominator) });
}

/** The product of the averages over rows and over columns. */
function matrixVariance(state: ParameterState, grad: Tensor, weight: number, smallest: number): Tensor {
  const [rows, columns] = [stateTensor(state, 'row_var'), stateTensor(state, 'col_var')];
  rows.lerp_(meanSquare(grad, -1), weight);
  columns.lerp_(meanSquare(grad, -2), weight);
  return rows.matmul(columns).div_(rows.mean(-2, true).clampMin(smallest));
}

function meanSquare(grad: Tensor, dim: number): Tensor {
  return grad.norm(2, dim, true).square_().div_(grad.size(dim));
}

function vectorVariance(state: ParameterState, grad: Tensor, weight: number): Tensor {
  return stateTensor(state, 'variance').lerp_(grad.mul(grad), weight).clone();
}

function normOf(x: Tensor): number {
  return Number(x.norm(2).item());
}
