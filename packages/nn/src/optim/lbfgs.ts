/** L-BFGS. */
import { cat, keep, noGrad, Tensor } from '@sconce/tensor';
import { type LayerArguments, readArguments } from '../module/arguments.ts';
import { checkLearningRate, learningRate } from './learning-rate.ts';
import { type Closure, Optimizer } from './optimizer.ts';
import type { Params } from './param-groups.ts';
import type { GroupTextOptions } from './printing.ts';
import { strongWolfe } from './strong-wolfe.ts';

/** Options of {@link LBFGS}. */
export interface LBFGSOptions {
  /** Learning rate (default 1). */
  lr?: number | Tensor;
  /** Iterations in one step (default 20). */
  maxIter?: number;
  /** Evaluations of the loss in one step (default 1.25 times `maxIter`). */
  maxEval?: number | null;
  /** Ends where no gradient is larger (default 1e-7). */
  toleranceGrad?: number;
  /** Ends where parameters or loss change less (default 1e-9). */
  toleranceChange?: number;
  /** Updates that are remembered (default 100). */
  historySize?: number;
  /** `'strong_wolfe'`, or null for steps of the learning rate (default null). */
  lineSearchFn?: 'strong_wolfe' | null;
}

/** Arguments of {@link LBFGS} by name. */
export interface LBFGSArguments extends LBFGSOptions {
  params: Params<LBFGSOptions>;
}

const names = [
  'params',
  'lr',
  'maxIter',
  'maxEval',
  'toleranceGrad',
  'toleranceChange',
  'historySize',
  'lineSearchFn',
] as const;

/** What is remembered from step to step, under PyTorch's names. */
interface Memory {
  func_evals: number;
  n_iter: number;
  d?: Tensor;
  t?: number | Tensor;
  old_dirs?: Tensor[];
  old_stps?: Tensor[];
  ro?: Tensor[];
  al?: (Tensor | null)[];
  H_diag?: number | Tensor;
  prev_flat_grad?: Tensor | null;
  prev_loss?: number;
}

/**
 * L-BFGS (`torch.optim.LBFGS`): a quasi-Newton method that evaluates the loss several times a step, so `step` needs a
 * closure. All parameters are one group.
 *
 * @example
 * ```ts
 * const optimizer = new nn.optim.LBFGS(model.parameters(), { lineSearchFn: 'strong_wolfe' });
 * optimizer.step(() => {
 *   optimizer.zeroGrad();
 *   const loss = nn.functional.mseLoss(model(x), y);
 *   loss.backward();
 *   return loss;
 * });
 * ```
 * @throws {Error} for options out of range and for several groups, in PyTorch's words
 */
export class LBFGS extends Optimizer {
  static override readonly className: string = 'LBFGS';

  constructor(
    ...args: LayerArguments<
      [
        params: Params<LBFGSOptions>,
        lr: number | Tensor | undefined,
        maxIter: number | undefined,
        maxEval: number | null | undefined,
        toleranceGrad: number | undefined,
        toleranceChange: number | undefined,
        historySize: number | undefined,
        lineSearchFn: 'strong_wolfe' | null | undefined,
      ],
      typeof names,
      LBFGSArguments
    >
  ) {
    const { params, ...options } = readArguments<LBFGSArguments>(
      'LBFGS',
      names,
      {
        lr: 1,
        maxIter: 20,
        maxEval: null,
        toleranceGrad: 1e-7,
        toleranceChange: 1e-9,
        historySize: 100,
        lineSearchFn: null,
      },
      args,
    );
    checkLearningRate(options.lr);
    super(params, { ...options, maxEval: options.maxEval ?? Math.floor((options.maxIter * 5) / 4) });
    if (this.paramGroups.length !== 1)
      throw new Error("LBFGS doesn't support per-parameter options (parameter groups)");
  }

  /** The learning rate of LBFGS is an integer by default. */
  protected override get textOptions(): GroupTextOptions {
    return [];
  }

  protected override performStep(): void {
    throw new TypeError("LBFGS.step() missing 1 required argument: 'closure'");
  }

  protected override takeStep(closure: Closure | undefined): Tensor | number | undefined {
    if (closure === undefined) throw new TypeError("LBFGS.step() missing 1 required argument: 'closure'");
    return noGrad(() => this.#iterate(closure));
  }

  get #parameters(): readonly Tensor[] {
    return this.paramGroups[0]!.params;
  }

  #iterate(closure: Closure): Tensor | number {
    const group = this.paramGroups[0] as unknown as Required<LBFGSOptions>;
    const { maxIter, toleranceGrad, toleranceChange, lineSearchFn } = group;
    const maxEval = group.maxEval ?? 0;
    const rate = learningRate(group.lr);
    const state = this.stateOf(this.#parameters[0]!) as Partial<Memory> as Memory;
    state.func_evals ??= 0;
    state.n_iter ??= 0;
    const original = closure();
    let loss = lossOf(original);
    let evaluations = 1;
    state.func_evals++;
    let gradient = this.#flatGradient();
    if (largest(gradient) <= toleranceGrad) return original;
    let direction = state.d as Tensor;
    // A tensor of one element after the first iteration, as in PyTorch, so that its products are rounded alike.
    let t: number | Tensor = state.t ?? 0;
    let before = state.prev_flat_grad ?? null;
    let previousLoss = state.prev_loss;
    for (let iteration = 1; iteration <= maxIter; iteration++) {
      state.n_iter++;
      direction =
        state.n_iter === 1
          ? firstDirection(state, gradient)
          : nextDirection(state, gradient, { before: before!, direction, t, historySize: group.historySize });
      if (before === null) before = gradient.clone();
      else before.copy_(gradient);
      previousLoss = loss;
      t =
        state.n_iter === 1
          ? firstRate(gradient, rate.value)
          : group.lr instanceof Tensor
            ? group.lr.squeeze()
            : group.lr;
      const slope = gradient.dot(direction);
      if (numberOf(slope) > -toleranceChange) break;
      let more = 0;
      let done = false;
      if (lineSearchFn !== null) {
        if (lineSearchFn !== 'strong_wolfe') throw new Error("only 'strong_wolfe' is supported");
        const start = this.#parameters.map((parameter) => parameter.detach().clone());
        const found = strongWolfe({
          evaluate: (step) => this.#evaluateAt(closure, start, step, direction),
          step: t,
          direction,
          loss,
          gradient,
          slope,
          maxEvaluations: maxEval - evaluations,
        });
        ({ loss, gradient, step: t } = found);
        more = found.evaluations;
        this.#move(t, direction);
        done = largest(gradient) <= toleranceGrad;
      } else {
        this.#move(t, direction);
        if (iteration !== maxIter) {
          loss = lossOf(closure());
          gradient = this.#flatGradient();
          done = largest(gradient) <= toleranceGrad;
          more = 1;
        }
      }
      evaluations += more;
      state.func_evals += more;
      if (iteration === maxIter || evaluations >= maxEval || done) break;
      if (largest(direction.mul(t)) <= toleranceChange) break;
      if (Math.abs(loss - previousLoss) < toleranceChange) break;
    }
    state.d = direction;
    state.t = t;
    state.prev_flat_grad = before;
    if (previousLoss !== undefined) state.prev_loss = previousLoss;
    keepAll(Object.values(state));
    return original;
  }

  /** The gradients of all parameters, one after the other; zeros where there is none. */
  #flatGradient(): Tensor {
    return cat(
      this.#parameters.map((parameter) =>
        parameter.grad === null ? parameter.newZeros([parameter.numel()]) : parameter.grad.reshape(-1),
      ),
      0,
    );
  }

  #move(step: number | Tensor, direction: Tensor): void {
    const alpha = numberOf(step);
    let offset = 0;
    for (const parameter of this.#parameters) {
      const count = parameter.numel();
      parameter.add_(direction.narrow(0, offset, count).viewAs(parameter), { alpha });
      offset += count;
    }
  }

  #evaluateAt(
    closure: Closure,
    start: readonly Tensor[],
    step: number | Tensor,
    direction: Tensor,
  ): { loss: number; gradient: Tensor } {
    this.#move(step, direction);
    const loss = lossOf(closure());
    const gradient = this.#flatGradient();
    this.#parameters.forEach((parameter, i) => {
      parameter.copy_(start[i]!);
    });
    return { loss, gradient };
  }
}

/** The state outlives the scopes that it was made in. */
function keepAll(values: readonly unknown[]): void {
  for (const value of values) {
    if (value instanceof Tensor) keep(value);
    else if (Array.isArray(value)) keepAll(value);
  }
}

function firstDirection(state: Memory, gradient: Tensor): Tensor {
  state.old_dirs = [];
  state.old_stps = [];
  state.ro = [];
  state.H_diag = 1;
  return gradient.neg();
}

function firstRate(gradient: Tensor, rate: number): number | Tensor {
  const inverse = gradient.abs().sum().reciprocal();
  // Python's min keeps the number unless the tensor is smaller.
  return numberOf(inverse) < 1 ? inverse.mul(rate) : rate;
}

interface LastStep {
  readonly before: Tensor;
  readonly direction: Tensor;
  readonly t: number | Tensor;
  readonly historySize: number;
}

/** Remembers the last step, and multiplies the gradient by the approximated inverse Hessian. */
function nextDirection(state: Memory, gradient: Tensor, last: LastStep): Tensor {
  const { old_dirs: changes = [], old_stps: steps = [], ro: inverses = [] } = state;
  const change = gradient.sub(last.before);
  const step = last.direction.mul(last.t);
  const curvature = change.dot(step);
  if (numberOf(curvature) > 1e-10) {
    if (changes.length === last.historySize) for (const list of [changes, steps, inverses]) list.shift();
    changes.push(change);
    steps.push(step);
    inverses.push(curvature.reciprocal());
    state.H_diag = curvature.div(change.dot(change));
  }
  Object.assign(state, { old_dirs: changes, old_stps: steps, ro: inverses });
  state.al ??= Array.from({ length: last.historySize }, () => null);
  const { al } = state;
  const q = gradient.neg();
  for (let i = changes.length - 1; i >= 0; i--) {
    const factor = steps[i]!.dot(q).mul(inverses[i]!);
    al[i] = factor;
    q.add_(changes[i]!, { alpha: -numberOf(factor) });
  }
  const direction = q.mul(state.H_diag ?? 1);
  for (let i = 0; i < changes.length; i++) {
    const factor = changes[i]!.dot(direction).mul(inverses[i]!);
    direction.add_(steps[i]!, { alpha: numberOf(al[i]!.sub(factor)) });
  }
  return direction;
}

function lossOf(loss: Tensor | number): number {
  return loss instanceof Tensor ? Number(loss.item()) : loss;
}

function largest(x: Tensor): number {
  return Number(x.abs().max().item());
}

function numberOf(value: number | Tensor): number {
  return value instanceof Tensor ? Number(value.item()) : value;
}
