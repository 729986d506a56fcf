/**
 * `Module`: the base of every layer and model, after `torch.nn.Module`.
 *
 * Children, parameters and buffers are found by looking at the module's own properties, so plain assignments and
 * class fields register them alike.
 */
import { bfloat16, type DType, float16, float32, float64, Tensor } from '@sconce/tensor';
import { convertTensors, toFloating } from './conversion.ts';
import { copyDeep } from './copying.ts';
import { copyHooks, existingHooksOf, HookedModule } from './hooked-module.ts';
import { Parameter } from './parameter.ts';
import { indentRest } from './python-text.ts';
import { Registry } from './registry.ts';
import {
  extraStateKey,
  type IncompatibleKeys,
  type LoadStateDictOptions,
  loadOwnState,
  loadState,
  ModuleState,
  type StateDict,
  type StateDictLoad,
} from './state-dict.ts';
import { isUninitialized } from './uninitialized.ts';

/** Where to start and how far to go when names are listed. */
export interface NamedOptions {
  /** Put in front of every name, followed by a dot. */
  readonly prefix?: string;
  /** Whether to go into children (default true). */
  readonly recurse?: boolean;
  /** Whether something that is registered under several names is listed once, under the first (default true). */
  readonly removeDuplicate?: boolean;
}

/** The names that a module has registered; for the parts of this package that change modules from outside. */
export let registryOf: (module: Module) => Registry;

/** An instance of a module's class that has the same names and hooks registered, but no properties yet. */
export let emptyCopyOf: <M extends Module>(module: M) => M;

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
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: the constructor of Callable provides the call that the interface declares.
export abstract class Module extends HookedModule {
  /** The printed name of this very class; subclasses do not inherit it. */
  static readonly className: string = 'Module';

  /** Version of the class's state, saved with it (PyTorch's `_version`). */
  static readonly version: number = 1;

  static {
    registryOf = (module) => module.#registry;
    emptyCopyOf = (module) => {
      const copy = Reflect.construct(Module, [], module.constructor) as typeof module;
      Object.setPrototypeOf(copy, Object.getPrototypeOf(module));
      copy.#registry.copyFrom(module.#registry);
      copyHooks(module, copy);
      return copy;
    };

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
    if (options.persistent ?? true) this.#registry.transient.delete(name);
    else this.#registry.transient.add(name);
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

  /**
   * Puts a module in the place that a dotted name says.
   *
   * @param options `strict: true` replaces only what is there
   * @throws {TypeError} when there is no such place
   */
  setSubmodule(path: string, module: Module, options: { readonly strict?: boolean } = {}): void {
    if (path === '') throw new TypeError('Cannot set the submodule without a target name!');
    if (!(module instanceof Module)) {
      throw new TypeError(`\`module\` is not an nn.Module, found <class '${typeof module}'>`);
    }
    const parent = this.getSubmodule(path.split('.').slice(0, -1).join('.'));
    const name = lastName(path);
    const present = name in parent;
    if (options.strict && !present) throw new TypeError(`${parent.getName()} has no attribute \`${name}\``);
    if (present && !(properties(parent)[name] instanceof Module)) {
      throw new TypeError(`\`${name}\` is not an nn.Module`);
    }
    parent.addModule(name, module);
  }

  /**
   * Parameters and persistent buffers by dotted name, in PyTorch's order and under PyTorch's names. The tensors share
   * the module's memory, outside of every graph.
   *
   * @param options `prefix` is put in front of every name; `keepVars: true` gives the module's very tensors
   */
  stateDict(options: { readonly prefix?: string; readonly keepVars?: boolean } = {}): ModuleState {
    const { prefix = '', keepVars = false } = options;
    const state = new ModuleState();
    this.#collectState(state, prefix, keepVars);
    return state;
  }

  #collectState(state: ModuleState, prefix: string, keepVars: boolean): void {
    const metadata = { version: (this.constructor as typeof Module).version };
    state._metadata.set(prefix.slice(0, -1), metadata);
    const hooks = existingHooksOf(this);
    for (const hook of hooks?.statePre.hooks ?? []) hook(this, prefix, keepVars);
    this.saveToStateDict(state, prefix, keepVars);
    for (const [name, child] of this.namedChildren())
      child.#collectState(state, `${prefix}${name}.`, keepVars);
    for (const hook of hooks?.statePost.hooks ?? []) hook(this, state, prefix, metadata);
  }

  /** Adds what is this module's own, without its children, to a state dict. A class may add or leave out things here. */
  saveToStateDict(state: ModuleState, prefix: string, keepVars: boolean): void {
    for (const [name, tensor] of this.#ownState()) {
      state.set(prefix + name, keepVars || isUninitialized(tensor) ? tensor : tensor.detach());
    }
    if (this.getExtraState === Module.prototype.getExtraState) return;
    state.set(prefix + extraStateKey, this.getExtraState() as Tensor);
  }

  /**
   * Copies values into this module's parameters and buffers, converted to their dtype.
   *
   * @returns the keys that did not match
   * @throws {StateDictError} when something does not fit; nothing has changed then, unless there are hooks that run after
   *   modules were loaded
   */
  loadStateDict(state: StateDict, options: LoadStateDictOptions = {}): IncompatibleKeys {
    return loadState(this, state, options, {
      children: (module) => module.namedChildren(),
      postHooks: (module) => existingHooksOf(module)?.loadPost.hooks ?? [],
    });
  }

  /**
   * Checks and notes what this module takes from a state dict, without its children. A class whose state was once
   * another changes `load.state` first, by `load.metadata.version`.
   */
  loadFromStateDict(load: StateDictLoad): void {
    for (const hook of existingHooksOf(this)?.loadPre.hooks ?? []) hook(this, load);
    const own = { tensors: new Map(this.#ownState()), children: new Map(this.namedChildren()) };
    const hasExtra = this.setExtraState !== Module.prototype.setExtraState;
    loadOwnState(this, own, load, hasExtra ? (extra) => this.setExtraState(extra) : undefined);
  }

  /** What state dicts hold of this module beside its tensors; a class that has such state overrides both methods. */
  getExtraState(): unknown {
    throw new Error('Reached a code path in Module.get_extra_state() that should never be called.');
  }

  /** Takes back what {@link Module.getExtraState} gave. */
  setExtraState(_state: unknown): void {
    throw new Error('Reached a code path in Module.set_extra_state() that should never be called.');
  }

  /**
   * Converts floating-point parameters and buffers, here and below, to a floating-point dtype or to that of a tensor.
   * Parameters stay the same objects.
   *
   * @throws {TypeError} for a dtype that is not floating-point
   */
  to(dtype: DType | Tensor): this {
    convertTensors(this, toFloating(dtype instanceof Tensor ? dtype.dtype : dtype));
    return this;
  }

  /** Converts all parameters and buffers, of whatever dtype, here and below. */
  type(dtype: DType): this {
    convertTensors(this, (tensor) => tensor.to(dtype));
    return this;
  }

  /** The same as `to('float32')`. */
  float(): this {
    return this.to(float32);
  }

  /** The same as `to('float64')`. */
  double(): this {
    return this.to(float64);
  }

  /** The same as `to('float16')`. */
  half(): this {
    return this.to(float16);
  }

  /** The same as `to('bfloat16')`. */
  bfloat16(): this {
    return this.to(bfloat16);
  }

  /** A copy that shares no tensor with the module (`copy.deepcopy`); `deepcopy` says what is copied. */
  clone(): this {
    return copyDeep(this, emptyCopyOf);
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

  /** This module's own parameters and persistent buffers. */
  #ownState(): [string, Tensor][] {
    const buffers = this.#bufferEntries().filter(([name]) => !this.#registry.transient.has(name));
    return [...this.#parameterEntries(), ...buffers].filter(
      (entry): entry is [string, Tensor] => entry[1] !== null,
    );
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
