/**
 * `Module`: the base of every layer and model, after `torch.nn.Module`.
 *
 * Children, parameters and buffers are found by looking at the module's own properties, so plain assignments and
 * class fields register them alike.
 */
import { noGrad, Tensor } from '@sconce/tensor';
import { Callable } from './callable.ts';
import { Parameter } from './parameter.ts';
import { indentRest } from './python-text.ts';
import { Registry } from './registry.ts';
import { type IncompatibleKeys, type StateDict, StateDictError, StateDictPlan } from './state-dict.ts';

/** Where to start and how far to go when names are listed. */
export interface NamedOptions {
  /** Put in front of every name, followed by a dot. */
  readonly prefix?: string;
  /** Whether to go into children (default true). */
  readonly recurse?: boolean;
  /** Whether something that is registered under several names is listed once, under the first (default true). */
  readonly removeDuplicate?: boolean;
}

/** Calling a module runs its `forward`, with its types. */
export interface Module {
  // biome-ignore lint/style/useShorthandFunctionType: merged with the class below, which a function type cannot be.
  (...inputs: Parameters<this['forward']>): ReturnType<this['forward']>;
}

/**
 * Base of every layer and model.
 *
 * - `model(x)` runs `forward`.
 * - A property that holds a `Module` is a child, one that holds a `Parameter` a parameter; class fields count too.
 *   Names keep the order of their first registration. JavaScript sorts whole-number property names first, so
 *   children with such names are added by {@link Module.addModule}, which keeps their order.
 * - `String(model)` is what Python's `print(model)` prints. The class name is the constructor's `name`; a class whose
 *   name a minifier may change keeps it by declaring `static override readonly className: string = 'Net'`.
 *
 * @example
 * ```ts
 * class Net extends nn.Module {
 *   conv1 = new nn.Conv2d(3, 16, 3, { padding: 1 });
 *   override forward(x: Tensor): Tensor {
 *     return this.conv1(x).relu();
 *   }
 * }
 * ```
 */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: Callable's constructor provides the call that the interface declares.
export abstract class Module extends Callable {
  /** The printed name of this very class; subclasses do not inherit it. */
  static readonly className: string = 'Module';

  static {
    // Node's console.log prints modules as PyTorch does.
    Object.defineProperty(Module.prototype, Symbol.for('nodejs.util.inspect.custom'), {
      value(this: Module): string {
        return this.toString();
      },
    });
  }

  /** Whether the module is in training mode: layers such as dropout and batch normalization behave differently then. */
  training = true;

  readonly #registry = new Registry(this);
  /** Buffers that the state dict leaves out. */
  readonly #transient = new Set<string>();

  /** What the module computes. Call the module itself, not this method. */
  abstract override forward(...inputs: never[]): unknown;

  /**
   * Adds a child under a name and returns the module typed with it.
   *
   * @throws {TypeError} for an empty name, a dot in it, a name that is taken by something else, or no module
   * @example
   * ```ts
   * const model = new Net().addModule('conv2', new nn.Conv2d(16, 32, 3));
   * model.conv2.weight;
   * ```
   */
  addModule<Name extends string, Child extends Module | null>(
    name: Name,
    module: Child,
  ): this & Record<Name, Child> {
    this.#registry.add('module', name, module);
    return this as this & Record<Name, Child>;
  }

  /** The same as {@link Module.addModule}. */
  registerModule<Name extends string, Child extends Module | null>(
    name: Name,
    module: Child,
  ): this & Record<Name, Child> {
    return this.addModule(name, module);
  }

  /** Adds a parameter under a name; `null` reserves the name. @throws {TypeError} as {@link Module.addModule} does */
  registerParameter<Name extends string, P extends Parameter | null>(
    name: Name,
    parameter: P,
  ): this & Record<Name, P> {
    this.#registry.add('parameter', name, parameter);
    return this as this & Record<Name, P>;
  }

  /**
   * Adds a tensor that belongs to the module's state without being learned; `null` reserves the name.
   *
   * @param options `persistent: false` keeps it out of the state dict
   * @throws {TypeError} as {@link Module.addModule} does
   */
  registerBuffer<Name extends string, T extends Tensor | null>(
    name: Name,
    tensor: T,
    options: { readonly persistent?: boolean } = {},
  ): this & Record<Name, T> {
    this.#registry.add('buffer', name, tensor);
    if (options.persistent ?? true) this.#transient.delete(name);
    else this.#transient.add(name);
    return this as this & Record<Name, T>;
  }

  /** The direct children. */
  children(): Module[] {
    return [...new Set(this.namedChildren().map(([, child]) => child))];
  }

  /** The direct children with their names. */
  namedChildren(): [string, Module][] {
    return this.#childEntries().filter((entry): entry is [string, Module] => entry[1] !== null);
  }

  /** This module and all below it, each once. */
  modules(): Module[] {
    return this.namedModules().map(([, module]) => module);
  }

  /** This module (under the prefix, `''` by default) and all below it with their dotted names, depth first. */
  namedModules(options: Omit<NamedOptions, 'recurse'> = {}): [string, Module][] {
    const { prefix = '', removeDuplicate = true } = options;
    const seen = new Set<Module>();
    const found: [string, Module][] = [];
    const visit = (module: Module, path: string): void => {
      if (removeDuplicate && seen.has(module)) return;
      seen.add(module);
      found.push([path, module]);
      for (const [name, child] of module.namedChildren()) visit(child, join(path, name));
    };
    visit(this, prefix);
    return found;
  }

  /** The parameters of this module and of all below it, each once. */
  parameters(recurse: boolean = true): Parameter[] {
    return this.namedParameters({ recurse }).map(([, parameter]) => parameter);
  }

  /** The parameters with their dotted names. */
  namedParameters(options: NamedOptions = {}): [string, Parameter][] {
    return this.#namedMembers((module) => module.#parameterEntries(), options);
  }

  /** The buffers of this module and of all below it, each once. */
  buffers(recurse: boolean = true): Tensor[] {
    return this.namedBuffers({ recurse }).map(([, buffer]) => buffer);
  }

  /** The buffers with their dotted names. */
  namedBuffers(options: NamedOptions = {}): [string, Tensor][] {
    return this.#namedMembers((module) => module.#bufferEntries(), options);
  }

  /** The module with a dotted name; `''` is this one. @throws {TypeError} when there is none */
  getSubmodule(path: string): Module {
    let found: Module = this;
    for (const name of path === '' ? [] : path.split('.')) {
      if (!(name in found)) throw new TypeError(`${found.getName()} has no attribute \`${name}\``);
      const next = properties(found)[name];
      if (!(next instanceof Module)) throw new TypeError(`\`${name}\` is not an nn.Module`);
      found = next;
    }
    return found;
  }

  /** The parameter with a dotted name. @throws {TypeError} when there is none */
  getParameter(path: string): Parameter {
    const value = this.#member(path);
    if (!(value instanceof Parameter)) throw new TypeError(`\`${lastName(path)}\` is not an nn.Parameter`);
    return value;
  }

  /** The buffer with a dotted name. @throws {TypeError} when there is none */
  getBuffer(path: string): Tensor {
    const value = this.#member(path);
    const owner = this.getSubmodule(path.split('.').slice(0, -1).join('.'));
    if (!(value instanceof Tensor) || !owner.#registry.has('buffer', lastName(path))) {
      throw new TypeError(`\`${lastName(path)}\` is not a buffer`);
    }
    return value;
  }

  /** This module's own parameters and persistent buffers, which its state dict holds before its children's. */
  ownState(): [string, Tensor][] {
    const buffers = this.#bufferEntries().filter(([name]) => !this.#transient.has(name));
    return [...this.#parameterEntries(), ...buffers].filter(
      (entry): entry is [string, Tensor] => entry[1] !== null,
    );
  }

  /** Whether a state dict without the named tensor of this module's own is accepted. */
  mayLack(_name: string): boolean {
    return false;
  }

  /**
   * Parameters and persistent buffers by dotted name, in PyTorch's order and under PyTorch's names. The tensors are
   * the module's own, not copies.
   */
  stateDict(options: { readonly prefix?: string } = {}): Map<string, Tensor> {
    const { prefix = '' } = options;
    const state = new Map<string, Tensor>();
    for (const [path, module] of this.namedModules({ removeDuplicate: false })) {
      for (const [name, tensor] of module.ownState()) state.set(prefix + join(path, name), tensor);
    }
    return state;
  }

  /**
   * Copies values into this module's parameters and buffers, converted to their dtype.
   *
   * @param options `strict: false` ignores keys that are missing or not known
   * @returns the keys that did not match
   * @throws {StateDictError} when something does not fit; nothing has changed then
   */
  loadStateDict(state: StateDict, options: { readonly strict?: boolean } = {}): IncompatibleKeys {
    const { strict = true } = options;
    const plan = new StateDictPlan(this, state);
    const { missingKeys, unexpectedKeys } = plan;
    const keys = { missingKeys, unexpectedKeys };
    if (plan.problems.length > 0 || (strict && missingKeys.length + unexpectedKeys.length > 0)) {
      throw new StateDictError(
        this.getName(),
        strict ? keys : { missingKeys: [], unexpectedKeys: [] },
        plan.problems,
      );
    }
    noGrad(() => {
      for (const { target, source } of plan.assignments) target.copy_(source);
    });
    return keys;
  }

  /** Sets training mode here and in all modules below; `train(false)` is {@link Module.eval}. */
  train(mode: boolean = true): this {
    this.training = mode;
    for (const child of this.children()) child.train(mode);
    return this;
  }

  /** Sets evaluation mode here and in all modules below. */
  eval(): this {
    return this.train(false);
  }

  /** Sets whether the parameters here and in all modules below are learned. */
  requiresGrad_(requiresGrad: boolean = true): this {
    for (const parameter of this.parameters()) parameter.requiresGrad_(requiresGrad);
    return this;
  }

  /** Forgets the gradients of all parameters; `setToNone: false` makes them zeros instead. */
  zeroGrad(options: { readonly setToNone?: boolean } = {}): void {
    for (const parameter of this.parameters()) {
      if (parameter.grad === null) continue;
      if (options.setToNone ?? true) parameter.grad = null;
      else parameter.grad.detach_().zero_();
    }
  }

  /** Calls a function with every module below, then with this one. */
  apply(visit: (module: Module) => void): this {
    for (const child of this.children()) child.apply(visit);
    visit(this);
    return this;
  }

  /** The class name as printed. */
  getName(): string {
    const own = this.constructor as typeof Module;
    return Object.hasOwn(own, 'className') ? own.className : own.name;
  }

  /** What is printed between the parentheses besides the children; may have several lines. */
  extraRepr(): string {
    return '';
  }

  /** The text that Python's `print(model)` prints. */
  override toString(): string {
    const extra = this.extraRepr();
    const extraLines = extra === '' ? [] : extra.split('\n');
    const childLines = this.#childEntries().map(
      ([name, child]) => `(${name}): ${indentRest(child === null ? 'None' : String(child), 2)}`,
    );
    const lines = [...extraLines, ...childLines];
    if (lines.length === 0) return `${this.getName()}()`;
    if (extraLines.length === 1 && childLines.length === 0) return `${this.getName()}(${extra})`;
    return `${this.getName()}(\n  ${lines.join('\n  ')}\n)`;
  }

  #childEntries(): [string, Module | null][] {
    return this.#registry.entries('module') as [string, Module | null][];
  }

  #parameterEntries(): [string, Parameter | null][] {
    return this.#registry.entries('parameter') as [string, Parameter | null][];
  }

  #bufferEntries(): [string, Tensor | null][] {
    return this.#registry.entries('buffer') as [string, Tensor | null][];
  }

  #namedMembers<T extends Tensor>(
    members: (module: Module) => [string, T | null][],
    options: NamedOptions,
  ): [string, T][] {
    const { prefix = '', recurse = true, removeDuplicate = true } = options;
    const modules: [string, Module][] = recurse
      ? this.namedModules({ prefix, removeDuplicate })
      : [[prefix, this]];
    const seen = new Set<T>();
    const found: [string, T][] = [];
    for (const [path, module] of modules) {
      for (const [name, member] of members(module)) {
        if (member === null || (removeDuplicate && seen.has(member))) continue;
        seen.add(member);
        found.push([join(path, name), member]);
      }
    }
    return found;
  }

  #member(path: string): unknown {
    const owner = this.getSubmodule(path.split('.').slice(0, -1).join('.'));
    const name = lastName(path);
    if (!(name in owner)) throw new TypeError(`${owner.getName()} has no attribute \`${name}\``);
    return properties(owner)[name];
  }
}

/** Calls a module whose signature is not known. */
export function callModule(module: Module, ...inputs: unknown[]): unknown {
  return (module as unknown as (...inputs: unknown[]) => unknown)(...inputs);
}

function properties(module: Module): Record<string, unknown> {
  return module as unknown as Record<string, unknown>;
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}
