/** The ground floor of the kernel language: variables, arguments, constants, control flow and integers. */

import type { Contract, IntegerArgument, NamesOf, PointerArgument, ScalarArgument } from './contract.ts';
import { CodegenError } from './errors.ts';
import type { Address, Comparison, Constant, IntegerOperator, Operation } from './operations.ts';
import type { Target } from './target.ts';
import {
  describe,
  type ElementType,
  elementBytes,
  type Integer,
  type LaneType,
  type LaneValue,
  type Mask,
  type Pointer,
  type Variable,
  type Vector,
} from './types.ts';

/** Options of recording. */
export interface RecordOptions {
  /** Notes the source line of every operation: slow, so the interpreter asks for it only when it has an error to tell. */
  readonly lines?: boolean;
}

/** Records operations in the order in which a kernel's body asks for them. Kernels use it as {@link KernelBuilder}. */
export class Recorder<C extends Contract> {
  readonly target: Target;
  readonly kernelName: string;
  readonly operations: Operation[] = [];
  readonly variables: Variable[] = [];
  readonly constants: Constant[] = [];
  /** Source line of each operation, if asked for. */
  readonly lines: string[] | undefined;
  readonly #contract: C;
  readonly #slots: readonly string[];
  readonly #constantsByKey = new Map<string, Vector>();

  constructor(kernelName: string, contract: C, target: Target, options: RecordOptions = {}) {
    this.kernelName = kernelName;
    this.#contract = contract;
    this.#slots = Object.keys(contract);
    this.target = target;
    this.lines = options.lines ? [] : undefined;
  }

  /** Vector registers of the target: how many accumulators a tile may have. */
  get vectorRegisters(): number {
    return this.target.vectorRegisters;
  }

  /** Lanes of a vector of the given type: a power of two. */
  lanes(type: LaneType): number {
    return this.target.lanes(type);
  }

  // ---- arguments: each call gives a fresh variable, loaded at that place

  /** The address in a pointer argument. */
  pointer<N extends NamesOf<C, PointerArgument>>(
    name: N,
  ): Pointer<C[N] extends PointerArgument<infer E> ? E : never> {
    const argument = this.#argument(name, 'pointer');
    const to = this.newPointer(argument.element);
    this.emit({ code: 'argument', to, slot: this.#slots.indexOf(name) });
    return to as Pointer<C[N] extends PointerArgument<infer E> ? E : never>;
  }

  /** The value of an integer argument. */
  integer<N extends NamesOf<C, IntegerArgument>>(name: N): Integer {
    this.#argument(name, 'integer');
    const to = this.newInteger();
    this.emit({ code: 'argument', to, slot: this.#slots.indexOf(name) });
    return to;
  }

  /** The value of a scalar argument in every lane. */
  scalar<N extends NamesOf<C, ScalarArgument>>(
    name: N,
  ): Vector<C[N] extends ScalarArgument<infer T> ? T : never> {
    const argument = this.#argument(name, 'scalar');
    const to = this.newVector(argument.type);
    this.emit({ code: 'scalar', to, slot: this.#slots.indexOf(name) });
    return to as Vector<C[N] extends ScalarArgument<infer T> ? T : never>;
  }

  // ---- variables

  /**
   * A vector that never changes: one value in every lane, or a value for each lane. Made once, outside every loop. An i64 may be
   * given as a bigint.
   */
  constant<T extends LaneType>(type: T, value: LaneValue | ((lane: number) => number)): Vector<T> {
    const printed = (lane: LaneValue): LaneValue | string => (Object.is(lane, -0) ? '-0' : lane);
    const lanes =
      typeof value === 'function'
        ? Array.from({ length: this.lanes(type) }, (_, lane) => value(lane))
        : undefined;
    const key = `${type}:${lanes ? lanes.map(printed).join() : printed(value as LaneValue)}`;
    const known = this.#constantsByKey.get(key);
    if (known) return known as Vector<T>;
    if (type === 'i64' && !(lanes ?? [value as LaneValue]).every(isLong)) {
      this.fail('constant', 'not an i64', 'a whole number of 64 bits', `${lanes ?? value}`);
    }
    const to = this.newVector(type);
    this.constants.push({
      to,
      lanes: lanes ?? new Array<LaneValue>(this.lanes(type)).fill(value as LaneValue),
    });
    this.#constantsByKey.set(key, to);
    return to;
  }

  /** A fresh variable that starts with the given value: a number makes an integer, a variable is copied. */
  variable(initial: number): Integer;
  variable<V extends Integer | Pointer | Vector>(initial: V): V;
  variable(initial: number | Integer | Pointer | Vector): Variable {
    if (typeof initial === 'number') {
      const to = this.newInteger();
      this.emit({ code: 'literal', to, value: this.#whole(initial) });
      return to;
    }
    const to =
      initial.kind === 'integer'
        ? this.newInteger()
        : initial.kind === 'pointer'
          ? this.newPointer(initial.element)
          : this.newVector(initial.type);
    this.emit({ code: 'move', to, from: initial });
    return to;
  }

  /** A fresh vector of zeros, to accumulate in. */
  zero<T extends LaneType>(type: T): Vector<T> {
    return this.variable(this.constant(type, 0));
  }

  /** Gives a variable a new value. */
  assign<V extends Integer | Pointer | Vector>(to: V, from: V): void {
    this.mutable('assign', to);
    const kindOf = (variable: Variable): string => describe(variable).replace(/ .*/, '');
    if (kindOf(to) !== kindOf(from)) this.fail('assign', 'kinds differ', describe(to), describe(from));
    this.emit({ code: 'move', to, from });
  }

  // ---- control flow

  /**
   * Runs the body `count` times, not at all if `count` is zero or negative. A body that takes a parameter gets the number
   * of rounds done so far.
   */
  loop(count: Integer | number, body: (index: Integer) => void): void {
    const counter = typeof count === 'number' ? this.variable(count) : this.variable(count);
    const index = body.length > 0 ? this.variable(0) : undefined;
    this.emit({ code: 'loop', counter });
    body(index as Integer);
    if (index) this.increment(index, 1);
    this.emit({ code: 'end' });
  }

  /** Runs the first body if the comparison holds, else the second: `k.when(tail, '>', 0, () => { ... })`. */
  when(
    a: Integer,
    comparison: Comparison,
    b: Integer | number,
    then: () => void,
    otherwise?: () => void,
  ): void {
    this.emit({ code: 'if', a, comparison, b: typeof b === 'number' ? this.#whole(b) : b });
    then();
    if (otherwise) {
      this.emit({ code: 'else' });
      otherwise();
    }
    this.emit({ code: 'end' });
  }

  // ---- integers and pointers

  /** `integer += amount`. */
  increment(integer: Integer, amount: Integer | number): void {
    this.integerOperation('add', integer, integer, amount);
  }

  /** Moves a pointer by a number of elements. */
  advance(pointer: Pointer, elements: Integer | number): void {
    const bytes = elementBytes[pointer.element];
    if (typeof elements === 'number') this.advanceBytes(pointer, elements * bytes);
    else this.advanceBytes(pointer, this.scaled(elements, bytes));
  }

  /** Moves a pointer by a number of bytes. */
  advanceBytes(pointer: Pointer, bytes: Integer | number): void {
    this.integerOperation('add', pointer, pointer, bytes);
  }

  /** Loads one element of an integer type, widened; of an i64 the lower bits, as wide as a pointer. */
  loadInteger(from: Pointer<'i8' | 'u8' | 'i16' | 'u16' | 'i32' | 'i64'>, offset = 0): Integer {
    const to = this.newInteger();
    this.emit({ code: 'loadInteger', to, at: this.address(from, offset) });
    return to;
  }

  /** Stores an integer as one element: the lower bits, or sign-extended to i64. */
  storeInteger(value: Integer, at: Pointer<'i8' | 'u8' | 'i16' | 'u16' | 'i32' | 'i64'>, offset = 0): void {
    this.emit({ code: 'storeInteger', from: value, at: this.address(at, offset) });
  }

  /** Copies one element, bit for bit. */
  copyElement<E extends ElementType>(
    from: Pointer<E>,
    fromOffset: number,
    at: Pointer<E>,
    atOffset: number,
  ): void {
    if (elementBytes[from.element] !== elementBytes[at.element]) {
      this.fail('copyElement', 'element sizes differ', from.element, at.element);
    }
    this.emit({ code: 'copyElement', from: this.address(from, fromOffset), at: this.address(at, atOffset) });
  }

  // ---- for the operations above and those of the derived classes

  protected integerOperation(
    operator: IntegerOperator,
    to: Integer | Pointer,
    a: Integer | Pointer,
    b: Integer | number,
  ): void {
    this.emit({ code: 'integer', operator, to, a, b: typeof b === 'number' ? this.#whole(b) : b });
  }

  /** `integer * factor`, for a factor that is a power of two. */
  protected scaled(integer: Integer, factor: number): Integer {
    if (factor === 1) return integer;
    const to = this.newInteger();
    this.integerOperation('shl', to, integer, Math.log2(factor));
    return to;
  }

  protected address(pointer: Pointer, elements: number): Address {
    return { pointer, bytes: this.#whole(elements * elementBytes[pointer.element]) };
  }

  protected emit(operation: Operation): void {
    this.operations.push(operation);
    this.lines?.push(callerLine());
  }

  protected newInteger(): Integer {
    return this.#declare({ kind: 'integer', id: this.variables.length });
  }

  protected newPointer<E extends ElementType>(element: E): Pointer<E> {
    return this.#declare({ kind: 'pointer', id: this.variables.length, element });
  }

  protected newVector<T extends LaneType>(type: T): Vector<T> {
    return this.#declare({ kind: 'vector', id: this.variables.length, type });
  }

  protected newMask(bits: 32 | 64): Mask {
    return this.#declare({ kind: 'mask', id: this.variables.length, bits });
  }

  protected mutable(operation: string, variable: Variable): void {
    if (this.constants.some((constant) => constant.to === variable)) {
      this.fail(operation, 'a constant cannot change', 'a variable', describe(variable));
    }
  }

  protected fail(operation: string, problem: string, expected: string, got: string): never {
    throw new CodegenError(`${this.kernelName}: ${operation}`, problem, expected, got);
  }

  #declare<V extends Variable>(variable: V): V {
    this.variables.push(variable);
    return variable;
  }

  #argument<K extends C[string]['kind']>(name: string, kind: K): Extract<C[string], { kind: K }> {
    const argument = this.#contract[name];
    if (argument?.kind !== kind) {
      this.fail(
        kind,
        `no such argument '${name}'`,
        `an argument of kind ${kind}`,
        argument?.kind ?? 'nothing',
      );
    }
    return argument as Extract<C[string], { kind: K }>;
  }

  #whole(value: number): number {
    if (value !== (value | 0)) this.fail('integer', 'not a whole number', 'a 32-bit integer', `${value}`);
    return value;
  }
}

function isLong(value: LaneValue): boolean {
  if (typeof value === 'bigint') return BigInt.asIntN(64, value) === value;
  return Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63;
}

/** Where the kernel's body (or a helper that it calls) asked for the operation being recorded. */
function callerLine(): string {
  const frames = new Error().stack?.split('\n').slice(2) ?? [];
  const frame = frames.find((line) => !/at (KernelBuilder|\w*Recorder|callerLine)\b/.test(line)) ?? '';
  return frame.replace(/^\s*at (.*\()?/, '').replace(/\)$/, '');
}
