/** How a module's backward hooks see gradients: nodes are put into the graph before its inputs and behind its outputs. */
import { autograd, type Grad, type GradNode, isGradEnabled, Tensor } from '@sconce/tensor';
import type { BackwardHook, BackwardPreHook, ModuleGradients } from './hooks.ts';
import type { Module } from './module.ts';

/** Hands tensors on; its node is where gradients are seen. Named as PyTorch names it. */
class BackwardHookFunction extends autograd.Function {
  static forward(context: autograd.FunctionContext, ...tensors: Tensor[]): Tensor[] {
    context.markNonDifferentiable(...tensors.filter((tensor) => !tensor.requiresGrad));
    return tensors;
  }

  static backward(_context: autograd.FunctionContext, ...grads: (Tensor | null)[]): (Tensor | null)[] {
    return grads;
  }
}

/** Watches one call of a module. */
export class BackwardWatch {
  readonly #module: Module;
  readonly #hooks: readonly BackwardHook[];
  readonly #preHooks: readonly BackwardPreHook[];
  #gradOutputs: ModuleGradients | null = null;
  #inputs = 0;
  /** Which inputs are tensors; null when none of them needs a gradient. */
  #inputPlaces: readonly number[] | null = null;

  constructor(module: Module, hooks: readonly BackwardHook[], preHooks: readonly BackwardPreHook[]) {
    this.#module = module;
    this.#hooks = hooks;
    this.#preHooks = preHooks;
  }

  /** The inputs that the module is to be called with. */
  watchInputs(inputs: readonly unknown[]): readonly unknown[] {
    this.#inputs = inputs.length;
    const watched = watch(inputs, (node, places) => {
      node.registerHook((gradInputs) => this.#afterBackward(gradInputs, places));
    });
    this.#inputPlaces = watched.places;
    return watched.values;
  }

  /** The output that the call is to return. */
  watchOutput(output: unknown): unknown {
    const list = Array.isArray(output) ? (output as readonly unknown[]) : [output];
    const { values } = watch(list, (node, places) => {
      node.registerHook((_, gradOutputs) => this.#beforeBackward(gradOutputs, places, list.length));
    });
    return Array.isArray(output) ? values : values[0];
  }

  #beforeBackward(grads: readonly Grad[], places: readonly number[], length: number): readonly Grad[] {
    let gradOutputs = spread(grads, places, length);
    for (const hook of this.#preHooks) {
      const changed = hook(this.#module, gradOutputs);
      if (!changed) continue;
      if (changed.length !== length) {
        throw new Error(
          `Backward pre hook returned an invalid number of grad_output, got ${changed.length}, but expected ${length}`,
        );
      }
      gradOutputs = changed;
    }
    this.#gradOutputs = gradOutputs;
    if (this.#inputPlaces === null) this.#withoutInputs(gradOutputs);
    return places.map((place) => gradOutputs[place] ?? undefined);
  }

  /** No input needs a gradient, so nothing comes after the outputs: the hooks run now. */
  #withoutInputs(gradOutputs: ModuleGradients): void {
    const none: ModuleGradients = Array.from({ length: this.#inputs }, () => null);
    for (const hook of this.#hooks) {
      if (hook(this.#module, none, gradOutputs)?.some((grad) => grad !== null)) {
        throw new Error(
          'Backward hook for Modules where no input requires gradient should always return None or None for all gradients.',
        );
      }
    }
    this.#gradOutputs = null;
  }

  #afterBackward(grads: readonly Grad[], places: readonly number[]): readonly Grad[] | undefined {
    const gradOutputs = this.#gradOutputs;
    // The gradient came by another way than through the outputs, as in a second differentiation.
    if (gradOutputs === null) return undefined;
    let gradInputs = spread(grads, places, this.#inputs);
    for (const hook of this.#hooks) {
      const changed = hook(this.#module, gradInputs, gradOutputs);
      if (!changed) continue;
      if (changed.length !== gradInputs.length) {
        throw new Error(
          `Backward hook returned an invalid number of grad_input, got ${changed.length}, but expected ${gradInputs.length}`,
        );
      }
      gradInputs = changed;
    }
    this.#gradOutputs = null;
    return places.map((place) => gradInputs[place] ?? undefined);
  }
}

/** Puts a node behind those values that are tensors, if one of them needs a gradient. */
function watch(
  values: readonly unknown[],
  attach: (node: GradNode, places: readonly number[]) => void,
): { values: readonly unknown[]; places: readonly number[] | null } {
  const places = values.flatMap((value, i) => (value instanceof Tensor ? [i] : []));
  const tensors = places.map((place) => values[place] as Tensor);
  if (!isGradEnabled() || !tensors.some((tensor) => tensor.requiresGrad)) return { values, places: null };
  const watched = BackwardHookFunction.apply(...tensors);
  const node = watched.find((tensor) => tensor.gradFn !== null)?.gradFn;
  if (!node) throw new Error('Error while setting up backward hooks: no output has a node');
  attach(node, places);
  const replaced = [...values];
  for (const [i, place] of places.entries()) replaced[place] = watched[i];
  return { values: replaced, places };
}

/** Gradients at the places of their tensors, null elsewhere. */
function spread(grads: readonly Grad[], places: readonly number[], length: number): ModuleGradients {
  const all: (Tensor | null)[] = Array.from({ length }, () => null);
  for (const [i, place] of places.entries()) all[place] = grads[i] ?? null;
  return all;
}
