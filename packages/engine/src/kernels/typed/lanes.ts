// Elements of every dtype as vectors. Kernels that mix dtypes go in groups of as many elements as a vector has 32-bit lanes:
// one vector of them, or two of 64-bit lanes.

import type {
  ElementType,
  Integer,
  KernelBuilder,
  LaneType,
  Mask,
  NarrowType,
  Pointer,
  StoreOptions,
  Vector,
} from '@sconce/codegen';
import { type ComputeType, computeTypeOf, type EngineDType } from '../../dtype.ts';

/** How a dtype lies in memory and in vectors. */
export interface LaneLayout {
  readonly element: ElementType;
  readonly lane: LaneType;
}

/** The layout of each dtype. Signs are a matter of operations. */
export const layoutOf: Readonly<Record<EngineDType, LaneLayout>> = {
  float32: { element: 'f32', lane: 'f32' },
  float64: { element: 'f64', lane: 'f64' },
  float16: { element: 'f16', lane: 'f32' },
  bfloat16: { element: 'bf16', lane: 'f32' },
  int8: { element: 'i8', lane: 'i32' },
  int16: { element: 'i16', lane: 'i32' },
  int32: { element: 'i32', lane: 'i32' },
  int64: { element: 'i64', lane: 'i64' },
  uint8: { element: 'u8', lane: 'i32' },
  uint16: { element: 'u16', lane: 'i32' },
  uint32: { element: 'i32', lane: 'i32' },
  uint64: { element: 'i64', lane: 'i64' },
  bool: { element: 'u8', lane: 'i32' },
};

/** Elements of a group. */
export function groupLanes(k: KernelBuilder): number {
  return k.lanes('i32');
}

/** Vectors of a group. */
export function partsOf(type: EngineDType): 1 | 2 {
  const { lane } = layoutOf[type];
  return lane === 'f64' || lane === 'i64' ? 2 : 1;
}

/** Whether elements are narrower than the lanes that they are computed in. */
export function isNarrow(dtype: EngineDType): boolean {
  return layoutOf[dtype].element !== layoutOf[dtype].lane;
}

/** A group of values. */
export interface Value {
  readonly type: ComputeType;
  readonly parts: readonly Vector[];
  /** Whether lanes may hold bits beyond those of the type. */
  readonly loose?: boolean;
}

/** A group of truth values, made for lanes of the other width when asked for. */
export interface Truth {
  narrow?: Mask;
  wide?: readonly [Mask, Mask];
}

/** Masks for the vectors of a type, one for each part. */
export function masksFor(k: KernelBuilder, truth: Truth, type: EngineDType): readonly Mask[] {
  if (partsOf(type) === 1) {
    truth.narrow ??= k.narrowMask(...truth.wide!);
    return [truth.narrow];
  }
  truth.wide ??= [k.widenMask(truth.narrow!, 'low'), k.widenMask(truth.narrow!, 'high')];
  return truth.wide;
}

/** Masks of all parts as one truth. */
export function truthOf(masks: readonly Mask[]): Truth {
  return masks.length === 1 ? { narrow: masks[0]! } : { wide: [masks[0]!, masks[1]!] };
}

/** A constant in every lane, for each part. */
export function constantValue(k: KernelBuilder, type: ComputeType, value: number | bigint): Value {
  const constant = k.constant(layoutOf[type].lane, value);
  return { type, parts: Array.from({ length: partsOf(type) }, () => constant) };
}

/** Elements of a group that are in range; all of them unless given. */
export interface Tail {
  readonly count: Integer;
  /** What is left of it for the second of two vectors. */
  readonly second: Integer | undefined;
}

/** The tail of a kernel whose operands have one or two vectors in a group. */
export function tailOf(k: KernelBuilder, count: Integer, hasPairs: boolean): Tail {
  return { count, second: hasPairs ? k.sub(count, k.lanes('i64')) : undefined };
}

/** Loads a group of neighbours `offset` elements from a pointer. */
export function loadGroup(
  k: KernelBuilder,
  from: Pointer,
  dtype: EngineDType,
  offset: number,
  tail: Tail | undefined,
): Value {
  const type = computeTypeOf(dtype);
  if (isNarrow(dtype)) {
    const narrow = from as Pointer<NarrowType>;
    const loaded = tail ? k.loadWidePartial(narrow, offset, tail.count) : k.loadWide(narrow, offset);
    return { type, parts: [loaded as Vector] };
  }
  const wide = from as Pointer<'f32'>;
  const lanes = k.lanes(layoutOf[dtype].lane);
  const parts = Array.from({ length: partsOf(dtype) }, (_, i) => {
    const at = offset + i * lanes;
    return tail ? k.loadPartial(wide, at, i === 0 ? tail.count : tail.second!) : k.load(wide, at);
  });
  return { type, parts };
}

/** Loads a group of elements `step` apart; not of narrow ones. */
export function loadStridedGroup(
  k: KernelBuilder,
  from: Pointer,
  dtype: EngineDType,
  step: Integer,
  tail: Tail | undefined,
): Value {
  const parts = stridedPlaces(k, from, dtype, step).map((at, i) =>
    k.loadStrided(at as Pointer<'f32'>, 0, step, i === 0 ? tail?.count : tail?.second),
  );
  return { type: computeTypeOf(dtype), parts };
}

/** Loads one element into every lane. */
export function broadcastGroup(k: KernelBuilder, from: Pointer, dtype: EngineDType): Value {
  const type = computeTypeOf(dtype);
  if (dtype === 'float16' || dtype === 'bfloat16') {
    const loaded = k.loadWidePartial(from as Pointer<'f16'>, 0, k.variable(1));
    return { type, parts: [k.first(loaded)] };
  }
  if (isNarrow(dtype)) return { type, parts: [k.splat(k.loadInteger(from as Pointer<'i8'>))] };
  const value: Vector = k.broadcast(from as Pointer<LaneType>);
  return { type, parts: Array.from({ length: partsOf(dtype) }, () => value) };
}

/** Stores a group, whose value has the dtype's lanes, to neighbours `offset` elements from a pointer. */
export function storeGroup(
  k: KernelBuilder,
  { parts }: Value,
  to: Pointer,
  dtype: EngineDType,
  offset: number,
  tail: Tail | undefined,
  options?: StoreOptions,
): void {
  if (isNarrow(dtype)) {
    const narrow = to as Pointer<'i8'>;
    const value = parts[0] as Vector<'i32'>;
    if (tail) k.storeNarrowPartial(value, narrow, offset, tail.count);
    else k.storeNarrow(value, narrow, offset);
    return;
  }
  const wide = to as Pointer<'f32'>;
  const lanes = k.lanes(layoutOf[dtype].lane);
  parts.forEach((part, i) => {
    const value = part as Vector<'f32'>;
    const at = offset + i * lanes;
    if (tail) k.storePartial(value, wide, at, i === 0 ? tail.count : tail.second!);
    else k.store(value, wide, at, options);
  });
}

/** As {@link storeGroup}, to elements `step` apart; not to narrow ones. */
export function storeStridedGroup(
  k: KernelBuilder,
  { parts }: Value,
  to: Pointer,
  dtype: EngineDType,
  step: Integer,
  tail: Tail | undefined,
): void {
  stridedPlaces(k, to, dtype, step).forEach((at, i) => {
    const count = i === 0 ? tail?.count : tail?.second;
    k.storeStrided(parts[i] as Vector<'f32'>, at as Pointer<'f32'>, 0, step, count);
  });
}

/** Where the vectors of a group start. */
function stridedPlaces(k: KernelBuilder, from: Pointer, dtype: EngineDType, step: Integer): Pointer[] {
  if (partsOf(dtype) === 1) return [from];
  const second = k.variable(from);
  k.advance(second, k.shl(step, Math.log2(k.lanes('i64'))));
  return [from, second];
}
