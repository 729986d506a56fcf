// What the halves of the pooling kernel share: what it is recorded for, its arguments, and how elements are folded.

import {
  type Integer,
  type IntegerArgument,
  inout,
  input,
  integer,
  type KernelBuilder,
  output,
  type Pointer,
  type PointerArgument,
  type ScalarArgument,
  scalar,
  type Vector,
} from '@sconce/codegen';
import type { Values } from '../runtime/family.ts';

/** What a pooling kernel is recorded for. */
export interface PoolSpec {
  readonly kind: 'max' | 'average';
  /** Rows of a window that lies inside the image; those are unrolled if there are few. */
  readonly rows: number;
  /** Whether windows span slices of a volume. */
  readonly slices: boolean;
  /** Windows at equal distances, or each at a place of its own, of few columns or of many. */
  readonly columns: SlidingColumns | PlacedColumns;
  /** What averages are divided by: one number for all, or one of the line times one of the column. */
  readonly divisor: 'same' | 'each';
}

/** Windows at places of their own: folded column by column, or a vector at a time. */
export type PlacedColumns = 'narrow' | 'wide';

/** Windows along a line of the band. */
export interface SlidingColumns {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly layout: LineLayout;
}

/**
 * How lines lie in the band: `plain`; `flat`, following each other as their outputs do, so that all count as one; `split` for
 * a stride of two, even and odd columns apart, the first window starting at an even one or (`splitOdd`) an odd one. `direct`:
 * windows do not overlap along columns, and what is folded is stored at once, without a band.
 */
type LineLayout = 'plain' | 'flat' | 'split' | 'splitOdd' | 'direct';

/** Whether two vectors at a time are folded along rows and then taken apart into even and odd columns. */
export function inPairs({ columns }: PoolSpec): boolean {
  if (typeof columns === 'string' || columns.stride !== 2) return false;
  return columns.layout !== 'plain' && columns.layout !== 'flat';
}

/** The kernel's arguments, for a lane type. */
export function poolContract(type: 'f32'): PoolContract {
  return {
    x: input(type),
    /** For each line of outputs: where its windows start in a plane, rows and (in volumes) slices inside. */
    lines: input('i32'),
    lineDivisors: input(type),
    /** Where windows at places of their own start in a line, and their columns. */
    places: input('i32'),
    columnDivisors: input(type),
    band: inout(type),
    y: output(type),
    /** Elements of an input plane. */
    plane: integer(),
    planes: integer(),
    lineCount: integer(),
    /** Planes whose lines make up a band, or 1 and the bands of a plane. */
    bandPlanes: integer(),
    bandLines: integer(),
    planeBands: integer(),
    /** Columns that are read, where they go in a line of the band, and where its first window starts. */
    width: integer(),
    left: integer(),
    first: integer(),
    pitch: integer(),
    /** From even columns to odd ones. */
    half: integer(),
    tapRow: integer(),
    tapSlice: integer(),
    outWidth: integer(),
    /** One over the divisor. */
    factor: scalar(type),
  };
}

type Sizes = 'plane' | 'planes' | 'lineCount' | 'bandPlanes' | 'bandLines' | 'planeBands' | 'width' | 'left';
type Steps = 'first' | 'pitch' | 'half' | 'tapRow' | 'tapSlice' | 'outWidth';
type Contract = Record<'x' | 'lineDivisors' | 'columnDivisors' | 'band' | 'y', PointerArgument<'f32'>> &
  Record<'lines' | 'places', PointerArgument<'i32'>> &
  Record<Sizes | Steps, IntegerArgument> &
  Record<'factor', ScalarArgument<'f32'>>;
type PoolContract = { readonly [Name in keyof Contract]: Contract[Name] };

/** Records pooling kernels. */
export type PoolBuilder = KernelBuilder<PoolContract>;

/** Arguments of the pooling kernels. */
export type PoolArguments = Values<PoolContract>;

/** How elements are folded. */
export interface PoolFold {
  /** Vectors of a line side by side. */
  readonly vectors: number;
  readonly start: Vector<'f32'>;
  into(sum: Vector<'f32'>, value: Vector<'f32'>): void;
  /**
   * Where the fold loses NaN: sums of all elements, one for each vector side by side. They are NaN if an element was, and if
   * infinities of both signs met. Additions run beside maxima; a maximum that keeps NaN costs three instructions.
   */
  readonly watch?: readonly Vector<'f32'>[];
}

/** The lines of a band. */
export interface PoolBand {
  /** It holds `count` lines of each of `some` planes. */
  readonly some: Integer;
  readonly count: Integer;
  readonly x: Pointer<'f32'>;
  /** The table, from the band's first line on. */
  readonly lines: Pointer<'i32'>;
  readonly lineDivisors: Pointer<'f32'>;
  /** Moves on behind the outputs of the band. */
  readonly y: Pointer<'f32'>;
}

/** A line's entries in the table of lines. */
export const fieldsOf = ({ slices }: Pick<PoolSpec, 'slices'>): 2 | 3 => (slices ? 3 : 2);
