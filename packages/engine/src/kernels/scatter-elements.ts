// Elements written to, or folded into, places that an index names along one dimension: scatter, scatterAdd and their like.

import { inout, input, type Pointer, type Vector } from '@sconce/codegen';
import { EngineError } from '../errors.ts';
import { executor } from '../runtime/executor.ts';
import { type Family, family, type Region } from '../runtime/family.ts';
import type { FoldElementsDType, FoldElementsParameters, ScatterElementsParameters } from '../types.ts';
import {
  type ByIndex,
  byBytes,
  byIndex,
  type IndexedSpec,
  indexedNest,
  type NestIntegers,
  nestIntegers,
  overIndex,
} from './gather-elements-nest.ts';
import { copyRun, elementTypes } from './row-copy.ts';
import { foldOf } from './typed/fold-groups.ts';
import { layoutOf } from './typed/lanes.ts';

type ScatterArguments = Readonly<Record<'x' | 'source' | 'index', Region>> & NestIntegers;
const scatterFamilies = byBytes(scatterFamily);

interface FoldSpec extends IndexedSpec {
  readonly op: FoldElementsParameters['op'];
}

const foldFamilies: Readonly<Record<FoldElementsDType, ByIndex<Family<FoldSpec, ScatterArguments>>>> = {
  float32: byIndex((index) => foldFamily('float32', index)),
  float64: byIndex((index) => foldFamily('float64', index)),
  int32: byIndex((index) => foldFamily('int32', index)),
  int64: byIndex((index) => foldFamily('int64', index)),
};

function scatterFamily(
  bytes: 1 | 2 | 4 | 8,
  index: IndexedSpec['index'],
): Family<IndexedSpec, ScatterArguments> {
  const element = elementTypes[bytes];
  const contract = { x: inout(element), source: input(element), index: input(index), ...nestIntegers };
  return family(`scatter-elements-${element}`, contract, (k, spec) => {
    const start = {
      along: k.pointer('x') as Pointer<'f32'>,
      other: k.pointer('source') as Pointer<'f32'>,
      index: k.pointer('index') as Pointer<'i64'>,
    };
    indexedNest(k, spec, start, {
      element: (place, at, source, offset) => k.copyElement(source, offset, place, at),
      run: (place, source, count) => copyRun(k, source, place, count),
    });
  });
}

/** To the compiler all lanes are f32; pointers say what they are. */
function foldFamily(
  dtype: FoldElementsDType,
  index: IndexedSpec['index'],
): Family<FoldSpec, ScatterArguments> {
  const element = layoutOf[dtype].lane as 'f32';
  const contract = { x: inout(element), source: input(element), index: input(index), ...nestIntegers };
  return family(`fold-elements-${dtype}`, contract, (k, spec) => {
    const { combine } = foldOf(spec.op, dtype);
    const start = {
      along: k.pointer('x'),
      other: k.pointer('source'),
      index: k.pointer('index') as Pointer<'i64'>,
    };
    const lanes = k.lanes(element);
    indexedNest(k, spec, start, {
      element: (place, at, source, offset) =>
        k.storeFirst(combine(k, k.broadcast(place, at), k.broadcast(source, offset)), place, at),
      run: (place, source, count) => {
        k.loop(k.shr(count, Math.log2(lanes)), () => {
          k.store(combine(k, k.load(place), k.load(source)), place);
          k.advance(place, lanes);
          k.advance(source, lanes);
        });
        const tail = k.and(count, lanes - 1);
        const [old, value]: Vector<'f32'>[] = [k.loadPartial(place, 0, tail), k.loadPartial(source, 0, tail)];
        k.storePartial(combine(k, old!, value!), place, 0, tail);
      },
    });
  });
}

function overPlaces(
  kernel: string,
  p: ScatterElementsParameters | FoldElementsParameters,
  elementBytes: 1 | 2 | 4 | 8,
  kernelOf: (spec: IndexedSpec) => ReturnType<Family<IndexedSpec, ScatterArguments>>,
): void {
  const along = { name: 'x', slice: p.x, written: true };
  const other = { name: 'source', slice: p.source, written: false };
  overIndex({ kernel, index: p.index, along, other, elementBytes }, (launch) => {
    executor().launch(kernelOf(launch.spec), {
      x: launch.along,
      source: launch.other,
      index: launch.index,
      ...launch.integers,
    });
  });
}

/**
 * `x[i with index[i] along dim] = source[i]` for each place `i` of the index's shape, bit for bit; where places repeat, the last one
 * stays. As PyTorch's scatter. The slices must not overlap.
 *
 * @throws EngineError when an index is out of range, before anything is written; when a size is invalid, `x` repeats elements or a
 * slice is too small.
 */
export function scatterElements(p: ScatterElementsParameters): void {
  overPlaces('scatterElements', p, p.elementBytes, (spec) =>
    scatterFamilies[p.elementBytes][spec.index](spec),
  );
}

/**
 * As {@link scatterElements}, but folds each element into what lies at its place, in the order of the index: by addition,
 * multiplication, maximum or minimum (NaN where either is). Integers wrap around. As PyTorch's scatter_add and scatter_reduce.
 *
 * @throws EngineError as {@link scatterElements} does, and for a dtype that it does not compute in.
 */
export function foldElements(p: FoldElementsParameters): void {
  const { op, dtype } = p;
  const ofType = foldFamilies[dtype] as (typeof foldFamilies)[FoldElementsDType] | undefined;
  if (ofType === undefined) {
    throw new EngineError('foldElements', 'invalid dtype', Object.keys(foldFamilies).join(', '), dtype);
  }
  const bytes = dtype.endsWith('64') ? 8 : 4;
  overPlaces('foldElements', p, bytes, ({ mode, index }) => ofType[index]({ mode, index, op }));
}
