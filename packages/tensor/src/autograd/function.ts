/** Operations with a gradient of the user's own: `torch.autograd.Function`. */
import { zeros } from '../creation.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail } from '../errors.ts';
import { Tensor } from '../tensor.ts';
import { edgeOf } from './accumulate.ts';
import { anomaly } from './anomaly.ts';
import { metaOf, requiresGrad } from './meta.ts';
import { gradMode, noGrad } from './mode.ts';
import { type Edge, type Grad, GradNode } from './node.ts';
import { checkSaved, checkVersion, failFreed, fitted } from './operator-node.ts';
import { Packed, savedHooks } from './saved.ts';
import { checkWrite, rebase } from './views.ts';

/** What `forward` and `backward` of one call share. Other properties may be set freely. */
export class FunctionContext {
  [name: string]: unknown;

  /** For each argument of `apply`, whether its gradient is wanted. */
  needsInputGrad: readonly boolean[] = [];
  #saved: readonly (Tensor | Packed | null)[] = [];
  #versions: readonly number[] = [];
  #released = false;
  readonly #dirty = new Set<Tensor>();
  readonly #constant = new Set<Tensor>();
  #materialize = true;

  /** Keeps tensors for `backward`, which finds them in {@link savedTensors}. */
  saveForBackward(...tensors: readonly (Tensor | null)[]): void {
    this.#saved = tensors;
  }

  /** What `forward` kept. @throws TensorError when one was written to since, or the graph was freed */
  get savedTensors(): (Tensor | null)[] {
    if (this.#released) failFreed();
    return this.#saved.map((saved, i) => {
      if (saved instanceof Packed) return saved.unpack();
      const version = this.#versions[i];
      if (saved !== null && version !== undefined) checkVersion(saved, version);
      return saved;
    });
  }

  /** Says which arguments `forward` wrote to. */
  markDirty(...tensors: readonly Tensor[]): void {
    for (const tensor of tensors) this.#dirty.add(tensor);
  }

  /** Says which results no gradient flows from. */
  markNonDifferentiable(...tensors: readonly Tensor[]): void {
    for (const tensor of tensors) this.#constant.add(tensor);
  }

  /** Whether `backward` is given zeros (true, the default) or null for results that have no gradient. */
  setMaterializeGrads(value: boolean): void {
    this.#materialize = value;
  }

  /** What the call made of the context; for the node. */
  static readonly inside: {
    dirty(context: FunctionContext): ReadonlySet<Tensor>;
    constant(context: FunctionContext): ReadonlySet<Tensor>;
    materialize(context: FunctionContext): boolean;
    saved(context: FunctionContext): readonly unknown[];
    seal(context: FunctionContext, operator: string, recorded: boolean): void;
    release(context: FunctionContext): void;
  } = {
    dirty: (context) => context.#dirty,
    constant: (context) => context.#constant,
    materialize: (context) => context.#materialize,
    saved: (context) => [...context.#saved, ...Object.values(context)],
    seal: (context, operator, recorded) => {
      const tensors = context.#saved as readonly (Tensor | null)[];
      context.#versions = tensors.map((tensor) => tensor?.storage.version ?? 0);
      if (!recorded) return;
      for (const tensor of tensors) if (tensor !== null) checkSaved(operator, tensor);
      const hooks = savedHooks.current;
      if (hooks === undefined) return;
      context.#saved = tensors.map((tensor) => tensor && new Packed(hooks, tensor));
    },
    release: (context) => {
      // What nothing was saved for can run again.
      context.#released = context.#saved.length > 0;
      context.#saved = [];
    },
  };
}

type Backward = (
  context: FunctionContext,
  ...grads: (Tensor | null)[]
) => Tensor | null | readonly (Tensor | null)[];

/** A call of a {@link Function}. Its inputs are those arguments that are tensors. */
class FunctionNode extends GradNode {
  readonly #context: FunctionContext;
  readonly #backward: Backward;
  readonly #arguments: readonly (Pick<Tensor, 'shape' | 'dtype'> | undefined)[];

  constructor(
    name: string,
    edges: readonly (Edge | undefined)[],
    outputs: readonly Tensor[],
    context: FunctionContext,
    backward: Backward,
    given: readonly (Tensor | undefined)[],
  ) {
    super(
      `${name}Backward`,
      edges,
      outputs.map(({ shape, dtype }) => ({ shape, dtype })),
    );
    this.#context = context;
    this.#backward = backward;
    this.#arguments = given.map((tensor) => tensor && { shape: tensor.shape, dtype: tensor.dtype });
  }

  /** What `backward` returns may be a tensor that it keeps. */
  override get lends(): boolean {
    return true;
  }

  override get saved(): readonly unknown[] {
    return FunctionContext.inside.saved(this.#context);
  }

  apply(grads: readonly Grad[]): readonly Grad[] {
    const materialize = FunctionContext.inside.materialize(this.#context);
    const given = grads.map((grad, i) => {
      if (grad !== undefined || !materialize) return grad ?? null;
      const { shape, dtype } = this.outputs[i]!;
      return zeros(shape, { dtype });
    });
    const returned = this.#backward(this.#context, ...given);
    const list = [...(returned instanceof Tensor || returned === null ? [returned] : returned)];
    while (list.length > this.#arguments.length && list.at(-1) == null) list.pop();
    if (list.length !== this.#arguments.length) {
      fail(
        'backward',
        `function ${this.name} returned an incorrect number of gradients (expected ${this.#arguments.length}, got ${list.length})`,
      );
    }
    const results: Grad[] = [];
    for (const [i, argument] of this.#arguments.entries()) {
      const grad = list[i];
      if (argument === undefined) {
        if (grad == null) continue;
        fail(
          'backward',
          `function ${this.name} returned a gradient different than null at position ${i + 1}, but the corresponding forward input was not a Variable`,
        );
      }
      const index = results.length;
      const wanted = grad != null && this.edges[index] !== undefined;
      results.push(wanted ? fitted(this.name, grad, argument.shape, argument.dtype, index) : undefined);
    }
    return results;
  }

  override release(): void {
    FunctionContext.inside.release(this.#context);
  }
}

/**
 * Base of operations with a gradient of their own. A subclass has two static methods: `forward(ctx, ...args)`, which
 * computes without being recorded, and `backward(ctx, ...grads)`, which gives one gradient (or null) for each
 * argument. It is called through `apply`. With a third one, `setupContext(ctx, args, result)`, `forward` takes the
 * arguments only.
 *
 * @example
 * ```ts
 * class Cube extends autograd.Function {
 *   static forward(ctx: autograd.FunctionContext, x: Tensor): Tensor {
 *     ctx.saveForBackward(x);
 *     return x.mul(x).mul(x);
 *   }
 *   static backward(ctx: autograd.FunctionContext, grad: Tensor): Tensor {
 *     const [x] = ctx.savedTensors;
 *     return grad.mul(x!).mul(x!).mul(3);
 *   }
 * }
 * const y = Cube.apply(x);
 * ```
 */
// biome-ignore-start lint/complexity/noThisInStatic: `this` is the subclass that `apply` is called on.
// biome-ignore lint/suspicious/noShadowRestrictedNames: PyTorch's name.
// biome-ignore lint/complexity/noStaticOnlyClass: subclasses are what PyTorch's users write.
export abstract class Function {
  /**
   * Calls the operation.
   * @throws TensorError when `forward` wrote to what may not be written to, or saved what was made in inference mode
   */
  static apply<Args extends readonly unknown[], Result>(
    this: FunctionWithSetup<Args, Result>,
    ...args: Args
  ): Result;
  static apply<Args extends readonly unknown[], Result>(
    this: FunctionWithContext<Args, Result>,
    ...args: Args
  ): Result;
  static apply<Args extends readonly unknown[], Result>(
    this: FunctionWithContext<Args, Result> | FunctionWithSetup<Args, Result>,
    ...args: Args
  ): Result {
    const context = new FunctionContext();
    const given = args.map((argument) => (argument instanceof Tensor ? argument : undefined));
    context.needsInputGrad = given.map((tensor) => tensor !== undefined && requiresGrad(tensor));
    const recorded = gradMode.enabled && context.needsInputGrad.includes(true);
    const edges = given.filter((tensor) => tensor !== undefined).map(edgeOf);
    const result = noGrad(() => call(this, context, args));
    const outputs = (Array.isArray(result) ? result : [result]).filter(
      (value): value is Tensor => value instanceof Tensor,
    );
    const dirty = FunctionContext.inside.dirty(context);
    const bases = new Map([...dirty].map((tensor) => [tensor, tensor.base && edgeOf(tensor.base)] as const));
    for (const tensor of dirty) {
      if (recorded) checkDirty(this.name, tensor);
      tensor.storage.version++;
    }
    FunctionContext.inside.seal(context, this.name, recorded);
    if (!recorded) return result;
    // A result that is an argument itself becomes a view of it, with a node of its own.
    const own = outputs.map((output) =>
      given.includes(output) && !dirty.has(output) ? aliasOf(output) : output,
    );
    const backward = this.backward as unknown as Backward;
    const node = new FunctionNode(this.name, edges, own, context, backward, given);
    if (anomaly.enabled) node.trace = new Error(this.name).stack;
    own.forEach((output, i) => {
      const constant = FunctionContext.inside.constant(context).has(output);
      if (dirty.has(output)) {
        rebase(output, node, bases.get(output));
        return;
      }
      const meta = metaOf(output);
      if (output.base !== undefined) meta.origin = 'function';
      if (constant || dtypeInfo(output.dtype).kind !== 'float') {
        output.base = undefined;
        return;
      }
      meta.node = node;
      meta.output = i;
      meta.nodeVersion = output.storage.version;
    });
    if (!Array.isArray(result)) return (own[0] ?? result) as Result;
    let next = 0;
    return result.map((value: unknown) => (value instanceof Tensor ? own[next++] : value)) as Result;
  }
}
// biome-ignore-end lint/complexity/noThisInStatic: `this` is the subclass that `apply` is called on.

type AnyBackward = (context: FunctionContext, ...grads: never[]) => ReturnType<Backward>;

/** A subclass whose `forward` takes the context. */
export interface FunctionWithContext<Args extends readonly unknown[], Result> {
  readonly name: string;
  forward(context: FunctionContext, ...args: Args): Result;
  readonly backward: AnyBackward;
}

/** A subclass whose `forward` takes the arguments only, and whose `setupContext` keeps what `backward` needs. */
export interface FunctionWithSetup<Args extends readonly unknown[], Result> {
  readonly name: string;
  forward(...args: Args): Result;
  setupContext(context: FunctionContext, inputs: Args, output: Result): void;
  readonly backward: AnyBackward;
}

function call<Args extends readonly unknown[], Result>(
  operation: FunctionWithContext<Args, Result> | FunctionWithSetup<Args, Result>,
  context: FunctionContext,
  args: Args,
): Result {
  if (!('setupContext' in operation)) return operation.forward(context, ...args);
  const result = operation.forward(...args);
  operation.setupContext(context, args, result);
  return result;
}

function checkDirty(operator: string, tensor: Tensor): void {
  if (tensor.base === undefined && tensor.autograd?.requiresGrad && tensor.autograd.node === null) {
    fail(operator, 'a leaf Variable that requires grad has been used in an in-place operation.');
  }
  checkWrite(operator, tensor);
}

function aliasOf(tensor: Tensor): Tensor {
  const { storage, dtype, shape, strides, offset } = tensor;
  const alias = new Tensor(storage, dtype, shape, strides, offset);
  alias.base = tensor.base ?? tensor;
  return alias;
}
