/** `ParameterDict`: a dictionary whose tensors are registered as parameters. */
import { Tensor } from '@sconce/tensor';
import { Module, registryOf } from '../module/module.ts';
import { Parameter } from '../module/parameter.ts';
import { describeMember } from './member-text.ts';

/** Values by name: an object, or pairs, as a `Map` and another `ParameterDict` are. */
export type NamedParameters<Member> =
  | Readonly<Record<string, Member | Tensor>>
  | Iterable<readonly [name: string, value: Member | Tensor]>;

/**
 * Parameters under names (`torch.nn.ParameterDict`), in the order in which they were added. Tensors that are put in become
 * parameters; other values are kept as they are.
 *
 * @example
 * ```ts
 * const scales = new nn.ParameterDict({ left: ones([3]), right: ones([3]) });
 * scales.get('left');
 * ```
 */
export class ParameterDict<Member = Parameter> extends Module {
  static override readonly className: string = 'ParameterDict';

  private readonly names: Set<string> = new Set();

  constructor(parameters: NamedParameters<Member> = {}) {
    super();
    this.update(parameters);
  }

  /** @throws {TypeError} always: a dictionary has nothing to compute */
  override forward(): never {
    throw new TypeError('ParameterDict should not be called.');
  }

  /** How many members there are. */
  get size(): number {
    return this.names.size;
  }

  has(key: string): boolean {
    return this.names.has(key);
  }

  get(key: string): Member | undefined {
    return this.names.has(key) ? (this.members[key] as Member) : undefined;
  }

  /** Adds a member, or puts another one under its key. @throws {TypeError} for a key that is taken by something else */
  set(key: string, value: Member | Tensor): this {
    if (!this.names.has(key) && key in this) throw new TypeError(`attribute '${key}' already exists`);
    const member = value instanceof Tensor && !(value instanceof Parameter) ? new Parameter(value) : value;
    if (!(member instanceof Parameter)) registryOf(this).remove('parameter', key);
    if (member instanceof Parameter && !(this.members[key] instanceof Parameter)) {
      Reflect.deleteProperty(this, key);
      this.registerParameter(key, member);
    } else this.members[key] = member;
    this.names.add(key);
    return this;
  }

  /** The member under a key; if there is none, the value is put there first. */
  setdefault(key: string, value: Member | Tensor): Member {
    if (!this.names.has(key)) this.set(key, value);
    return this.members[key] as Member;
  }

  /** Adds or replaces several members: those of an object, of pairs or of another dictionary. */
  update(parameters: NamedParameters<Member>): void {
    const entries = Symbol.iterator in parameters ? [...parameters] : Object.entries(parameters);
    for (const [key, value] of entries) this.set(key, value);
  }

  /** Removes a member; false when there was none. */
  delete(key: string): boolean {
    if (!this.names.delete(key)) return false;
    registryOf(this).remove('parameter', key);
    return true;
  }

  /** Removes all members. */
  clear(): void {
    for (const key of this.keys()) this.delete(key);
  }

  /** Removes a member and returns it. @throws {RangeError} when there is none */
  pop(key: string): Member {
    if (!this.names.has(key)) throw new RangeError(`ParameterDict has no member '${key}'`);
    const value = this.members[key] as Member;
    this.delete(key);
    return value;
  }

  /** Removes the last member and returns it with its key. @throws {RangeError} when there is none */
  popitem(): [string, Member] {
    const key = this.keys().at(-1);
    if (key === undefined) throw new RangeError('popitem(): dictionary is empty');
    return [key, this.pop(key)];
  }

  keys(): string[] {
    return [...this.names];
  }

  values(): Member[] {
    return this.keys().map((key) => this.members[key] as Member);
  }

  entries(): [string, Member][] {
    return this.keys().map((key) => [key, this.members[key] as Member]);
  }

  /** The same as {@link entries} (Python's name). */
  items(): [string, Member][] {
    return this.entries();
  }

  /** A new dictionary of the same members (Python's `copy`). */
  copy(): ParameterDict<Member> {
    return new ParameterDict<Member>(this.entries());
  }

  [Symbol.iterator](): IterableIterator<[string, Member]> {
    return this.entries().values();
  }

  override extraRepr(): string {
    return this.entries()
      .map(([key, member]) => describeMember(key, member, 'class'))
      .join('\n');
  }

  private get members(): Record<string, unknown> {
    return this as unknown as Record<string, unknown>;
  }
}
