// Folds of elements of any dtype along one axis: along neighbours, or across rows of them.

import type { Integer, KernelBuilder, Pointer, Vector } from '@sconce/codegen';
import { type ComputeType, type EngineDType, isUnsigned } from '../../dtype.ts';
import { compareIntegers } from '../elementwise-integers.ts';
import { type Fold, foldBlocks, SIDE_BY_SIDE, sumFold } from '../fold.ts';
import { bitsOf } from './cast.ts';
import {
  groupLanes,
  layoutOf,
  loadGroup,
  masksFor,
  partsOf,
  type Tail,
  tailOf,
  type Value,
} from './lanes.ts';

/** What elements are folded by. */
export type FoldOp = 'add' | 'mul' | 'max' | 'min';

/** A fold of values of a type. Maxima and minima are NaN where an element is; integers wrap around. */
export function foldOf(op: FoldOp, type: ComputeType): Fold {
  switch (op) {
    case 'add':
      return sumFold;
    case 'mul':
      return { identity: 1, combine: (k, a, b) => k.mul(a, b) };
    case 'max':
      return { identity: end(type, 'least'), combine: (k, a, b) => better(k, type, '<', a, b) };
    case 'min':
      return { identity: end(type, 'greatest'), combine: (k, a, b) => better(k, type, '>', a, b) };
  }
}

function better(
  k: KernelBuilder,
  type: ComputeType,
  comparison: '<' | '>',
  a: Vector<'f32'>,
  b: Vector<'f32'>,
) {
  if (type === 'uint32' || type === 'uint64')
    return k.select(compareIntegers(k, type, a, comparison, b), b, a);
  return comparison === '<' ? k.max(a, b) : k.min(a, b);
}

/** The least and the greatest value of a type, as its lanes hold it. */
export function end(type: ComputeType, which: 'least' | 'greatest'): number | bigint {
  const sign = which === 'least' ? -1 : 1;
  if (type === 'float32' || type === 'float64') return sign * Number.POSITIVE_INFINITY;
  if (type === 'bool') return which === 'least' ? 0 : 1;
  const bits = bitsOf(type);
  if (isUnsigned(type)) {
    if (which === 'least') return 0;
    // all ones: of 32 and 64 bits that is -1 in lanes
    return bits < 32 ? 2 ** bits - 1 : -1;
  }
  if (which === 'least') return -(2 ** (bits - 1));
  return bits === 64 ? 2n ** 63n - 1n : 2 ** (bits - 1) - 1;
}

/** Groups of a type that are folded side by side. */
export function groupsAside(type: EngineDType): number {
  return SIDE_BY_SIDE / partsOf(type);
}

/** Makes what is folded of what was loaded. */
export type GroupMap = (raw: Value) => Value;

/** Starting values of so many groups. */
function starting(k: KernelBuilder, type: ComputeType, fold: Fold, groups: number): Vector<'f32'>[] {
  const start = k.constant(layoutOf[type].lane, fold.identity);
  return Array.from({ length: groups * partsOf(type) }, () => k.variable(start) as Vector as Vector<'f32'>);
}

/**
 * Folds `count` neighbours from `from` on, which it advances past them; every lane of the result holds it.
 * @param type is that of mapped values.
 */
export function foldTypedRow(
  k: KernelBuilder,
  fold: Fold,
  type: ComputeType,
  from: Pointer,
  dtype: EngineDType,
  count: Integer,
  map: GroupMap,
): Value {
  const lanes = groupLanes(k);
  const groups = groupsAside(type);
  const totals = starting(k, type, fold, groups);
  const parts = partsOf(type);
  const shift = Math.log2(lanes);
  const loaded = (group: number, tail?: Tail) =>
    map(loadGroup(k, from, dtype, group * lanes, tail)).parts as readonly Vector<'f32'>[];
  foldBlocks(k, fold, k.shr(count, shift + Math.log2(groups)), totals, () => {
    const values = Array.from({ length: groups }, (_, group) => loaded(group)).flat();
    k.advance(from, groups * lanes);
    return values;
  });
  const firsts = totals.slice(0, parts);
  const into = (values: readonly Vector<'f32'>[]): void =>
    values.forEach((value, i) => void k.assign(firsts[i]!, fold.combine(k, firsts[i]!, value)));
  for (let group = 1; group < groups; group++) into(totals.slice(group * parts, (group + 1) * parts));
  k.loop(k.shr(k.and(count, groups * lanes - 1), shift), () => {
    into(loaded(0));
    k.advance(from, lanes);
  });
  const rest = k.and(count, lanes - 1);
  k.when(rest, '>', 0, () => {
    const tail = tailOf(k, rest, partsOf(dtype) === 2);
    const inRange = k.compare<'i32'>(
      k.constant('i32', (lane) => lane),
      '<',
      k.splat(rest),
    );
    const masks = masksFor(k, { narrow: inRange }, type);
    const start = k.constant(layoutOf[type].lane, fold.identity) as Vector as Vector<'f32'>;
    into(loaded(0, tail).map((value, i) => k.select(masks[i]!, value, start)));
    k.advance(from, rest);
  });
  const all = parts === 2 ? fold.combine(k, firsts[0]!, firsts[1]!) : firsts[0]!;
  const total = k.reduce(all, (a, b) => fold.combine(k, a, b));
  return { type, parts: Array.from({ length: parts }, () => total) };
}

/** Some groups of columns side by side. */
export interface TypedColumns {
  readonly groups: number;
  /** Where it is given, a single group of which only so many lanes are in range. */
  readonly tail: Tail | undefined;
}

/**
 * Goes over `inner` columns, as many groups at a time as are folded side by side, then single ones, then the tail.
 * @param pointers are advanced from one group of columns to the next.
 * @param pairs whether any of them has elements of 64 bits.
 */
export function overTypedColumns(
  k: KernelBuilder,
  inner: Integer,
  aside: number,
  pairs: boolean,
  pointers: readonly Pointer[],
  body: (columns: TypedColumns) => void,
): void {
  const lanes = groupLanes(k);
  const some = (groups: number, rest?: Integer): void => {
    body({ groups, tail: rest && tailOf(k, rest, pairs) });
    for (const pointer of pointers) k.advance(pointer, rest ?? groups * lanes);
  };
  const groups = k.shr(inner, Math.log2(lanes));
  const rest = k.and(inner, lanes - 1);
  if (aside > 1) k.loop(k.shr(groups, Math.log2(aside)), () => some(aside));
  k.loop(aside > 1 ? k.and(groups, aside - 1) : groups, () => some(1));
  k.when(rest, '>', 0, () => some(1, rest));
}

/** Loads the groups of some columns. */
export function loadColumns(
  k: KernelBuilder,
  from: Pointer,
  dtype: EngineDType,
  { groups, tail }: TypedColumns,
): Value[] {
  return Array.from({ length: groups }, (_, group) => loadGroup(k, from, dtype, group * groupLanes(k), tail));
}

/** Folds `count` rows of some columns, each `step` elements behind the one before. */
export function foldTypedColumns(
  k: KernelBuilder,
  fold: Fold,
  type: ComputeType,
  from: Pointer,
  dtype: EngineDType,
  { count, step }: { readonly count: Integer; readonly step: Integer },
  columns: TypedColumns,
  map: GroupMap,
): Value[] {
  const at = k.variable(from);
  const totals = starting(k, type, fold, columns.groups);
  foldBlocks(k, fold, count, totals, () => {
    const values = loadColumns(k, at, dtype, columns).flatMap((raw) => map(raw).parts);
    k.advance(at, step);
    return values as readonly Vector[] as readonly Vector<'f32'>[];
  });
  const parts = partsOf(type);
  return Array.from({ length: columns.groups }, (_, group) => ({
    type,
    parts: totals.slice(group * parts, (group + 1) * parts),
  }));
}
