/** Loop patterns that many kernels share. */

import type { KernelBuilder, NarrowOptions } from './builder.ts';
import type { Contract } from './contract.ts';
import type { Integer, LaneType, NarrowType, Operand, Pointer, Vector, WideType } from './types.ts';

/** Loads and stores at the current position of {@link overVectors}: whole vectors, or the tail. */
export interface VectorAccess {
  /** Loads the lanes in range; the others hold `fill` (zero unless given). */
  load<T extends LaneType>(from: Pointer<T>, fill?: Operand<NoInfer<T>>): Vector<T>;
  /** Stores the lanes in range. */
  store<T extends LaneType>(value: Operand<NoInfer<T>>, at: Pointer<T>): void;
  /** Loads narrow elements as 32-bit lanes; those out of range hold `fill`. */
  loadWide<N extends NarrowType>(from: Pointer<N>, fill?: Operand<NoInfer<WideType<N>>>): Vector<WideType<N>>;
  /** Stores 32-bit lanes as narrow elements. */
  storeNarrow<N extends NarrowType>(
    value: Operand<NoInfer<WideType<N>>>,
    at: Pointer<N>,
    options?: NarrowOptions,
  ): void;
  /** In the tail, the number of lanes in range. */
  readonly count: Integer | undefined;
}

/**
 * Goes over `count` elements a vector at a time, then over the tail, and advances the pointers as it goes. The body is
 * recorded twice, for whole vectors and for the tail.
 * @param type decides the step: `k.lanes(type)` elements.
 * @param pointers are advanced past the whole vectors; those left out stay where they are.
 * @example
 * overVectors(k, 'f32', k.integer('n'), [x, y], (at) => at.store(k.pmax(at.load(x), 0), y));
 */
export function overVectors<C extends Contract>(
  k: KernelBuilder<C>,
  type: LaneType,
  count: Integer,
  pointers: readonly Pointer[],
  body: (at: VectorAccess) => void,
): void {
  const lanes = k.lanes(type);
  k.loop(k.shr(count, Math.log2(lanes)), () => {
    body({
      count: undefined,
      load: (from) => k.load(from),
      store: (value, at) => k.store(value, at),
      loadWide: (from) => k.loadWide(from),
      storeNarrow: (value, at, options) => k.storeNarrow(value, at, 0, options),
    });
    for (const pointer of pointers) k.advance(pointer, lanes);
  });
  const tail = k.and(count, lanes - 1);
  k.when(tail, '>', 0, () => {
    body({
      count: tail,
      load: (from, fill = 0) => k.loadPartial(from, 0, tail, fill),
      store: (value, at) => k.storePartial(value, at, 0, tail),
      loadWide: (from, fill = 0) => k.loadWidePartial(from, 0, tail, fill),
      storeNarrow: (value, at, options) => k.storeNarrowPartial(value, at, 0, tail, options),
    });
  });
}
