// What gathering and scattering elements share: loops over an index that move between a place along one dimension, which the
// index names, and an operand of the index's shape.

import {
  type Integer,
  type IntegerArgument,
  integer,
  type KernelBuilder,
  type Pointer,
} from '@sconce/codegen';
import { dtypeBytes } from '../dtype.ts';
import { EngineError } from '../errors.ts';
import { checkShape, checkSizes, stridedRegionOf } from '../operands.ts';
import { withScratch } from '../runtime/executor.ts';
import { part, type Region } from '../runtime/region.ts';
import { forkNest, passTime } from '../threads/split.ts';
import type { AlongIndex, IndexDType, StridedSlice } from '../types.ts';
import { copyStrided } from './copy-strided.ts';
import { checkIndices } from './gather-elements-index.ts';
import { collapse, extent, KERNEL_RANK, overOuter } from './strided.ts';

/** Elements in one round of the innermost loop. */
const UNROLL = 8;

/** What loops are recorded for. */
export interface IndexedSpec {
  /**
   * The innermost loop. `line` and `side`: every element has an index of its own, neither indices nor the other operand have gaps, and
   * places lie in one line, or in lines that start side by side. `run`: all elements have the same index, and neither operand has
   * gaps. `steps`: anything else.
   */
  readonly mode: 'line' | 'side' | 'run' | 'steps';
  /** Of each element of the index. */
  readonly index: 'i32' | 'i64';
}

/** A kernel's families, one for each type of an index. */
export type ByIndex<F> = Readonly<Record<IndexedSpec['index'], F>>;

/** Makes them. */
export function byIndex<F>(make: (index: IndexedSpec['index']) => F): ByIndex<F> {
  return { i32: make('i32'), i64: make('i64') };
}

/** Makes them for every size of an element. */
export function byBytes<F>(
  make: (bytes: 1 | 2 | 4 | 8, index: IndexedSpec['index']) => F,
): Readonly<Record<1 | 2 | 4 | 8, ByIndex<F>>> {
  const of = (bytes: 1 | 2 | 4 | 8): ByIndex<F> => byIndex((index) => make(bytes, index));
  return { 1: of(1), 2: of(2), 4: of(4), 8: of(8) };
}

const operands = ['along', 'other', 'index'] as const;

type NestName = `${'n' | (typeof operands)[number]}${0 | 1 | 2 | 3}` | 'placeBytes';

/** Arguments of {@link indexedNest}: sizes from the innermost on, steps of each operand, and bytes from one place to the next. */
export const nestIntegers: Readonly<Record<NestName, IntegerArgument>> = {
  ...{ n0: integer(), n1: integer(), n2: integer(), n3: integer() },
  ...{ along0: integer(), along1: integer(), along2: integer(), along3: integer() },
  ...{ other0: integer(), other1: integer(), other2: integer(), other3: integer() },
  ...{ index0: integer(), index1: integer(), index2: integer(), index3: integer() },
  placeBytes: integer(),
};

/** Values of {@link nestIntegers}. */
export type NestIntegers = Readonly<Record<NestName, number>>;

/** Bodies of the innermost loop; `place` points to the element that an index names. */
export interface IndexedBody<P extends Pointer> {
  element(place: P, placeOffset: number, other: P, offset: number): void;
  /** Goes over `count` neighbours. */
  run(place: P, other: P, count: Integer): void;
}

/** Loops over up to four dimensions. */
export function indexedNest<P extends Pointer>(
  k: KernelBuilder<typeof nestIntegers>,
  { mode }: IndexedSpec,
  start: { readonly along: P; readonly other: P; readonly index: Pointer<'i64'> },
  body: IndexedBody<P>,
): void {
  const placeBytes = k.integer('placeBytes');
  const steps = operands.map((operand) => k.integer(`${operand}0`));
  const placeOf = (along: P, index: Pointer<'i64'>, offset: number): P => {
    const place = k.variable(along) as P;
    k.advanceBytes(place, k.mul(k.loadInteger(index, offset), placeBytes));
    return place;
  };
  const innermost = (along: P, other: P, index: Pointer<'i64'>): void => {
    const count = k.integer('n0');
    if (mode === 'run') {
      body.run(placeOf(along, index, 0), other, count);
      return;
    }
    if (mode === 'steps') {
      k.loop(count, () => {
        body.element(placeOf(along, index, 0), 0, other, 0);
        [along, other, index].forEach((pointer, i) => void k.advance(pointer, steps[i]!));
      });
      return;
    }
    const several = (elements: number): void => {
      for (let i = 0; i < elements; i++) {
        body.element(placeOf(along, index, i), mode === 'side' ? i : 0, other, i);
      }
      if (mode === 'side') k.advance(along, elements);
      k.advance(other, elements);
      k.advance(index, elements);
    };
    k.loop(k.shr(count, Math.log2(UNROLL)), () => several(UNROLL));
    k.loop(k.and(count, UNROLL - 1), () => several(1));
  };
  const nest = (dimension: 0 | 1 | 2 | 3, along: P, other: P, index: Pointer<'i64'>): void => {
    if (dimension === 0) {
      innermost(along, other, index);
      return;
    }
    const outer = operands.map((operand) => k.integer(`${operand}${dimension}`));
    k.loop(k.integer(`n${dimension}`), () => {
      nest(
        (dimension - 1) as 0 | 1 | 2,
        k.variable(along) as P,
        k.variable(other) as P,
        k.variable(index) as Pointer<'i64'>,
      );
      [along, other, index].forEach((pointer, i) => void k.advance(pointer, outer[i]!));
    });
  };
  nest(3, start.along, start.other, start.index);
}

/** A call of a kernel over an index. */
interface IndexedCall {
  readonly kernel: string;
  readonly index: AlongIndex;
  /** The operand with places, by the name that its caller knows. */
  readonly along: { readonly name: string; readonly slice: StridedSlice; readonly written: boolean };
  readonly other: { readonly name: string; readonly slice: StridedSlice; readonly written: boolean };
  readonly elementBytes: number;
}

/** Regions of a launch, and the integers of its nest. */
export interface IndexedLaunch {
  readonly spec: IndexedSpec;
  readonly along: Region;
  readonly other: Region;
  readonly index: Region;
  readonly integers: NestIntegers;
}

/** Checks a call's operands and indices, then launches a kernel for each four dimensions that are left of its shape. */
export function overIndex(call: IndexedCall, launch: (launch: IndexedLaunch) => void): void {
  const { kernel, elementBytes } = call;
  const { shape, dim, size, dtype = 'int64' } = call.index;
  checkShape(kernel, shape);
  checkSizes(kernel, { size });
  if (!Number.isSafeInteger(dim) || dim < 0 || dim >= shape.length) {
    throw new EngineError(kernel, 'invalid dim', `0 to ${shape.length - 1}`, dim);
  }
  if (size > LAST) throw new EngineError(kernel, 'invalid size', `at most ${LAST}`, size);
  const step = call.along.slice.strides[dim]!;
  const along = stridedRegionOf(
    kernel,
    call.along.name,
    call.along.slice,
    shape.includes(0) ? shape : shape.with(dim, size),
    elementBytes,
  );
  const other = stridedRegionOf(kernel, call.other.name, call.other.slice, shape, elementBytes);
  const index = stridedRegionOf(kernel, 'index', call.index, shape, dtypeBytes[dtype]);
  for (const { name, slice, written } of [call.along, call.other]) {
    const free = slice === call.along.slice ? shape.with(dim, 1) : shape;
    const repeated = free.findIndex((extent, d) => extent > 1 && slice.strides[d] === 0);
    if (written && repeated >= 0) {
      throw new EngineError(kernel, `${name} repeats its elements in dimension ${repeated}`);
    }
  }
  if (shape.includes(0)) return;
  checkTouched(kernel, call.index, index, dtype);
  const lines = call.along.slice.strides.with(dim, 0);
  const collapsed = collapse({
    shape,
    strides: [rowMajor(shape), lines, call.other.slice.strides, call.index.strides],
  });
  overOuter(collapsed, KERNEL_RANK, ([, ...offsets], { shape: inner, strides: [, ...strides] }) => {
    const [alongSteps, otherSteps, indexSteps] = strides as [number[], number[], number[]];
    const time = passTime(4 * inner.reduce((product, extent) => product * extent, 1));
    // What is written by index is divided between lines only, so that no two threads write to the same place.
    const divisible = inner.map((extent, d) => (call.along.written && alongSteps[d] === 0 ? 1 : extent));
    forkNest(divisible, time, (dimension, first, { [dimension]: some }) => {
      const sizes = inner.with(dimension, divisible[dimension] === 1 ? inner[dimension]! : some!);
      const reach = (steps: readonly number[]): number => extent(sizes, steps);
      const from = (operand: number): number => offsets[operand]! + first * strides[operand]![dimension]!;
      launch({
        spec: { mode: modeOf(strides), index: dtype === 'int64' ? 'i64' : 'i32' },
        along: part(along, from(0), reach(alongSteps) + (size - 1) * step, elementBytes),
        other: part(other, from(1), reach(otherSteps), elementBytes),
        index: part(index, from(2), reach(indexSteps), dtypeBytes[dtype]),
        integers: {
          ...{ n0: sizes[3]!, n1: sizes[2]!, n2: sizes[1]!, n3: sizes[0]! },
          ...stepsOf('along', alongSteps),
          ...stepsOf('other', otherSteps),
          ...stepsOf('index', indexSteps),
          placeBytes: step * elementBytes,
        } as NestIntegers,
      });
    });
  });
}

const LAST = 2 ** 31 - 1;

function stepsOf(operand: string, steps: readonly number[]): Record<string, number> {
  return Object.fromEntries(steps.map((step, d) => [`${operand}${KERNEL_RANK - 1 - d}`, step]));
}

function modeOf(strides: readonly (readonly number[])[]): IndexedSpec['mode'] {
  const [along, other, index] = strides.map((steps) => steps[KERNEL_RANK - 1]);
  if (other !== 1) return 'steps';
  if (index === 1) return along === 0 ? 'line' : along === 1 ? 'side' : 'steps';
  return index === 0 && along === 1 ? 'run' : 'steps';
}

function rowMajor(shape: readonly number[]): number[] {
  let step = 1;
  return shape
    .toReversed()
    .map((size) => {
      const mine = step;
      step *= size;
      return mine;
    })
    .reverse();
}

/** Checks the indices that are touched: where they lie, or in a dense copy if they have gaps between them. */
function checkTouched(kernel: string, p: AlongIndex, index: Region, dtype: IndexDType): void {
  const { strides, shape, size, outOfRange } = p;
  const steps = collapse({
    shape: shape.map((extent, d) => (strides[d] === 0 ? 1 : extent)),
    strides: [strides],
  });
  const count = steps.shape.reduce((product, extent) => product * extent, 1);
  if (count * dtypeBytes[dtype] === index.bytes) {
    checkIndices(kernel, index, dtype, size, outOfRange);
    return;
  }
  withScratch((count * dtypeBytes[dtype]) / 4, (scratch) => {
    const to = { storage: scratch.storage!, offset: 0, strides: rowMajor(steps.shape) };
    const from = { storage: p.storage, offset: p.offset, strides: steps.strides[0]! };
    copyStrided({ from, to, shape: steps.shape, elementBytes: dtypeBytes[dtype] });
    checkIndices(kernel, part(scratch, 0, count, dtypeBytes[dtype]), dtype, size, outOfRange);
  });
}
