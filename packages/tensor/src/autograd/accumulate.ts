/** Where gradients end: a leaf's node adds up what reaches it. */
import { keepFromScope } from '../allocations.ts';
import type { Tensor } from '../tensor.ts';
import { type AutogradMeta, metaOf } from './meta.ts';
import { gradMode } from './mode.ts';
import { addTo, type Edge, type Grad, GradNode, type HookHandle } from './node.ts';
import { currentNode } from './views.ts';

/** Adds gradients to the `grad` of a leaf. */
export class AccumulateGrad extends GradNode {
  readonly variable: Tensor;
  readonly #meta: AutogradMeta;
  readonly #hooks: ((variable: Tensor) => void)[] = [];

  constructor(variable: Tensor, meta: AutogradMeta) {
    super('AccumulateGrad', [], [{ shape: variable.shape, dtype: variable.dtype }]);
    this.variable = variable;
    this.#meta = meta;
  }

  apply([grad]: readonly Grad[]): readonly Grad[] {
    if (grad === undefined) return [];
    const meta = this.#meta;
    if (meta.grad === null) meta.grad = grad;
    else if (gradMode.enabled) meta.grad = meta.grad.add(grad);
    else meta.grad.add_(grad);
    keepFromScope(meta.grad);
    for (const hook of [...this.#hooks]) hook(this.variable);
    return [];
  }

  /** Calls `hook` with the leaf each time its gradient has been added to. */
  addPostHook(hook: (variable: Tensor) => void): HookHandle {
    return addTo(this.#hooks, hook);
  }

  override get saved(): readonly unknown[] {
    return [this.variable, this.#meta.grad];
  }

  override release(): void {
    // Nothing is kept: a leaf takes gradients as often as they come.
  }
}

/** The node that adds up a leaf's gradient. */
export function accumulatorOf(leaf: Tensor): AccumulateGrad {
  const meta = metaOf(leaf);
  meta.accumulator ??= new AccumulateGrad(leaf, meta);
  return meta.accumulator as AccumulateGrad;
}

/** Where a tensor's gradient goes; undefined for one that needs none. */
export function edgeOf(tensor: Tensor): Edge | undefined {
  const node = currentNode(tensor);
  if (node !== null) return { node, output: tensor.autograd!.output };
  if (tensor.autograd?.requiresGrad) return { node: accumulatorOf(tensor), output: 0 };
  return undefined;
}
