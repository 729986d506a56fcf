/** `ModuleDict`: modules under names, registered. */
import { Module } from '../module/module.ts';

/** The class behind {@link ModuleDict}, which adds the types of the members. */
export class ModuleDictModule extends Module {
  static override readonly className: string = 'ModuleDict';

  constructor(modules: Readonly<Record<string, Module>> = {}) {
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

  /** Adds or replaces several members. */
  update(modules: Readonly<Record<string, Module>>): void {
    for (const [key, module] of Object.entries(modules)) this.addModule(key, module);
  }

  /** Removes a member; false when there was none. */
  delete(key: string): boolean {
    if (!this.has(key)) return false;
    Reflect.deleteProperty(this, key);
    // Looking now makes a later member of this name the last one.
    return !this.has(key);
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
}

/** A `ModuleDict` of known members: `ModuleDict<{ conv: Conv2d }>`. */
export type ModuleDict<Members extends Readonly<Record<string, Module>> = Readonly<Record<never, Module>>> =
  ModuleDictModule & Members;

/** The ways to make a {@link ModuleDict}. */
export interface ModuleDictConstructor {
  new <Members extends Readonly<Record<string, Module>>>(modules: Members): ModuleDict<Members>;
  new (modules?: Readonly<Record<string, Module>>): ModuleDictModule;
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
