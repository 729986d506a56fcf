/** `Sequential`: modules called one after another. */
import type { Tensor } from '@sconce/tensor';
import { callModule, Module } from '../module/module.ts';
import { position, renumber } from './positions.ts';

/** The class behind {@link Sequential}, which adds the types of the members. */
export class SequentialModule extends Module {
  static override readonly className: string = 'Sequential';

  /** The members by position; only the ones that were not given a name are reached this way. */
  readonly [index: number]: Module;

  constructor(...modules: readonly Module[] | readonly [Readonly<Record<string, Module>>]) {
    super();
    const [first] = modules;
    if (first !== undefined && !(first instanceof Module)) {
      for (const [name, module] of Object.entries(first)) this.addModule(name, module);
    } else {
      for (const [i, module] of (modules as readonly Module[]).entries()) this.addModule(String(i), module);
    }
  }

  /** Hands the input to the first member, each result to the next, and returns the last result. */
  override forward(input: Tensor): Tensor {
    let value: unknown = input;
    for (const module of this) value = callModule(module, value);
    return value as Tensor;
  }

  /** How many members there are. */
  override get length(): number {
    return this.namedChildren().length;
  }

  /** The member at a position, named or not; negative positions count from the end. */
  at(index: number): Module | undefined {
    return this.namedChildren().at(index)?.[1];
  }

  /** Puts another member into the place of one, under its name. @throws {RangeError} for a position outside */
  set(index: number, module: Module): this {
    const members = this.namedChildren();
    const [name] = members[position(members.length, index)] as [string, Module];
    return this.addModule(name, module);
  }

  /** Adds a member at the end under the next number. */
  append(module: Module): this {
    return this.addModule(String(this.length), module);
  }

  /** Adds several members at the end. */
  extend(modules: Iterable<Module>): this {
    for (const module of [...modules]) this.append(module);
    return this;
  }

  /** Adds a member before a position; all members are numbered anew. @throws {RangeError} for a position outside */
  insert(index: number, module: Module): this {
    const members = [...this];
    if (!Number.isInteger(index) || Math.abs(index) > members.length) {
      throw new RangeError(`Index out of range: ${index}`);
    }
    members.splice(index, 0, module);
    renumber(this, members);
    return this;
  }

  /** Removes a member and returns it; the others are numbered anew. @throws {RangeError} for a position outside */
  pop(index: number = -1): Module {
    const members = [...this];
    const [removed] = members.splice(position(members.length, index), 1);
    renumber(this, members);
    return removed as Module;
  }

  /** A new `Sequential` of these members and those of others (Python's `+`). */
  concat(...others: readonly Iterable<Module>[]): SequentialModule {
    return new SequentialModule(...this, ...others.flatMap((other) => [...other]));
  }

  /** A new `Sequential` that has these members several times over (Python's `*`). @throws {RangeError} below 1 */
  repeat(times: number): SequentialModule {
    if (!(Number.isInteger(times) && times > 0)) {
      throw new RangeError(`Non-positive multiplication factor ${times} for ${this.getName()}`);
    }
    return new SequentialModule(...Array.from({ length: times }, () => [...this]).flat());
  }

  /** A new `Sequential` of the members from `start` to before `end`, which keep their names and are shared. */
  slice(start?: number, end?: number): SequentialModule {
    const part = new SequentialModule();
    for (const [name, module] of this.namedChildren().slice(start, end)) part.addModule(name, module);
    return part;
  }

  [Symbol.iterator](): IterableIterator<Module> {
    return this.namedChildren()
      .map(([, module]) => module)
      .values();
  }
}

/** Members by position, typed. */
type Indexed<Members extends readonly Module[]> = {
  readonly [Index in keyof Members as Index extends `${number}` ? Index : never]: Members[Index];
};

/** A `Sequential` of known members: `Sequential<[Conv2d, ReLU]>` or `Sequential<{ conv: Conv2d; relu: ReLU }>`. */
export type Sequential<
  Members extends readonly Module[] | Readonly<Record<string, Module>> = readonly Module[],
> = SequentialModule & (Members extends readonly Module[] ? Indexed<Members> : Members);

/** The ways to make a {@link Sequential}. */
export interface SequentialConstructor {
  /** Members named `0`, `1`, ... */
  new <Members extends readonly [Module, ...Module[]]>(...modules: Members): Sequential<Members>;
  /** Members with names of their own, in the order of the object's keys. */
  new <Members extends Readonly<Record<string, Module>>>(modules: Members): Sequential<Members>;
  new (...modules: readonly Module[]): SequentialModule;
  new (modules: Readonly<Record<string, Module>>): SequentialModule;
  readonly prototype: SequentialModule;
  readonly className: string;
}

/**
 * Modules called one after another (`torch.nn.Sequential`).
 *
 * @example
 * ```ts
 * const block = new nn.Sequential(new nn.Conv2d(3, 16, 3), new nn.ReLU());
 * block[0].weight;
 * const named = new nn.Sequential({ conv: new nn.Conv2d(3, 16, 3), relu: new nn.ReLU() });
 * named.conv.weight;
 * ```
 */
export const Sequential: SequentialConstructor = SequentialModule as SequentialConstructor;
