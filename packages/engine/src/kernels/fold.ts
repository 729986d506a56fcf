// Folds of many vectors into few, in blocks of blocks, so that rounding errors do not grow with the length. What is written as f32
// may be f64 (float-family.ts): operands say which.

import type { Integer, KernelBuilder, LaneValue, Pointer, Vector } from '@sconce/codegen';

/** To the compiler lanes are f32; everything here takes their type from pointers and vectors. */
type F32 = Vector<'f32'>;

/** A fold: what it gives of nothing, and how it takes one more value. */
export interface Fold {
  readonly identity: LaneValue;
  readonly combine: (k: KernelBuilder, a: F32, b: F32) => F32;
}

/** The sum as a fold. */
export const sumFold: Fold = { identity: 0, combine: (k, a, b) => k.add(a, b) };

/** Vectors folded side by side, which hides the latency of each fold. */
export const SIDE_BY_SIDE = 4;
/** Folds into one accumulator before it is folded into the next level's. */
const BLOCK = 64;
/** Levels of blocks: the top level folds blocks of BLOCK ** LEVELS. */
const LEVELS = 2;

/** Folds `count` times what `load` finds into `totals`, in blocks of blocks. */
export function foldBlocks(
  k: KernelBuilder,
  { identity, combine }: Fold,
  count: Integer,
  totals: readonly F32[],
  load: () => readonly F32[],
): void {
  const into = (total: F32, value: F32): void => k.assign(total, combine(k, total, value));
  /** Folds BLOCK ** level loads, each block into accumulators of its own first. */
  const block = (level: number, sums: readonly F32[]): void => {
    if (level === 0) {
      load().forEach((value, i) => void into(sums[i]!, value));
      return;
    }
    const partial = sums.map(({ type }) => k.variable(k.constant(type, identity)));
    k.loop(BLOCK, () => block(level - 1, partial));
    partial.forEach((value, i) => void into(sums[i]!, value));
  };
  for (let level = LEVELS; level >= 0; level--) {
    const blocks = k.shr(count, level * Math.log2(BLOCK));
    k.loop(level === LEVELS ? blocks : k.and(blocks, BLOCK - 1), () => block(level, totals));
  }
}

/**
 * Folds `count` neighbours from `from` on, which it advances past them; every lane of the result holds it.
 * @param map is applied to each vector first.
 * @param fill stands for elements beyond the end; mapped, it must leave the fold as it is.
 */
export function foldRow(
  k: KernelBuilder,
  fold: Fold,
  from: Pointer<'f32'>,
  count: Integer,
  map: (value: F32) => F32 = (value) => value,
  fill: F32 | number = Number(fold.identity),
): F32 {
  const lanes = k.lanes(from.element);
  const step = SIDE_BY_SIDE * lanes;
  const totals = Array.from({ length: SIDE_BY_SIDE }, () =>
    k.variable(k.constant(from.element, fold.identity)),
  );
  foldBlocks(k, fold, k.shr(count, Math.log2(step)), totals, () => {
    const values = totals.map((_, i) => map(k.load(from, i * lanes)));
    k.advance(from, step);
    return values;
  });
  const [first, ...others] = totals as [F32, ...F32[]];
  const into = (value: F32): void => k.assign(first, fold.combine(k, first, value));
  for (const other of others) into(other);
  k.loop(k.shr(k.and(count, step - 1), Math.log2(lanes)), () => {
    into(map(k.load(from)));
    k.advance(from, lanes);
  });
  const tail = k.and(count, lanes - 1);
  k.when(tail, '>', 0, () => {
    into(map(k.loadPartial(from, 0, tail, fill)));
    k.advance(from, tail);
  });
  return k.reduce(first, (a, b) => fold.combine(k, a, b));
}

/**
 * Sums of several terms along `count` neighbours, all in one pass; every lane of a sum holds it. The pointers are advanced past the
 * elements.
 * @param terms makes the vectors to be summed of what `load` finds. Elements beyond the end are zero, and so must their terms be.
 */
export function sumTerms(
  k: KernelBuilder,
  pointers: readonly Pointer<'f32'>[],
  count: Integer,
  terms: (load: (from: Pointer<'f32'>) => F32) => readonly F32[],
  number: number,
): F32[] {
  const { element } = pointers[0]!;
  const lanes = k.lanes(element);
  // As many sums side by side as leave registers for what the terms are made of.
  const aside = k.vectorRegisters >= 32 ? SIDE_BY_SIDE : 2;
  const zeros = (): F32[] => Array.from({ length: number }, () => k.zero(element));
  const totals = Array.from({ length: aside }, zeros);
  const step = aside * lanes;
  const advance = (elements: Integer | number): void => {
    for (const pointer of pointers) k.advance(pointer, elements);
  };
  foldBlocks(k, sumFold, k.shr(count, Math.log2(step)), totals.flat(), () => {
    const values = totals.flatMap((_, i) => terms((from) => k.load(from, i * lanes)));
    advance(step);
    return values;
  });
  const [first, ...others] = totals as [F32[], ...F32[][]];
  const into = (values: readonly F32[]): void => {
    for (const [i, value] of values.entries()) k.assign(first[i]!, k.add(first[i]!, value));
  };
  for (const other of others) into(other);
  k.loop(k.shr(k.and(count, step - 1), Math.log2(lanes)), () => {
    into(terms((from) => k.load(from)));
    advance(lanes);
  });
  const tail = k.and(count, lanes - 1);
  k.when(tail, '>', 0, () => {
    into(terms((from) => k.loadPartial(from, 0, tail)));
    advance(tail);
  });
  return first.map((sum) => k.reduceSum(sum));
}

/** Vectors across rows of `inner` neighbours: calls `body` with a pointer for each group of columns. */
export interface Columns {
  /** Vectors side by side. */
  readonly vectors: number;
  /** Where it is given, one vector of which only this many lanes are in range. */
  readonly count: Integer | undefined;
  load(from: Pointer<'f32'>): F32[];
  store(values: readonly F32[], at: Pointer<'f32'>): void;
}

/**
 * Goes over `inner` columns, as many vectors at a time as are folded side by side, then single ones, then the tail.
 * @param pointers are advanced from one group of columns to the next; the first one's elements decide on lanes.
 */
export function overColumns(
  k: KernelBuilder,
  inner: Integer,
  pointers: readonly Pointer<'f32'>[],
  body: (columns: Columns) => void,
): void {
  const lanes = k.lanes(pointers[0]!.element);
  const group = (vectors: number, count: Integer | undefined): void => {
    const each = [...Array(vectors).keys()];
    body({
      vectors,
      count,
      load: (from) => each.map((i) => (count ? k.loadPartial(from, 0, count) : k.load(from, i * lanes))),
      store: (values, at) => {
        for (const i of each) {
          if (count) k.storePartial(values[i]!, at, 0, count);
          else k.store(values[i]!, at, i * lanes);
        }
      },
    });
    for (const pointer of pointers) k.advance(pointer, count ?? vectors * lanes);
  };
  const vectors = k.shr(inner, Math.log2(lanes));
  const tail = k.and(inner, lanes - 1);
  k.loop(k.shr(vectors, Math.log2(SIDE_BY_SIDE)), () => group(SIDE_BY_SIDE, undefined));
  k.loop(k.and(vectors, SIDE_BY_SIDE - 1), () => group(1, undefined));
  k.when(tail, '>', 0, () => group(1, tail));
}
