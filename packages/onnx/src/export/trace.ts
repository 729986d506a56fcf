/** Records the operators that a model calls, through a layer of the tensor package's dispatcher. */
import { currentModuleScope, type Module, type ModuleScope } from '@sconce/nn';
import { type Operator, Tensor, withLayer } from '@sconce/tensor';
import { OnnxError } from '../errors.ts';

/** One operator call of a model's run. */
export interface TracedCall {
  readonly operator: string;
  /** Canonical arguments, as the dispatcher gives them. */
  readonly args: readonly unknown[];
  readonly result: unknown;
  /** Modules that were running, outermost first. */
  readonly scopes: readonly ModuleScope[];
}

/** A model's run. */
export interface Trace {
  readonly calls: readonly TracedCall[];
  readonly output: unknown;
}

/**
 * Runs a model in evaluation mode and records its operators. The modules' modes are put back afterwards.
 *
 * @param known whether there is an exporter of this name: in-place operators go by the name of the plain one then
 */
export function traceModel(
  model: Module,
  inputs: readonly Tensor[],
  known: (operator: string) => boolean,
): Trace {
  const recorder = new Recorder(known);
  const layer = {
    call: (operator: Operator, args: readonly unknown[], next: () => unknown): unknown =>
      recorder.record(operator, args, next),
  };
  const training = model.modules().map((module) => [module, module.training] as const);
  model.eval();
  try {
    const output: unknown = withLayer(layer, () => model(...(inputs as never[])));
    return { calls: recorder.calls, output: recorder.now(output) };
  } finally {
    for (const [module, mode] of training) module.training = mode;
  }
}

/**
 * Writes calls down. A graph has no writes in place, so the result of what writes into its first tensor is recorded as
 * a new one, which later calls that are given the tensor read.
 */
class Recorder {
  readonly calls: TracedCall[] = [];
  readonly #known: (operator: string) => boolean;
  /** The newest tensor in the place of one that was written into. */
  readonly #newest = new Map<Tensor, Tensor>();
  /** The number of the call that wrote into memory last. */
  readonly #writes = new Map<unknown, number>();
  /** The number of the call that a tensor is the result of. */
  readonly #made = new Map<Tensor, number>();

  constructor(known: (operator: string) => boolean) {
    this.#known = known;
  }

  record(operator: Operator, args: readonly unknown[], next: () => unknown): unknown {
    const scopes = currentModuleScope();
    const given = this.#newest.size === 0 ? args : args.map((arg) => this.now(arg));
    for (const x of tensorsIn(given)) this.#checkUnchanged(operator, x);
    const [target] = args;
    const version = target instanceof Tensor ? target.storage.version : 0;
    const result = next();
    // What happened to have nothing to do, as dropout in evaluation mode, is no write.
    const writes = target instanceof Tensor && result === target && target.storage.version !== version;
    const number = this.calls.length;
    let own = result;
    if (writes) {
      own = new Tensor(target.storage, target.dtype, target.shape, target.strides, target.offset);
      this.#newest.set(target, own as Tensor);
      this.#writes.set(target.storage, number);
    }
    for (const x of tensorsIn(own)) this.#made.set(x, number);
    const plain = operator.name.replace(/_$/, '');
    const name = this.#known(plain) ? plain : operator.name;
    this.calls.push({ operator: name, args: given, result: own, scopes });
    return result;
  }

  /** A value with the newest tensors in it. */
  now(value: unknown): unknown {
    if (value instanceof Tensor) return this.#newest.get(value) ?? value;
    if (Array.isArray(value)) return value.map((part) => this.now(part));
    if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) {
      return value;
    }
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, this.now(part)]));
  }

  /** Refuses tensors that show memory which was written through another one. */
  #checkUnchanged(operator: Operator, x: Tensor): void {
    const written = this.#writes.get(x.storage);
    if (written === undefined || written <= (this.#made.get(x) ?? -1)) return;
    throw new OnnxError(
      `export: operator ${operator.name} reads a tensor whose memory was changed in place through another one`,
    );
  }
}

/** The tensors in a result or an argument, in order: lists and plain objects are looked into. */
export function tensorsIn(value: unknown): Tensor[] {
  if (value instanceof Tensor) return [value];
  if (Array.isArray(value)) return value.flatMap(tensorsIn);
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(tensorsIn);
  return [];
}

/** Dotted names of tensors in a result: keys of objects, indices of lists; '' for a tensor itself. */
export function namedTensors(value: unknown, prefix = ''): [string, Tensor][] {
  if (value instanceof Tensor) return [[prefix, value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, part]) =>
    namedTensors(part, prefix === '' ? key : `${prefix}_${key}`),
  );
}
