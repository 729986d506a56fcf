/** `ParameterList`: a list whose tensors are registered as parameters. */
import { Tensor } from '@sconce/tensor';
import { Module, registryOf } from '../module/module.ts';
import { Parameter } from '../module/parameter.ts';
import { describeMember } from './member-text.ts';
import { position } from './positions.ts';

/**
 * Parameters in a list (`torch.nn.ParameterList`). Tensors that are put in become parameters; other values are kept as
 * they are.
 *
 * @example
 * ```ts
 * const scales = new nn.ParameterList([ones([3]), ones([3])]);
 * for (const scale of scales) x = x.mul(scale);
 * ```
 */
export class ParameterList<Member = Parameter> extends Module {
  static override readonly className: string = 'ParameterList';

  /** The members by position. */
  readonly [index: number]: Member;
  private count = 0;

  constructor(values: Iterable<Member | Tensor> = []) {
    super();
    this.extend(values);
  }

  /** @throws {TypeError} always: a list has nothing to compute */
  override forward(): never {
    throw new TypeError('ParameterList should not be called.');
  }

  /** How many members there are. */
  override get length(): number {
    return this.count;
  }

  /** The member at a position; negative positions count from the end. */
  at(index: number): Member | undefined {
    return [...this].at(index);
  }

  /** Puts another member into the place of one. @throws {RangeError} for a position outside */
  set(index: number, value: Member | Tensor): this {
    this.put(String(position(this.count, index)), value);
    return this;
  }

  /** Adds a member at the end. */
  append(value: Member | Tensor): this {
    this.put(String(this.count), value);
    this.count += 1;
    return this;
  }

  /** Adds several members at the end. @throws {TypeError} for what is no list of them */
  extend(values: Iterable<Member | Tensor>): this {
    if (values instanceof Tensor || typeof values?.[Symbol.iterator] !== 'function') {
      const given = values instanceof Tensor ? 'Tensor' : typeof values;
      throw new TypeError(`ParameterList.extend should be called with an iterable, but got ${given}`);
    }
    for (const value of [...values]) this.append(value);
    return this;
  }

  /** Removes a member and returns it; those behind it move down. @throws {RangeError} for a position outside */
  pop(index: number = -1): Member {
    const members = [...this];
    const [removed] = members.splice(position(this.count, index), 1);
    registryOf(this).remove('parameter', String(members.length));
    this.count = 0;
    this.extend(members);
    return removed as Member;
  }

  /** A new list of the members from `start` to before `end`. */
  slice(start?: number, end?: number): ParameterList<Member> {
    return new ParameterList<Member>([...this].slice(start, end));
  }

  [Symbol.iterator](): IterableIterator<Member> {
    return Array.from({ length: this.count }, (_, i) => this[i] as Member).values();
  }

  override extraRepr(): string {
    return [...this].map((member, i) => describeMember(String(i), member, 'dtype')).join('\n');
  }

  private put(name: string, value: Member | Tensor): void {
    const member = value instanceof Tensor && !(value instanceof Parameter) ? new Parameter(value) : value;
    registryOf(this).remove('parameter', name);
    if (member instanceof Parameter) this.registerParameter(name, member);
    else
      Object.defineProperty(this, name, {
        value: member,
        writable: true,
        enumerable: true,
        configurable: true,
      });
  }
}
