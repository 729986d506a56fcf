// Softmax and its logarithm along one axis of [outer, size, inner], in three passes: maximum, sum of exponentials,
// result.

import {
  exp,
  type Integer,
  input,
  integer,
  type KernelBuilder,
  log,
  output,
  type Pointer,
  type Vector,
} from '@sconce/codegen';
import { floatLanes } from '../float-type.ts';
import { checkSizes, regionOf } from '../operands.ts';
import { executor } from '../runtime/executor.ts';
import { part, type Region } from '../runtime/region.ts';
import { forkRanges, passTime } from '../threads/split.ts';
import type { SoftmaxParameters } from '../types.ts';
import { floatFamily } from './float-family.ts';

type F32 = Vector<'f32'>;

/** What a softmax is recorded for. */
interface SoftmaxSpec {
  readonly log: boolean;
  /** Along neighbouring elements, or across rows of neighbours. */
  readonly along: 'row' | 'columns';
  /** Vectors of a row that is short enough to stay in registers; 0 otherwise. */
  readonly held: number;
}

/** Registers that each vector of a row takes, with what its exponential needs. */
const REGISTERS = 4;
/** Vectors of longer rows side by side. */
const SIDE_BY_SIDE = 4;

const softmaxContract = (type: 'f32') => ({
  x: input(type),
  y: output(type),
  outer: integer(),
  size: integer(),
  inner: integer(),
});
type Builder = KernelBuilder<ReturnType<typeof softmaxContract>>;

// A maximum may pass over NaN: its exponential makes the sum NaN, and with it the row.

/** Folds vectors pair by pair. */
function fold(values: readonly F32[], combine: (a: F32, b: F32) => F32): F32 {
  if (values.length === 1) return values[0]!;
  const half = Math.ceil(values.length / 2);
  return fold(
    Array.from({ length: half }, (_, i) =>
      i + half < values.length ? combine(values[i]!, values[i + half]!) : values[i]!,
    ),
    combine,
  );
}

/** Rows that stay in registers from the first load to the store, two side by side where they are short. */
function heldRows(k: Builder, type: 'f32', spec: SoftmaxSpec): void {
  const lanes = k.lanes(type);
  const [x, y, size, outer] = [k.pointer('x'), k.pointer('y'), k.integer('size'), k.integer('outer')];
  const lowest = k.constant(type, Number.NEGATIVE_INFINITY);
  const last = (spec.held - 1) * lanes;
  const tail = k.sub(size, last);
  const pmax = (a: F32, b: F32): F32 => k.pmax(a, b);
  const places = Array.from({ length: spec.held }, (_, i) => i * lanes);
  const some = (rows: number): void => {
    const starts = Array.from({ length: rows }, () => {
      const at = { from: k.variable(x), to: k.variable(y) };
      k.advance(x, size);
      k.advance(y, size);
      return at;
    });
    // Lanes beyond the end hold minus infinity, whose exponential adds nothing.
    const values = starts.map(({ from }) =>
      places.map((place) => (place === last ? k.loadPartial(from, last, tail, lowest) : k.load(from, place))),
    );
    const shifts = values.map((row) => k.reduce(fold(row, pmax), pmax));
    const shifted = values.map((row, r) => minus(k, row, shifts[r]!));
    const powers = shifted.map((row) => row.map((value) => exp(k, value)));
    const totals = powers.map((row) => k.reduceSum(fold(row, (a, b) => k.add(a, b))));
    const results = totals.map((total, r) =>
      spec.log ? minus(k, shifted[r]!, log(k, total)) : times(k, powers[r]!, k.div(1, total)),
    );
    for (const [r, { to }] of starts.entries()) {
      for (const [i, place] of places.entries()) {
        if (place === last) k.storePartial(results[r]![i]!, to, last, tail);
        else k.store(results[r]![i]!, to, place);
      }
    }
  };
  const most = 2 * spec.held * REGISTERS <= k.vectorRegisters ? 2 : 1;
  k.loop(k.shr(outer, most - 1), () => some(most));
  if (most > 1) k.loop(k.and(outer, 1), () => some(1));
}

const minus = (k: Builder, values: readonly F32[], by: F32): F32[] => values.map((value) => k.sub(value, by));
const times = (k: Builder, values: readonly F32[], by: F32): F32[] => values.map((value) => k.mul(value, by));

/** Rows in three passes. */
function longRows(k: Builder, type: 'f32', spec: SoftmaxSpec): void {
  const lanes = k.lanes(type);
  const [x, y, size] = [k.pointer('x'), k.pointer('y'), k.integer('size')];
  const lowest = k.constant(type, Number.NEGATIVE_INFINITY);
  const vectors = k.shr(size, Math.log2(lanes));
  const tail = k.and(size, lanes - 1);
  const pass = (map: (values: F32[]) => readonly F32[] | undefined, source: Pointer<'f32'>): void => {
    const [from, to] = [k.variable(source), k.variable(y)];
    const group = (count: number): void => {
      const results = map(Array.from({ length: count }, (_, i) => k.load(from, i * lanes)));
      results?.forEach((result, i) => void k.store(result, to, i * lanes));
      k.advance(from, count * lanes);
      k.advance(to, count * lanes);
    };
    k.loop(k.shr(vectors, Math.log2(SIDE_BY_SIDE)), () => group(SIDE_BY_SIDE));
    k.loop(k.and(vectors, SIDE_BY_SIDE - 1), () => group(1));
    k.when(tail, '>', 0, () => {
      const [result] = map([k.loadPartial(from, 0, tail, lowest)]) ?? [];
      if (result) k.storePartial(result, to, 0, tail);
    });
  };
  k.loop(k.integer('outer'), () => {
    const pmax = (a: F32, b: F32): F32 => k.pmax(a, b);
    const largest = Array.from({ length: SIDE_BY_SIDE }, () => k.variable(lowest));
    pass((values) => {
      for (const [i, value] of values.entries()) k.assign(largest[i]!, k.pmax(largest[i]!, value));
      return undefined;
    }, x);
    const shift = k.reduce(fold(largest, pmax), pmax);
    const sums = Array.from({ length: SIDE_BY_SIDE }, () => k.zero(type));
    pass((values) => {
      const powers = minus(k, values, shift).map((value) => exp(k, value));
      for (const [i, power] of powers.entries()) k.assign(sums[i]!, k.add(sums[i]!, power));
      return spec.log ? undefined : powers;
    }, x);
    const total = k.reduceSum(fold(sums, (a, b) => k.add(a, b)));
    if (spec.log) {
      const logarithm = log(k, total);
      pass((values) => minus(k, minus(k, values, shift), logarithm), x);
    } else {
      const factor = k.div(1, total);
      pass((values) => times(k, values, factor), y);
    }
    k.advance(x, size);
    k.advance(y, size);
  });
}

/** `y` from `x`, both `[outer, size, inner]`; `inner` is 1 along rows. */
const softmaxKernel = floatFamily('softmax', softmaxContract, (k, spec: SoftmaxSpec, type) => {
  const lanes = k.lanes(type);
  const [x, y] = [k.pointer('x'), k.pointer('y')];
  const [size, inner] = [k.integer('size'), k.integer('inner')];
  const lowest = k.constant(type, Number.NEGATIVE_INFINITY);

  if (spec.along === 'row') {
    if (spec.held > 0) heldRows(k, type, spec);
    else longRows(k, type, spec);
    return;
  }

  const columns = (from: Pointer<'f32'>, to: Pointer<'f32'>, count: Integer | undefined): void => {
    const load = (at: Pointer<'f32'>): Vector<'f32'> => (count ? k.loadPartial(at, 0, count) : k.load(at));
    const store = (value: Vector<'f32'>, at: Pointer<'f32'>): void => {
      if (count) k.storePartial(value, at, 0, count);
      else k.store(value, at);
    };
    const pass = (body: (source: Pointer<'f32'>, result: Pointer<'f32'>) => void): void => {
      const [source, result] = [k.variable(from), k.variable(to)];
      k.loop(size, () => {
        body(source, result);
        k.advance(source, inner);
        k.advance(result, inner);
      });
    };
    const shift = k.variable(lowest);
    pass((source) => k.assign(shift, k.pmax(shift, load(source))));
    const sum = k.zero(type);
    pass((source, result) => {
      const power = exp(k, k.sub(load(source), shift));
      k.assign(sum, k.add(sum, power));
      if (!spec.log) store(power, result);
    });
    const logarithm = spec.log ? log(k, sum) : undefined;
    const factor = spec.log ? undefined : k.div(1, sum);
    pass((source, result) => {
      if (logarithm) store(k.sub(k.sub(load(source), shift), logarithm), result);
      else if (factor) store(k.mul(load(result), factor), result);
    });
    k.advance(from, count ?? lanes);
    k.advance(to, count ?? lanes);
  };
  const plane = k.mul(size, inner);
  const tail = k.and(inner, lanes - 1);
  k.loop(k.integer('outer'), () => {
    const [from, to] = [k.variable(x), k.variable(y)];
    k.loop(k.shr(inner, Math.log2(lanes)), () => columns(from, to, undefined));
    k.when(tail, '>', 0, () => columns(from, to, tail));
    k.advance(x, plane);
    k.advance(y, plane);
  });
});

/**
 * Softmax of `x[outer, size, inner]` along `size`, or its logarithm; `y` may be `x`. As in PyTorch, a NaN or a plus
 * infinity makes its whole row NaN.
 *
 * @throws EngineError when a size is invalid or a slice too small.
 */
export function softmax(p: SoftmaxParameters): void {
  const { outer, size, inner } = p;
  checkSizes('softmax', { outer, size, inner });
  const { type, bytes } = floatLanes('softmax', p.dtype);
  const count = outer * size * inner;
  const x = regionOf('softmax', 'x', p.x, count, bytes);
  const y = regionOf('softmax', 'y', p.y, count, bytes);
  const current = executor();
  const { target } = current;
  const vectors = Math.ceil(size / target.lanes(type));
  const held = inner === 1 && vectors <= target.vectorRegisters / REGISTERS ? vectors : 0;
  const kernel = softmaxKernel[type]({ log: p.log ?? false, along: inner === 1 ? 'row' : 'columns', held });
  const row = size * inner;
  forkRanges(outer, passTime((3 * count * bytes) / 4), (first, rows) => {
    const some = (all: Region): Region => part(all, first * row, rows * row, bytes);
    const values = { x: some(x), y: some(y) };
    current.launch(kernel, { ...values, outer: rows, size, inner });
  });
}
