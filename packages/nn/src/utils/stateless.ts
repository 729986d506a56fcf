/** Calls of modules with other tensors in the place of their own. */
import { stack, type Tensor } from '@sconce/tensor';
import { callModule, type Module, registryOf } from '../module/module.ts';
import { tensorsOf } from './members.ts';

/** Tensors by the dotted names of parameters and buffers. */
export type NamedTensors = Readonly<Record<string, Tensor>> | ReadonlyMap<string, Tensor>;

/** Options of {@link functionalCall}. */
export interface FunctionalCallOptions {
  /** Named options of the call. */
  readonly kwargs?: Readonly<Record<string, unknown>>;
  /** Whether a tensor that has several names is replaced under all of them (default true). */
  readonly tieWeights?: boolean;
  /** Whether exactly the module's names must be given (default false). */
  readonly strict?: boolean;
}

/**
 * Calls a module with the given tensors as its parameters and buffers; the module is as before afterwards
 * (`torch.func.functional_call`).
 *
 * @param tensors by name, or a list of such
 * @param inputs what the module is called with: a list of its inputs, or its only input
 * @throws {TypeError} for a name given twice, or names that do not match if `strict` is set
 * @example
 * ```ts
 * const loss = (weights: Record<string, Tensor>) => nn.functionalCall(model, weights, x).sum();
 * ```
 */
export function functionalCall<M extends Module>(
  module: M,
  tensors: NamedTensors | readonly NamedTensors[],
  inputs: unknown = [],
  options: FunctionalCallOptions = {},
): ReturnType<M['forward']> {
  const { kwargs, tieWeights = true, strict = false } = options;
  const given = merged(tensors);
  const replaced = tieWeights ? tied(module, given) : given;
  if (strict) checkNames(module, replaced);
  const undo: (() => void)[] = [];
  try {
    for (const [path, tensor] of replaced) undo.push(replace(module, path, tensor));
    const args: unknown[] = Array.isArray(inputs) ? [...inputs] : [inputs];
    if (kwargs !== undefined) args.push(kwargs);
    return callModule(module, ...args) as ReturnType<M['forward']>;
  } finally {
    for (const restore of undo.reverse()) restore();
  }
}

/**
 * The parameters and buffers of models of one class, those of each name stacked into one tensor, for
 * {@link functionalCall} below `vmap` (`torch.func.stack_module_state`).
 *
 * @throws {TypeError} for no model, or models of different classes or modes
 */
export function stackModuleState(
  models: Iterable<Module>,
): [parameters: Record<string, Tensor>, buffers: Record<string, Tensor>] {
  const list = [...models];
  const [first] = list;
  if (first === undefined) throw new TypeError('stack_module_state: Expected at least one model, got 0.');
  if (list.some(({ training }) => training !== first.training)) {
    throw new TypeError('stack_module_state: Expected all models to have the same training/eval mode.');
  }
  if (list.some((model) => model.constructor !== first.constructor)) {
    throw new TypeError('stack_module_state: Expected all models to be of the same class.');
  }
  const stacked = (name: string, tensors: readonly Tensor[]): [string, Tensor] => {
    const learned = tensors.filter((tensor) => tensor.requiresGrad).length;
    if (learned !== 0 && learned !== tensors.length) {
      throw new TypeError(`Expected ${name} from each model to have the same .requires_grad`);
    }
    return [name, stack(tensors.map((tensor) => tensor.detach())).requiresGrad_(learned > 0)];
  };
  const names = (entries: [string, Tensor][]): string[] => entries.map(([name]) => name);
  const parameters = names(first.namedParameters()).map((name) =>
    stacked(
      name,
      list.map((model) => model.getParameter(name)),
    ),
  );
  const buffers = names(first.namedBuffers()).map((name) =>
    stacked(
      name,
      list.map((model) => model.getBuffer(name)),
    ),
  );
  return [Object.fromEntries(parameters), Object.fromEntries(buffers)];
}

function entriesOf(tensors: NamedTensors): [string, Tensor][] {
  return tensors instanceof Map ? [...tensors] : Object.entries(tensors);
}

function merged(tensors: NamedTensors | readonly NamedTensors[]): Map<string, Tensor> {
  const all = (Array.isArray(tensors) ? tensors : [tensors]) as readonly NamedTensors[];
  const result = new Map<string, Tensor>();
  const repeated = new Set<string>();
  for (const [name, tensor] of all.flatMap(entriesOf)) {
    if (result.has(name)) repeated.add(name);
    result.set(name, tensor);
  }
  if (repeated.size === 0) return result;
  const names = [...repeated].map((name) => `'${name}'`).join(', ');
  throw new TypeError(
    `[${names}] appeared in multiple dictionaries; behavior of functional call is ambiguous`,
  );
}

function membersOf(module: Module): [string, Tensor][] {
  const all = { removeDuplicate: false };
  return [...module.namedParameters(all), ...module.namedBuffers(all)];
}

/** What is given for one name of a tensor counts for its other names. */
function tied(module: Module, given: ReadonlyMap<string, Tensor>): Map<string, Tensor> {
  const namesOf = new Map<Tensor, string[]>();
  for (const [name, tensor] of membersOf(module)) namesOf.set(tensor, [...(namesOf.get(tensor) ?? []), name]);
  const result = new Map(given);
  for (const names of namesOf.values()) {
    const values = new Set(names.flatMap((name) => given.get(name) ?? []));
    if (values.size > 1) {
      const list = [...names]
        .sort()
        .map((name) => `'${name}'`)
        .join(', ');
      throw new TypeError(
        `functional_call got multiple values for keys [${list}], which are tied. Consider using tie_weights=False`,
      );
    }
    for (const value of values) for (const name of names) result.set(name, value);
  }
  return result;
}

function checkNames(module: Module, given: ReadonlyMap<string, Tensor>): void {
  const own = new Set(membersOf(module).map(([name]) => name));
  const quoted = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(', ');
  const unexpected = [...given.keys()].filter((name) => !own.has(name));
  const missing = [...own].filter((name) => !given.has(name));
  const lines: string[] = [];
  if (unexpected.length > 0) lines.push(`Unexpected key(s): ${quoted(unexpected)}.`);
  if (missing.length > 0) lines.push(`Missing key(s): ${quoted(missing)}.`);
  if (lines.length === 0) return;
  throw new TypeError(`Error(s) in reparametrizing for ${module.getName()}:\n\t${lines.join('\n\t')}`);
}

/** Puts a tensor in the place of one; the returned function puts the old one back. */
function replace(module: Module, path: string, tensor: Tensor): () => void {
  const names = path.split('.');
  const name = names.pop() as string;
  const owner = module.getSubmodule(names.join('.'));
  if (Object.hasOwn(owner, name)) return registryOf(owner).standIn(name, tensor);
  tensorsOf(owner)[name] = tensor;
  return () => Reflect.deleteProperty(owner, name);
}
