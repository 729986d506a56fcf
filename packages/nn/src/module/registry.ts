/** Which of a module's properties are its children, parameters and buffers, and in which order they came. */
import { Tensor } from '@sconce/tensor';
import { Callable } from './callable.ts';
import { type RegistrationHook, registrationHooks } from './global-hooks.ts';
import type { HookList } from './hooks.ts';
import type { Module } from './module.ts';
import { Buffer, Parameter } from './parameter.ts';

/** What a registered property can be. */
export type Kind = 'module' | 'parameter' | 'buffer';

interface KindRule {
  /** Whether a value may stand under a name of this kind. */
  readonly accepts: (value: unknown) => boolean;
  /** The class, as errors name it. */
  readonly className: string;
  /** How PyTorch calls a property of this kind that was given a wrong value. */
  readonly property: string;
}

const rules: Readonly<Record<Kind, KindRule>> = {
  module: { accepts: (value) => value instanceof Callable, className: 'Module', property: 'child module' },
  parameter: {
    accepts: (value) => value instanceof Parameter,
    className: 'Parameter',
    property: 'parameter',
  },
  buffer: {
    accepts: (value) => value instanceof Tensor && !(value instanceof Parameter),
    className: 'Tensor',
    property: 'buffer',
  },
};

/** The names that one module has registered. */
export class Registry {
  readonly #owner: Record<string, unknown>;
  readonly #names: Readonly<Record<Kind, Set<string>>> = {
    module: new Set(),
    parameter: new Set(),
    buffer: new Set(),
  };
  /** Buffers that the state dict leaves out. */
  readonly transient: Set<string> = new Set();
  /** Parameters and buffers that stand in for the registered ones for a while, by name; any tensor is accepted. */
  readonly #standIns: Set<string> = new Set();

  constructor(owner: Callable) {
    this.#owner = owner as unknown as Record<string, unknown>;
  }

  /** Registers a name and sets the property. @throws {TypeError} for a wrong value or a name that cannot be taken */
  add(kind: Kind, name: string, value: unknown): void {
    const { accepts, className } = rules[kind];
    if (value !== null && !accepts(value)) {
      throw new TypeError(
        kind === 'module'
          ? `${kindOf(value)} is not a Module subclass`
          : `cannot assign '${kindOf(value)}' object to ${kind} '${name}' (${className} or null required)`,
      );
    }
    this.#scan();
    if (name.includes('.')) throw new TypeError(`${kind} name can't contain ".", got: ${name}`);
    if (name === '') throw new TypeError(`${kind} name can't be empty string ""`);
    const taken = name in this.#owner && this.#owner[name] !== undefined;
    if (taken && !this.#names[kind].has(name)) throw new TypeError(`attribute '${name}' already exists`);
    this.#register(kind, name, value);
  }

  /** Whether a name is registered as this kind. */
  has(kind: Kind, name: string): boolean {
    return this.#names[kind].has(name);
  }

  /**
   * The properties of one kind in the order of their first registration. A name whose property was deleted, or now
   * holds something that registers as another kind, is forgotten.
   *
   * @throws {TypeError} when a registered name was given something else
   */
  entries(kind: Kind): [name: string, value: unknown][] {
    this.#scan();
    const { accepts, className, property } = rules[kind];
    const names = this.#names[kind];
    const found: [string, unknown][] = [];
    for (const name of [...names]) {
      if (!Object.hasOwn(this.#owner, name)) {
        names.delete(name);
        continue;
      }
      const value = this.#owner[name];
      if (value === null || accepts(value) || this.#standIns.has(name)) {
        found.push([name, value]);
      } else if (value === undefined || value instanceof Callable || value instanceof Parameter) {
        names.delete(name);
      } else {
        throw new TypeError(
          `cannot assign '${kindOf(value)}' as ${property} '${name}' (${className} or null expected)`,
        );
      }
    }
    return found;
  }

  /** Forgets a name and deletes the property, so that the name is free for anything. */
  remove(kind: Kind, name: string): void {
    this.#names[kind].delete(name);
    this.transient.delete(name);
    Reflect.deleteProperty(this.#owner, name);
  }

  /** Puts a value under a registered name without any check, until the returned function puts the old one back. */
  standIn(name: string, value: Tensor): () => void {
    this.#scan();
    const before = this.#owner[name];
    this.#standIns.add(name);
    this.#owner[name] = value;
    return () => {
      this.#standIns.delete(name);
      this.#owner[name] = before;
    };
  }

  /** Takes over the names of another registry. */
  copyFrom(other: Registry): void {
    other.#scan();
    for (const kind of ['module', 'parameter', 'buffer'] as const) {
      for (const name of other.#names[kind]) this.#names[kind].add(name);
    }
    for (const name of other.transient) this.transient.add(name);
  }

  /** Registers what has been assigned since the last look. */
  #scan(): void {
    for (const name of Object.keys(this.#owner)) {
      const value = this.#owner[name];
      if (value instanceof Callable) this.#found('module', name, value);
      else if (value instanceof Parameter) this.#found('parameter', name, value);
      else if (value instanceof Buffer) {
        if (!this.#names.buffer.has(name) && !value.persistent) this.transient.add(name);
        this.#found('buffer', name, value);
      }
    }
  }

  #found(kind: Kind, name: string, value: unknown): void {
    if (!this.#names[kind].has(name)) this.#register(kind, name, value);
  }

  #register(kind: Kind, name: string, given: unknown): void {
    let value = given;
    const hooks = registrationHooks[kind] as HookList<RegistrationHook<unknown>>;
    for (const hook of hooks.hooks) value = hook(this.#owner as unknown as Module, name, value) ?? value;
    this.#names[kind].add(name);
    if (value !== this.#owner[name]) this.#owner[name] = value;
  }
}

/** A value's class for an error message. */
function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === 'object' ? (value.constructor?.name ?? 'object') : typeof value;
}
