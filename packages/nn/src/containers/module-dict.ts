/** `ModuleDict`: modules under names, registered. */
import { Module, registryOf } from '../module/module.ts';

/** Modules by name: an object, or pairs, as a `Map` and another `ModuleDict` are. */
export type NamedModules =
  | Readonly<Record<string, Module>>
  | Iterable<readonly [name: string, module: Module]>;

/** The class behind {@link ModuleDict}, which adds the types of the members. */
export class ModuleDictModule extends Module {
  static override readonly className: string = 'ModuleDict';

  constructor(modules: NamedModules = {}) {
    super();
    this.update(modules);
  }

  /** @throws {TypeError} always: a dictionary has nothing to compute */
  override forward(): never {
    throw new TypeError(`Module [${this.getName()}] is missing the required "forward" function`);
  }

  /** How many members there are. */
  get size(): number {
    return this.namedChildren().length;
  }

  has(key: string): boolean {
    return this.namedChildren().some(([name]) => name === key);
  }

  get(key: string): Module | undefined {
    return this.namedChildren().find(([name]) => name === key)?.[1];
  }

  /** Adds a member, or puts another one under its key. */
  set(key: string, module: Module): this {
    return this.addModule(key, module);
  }

  /** Adds or replaces several members: those of an object, of pairs or of another dictionary. */
  update(modules: NamedModules): void {
    const entries = Symbol.iterator in modules ? [...modules] : Object.entries(modules);
    for (const [key, module] of entries) this.addModule(key, module);
  }

  /** Removes all members. */
  clear(): void {
    for (const key of this.keys()) this.delete(key);
  }

  /** Removes a member and returns it. @throws {RangeError} when there is none */
  pop(key: string): Module {
    const module = this.get(key);
    if (module === undefined) throw new RangeError(`ModuleDict has no member '${key}'`);
    this.delete(key);
    return module;
  }

  /** Removes a member; false when there was none. */
  delete(key: string): boolean {
    if (!this.has(key)) return false;
    registryOf(this).remove('module', key);
    return true;
  }

  keys(): string[] {
    return this.namedChildren().map(([name]) => name);
  }

  values(): Module[] {
    return this.namedChildren().map(([, module]) => module);
  }

  entries(): [string, Module][] {
    return this.namedChildren();
  }

  /** The same as {@link entries} (Python's name). */
  items(): [string, Module][] {
    return this.namedChildren();
  }

  [Symbol.iterator](): IterableIterator<[string, Module]> {
    return this.namedChildren().values();
  }
}

/** A `ModuleDict` of known members: `ModuleDict<{ conv: Conv2d }>`. */
export type ModuleDict<Members extends Readonly<Record<string, Module>> = Readonly<Record<never, Module>>> =
  ModuleDictModule & Members;

/** The ways to make a {@link ModuleDict}. */
export interface ModuleDictConstructor {
  new <Members extends Readonly<Record<string, Module>>>(modules: Members): ModuleDict<Members>;
  new (modules?: NamedModules): ModuleDictModule;
  readonly prototype: ModuleDictModule;
  readonly className: string;
}

/**
 * Modules under names (`torch.nn.ModuleDict`). It computes nothing itself.
 *
 * @example
 * ```ts
 * const heads = new nn.ModuleDict({ score: new nn.Linear(8, 1), box: new nn.Linear(8, 4) });
 * heads.box.weight;
 * ```
 */
export const ModuleDict: ModuleDictConstructor = ModuleDictModule as ModuleDictConstructor;
