/**
 * The kernel language: what a kernel's body may ask for. What changes the width of values stands here, operators in
 * arithmetic-recorder.ts, loads and stores in memory-recorder.ts, variables and control flow in recorder.ts.
 */

import { ArithmeticRecorder } from './arithmetic-recorder.ts';
import type { Contract } from './contract.ts';
import { bfloat16Bits, float16Bits, fromBfloat16Bits, fromFloat16Bits } from './half-floats.ts';
import type { Half, PackedType } from './operations.ts';
import type {
  Integer,
  LaneType,
  NarrowInteger,
  NarrowType,
  Operand,
  Pointer,
  Vector,
  WideType,
} from './types.ts';

/** Options of narrowing stores. */
export interface NarrowOptions {
  /** Integers beyond the element's range become its nearest end; unless given, they lose their upper bits. */
  readonly saturate?: boolean;
}

/** The range of each narrow integer. */
const ranges: Readonly<Record<NarrowInteger, readonly [low: number, high: number]>> = {
  i8: [-128, 127],
  u8: [0, 255],
  i16: [-32768, 32767],
  u16: [0, 65535],
};

/**
 * Records a kernel. Methods named after an operator give their result in a fresh variable; `assign`, `increment`,
 * `advance` and `accumulate` change the variable they name. A number among vectors stands for a constant vector.
 * Offsets of loads and stores are in elements and fixed when the kernel is recorded.
 */
export class KernelBuilder<C extends Contract = Contract> extends ArithmeticRecorder<C> {
  /**
   * Loads as many narrow elements as there are 32-bit lanes: integers as i32 lanes, `f16` and `bf16` as f32 lanes, all exactly
   * (a NaN becomes a NaN).
   */
  loadWide<N extends NarrowType>(from: Pointer<N>, offset = 0): Vector<WideType<N>> {
    return this.#loadWide(from, offset, undefined) as Vector<WideType<N>>;
  }

  /** As {@link loadWide} for the first `count` lanes, without touching a byte after them; the others come from `fill`. */
  loadWidePartial<N extends NarrowType>(
    from: Pointer<N>,
    offset: number,
    count: Integer,
    fill: Operand<NoInfer<WideType<N>>> = 0,
  ): Vector<WideType<N>> {
    const loaded = this.#loadWide(from, offset, count) as Vector<WideType<N>>;
    if (Object.is(fill, 0)) return loaded;
    const index = this.constant('i32', (lane) => lane);
    return this.select(this.compare(index, '<', this.splat(count)), loaded, fill);
  }

  /**
   * Stores every lane as a narrow element. Integers keep their lower bits unless `saturate` is given. Floats are rounded to
   * nearest, ties to even, denormals included; beyond the largest they become infinite, a NaN stays a NaN.
   */
  storeNarrow<N extends NarrowType>(
    value: Operand<NoInfer<WideType<N>>>,
    at: Pointer<N>,
    offset = 0,
    options: NarrowOptions = {},
  ): void {
    this.#storeNarrow(value, at, offset, undefined, options);
  }

  /** As {@link storeNarrow} for the first `count` lanes (at most all of them), without touching a byte after them. */
  storeNarrowPartial<N extends NarrowType>(
    value: Operand<NoInfer<WideType<N>>>,
    at: Pointer<N>,
    offset: number,
    count: Integer,
    options: NarrowOptions = {},
  ): void {
    this.#storeNarrow(value, at, offset, count, options);
  }

  /** The first or the second half of the lanes, exactly: f32 or i32 as f64, i32 as i64. */
  widen(type: 'f64', from: Vector<'f32' | 'i32'>, half: Half): Vector<'f64'>;
  widen(type: 'i64', from: Vector<'i32'>, half: Half): Vector<'i64'>;
  widen(type: 'f64' | 'i64', from: Vector, half: Half): Vector {
    if (from.type !== 'i32' && (from.type !== 'f32' || type === 'i64')) {
      this.fail('widen', 'lane type', type === 'i64' ? 'i32' : 'f32 or i32', from.type);
    }
    const to = this.newVector(type);
    this.emit({ code: 'widen', to, from, half });
    return to;
  }

  /**
   * The lanes of two vectors in one: f64 as f32, rounded to nearest, or as i32, rounded towards zero and unspecified for NaN
   * and for values that an i32 cannot hold; i64 as i32, keeping the lower bits.
   */
  narrow<T extends 'f32' | 'i32'>(type: T, low: Operand<'f64'>, high: Operand<'f64'>): Vector<T>;
  narrow(type: 'i32', low: Vector<'i64'>, high: Vector<'i64'>): Vector<'i32'>;
  narrow(type: 'f32' | 'i32', low: Operand, high: Operand): Vector {
    if (typeof low === 'object' && low.type === 'i64') {
      if (type === 'f32') this.fail('narrow', 'lane type', 'f64', low.type);
      const lower = this.reinterpret('i32', low);
      return this.shuffle('even', lower, this.reinterpret('i32', this.operand('narrow', 'i64', high)));
    }
    const [first, second] = [this.operand('narrow', 'f64', low), this.operand('narrow', 'f64', high)];
    const to = this.newVector(type);
    this.emit({ code: 'narrow', to, low: first, high: second });
    return to;
  }

  #loadWide(from: Pointer<NarrowType>, offset: number, count: Integer | undefined): Vector {
    const at = this.address(from, offset);
    const load = <T extends LaneType>(type: T, element: PackedType): Vector<T> => {
      const to = this.newVector(type);
      this.emit({ code: 'loadWide', to, at, element, count });
      return to;
    };
    switch (from.element) {
      case 'bf16':
        return fromBfloat16Bits(this, load('i32', 'u16'));
      case 'f16':
        return this.target.float16 ? load('f32', 'f16') : fromFloat16Bits(this, load('i32', 'u16'));
      default:
        this.#checkNarrow('loadWide', from);
        return load('i32', from.element);
    }
  }

  #storeNarrow(
    value: Operand,
    pointer: Pointer<NarrowType>,
    offset: number,
    count: Integer | undefined,
    { saturate = false }: NarrowOptions,
  ): void {
    const { element } = pointer;
    this.#checkNarrow('storeNarrow', pointer);
    const store = (from: Vector, packed: PackedType): void => {
      this.emit({ code: 'storeNarrow', from, at: this.address(pointer, offset), element: packed, count });
    };
    if (element === 'f16' || element === 'bf16') {
      if (saturate) this.fail('storeNarrow', 'saturation', 'an integer element', element);
      const from = this.operand('storeNarrow', 'f32', value);
      if (element === 'bf16') store(bfloat16Bits(this, from), 'u16');
      else if (this.target.float16) store(from, 'f16');
      else store(float16Bits(this, from), 'u16');
      return;
    }
    const from = this.operand('storeNarrow', 'i32', value);
    const [low, high] = ranges[element];
    store(saturate ? this.pmin(this.pmax(from, low), high) : from, element);
  }

  #checkNarrow(operation: string, { element }: Pointer): void {
    if (element in ranges || element === 'f16' || element === 'bf16') return;
    this.fail(operation, 'element type', 'i8, u8, i16, u16, f16 or bf16', element);
  }
}
