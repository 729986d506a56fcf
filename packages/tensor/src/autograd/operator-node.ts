/** The node of a recorded operator call: what it keeps, and how its derivatives are run. */
import type { Storage } from '@sconce/engine';
import { type DType, dtypeInfo } from '../dtype.ts';
import { fail, showSizes } from '../errors.ts';
import { Tensor } from '../tensor.ts';
import { anomaly } from './anomaly.ts';
import type { ArgumentGrad, Derivative, GradientRules, Read } from './derivative.ts';
import type { AutogradMeta } from './meta.ts';
import { type Edge, type Grad, GradNode, operationOf } from './node.ts';
import { mapTensors, Packed, savedHooks, unpacked } from './saved.ts';

/** A tensor among an operator's arguments, or in a list that is one. */
export interface Input {
  readonly argument: number;
  /** Place in the list; -1 where the argument is the tensor itself. */
  readonly element: number;
  readonly edge: Edge | undefined;
  readonly shape: readonly number[];
  readonly dtype: DType;
}

const none: readonly number[] = [];

/** Definitions of operators that users made, whose derivatives may keep what they are given. */
export const usersDefinitions: WeakSet<object> = new WeakSet();

type Definition = GradientRules<never[], unknown> & { readonly name: string };

/** A recorded operator call. */
export class OperatorNode extends GradNode {
  readonly #definition: Definition;
  readonly #inputs: readonly Input[];
  #args: readonly unknown[] | undefined;
  #result: unknown;
  /** Tensors whose elements the derivatives read, and the versions they had. */
  #kept: readonly Tensor[];
  readonly #versions: readonly number[];
  /** Which outputs the last of them are. */
  readonly #keptOutputs: readonly number[];
  readonly #single: boolean;
  /** Whether what is kept was packed by hooks on saved tensors. */
  readonly #packed: boolean;

  constructor(
    definition: Definition,
    inputs: readonly Input[],
    args: readonly unknown[],
    reads: readonly Read[],
    result: unknown,
    outputs: readonly Tensor[],
  ) {
    super(
      nodeName(definition, args),
      inputs.map((input) => input.edge),
      outputs.map(({ shape, dtype }) => ({ shape, dtype })),
    );
    this.#definition = definition;
    this.#inputs = inputs;
    this.#single = result instanceof Tensor;
    const kept: Tensor[] = [];
    this.#args = args.map((arg, i) =>
      reads.includes(i) ? keep(definition.name, arg, kept) : described(arg),
    );
    const readsResult = reads.includes('result');
    const keptArguments = kept.length;
    if (readsResult) kept.push(...outputs);
    this.#result = readsResult ? result : withFields(described(result), result, reads, kept);
    this.#keptOutputs =
      kept.length === keptArguments
        ? none
        : kept.slice(keptArguments).map((tensor) => outputs.indexOf(tensor));
    const hooks = savedHooks.current;
    this.#packed = hooks !== undefined && kept.length > 0;
    if (hooks !== undefined && kept.length > 0) {
      const packed = new Map(kept.map((tensor) => [tensor, new Packed(hooks, tensor)]));
      const pack = (tensor: Tensor): unknown => packed.get(tensor) ?? tensor;
      this.#args = this.#args.map((arg) => mapTensors(arg, pack));
      this.#result = mapTensors(this.#result, pack);
      kept.length = 0;
    }
    this.#kept = kept;
    this.#versions = kept.map((tensor) => tensor.storage.version);
  }

  apply(grads: readonly Grad[], needs?: (edge: Edge) => boolean): readonly Grad[] {
    const args = this.#packed ? this.#args?.map(unpacked) : this.#args;
    if (args === undefined) failFreed();
    this.#checkVersions();
    const { name, derivatives } = this.#definition;
    if (derivatives === undefined) fail(name, `the derivative for '${name}' is not implemented.`);
    const result = this.#packed ? unpacked(this.#result) : this.#result;
    const grad = this.#single ? grads[0]! : grads;
    let argument = -1;
    let value: ArgumentGrad;
    return this.#inputs.map((input, index) => {
      if (input.edge === undefined || needs?.(input.edge) === false) return undefined;
      if (input.argument !== argument) {
        argument = input.argument;
        value = callDerivative(derivatives[argument]!, grad, args, result);
      }
      const own = input.element < 0 ? value : (value as readonly Grad[] | null | undefined)?.[input.element];
      if (!(own instanceof Tensor)) return undefined;
      // What is kept stays out of the hands of those who write to gradients.
      return fitted(this.name, this.#kept.includes(own) ? own.clone() : own, input.shape, input.dtype, index);
    });
  }

  /** Whether its derivatives are the library's own, and no hooks on saved tensors run in them: none keeps a tensor. */
  get trusted(): boolean {
    return !this.#packed && !usersDefinitions.has(this.#definition);
  }

  override get saved(): readonly unknown[] {
    return this.#packed ? [this.#args, this.#result] : this.#kept;
  }

  override release(): void {
    // Shapes alone can be used again.
    if (this.#kept.length === 0 && !this.#packed) return;
    this.#args = undefined;
    this.#result = undefined;
    this.#kept = [];
  }

  #checkVersions(): void {
    const first = this.#kept.length - this.#keptOutputs.length;
    for (let i = 0; i < this.#kept.length; i++) {
      const own = this.#keptOutputs[i - first];
      checkVersion(
        this.#kept[i]!,
        this.#versions[i]!,
        own === undefined ? undefined : { node: this, output: own },
      );
    }
  }
}

/**
 * @param origin what computed the tensor, where that is not what its graph says now
 * @throws TensorError when a tensor that a backward needs was written to since
 */
export function checkVersion(
  tensor: Tensor,
  expected: number,
  origin: Pick<AutogradMeta, 'node' | 'output'> | undefined = tensor.autograd,
): void {
  const { version } = tensor.storage;
  if (version === expected) return;
  const computed =
    origin == null || origin.node === null
      ? ''
      : `, which is output ${origin.output} of ${operationOf(origin.node)},`;
  const hint = anomaly.enabled
    ? 'the backtrace below shows the operation that failed to compute its gradient. The variable in question was changed in there or anywhere later. Good luck!'
    : 'enable anomaly detection to find the operation that failed to compute its gradient, with autograd.setDetectAnomaly(true, false).';
  fail(
    'backward',
    `one of the variables needed for gradient computation has been modified by an inplace operation: [torch.${dtypeInfo(tensor.dtype).scalarName}Tensor ${showSizes(tensor.shape)}]${computed} is at version ${version}; expected version ${expected} instead. Hint: ${hint}`,
  );
}

/** @throws TensorError that says that what a backward needs is gone */
export function failFreed(): never {
  fail(
    'backward',
    'Trying to backward through the graph a second time (or directly access saved tensors after they have already been freed). Saved intermediate values of the graph are freed when you call .backward() or autograd.grad(). Specify retainGraph: true if you need to backward through the graph a second time or if you need to access saved tensors after calling backward.',
  );
}

/** @throws TensorError for a tensor made in inference mode */
export function checkSaved(operator: string, tensor: Tensor): void {
  if (!tensor.autograd?.inference) return;
  fail(
    operator,
    'Inference tensors cannot be saved for backward. Please do not use Tensors created in inference mode in computation tracked by autograd. To work around this, you can make a clone to get a normal tensor and use it in autograd, or use `noGrad` instead of `inferenceMode`.',
  );
}

function keep(operator: string, value: unknown, kept: Tensor[]): unknown {
  if (Array.isArray(value)) return value.map((entry) => keep(operator, entry, kept));
  if (!(value instanceof Tensor)) return value;
  checkSaved(operator, value);
  kept.push(value);
  return value;
}

/** Stands where a tensor was whose elements no derivative reads. */
const unread: Storage = {
  byteLength: 0,
  disposed: false,
  version: 0,
  bytes: () => fail('autograd', 'internal: a derivative reads a tensor that it does not name in `reads`'),
  dispose: () => {},
};

/** The value with every tensor replaced by its shape and dtype. */
function described(value: unknown): unknown {
  if (value instanceof Tensor) {
    return new Tensor(unread, value.dtype, value.shape, value.strides, value.offset);
  }
  if (Array.isArray(value))
    return value.some((entry) => entry instanceof Tensor) ? value.map(described) : value;
  if (typeof value !== 'object' || value === null) return value;
  const parts = Object.entries(value);
  if (!parts.some(([, part]) => part instanceof Tensor)) return value;
  return Object.fromEntries(parts.map(([key, part]) => [key, described(part)]));
}

/** A described result in which the fields that are read are themselves. */
function withFields(description: unknown, result: unknown, reads: readonly Read[], kept: Tensor[]): unknown {
  const fields = reads.filter((read) => typeof read === 'string').map((read) => read.slice('result.'.length));
  if (fields.length === 0) return description;
  const own = result as Readonly<Record<string, Tensor>>;
  for (const field of new Set(fields)) kept.push(own[field]!);
  return { ...(description as object), ...Object.fromEntries(fields.map((field) => [field, own[field]])) };
}

function callDerivative(
  derivative: Derivative<never[], unknown>,
  grad: unknown,
  args: readonly unknown[],
  result: unknown,
): ArgumentGrad {
  // An operator's definition ties these types together; nodes keep definitions of every type.
  const of = (typeof derivative === 'function' ? derivative : derivative.of) as (
    grad: unknown,
    args: unknown,
    result: unknown,
  ) => ArgumentGrad;
  return of(grad, args, result);
}

/** A gradient in its input's shape and dtype: what broadcasting spread is summed, what promotion changed goes back. */
export function fitted(
  name: string,
  grad: Tensor,
  shape: readonly number[],
  dtype: DType,
  index: number,
): Tensor {
  let result = grad;
  if (!sameShape(result.shape, shape)) {
    const extra = result.ndim - shape.length;
    const spread: number[] = [];
    result.shape.forEach((size, d) => {
      if (d < extra || (shape[d - extra] === 1 && size !== 1)) spread.push(d);
    });
    if (extra < 0 || !result.shape.every((size, d) => spread.includes(d) || shape[d - extra] === size)) {
      fail(
        'backward',
        `Function ${name} returned an invalid gradient at index ${index} - got ${showSizes(result.shape)} but expected shape compatible with ${showSizes(shape)}`,
      );
    }
    result = result.sum(spread, true);
    if (extra > 0) result = result.reshape(shape);
  }
  return result.dtype === dtype ? result : result.to(dtype);
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** The name of the node that recording an operator makes. */
export function nodeName<Canonical extends unknown[]>(
  definition: GradientRules<Canonical, never> & { readonly name: string },
  args: readonly unknown[],
): string {
  const { name, backwardName: given } = definition;
  if (given === undefined) return backwardName(name);
  return typeof given === 'string' ? given : given(...(args as unknown as Canonical));
}

const names = new Map<string, string>();

/** `logSoftmax` is recorded as `LogSoftmaxBackward0`. */
function backwardName(operator: string): string {
  let name = names.get(operator);
  if (name === undefined) {
    const own = operator.endsWith('_') ? operator.slice(0, -1) : operator;
    name = `${own.charAt(0).toUpperCase()}${own.slice(1)}Backward0`;
    names.set(operator, name);
  }
  return name;
}
