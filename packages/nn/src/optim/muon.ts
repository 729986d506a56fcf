/** Muon. */
import { addmm, bfloat16, float32, keep, type Tensor, zerosLike } from '@sconce/tensor';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { stateTensor } from './element-optimizer.ts';
import { checkAtLeast, checkLearningRate, learningRate } from './learning-rate.ts';
import { Optimizer } from './optimizer.ts';
import type { ParamGroup, Params } from './param-groups.ts';
import type { GroupTextOptions } from './printing.ts';

/** Options of a group of {@link Muon}. */
export interface MuonOptions {
  /** Learning rate (default 1e-3). */
  lr?: number | Tensor;
  /** How much smaller parameters get, times the learning rate (default 0.1). */
  weightDecay?: number;
  /** Decay of the average of gradients (default 0.95). */
  momentum?: number;
  /** Nesterov's momentum (default true). */
  nesterov?: boolean;
  /** Coefficients of the polynomial that makes matrices orthogonal (default [3.4445, -4.775, 2.0315]). */
  nsCoefficients?: readonly [number, number, number];
  /** The smallest norm that is divided by (default 1e-7). */
  eps?: number;
  /** How often the polynomial is applied (default 5). */
  nsSteps?: number;
  /** How the learning rate depends on a matrix's shape (default null, which is `'original'`). */
  adjustLrFn?: 'original' | 'match_rms_adamw' | null;
}

/** Arguments of {@link Muon} by name. */
export interface MuonArguments extends MuonOptions {
  params: Params<MuonOptions>;
}

const names = [
  'params',
  'lr',
  'weightDecay',
  'momentum',
  'nesterov',
  'nsCoefficients',
  'eps',
  'nsSteps',
  'adjustLrFn',
] as const;

/**
 * Muon (`torch.optim.Muon`): steps by the orthogonal matrix that is nearest to the average gradient. For matrices only;
 * the other parameters of a model are another optimizer's, AdamW's say.
 *
 * @throws {Error} for options out of range and parameters that are no matrices, in PyTorch's words
 */
export class Muon extends Optimizer {
  static override readonly className: string = 'Muon';

  constructor(
    ...args: LayerArguments<
      [
        params: Params<MuonOptions>,
        lr: number | Tensor | undefined,
        weightDecay: number | undefined,
        momentum: number | undefined,
        nesterov: boolean | undefined,
        nsCoefficients: readonly [number, number, number] | undefined,
        eps: number | undefined,
        nsSteps: number | undefined,
        adjustLrFn: 'original' | 'match_rms_adamw' | null | undefined,
      ],
      typeof names,
      MuonArguments
    >
  ) {
    const { params, ...options } = readArguments<MuonArguments>(
      'Muon',
      names,
      {
        lr: 1e-3,
        weightDecay: 0.1,
        momentum: 0.95,
        nesterov: true,
        nsCoefficients: [3.4445, -4.775, 2.0315],
        eps: 1e-7,
        nsSteps: 5,
        adjustLrFn: null,
      },
      args,
    );
    checkLearningRate(options.lr, (value) => `Learning rate should be >= 0 but is: ${value}`);
    checkAtLeast(0, options.momentum, (value) => `momentum should be >= 0 but is: ${value}`);
    checkAtLeast(0, options.weightDecay, (value) => `weight decay should be >= 0 but is: ${value}`);
    const { adjustLrFn } = options;
    if (adjustLrFn !== null && adjustLrFn !== 'original' && adjustLrFn !== 'match_rms_adamw')
      throw new Error(`Adjust learning rate function ${String(adjustLrFn)} is not supported`);
    super(params, options);
    for (const parameter of this.paramGroups.flatMap((group) => group.params)) {
      if (parameter.ndim === 2) continue;
      throw new Error(
        `Muon only supports 2D parameters whereas we found a parameter with size: torch.Size([${parameter.shape.join(', ')}])`,
      );
    }
  }

  protected override get textOptions(): GroupTextOptions {
    return [...super.textOptions, 'momentum', 'weightDecay', 'nsCoefficients'];
  }

  protected override performStep(): void {
    for (const group of this.paramGroups) {
      for (const parameter of group.params) {
        if (parameter.grad !== null) this.#update(parameter, parameter.grad, group);
      }
    }
  }

  #update(parameter: Tensor, grad: Tensor, group: ParamGroup): void {
    const { momentum, nesterov, weightDecay, adjustLrFn, ...polynomial } =
      group as unknown as Required<MuonOptions>;
    const lr = learningRate(group.lr);
    if (grad.ndim !== 2) throw new Error('Param gradient must be a 2D matrix');
    const state = this.stateOf(parameter);
    state['momentum_buffer'] ??= keep(zerosLike(grad).detach());
    const buffer = stateTensor(state, 'momentum_buffer');
    buffer.lerp_(grad, 1 - momentum);
    const update = orthogonal(nesterov ? grad.lerp(buffer, momentum) : buffer, polynomial);
    const [rows, columns] = parameter.shape as [number, number];
    const ratio =
      adjustLrFn === 'match_rms_adamw'
        ? 0.2 * Math.sqrt(Math.max(rows, columns))
        : Math.sqrt(Math.max(1, rows / columns));
    parameter.mul_(lr.round(1 - lr.round(lr.value * weightDecay)));
    parameter.add_(update.to(parameter.dtype), { alpha: -lr.round(lr.value * ratio) });
  }
}

/** The iteration of Newton and Schulz. Every result is rounded to bfloat16, once, and sums are of float32. */
function orthogonal(
  x: Tensor,
  { nsCoefficients, nsSteps, eps }: Pick<Required<MuonOptions>, 'nsCoefficients' | 'nsSteps' | 'eps'>,
): Tensor {
  if (nsSteps >= 100) throw new Error('Number of steps must be less than 100 for computational efficiency');
  if (nsCoefficients.length !== 3) throw new Error('Coefficients must be a tuple of exactly 3 values');
  const [a, b, c] = nsCoefficients;
  const tall = x.size(0) > x.size(1);
  let q = rounded(tall ? x.t() : x);
  q = rounded(q.div(rounded(q.norm()).clampMin(eps)));
  for (let i = 0; i < nsSteps; i++) {
    const gram = rounded(q.matmul(q.t()));
    const update = rounded(addmm(gram, gram, gram, { beta: b, alpha: c }));
    q = rounded(addmm(q, update, q, { beta: a }));
  }
  return tall ? q.t() : q;
}

function rounded(x: Tensor): Tensor {
  return x.to(bfloat16).to(float32);
}
