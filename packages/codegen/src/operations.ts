/** The recorded form of a kernel: a flat list of operations on mutable variables, blocks closed by `end`. */

import type {
  Integer,
  LaneType,
  LaneValue,
  Mask,
  NarrowInteger,
  Pointer,
  Variable,
  Vector,
} from './types.ts';

/** Comparisons of integers and of lanes. With a NaN only `!=` is true. */
export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=';

/** Operators on integers. `shr` keeps the sign. */
export type IntegerOperator = 'add' | 'sub' | 'mul' | 'and' | 'shl' | 'shr' | 'min' | 'max';

/** Operators on one vector. `nearest` rounds halves to even. */
export type UnaryOperator = 'neg' | 'abs' | 'sqrt' | 'floor' | 'ceil' | 'trunc' | 'nearest';

/**
 * Operators on two vectors. `pmax(a, b)` is `a < b ? b : a` and `pmin(a, b)` is `b < a ? b : a`, lane by lane:
 * a NaN in `a` stays, a NaN in `b` gives `a`. `scale` is `a * 2^b` for whole numbers `b`, rounded once, only where the target
 * says so. The bitwise ones (`andNot` is `a & ~b`) work on every lane type.
 */
export type BinaryOperator =
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'scale'
  | 'pmin'
  | 'pmax'
  | 'and'
  | 'or'
  | 'xor'
  | 'andNot';

/** Operators on masks. */
export type MaskOperator = 'and' | 'or' | 'xor' | 'andNot';

/** Shifts of integer lanes by a constant: left, right with zeros, right with the sign. */
export type ShiftOperator = 'shl' | 'shrLogical' | 'shrArithmetic';

/**
 * How lanes of two vectors are rearranged (`d` is the distance, a power of two below the lane count):
 * `swap` gives `a[i ^ d]`; `low` gives `a[i]` where `i & d` is 0, else `b[i - d]`; `high` gives `a[i + d]` where `i & d`
 * is 0, else `b[i]`; `even` and `odd` take every second lane of `a`, then of `b`; `first` gives `a[0]` in every lane.
 */
export type ShufflePattern = 'swap' | 'low' | 'high' | 'even' | 'odd' | 'first';

/** A place in memory: a pointer and a constant displacement in bytes. */
export interface Address {
  readonly pointer: Pointer;
  readonly bytes: number;
}

/** Operations on integers and pointers, and control flow. */
export type ScalarOperation =
  | { code: 'argument'; to: Integer | Pointer; slot: number }
  | { code: 'literal'; to: Integer; value: number }
  | {
      code: 'integer';
      operator: IntegerOperator;
      to: Integer | Pointer;
      a: Integer | Pointer;
      b: Integer | number;
    }
  | { code: 'loadInteger'; to: Integer; at: Address }
  | { code: 'storeInteger'; from: Integer; at: Address }
  | { code: 'copyElement'; from: Address; at: Address }
  /** Runs its block while `counter` is above zero, counting it down by one after each round. */
  | { code: 'loop'; counter: Integer }
  | { code: 'if'; a: Integer; comparison: Comparison; b: Integer | number }
  | { code: 'else' }
  | { code: 'end' };

/** What a cache line will be wanted for: reads soon, reads later, one read only, writes. */
export type PrefetchHint = 'l1' | 'l2' | 'once' | 'write';

/** Vectors from memory and to it. */
export type MemoryOperation =
  | { code: 'scalar'; to: Vector; slot: number }
  | { code: 'prefetch'; at: Address; hint: PrefetchHint }
  | { code: 'load'; to: Vector; at: Address; aligned: boolean }
  | { code: 'loadPartial'; to: Vector; at: Address; count: Integer; fill: Vector }
  | { code: 'broadcast'; to: Vector; at: Address }
  /** `streaming` ones go around the caches, to an aligned address. */
  | { code: 'store'; from: Vector; at: Address; aligned: boolean; streaming: boolean }
  | { code: 'storePartial'; from: Vector; at: Address; count: Integer }
  | { code: 'storeFirst'; from: Vector; at: Address }
  /** Lane `i` is loaded from `i * stride` bytes further; lanes from `count` on, if given, come from `fill`. */
  | { code: 'gather'; to: Vector; at: Address; stride: Integer; count: Integer | undefined; fill: Vector }
  | { code: 'scatter'; from: Vector; at: Address; stride: Integer; count: Integer | undefined }
  /** Elements become i32 lanes, those of f16 become f32 lanes; lanes from `count` on, if given, are zero. */
  | { code: 'loadWide'; to: Vector; at: Address; element: PackedType; count: Integer | undefined }
  /** Integers keep their lower bits; f16 is rounded to nearest, ties to even. */
  | { code: 'storeNarrow'; from: Vector; at: Address; element: PackedType; count: Integer | undefined };

/** Narrow elements that targets know; `f16` only where the target says so, `bf16` is made of integers. */
export type PackedType = NarrowInteger | 'f16';

/** The first or the second half of the lanes. */
export type Half = 'low' | 'high';

/** Vectors and masks in registers. */
export type VectorOperation =
  /** Copies a variable of any kind. */
  | { code: 'move'; to: Variable; from: Variable }
  | { code: 'splat'; to: Vector; from: Integer }
  | { code: 'unary'; operator: UnaryOperator; to: Vector; a: Vector }
  | { code: 'binary'; operator: BinaryOperator; to: Vector; a: Vector; b: Vector }
  /** `to = a * b + c`, or `to = c - a * b` when `negated`; rounded once or twice, as the target does. */
  | { code: 'fma'; negated: boolean; to: Vector; a: Vector; b: Vector; c: Vector }
  | { code: 'shift'; operator: ShiftOperator; to: Vector; a: Vector; count: number }
  | { code: 'convert'; to: Vector; from: Vector }
  /** Half of the lanes become f64 (from f32 or i32) or i64 (from i32). */
  | { code: 'widen'; to: Vector; from: Vector; half: Half }
  /** The lanes of two f64 vectors, one after the other, become f32 (to nearest) or i32 (towards zero). */
  | { code: 'narrow'; to: Vector; low: Vector<'f64'>; high: Vector<'f64'> }
  | { code: 'reinterpret'; to: Vector; from: Vector }
  | { code: 'compare'; comparison: Comparison; to: Mask; a: Vector; b: Vector }
  | { code: 'mask'; operator: MaskOperator; to: Mask; a: Mask; b: Mask }
  | { code: 'not'; to: Mask; a: Mask }
  /** A mask of 64-bit lanes from half of one of 32-bit lanes, and the way back from two. */
  | { code: 'widenMask'; to: Mask; from: Mask; half: Half }
  | { code: 'narrowMask'; to: Mask; low: Mask; high: Mask }
  | { code: 'any'; to: Integer; a: Mask }
  | { code: 'select'; to: Vector; mask: Mask; a: Vector; b: Vector }
  | { code: 'shuffle'; pattern: ShufflePattern; distance: number; to: Vector; a: Vector; b: Vector };

/** `to` is the variable that an operation writes; every other variable in it is read. */
export type Operation = ScalarOperation | MemoryOperation | VectorOperation;

/** What a target does for each operation; leaving one out does not compile. */
export type Handlers<O extends Operation, Context> = {
  readonly [C in O['code']]: (context: Context, operation: Extract<O, { code: C }>) => void;
};

/** Calls the handler of an operation. */
export function handle<Context>(
  handlers: Handlers<Operation, Context>,
  context: Context,
  operation: Operation,
): void {
  const handler = handlers[operation.code] as (context: Context, operation: Operation) => void;
  handler(context, operation);
}

/** A vector that never changes; targets make it once, before the first operation. */
export interface Constant {
  readonly to: Vector;
  /** One value per lane. */
  readonly lanes: readonly LaneValue[];
}

const arithmetic: readonly LaneType[] = ['f32', 'f64', 'i32', 'i64'];
const floats: readonly LaneType[] = ['f32', 'f64'];

/** Lane types that each operator on one vector accepts. */
export const unaryTypes: Readonly<Record<UnaryOperator, readonly LaneType[]>> = {
  neg: arithmetic,
  abs: arithmetic,
  sqrt: floats,
  floor: floats,
  ceil: floats,
  trunc: floats,
  nearest: floats,
};

/** Lane types that each operator on two vectors accepts. */
export const binaryTypes: Readonly<Record<BinaryOperator, readonly LaneType[]>> = {
  add: arithmetic,
  sub: arithmetic,
  mul: arithmetic,
  div: floats,
  scale: floats,
  pmin: arithmetic,
  pmax: arithmetic,
  and: arithmetic,
  or: arithmetic,
  xor: arithmetic,
  andNot: arithmetic,
};

/** For each pattern, the lane (counted through `a` and then `b`) that becomes lane `i`. */
const shuffledLane: Readonly<Record<ShufflePattern, (i: number, distance: number, lanes: number) => number>> =
  {
    swap: (i, distance) => i ^ distance,
    low: (i, distance, lanes) => (i & distance ? lanes + i - distance : i),
    high: (i, distance, lanes) => (i & distance ? lanes + i : i + distance),
    even: (i) => 2 * i,
    odd: (i) => 2 * i + 1,
    first: () => 0,
  };

/** The lanes, counted through `a` and then `b`, that a shuffle of vectors of `lanes` lanes takes. */
export function shuffleLanes(pattern: ShufflePattern, distance: number, lanes: number): number[] {
  return Array.from({ length: lanes }, (_, i) => shuffledLane[pattern](i, distance, lanes));
}

/** The variables that an operation reads, in no particular order. */
export function reads(operation: Operation): Variable[] {
  const found: Variable[] = [];
  const fields = operation as unknown as Readonly<
    Record<string, Variable | Address | number | string | undefined>
  >;
  for (const field in fields) {
    const value = fields[field];
    if (typeof value !== 'object' || field === 'to') continue; // numbers, names, absent counts
    found.push('pointer' in value ? value.pointer : value);
  }
  return found;
}

/** The variable that an operation writes, if any. */
export function writes(operation: Operation): Variable | undefined {
  if (operation.code === 'loop') return operation.counter;
  return 'to' in operation ? operation.to : undefined;
}
