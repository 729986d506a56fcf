/** Nodes of the graph that recording makes: each knows how to turn gradients of its outputs into those of its inputs. */
import type { DType } from '../dtype.ts';
import { fail } from '../errors.ts';
import { sameSizes } from '../shape.ts';
import type { Tensor } from '../tensor.ts';

/** Where a gradient goes: into which node, as the gradient of which of its outputs. */
export interface Edge {
  readonly node: GradNode;
  readonly output: number;
}

/** A gradient, or undefined where there is none (which counts as zero). */
export type Grad = Tensor | undefined;

/** Shape and dtype of one output; its gradient has the same. */
export interface OutputShape {
  readonly shape: readonly number[];
  readonly dtype: DType;
}

/** Looks at the gradient of an output before the node takes it; what it returns is taken instead. */
// biome-ignore lint/suspicious/noConfusingVoidType: a hook may return nothing.
export type GradHook = (grad: Tensor) => Tensor | null | undefined | void;

/** Looks at a node's gradients after it ran; what it returns replaces those of the inputs. */
export type NodeHook = (
  gradInputs: readonly Grad[],
  gradOutputs: readonly Grad[],
  // biome-ignore lint/suspicious/noConfusingVoidType: a hook may return nothing.
) => readonly Grad[] | undefined | void;

/** Looks at a node's gradients before it runs; what it returns replaces them. */
// biome-ignore lint/suspicious/noConfusingVoidType: a hook may return nothing.
export type NodePrehook = (gradOutputs: readonly Grad[]) => readonly Grad[] | undefined | void;

/** Something that can be taken back. */
export interface HookHandle {
  remove(): void;
}

let created = 0;

/** One recorded operation. Nodes that were made later have larger sequence numbers. */
export abstract class GradNode {
  /** PyTorch's name of it, such as `MulBackward0`. */
  readonly name: string;
  readonly sequence: number = created++;
  /** One for each tensor input; undefined where that input needs no gradient. */
  readonly edges: readonly (Edge | undefined)[];
  /** One for each tensor output. */
  readonly outputs: readonly OutputShape[];
  /** Where the operation was called, while anomalies are looked for. */
  trace: string | undefined;
  readonly #outputHooks: Map<number, GradHook[]> = new Map();
  /** What keeps gradients of outputs; runs after the hooks on them. */
  readonly #retentions: Map<number, (grad: Tensor) => void> = new Map();
  readonly #before: NodePrehook[] = [];
  readonly #after: NodeHook[] = [];

  constructor(name: string, edges: readonly (Edge | undefined)[], outputs: readonly OutputShape[]) {
    this.name = name;
    this.edges = edges;
    this.outputs = outputs;
  }

  /**
   * Gradients of the inputs, one for each edge, from those of the outputs, of which at least one is there.
   * @param needs which edges gradients are wanted of, where it is not all of them: the others may be left out
   */
  abstract apply(grads: readonly Grad[], needs?: (edge: Edge) => boolean): readonly Grad[];

  /** Lets go of what was kept for {@link apply}, which then refuses to run. */
  abstract release(): void;

  /** What is kept for {@link apply}: tensors, or what hooks on saved tensors made of them. */
  abstract get saved(): readonly unknown[];

  /** The nodes that gradients go on to, as PyTorch lists them (`next_functions`). */
  get nextFunctions(): readonly (readonly [GradNode | null, number])[] {
    return this.edges.map((edge) => (edge === undefined ? [null, 0] : [edge.node, edge.output]));
  }

  /** Whether gradients it gives may be in use elsewhere, so that nobody may write to them. */
  get lends(): boolean {
    return this.#after.length > 0;
  }

  /** Whether hooks see gradients that it is given or gives. */
  get watched(): boolean {
    return this.#before.length > 0 || this.#after.length > 0 || this.hasOutputHooks;
  }

  /** Whether there are hooks on its outputs. */
  get hasOutputHooks(): boolean {
    return this.#outputHooks.size > 0 || this.#retentions.size > 0;
  }

  /** Gradients of the outputs after the hooks on them. */
  hooked(grads: readonly Grad[]): readonly Grad[] {
    if (!this.hasOutputHooks) return grads;
    return grads.map((grad, i) => {
      if (grad === undefined) return grad;
      let value = grad;
      for (const hook of [...(this.#outputHooks.get(i) ?? [])]) {
        const changed = hook(value) ?? value;
        if (!sameSizes(changed.shape, value.shape)) {
          fail('backward', `hook '${hook.name}' has changed the size of value`);
        }
        value = changed;
      }
      this.#retentions.get(i)?.(value);
      return value;
    });
  }

  /** Runs the node with the node's hooks around it. */
  run(incoming: readonly Grad[], needs?: (edge: Edge) => boolean): readonly Grad[] {
    let grads = incoming;
    for (const hook of [...this.#before]) grads = hook(grads) ?? grads;
    let result = this.apply(grads, needs);
    for (const hook of [...this.#after]) result = hook(result, grads) ?? result;
    return result;
  }

  /** Adds a hook that runs after the node. */
  registerHook(hook: NodeHook): HookHandle {
    return addTo(this.#after, hook);
  }

  /** Adds a hook that runs before the node. */
  registerPrehook(hook: NodePrehook): HookHandle {
    return addTo(this.#before, hook);
  }

  /** Adds a hook on the gradient of one output. */
  addOutputHook(output: number, hook: GradHook): HookHandle {
    let hooks = this.#outputHooks.get(output);
    if (hooks === undefined) {
      hooks = [];
      this.#outputHooks.set(output, hooks);
    }
    return addTo(hooks, hook);
  }

  /** Calls `keep` with the gradient of one output, after all hooks on it. */
  addRetention(output: number, keep: (grad: Tensor) => void): HookHandle {
    this.#retentions.set(output, keep);
    return {
      remove: () => {
        this.#retentions.delete(output);
      },
    };
  }

  /** As PyTorch prints it. */
  toString(): string {
    return `<${this.name}>`;
  }
}

/** The operation's name in error messages: the node's without `Backward0`. */
export function operationOf(node: GradNode): string {
  return node.name.replace(/Backward\d*$/, '');
}

/** Adds an entry to a list, until it is removed. */
export function addTo<T>(list: T[], entry: T): HookHandle {
  list.push(entry);
  return {
    remove: () => {
      const at = list.indexOf(entry);
      if (at >= 0) list.splice(at, 1);
    },
  };
}
