/** `ModuleList`: a list whose members are registered. */
import { Module } from '../module/module.ts';
import { indentRest } from '../module/python-text.ts';
import { position, renumber } from './positions.ts';

/**
 * Modules in a list (`torch.nn.ModuleList`). It computes nothing itself.
 *
 * @example
 * ```ts
 * const layers = new nn.ModuleList([new nn.Linear(4, 4), new nn.Linear(4, 2)]);
 * for (const layer of layers) x = layer(x);
 * ```
 */
export class ModuleList<Member extends Module = Module> extends Module {
  static override readonly className: string = 'ModuleList';

  /** The members by position. */
  readonly [index: number]: Member;

  constructor(modules: Iterable<Member> = []) {
    super();
    this.extend(modules);
  }

  /** @throws {TypeError} always: a list has nothing to compute */
  override forward(..._inputs: never[]): unknown {
    throw new TypeError(`Module [${this.getName()}] is missing the required "forward" function`);
  }

  /** How many members there are. */
  override get length(): number {
    return this.namedChildren().length;
  }

  /** The member at a position; negative positions count from the end. */
  at(index: number): Member | undefined {
    return [...this].at(index);
  }

  /** Puts another member into the place of one. @throws {RangeError} for a position outside */
  set(index: number, module: Member): this {
    return this.addModule(String(position(this.length, index)), module);
  }

  /** Adds a member at the end. */
  append(module: Member): this {
    return this.addModule(String(this.length), module);
  }

  /** Adds several members at the end. */
  extend(modules: Iterable<Member>): this {
    for (const module of [...modules]) this.append(module);
    return this;
  }

  /** Adds a member before a position; those behind it move up. */
  insert(index: number, module: Member): void {
    const members = [...this];
    members.splice(index, 0, module);
    for (const [i, member] of members.entries()) this.addModule(String(i), member);
  }

  /** Removes a member and returns it; those behind it move down. @throws {RangeError} for a position outside */
  pop(index: number = -1): Member {
    const members = [...this];
    const [removed] = members.splice(position(members.length, index), 1);
    renumber(this, members);
    return removed as Member;
  }

  /** A new list of these members and those of others (Python's `+`). */
  concat(...others: readonly Iterable<Member>[]): ModuleList<Member> {
    return new ModuleList([...this, ...others.flatMap((other) => [...other])]);
  }

  /** A new list of the members from `start` to before `end`. */
  slice(start?: number, end?: number): ModuleList<Member> {
    return new ModuleList([...this].slice(start, end));
  }

  [Symbol.iterator](): IterableIterator<Member> {
    return this.namedChildren()
      .map(([, module]) => module as Member)
      .values();
  }

  /** Equal neighbours print once: `(0-2): 3 x Linear(...)`. */
  override toString(): string {
    const runs: { first: number; last: number; text: string }[] = [];
    for (const [i, module] of [...this].entries()) {
      const text = String(module);
      const run = runs.at(-1);
      if (run?.text === text) run.last = i;
      else runs.push({ first: i, last: i, text });
    }
    if (runs.length === 0) return `${this.getName()}()`;
    const lines = runs.map(({ first, last, text }) => {
      const line =
        first === last ? `(${first}): ${text}` : `(${first}-${last}): ${last - first + 1} x ${text}`;
      return indentRest(line, 2);
    });
    return `${this.getName()}(\n  ${lines.join('\n  ')}\n)`;
  }
}
