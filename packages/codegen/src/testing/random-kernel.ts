/**
 * Random kernels: small programs over the whole language, the same for the same seed, whose results are the same bits on
 * every target with vectors of the same length. What targets may do differently is kept out: multiply-adds get operands
 * for which rounding once and twice agree, bits are only taken of numbers, conversions stay in range.
 */

import {
  type Integer,
  type IntegerArgument,
  inout,
  input,
  integer,
  type Kernel,
  type KernelBuilder,
  kernel,
  type LaneType,
  type Mask,
  output,
  type Pointer,
  type PointerArgument,
  type ScalarArgument,
  type ShufflePattern,
  scalar,
  type Vector,
} from '../index.ts';

/** Whole vectors in each buffer. */
export const bufferVectors = 8;
/** Vectors that a kernel stores at its end, of each lane type. */
export const resultVectors = 12;
export const resultIntegers = 16;

/** Arguments of random kernels. */
export type RandomContract = {
  readonly f32: PointerArgument<'f32'>;
  readonly f64: PointerArgument<'f64'>;
  readonly i32: PointerArgument<'i32'>;
  readonly bytes: PointerArgument<'i8'>;
  readonly work32: PointerArgument<'f32'>;
  readonly work64: PointerArgument<'f64'>;
  readonly i64: PointerArgument<'i64'>;
  readonly i8: PointerArgument<'i8'>;
  readonly u16: PointerArgument<'u16'>;
  readonly f16: PointerArgument<'f16'>;
  readonly bf16: PointerArgument<'bf16'>;
  readonly work_i8: PointerArgument<'i8'>;
  readonly work_u8: PointerArgument<'u8'>;
  readonly work_i16: PointerArgument<'i16'>;
  readonly work_f16: PointerArgument<'f16'>;
  readonly work_bf16: PointerArgument<'bf16'>;
  readonly out_f32: PointerArgument<'f32'>;
  readonly out_f64: PointerArgument<'f64'>;
  readonly out_i32: PointerArgument<'i32'>;
  readonly out_i64: PointerArgument<'i64'>;
  readonly integers: PointerArgument<'i32'>;
  readonly n: IntegerArgument;
  readonly m: IntegerArgument;
  readonly a: ScalarArgument<'f32'>;
  readonly b: ScalarArgument<'f64'>;
};

const contract: RandomContract = {
  f32: input('f32'),
  f64: input('f64'),
  i32: input('i32'),
  bytes: input('i8'),
  work32: inout('f32'),
  work64: inout('f64'),
  i64: input('i64'),
  i8: input('i8'),
  u16: input('u16'),
  f16: input('f16'),
  bf16: input('bf16'),
  work_i8: inout('i8'),
  work_u8: inout('u8'),
  work_i16: inout('i16'),
  work_f16: inout('f16'),
  work_bf16: inout('bf16'),
  out_f32: output('f32'),
  out_f64: output('f64'),
  out_i32: output('i32'),
  out_i64: output('i64'),
  integers: output('i32'),
  n: integer(),
  m: integer(),
  a: scalar('f32'),
  b: scalar('f64'),
};

/** A generator of uniform integers below a bound. */
function generator(seed: number): (bound: number) => number {
  let state = (seed + 1) * 0x9e3779b1;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % bound;
  };
}

/** The random kernel of a seed; seeds differ in how many values live at once. */
export function randomKernel(seed: number): Kernel<RandomContract> {
  return kernel(`random ${seed}`, contract, (k) => new Program(k, generator(seed), seed).write());
}

type Builder = KernelBuilder<RandomContract>;
type Vectors = { [T in LaneType]: Vector<T>[] };

/** Values in reach at some place of the program. */
interface Scope {
  readonly vectors: Vectors;
  readonly masks: Mask[];
  readonly integers: Integer[];
  readonly exact: Vector<'f32'>[];
}

class Program {
  readonly #k: Builder;
  readonly #random: (bound: number) => number;
  readonly #sums: Vector<'f32'>[] = [];
  #scope: Scope = { vectors: { f32: [], f64: [], i32: [], i64: [] }, masks: [], integers: [], exact: [] };
  readonly #width: number;

  constructor(k: Builder, random: (bound: number) => number, seed: number) {
    this.#k = k;
    this.#random = random;
    this.#width = [2, 5, 12][seed % 3]!;
  }

  write(): void {
    const k = this.#k;
    this.#scope.integers.push(k.integer('n'), k.integer('m'), k.variable(3));
    for (const type of ['f32', 'f64', 'i32', 'i64'] as const) {
      const from = k.pointer(type) as Pointer<LaneType>;
      for (let i = 0; i < this.#width; i++) {
        const loaded = k.load(from, (i % bufferVectors) * k.lanes(type));
        // what is assigned to later must not be a constant or an argument
        (this.#scope.vectors[type] as Vector[]).push(loaded);
      }
    }
    this.#scope.vectors.f32.push(k.variable(k.scalar('a')));
    this.#scope.vectors.f64.push(k.variable(k.scalar('b')));
    this.#exact();
    for (let i = 0; i < 1 + this.#width / 2; i++) this.#sums.push(k.zero('f32'));
    this.#statements(14, 3);
    this.#results();
  }

  #statements(count: number, depth: number): void {
    for (let i = 0; i < count; i++) {
      const kind = this.#random(22);
      if (kind < 2 && depth > 0) this.#loop(depth);
      else if (kind < 4 && depth > 0) this.#branch(depth);
      else if (kind < 6) this.#integer();
      else if (kind < 7) this.#assign();
      else if (kind < 10) this.#memory();
      else if (kind < 11) this.#mask();
      else if (kind < 13) this.#accumulate();
      else if (kind < 15) this.#narrow();
      else this.#vector();
    }
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#random(from.length)]!;
  }

  /** Runs a body in a scope of its own: what it declares is out of reach behind it. */
  #inner(body: () => void): void {
    const { vectors, masks, integers, exact } = this.#scope;
    const outer = this.#scope;
    this.#scope = {
      vectors: {
        f32: [...vectors.f32],
        f64: [...vectors.f64],
        i32: [...vectors.i32],
        i64: [...vectors.i64],
      },
      masks: [...masks],
      integers: [...integers],
      exact: [...exact],
    };
    body();
    this.#scope = outer;
  }

  #loop(depth: number): void {
    const k = this.#k;
    const count = this.#random(2) ? k.and(this.#pick(this.#scope.integers), 3) : this.#random(4);
    this.#inner(() =>
      k.loop(count, (index) => {
        this.#scope.integers.push(k.add(index, 0));
        this.#statements(2 + this.#random(6), depth - 1);
      }),
    );
  }

  #branch(depth: number): void {
    const k = this.#k;
    const comparison = this.#pick(['==', '!=', '<', '<=', '>', '>='] as const);
    const [a, b] = [this.#pick(this.#scope.integers), this.#random(2) ? 5 : this.#pick(this.#scope.integers)];
    const body = (): void => this.#inner(() => this.#statements(1 + this.#random(5), depth - 1));
    if (this.#random(2)) k.when(a, comparison, b, body);
    else k.when(a, comparison, b, body, body);
  }

  /** Integers stay between 0 and 1023. */
  #integer(): void {
    const k = this.#k;
    const { integers, masks } = this.#scope;
    const a = this.#pick(integers);
    const b = this.#random(2) ? this.#random(1000) : this.#pick(integers);
    const operation = this.#pick([
      'add',
      'sub',
      'mul',
      'and',
      'min',
      'max',
      'shl',
      'shr',
      'any',
      'load',
    ] as const);
    const few = typeof b === 'number' ? b & 7 : k.and(b, 7);
    const made =
      operation === 'shl' || operation === 'shr'
        ? k[operation](a, few)
        : operation === 'any'
          ? masks.length > 0
            ? k.any(this.#pick(masks))
            : k.variable(7)
          : operation === 'load'
            ? k.loadInteger(this.#moved('bytes', k.pointer('bytes')), this.#random(8))
            : k[operation](a, b);
    integers.push(k.and(made, 1023));
  }

  /** A pointer moved by a few elements. */
  #moved<P extends Pointer>(_name: string, pointer: P): P {
    const k = this.#k;
    k.advance(pointer, k.and(this.#pick(this.#scope.integers), 7));
    return pointer;
  }

  #assign(): void {
    const k = this.#k;
    const type = this.#pick(['f32', 'f64', 'i32', 'i64'] as const);
    const vectors = this.#scope.vectors[type] as Vector[];
    k.assign(this.#pick(vectors), this.#pick(vectors));
    // the first two are arguments, which are better left alone so that they stay in the block
    const integers = this.#scope.integers.slice(2);
    k.assign(this.#pick(integers), this.#pick(this.#scope.integers));
  }

  #memory(): void {
    const k = this.#k;
    const count = this.#random(2)
      ? k.sub(this.#pick(this.#scope.integers), 3)
      : k.and(this.#pick(this.#scope.integers), 15);
    const wide = this.#random(2) === 0;
    const type = wide ? 'f64' : 'f32';
    const vectors = this.#scope.vectors[type] as Vector[];
    const from = k.pointer(type) as Pointer<'f32'>;
    const work = k.pointer(wide ? 'work64' : 'work32') as Pointer<'f32'>;
    const value = this.#pick(vectors) as Vector<'f32'>;
    const lanes = k.lanes(type);
    const stride = k.add(k.and(this.#pick(this.#scope.integers), 1), 1);
    switch (this.#random(9)) {
      case 0:
        vectors.push(k.loadPartial(from, this.#random(lanes), count));
        break;
      case 1:
        vectors.push(k.loadPartial(from, lanes, count, value));
        break;
      case 2:
        k.storePartial(value, work, this.#random(lanes), count);
        break;
      case 3:
        vectors.push(k.loadStrided(this.#moved(type, from), 1, stride, count, value));
        break;
      case 4:
        vectors.push(k.loadStrided(from, 2, stride));
        break;
      case 5:
        k.storeStrided(value, this.#moved(type, work), 1, stride, this.#random(2) ? count : undefined);
        break;
      case 6:
        k.storeFirst(value, work, this.#random(8));
        vectors.push(k.broadcast(from, this.#random(8)));
        break;
      case 7:
        k.store(value, work, this.#random(lanes));
        vectors.push(k.load(work, this.#random(lanes)));
        break;
      default:
        k.copyElement(from, this.#random(8), work, this.#random(8));
    }
  }

  /** Narrow elements in memory, and lanes of another width. */
  #narrow(): void {
    const k = this.#k;
    const { f32, f64, i32, i64 } = this.#scope.vectors;
    const count = k.sub(this.#pick(this.#scope.integers), this.#random(4));
    const offset = this.#random(k.lanes('i32'));
    const isPartial = this.#random(2) === 0;
    const half = this.#pick(['low', 'high'] as const);
    switch (this.#random(9)) {
      case 0: {
        const from = this.#moved('', k.pointer(this.#pick(['i8', 'u16', 'work_i8', 'work_u8', 'work_i16'])));
        const fill = this.#random(2) ? this.#pick(i32) : 0;
        if (isPartial) i32.push(k.loadWidePartial(from as Pointer<'i8'>, offset, count, fill));
        else i32.push(k.loadWide(from as Pointer<'i8'>, offset));
        break;
      }
      case 1: {
        const from = this.#moved('', k.pointer(this.#pick(['f16', 'bf16', 'work_f16', 'work_bf16'])));
        const fill = this.#random(2) ? this.#pick(f32) : 0;
        if (isPartial) f32.push(k.loadWidePartial(from as Pointer<'f16'>, offset, count, fill));
        else f32.push(k.loadWide(from as Pointer<'f16'>, offset));
        break;
      }
      case 2: {
        const at = this.#moved('', k.pointer(this.#pick(['work_i8', 'work_u8', 'work_i16'])));
        const options = { saturate: this.#random(2) === 0 };
        if (isPartial) k.storeNarrowPartial(this.#pick(i32), at as Pointer<'i8'>, offset, count, options);
        else k.storeNarrow(this.#pick(i32), at as Pointer<'i8'>, offset, options);
        break;
      }
      case 3: {
        const at = this.#moved('', k.pointer(this.#pick(['work_f16', 'work_bf16']))) as Pointer<'f16'>;
        const value = this.#number(this.#pick(f32));
        if (isPartial) k.storeNarrowPartial(value, at, offset, count);
        else k.storeNarrow(value, at, offset);
        break;
      }
      case 4:
        f64.push(k.widen('f64', this.#random(2) ? this.#pick(f32) : this.#pick(i32), half));
        break;
      case 5:
        i64.push(k.widen('i64', this.#pick(i32), half));
        break;
      case 6:
        i32.push(k.narrow('i32', this.#pick(i64), this.#pick(i64)));
        break;
      case 7:
        f32.push(k.narrow('f32', this.#pick(f64), this.#random(4) ? this.#pick(f64) : 1.25));
        break;
      default: {
        const inRange = (a: Vector<'f64'>): Vector<'f64'> => k.pmax(k.pmin(this.#number(a), 2e9), -2e9);
        i32.push(k.narrow('i32', inRange(this.#pick(f64)), inRange(this.#pick(f64))));
      }
    }
  }

  #mask(): void {
    const k = this.#k;
    const { masks } = this.#scope;
    const type = this.#pick(['f32', 'f64', 'i32', 'i64'] as const);
    const vectors = this.#scope.vectors[type] as Vector[];
    const comparison = this.#pick(['==', '!=', '<', '<=', '>', '>='] as const);
    const other = this.#random(3) ? this.#pick(vectors) : 1;
    masks.push(k.compare(this.#pick(vectors), comparison, other));
    const same = masks.filter(({ bits }) => bits === masks.at(-1)!.bits);
    const operator = this.#pick(['and', 'or', 'xor', 'andNot'] as const);
    const change = this.#random(6);
    if (change < 2) masks.push(k[operator](masks.at(-1)!, this.#pick(same)));
    else if (change === 2) masks.push(k.not(masks.at(-1)!));
    else if (change === 3) {
      const last = masks.at(-1)!;
      if (last.bits === 32) masks.push(k.widenMask(last, this.#pick(['low', 'high'] as const)));
      else masks.push(k.narrowMask(this.#pick(same), last));
    }
  }

  /** A vector of integers from 0 to 63, whose products and sums are exact in float32. */
  #exact(): void {
    const k = this.#k;
    const small = k.and(this.#pick(this.#scope.vectors.i32), 63);
    this.#scope.exact.push(k.convert('f32', small));
  }

  #accumulate(): void {
    const k = this.#k;
    const { exact, vectors } = this.#scope;
    if (this.#random(2)) this.#exact();
    const [a, b, c] = [this.#pick(exact), this.#random(4) ? this.#pick(exact) : 3, this.#pick(exact)];
    switch (this.#random(4)) {
      case 0:
        vectors.f32.push(k.fma(a, b, this.#random(2) ? c : 0.5));
        break;
      case 1:
        vectors.f32.push(k.fnma(a, b, c));
        break;
      default:
        k.accumulate(this.#pick(this.#sums), a, b);
    }
  }

  #vector(): void {
    const k = this.#k;
    const { vectors, masks } = this.#scope;
    const type = this.#pick(['f32', 'f64', 'i32', 'i64'] as const);
    const all = vectors[type] as Vector<'f32'>[];
    const [a, b] = [this.#pick(all), this.#pick(all)];
    const constant = this.#pick([0, 1, -1, 2, 5, 100]);
    const other = this.#random(4) ? b : constant;
    const isFloat = type === 'f32' || type === 'f64';
    const push = (value: Vector): void => void all.push(value as Vector<'f32'>);
    const distance = 2 ** this.#random(Math.log2(k.lanes(type)));
    switch (this.#random(9)) {
      case 0:
      case 1:
        push(k[this.#pick(['add', 'sub', 'mul', 'pmax', 'pmin', 'max', 'min'] as const)](a, other));
        break;
      case 2:
        push(
          isFloat
            ? k.div(a, other)
            : k[this.#pick(['shl', 'shr', 'shrLogical'] as const)](a as never, this.#pick([0, 5, 31])),
        );
        break;
      case 3:
        if (!isFloat) push(k[this.#pick(['and', 'or', 'xor', 'andNot'] as const)](a, other));
        else push(k[this.#pick(['sqrt', 'floor', 'ceil', 'trunc', 'nearest'] as const)](a));
        break;
      case 4:
        push(k[this.#pick(['neg', 'abs'] as const)](a));
        break;
      case 5: {
        const patterns: ShufflePattern[] = ['swap', 'low', 'high', 'even', 'odd', 'first'];
        push(k.shuffle(this.#pick(patterns), a, b, distance));
        break;
      }
      case 6: {
        const fitting = masks.filter(({ bits }) => bits === (type === 'f64' || type === 'i64' ? 64 : 32));
        push(fitting.length > 0 ? k.select(this.#pick(fitting), a, other) : k.reduceSum(a));
        break;
      }
      case 7:
        if (type === 'f32') vectors.i32.push(k.reinterpret('i32', this.#number(a)));
        if (type === 'i32') vectors.f32.push(k.convert('f32', a as Vector as Vector<'i32'>));
        if (type === 'f64') {
          const inRange = k.pmax(k.pmin(this.#number(a as Vector as Vector<'f64'>), 9e18), -9e18);
          vectors.i64.push(k.convert('i64', inRange));
        }
        if (type === 'i64') vectors.f64.push(k.convert('f64', a as Vector as Vector<'i64'>));
        break;
      default:
        if (type === 'i32') {
          vectors.i32.push(k.splat(this.#pick(this.#scope.integers)));
          vectors.f32.push(k.reinterpret('f32', a as Vector));
        } else if (type === 'f32') {
          const inRange = k.pmax(k.pmin(this.#number(a), 1e9), -1e9);
          vectors.i32.push(k.convert('i32', inRange));
        } else if (type === 'i64') vectors.i64.push(k.splat(this.#pick(this.#scope.integers), 'i64'));
        else push(this.#number(a));
    }
  }

  /** Without NaN, whose bits differ from target to target. */
  #number<T extends 'f32' | 'f64'>(a: Vector<T>): Vector<T> {
    return this.#k.select(this.#k.isNaN(a), 0, a);
  }

  /** Stores what is in reach at the end. */
  #results(): void {
    const k = this.#k;
    const { vectors, masks, integers } = this.#scope;
    vectors.f32.push(...this.#sums);
    for (const mask of masks) {
      const type = mask.bits === 64 ? 'f64' : 'f32';
      const chosen: Vector = k.select(mask, k.constant(type, 1), k.constant(type, 2));
      (vectors[type] as Vector[]).push(chosen);
    }
    for (const type of ['f32', 'f64', 'i32', 'i64'] as const) {
      const all = vectors[type] as Vector[];
      for (let i = 0; i < resultVectors; i++) {
        const at = k.pointer(`out_${type}`) as Pointer<LaneType>;
        k.store(all[all.length - 1 - (i % all.length)]!, at, i * k.lanes(type));
      }
    }
    for (let i = 0; i < resultIntegers; i++) {
      k.storeInteger(integers[integers.length - 1 - (i % integers.length)]!, k.pointer('integers'), i);
    }
  }
}
