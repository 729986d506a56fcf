// Running sums, products and extrema along one axis of [outer, size, inner].

import {
  type Integer,
  type IntegerArgument,
  input,
  integer,
  type KernelBuilder,
  type LaneType,
  type Mask,
  output,
  type Pointer,
  type PointerArgument,
  type Vector,
} from '@sconce/codegen';
import { dtypeBytes, isIntegerDType } from '../dtype.ts';
import { EngineError } from '../errors.ts';
import { checkSizes, regionOf } from '../operands.ts';
import { executor } from '../runtime/executor.ts';
import { family, type Launchable } from '../runtime/family.ts';
import { nothing, part, type Region } from '../runtime/region.ts';
import { forkRanges, LINE_ELEMENTS, passTime } from '../threads/split.ts';
import type { FoldElementsDType, ScanParameters } from '../types.ts';
import type { Fold } from './fold.ts';
import { foldOf, groupsAside, loadColumns, overTypedColumns } from './typed/fold-groups.ts';
import { groupLanes, layoutOf, loadGroup, partsOf, storeGroup, type Tail, tailOf } from './typed/lanes.ts';

/** To the compiler all lanes are f32; vectors say what they are. */
type Lanes = Vector<'f32'>;

interface ScanSpec {
  readonly op: ScanParameters['op'];
  readonly indices: boolean;
  readonly along: 'row' | 'columns';
}

interface ScanArguments {
  readonly x: Region;
  readonly y: Region;
  readonly indices: Region;
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
  readonly step: number;
}

type ScanContract = Record<'x' | 'y', PointerArgument<'f32'>> &
  Record<'indices', PointerArgument<'i64'>> &
  Record<'outer' | 'size' | 'inner' | 'step', IntegerArgument>;

const families: Record<FoldElementsDType, (spec: ScanSpec) => Launchable<ScanArguments>> = {
  float32: scanFamily('float32'),
  float64: scanFamily('float64'),
  int32: scanFamily('int32'),
  int64: scanFamily('int64'),
};

function scanFamily(dtype: FoldElementsDType): (spec: ScanSpec) => Launchable<ScanArguments> {
  const { element } = layoutOf[dtype];
  const contract = {
    x: input(element),
    y: output(element),
    indices: output('i64'),
    ...{ outer: integer(), size: integer(), inner: integer(), step: integer() },
  };
  return family(`scan-${dtype}`, contract, (k, spec: ScanSpec) => {
    const builder = k as unknown as KernelBuilder<ScanContract>;
    if (spec.along === 'row') recordRow(builder, spec, dtype);
    else recordColumns(builder, spec, dtype);
  }) as unknown as (spec: ScanSpec) => Launchable<ScanArguments>;
}

/** How a scan of a dtype is computed: float32 sums and products in float64, rounded where they are stored, as PyTorch does. */
interface Computing {
  readonly fold: Fold;
  readonly lane: 'f32';
  widen(k: KernelBuilder, parts: readonly Vector[]): Lanes[];
  narrow(k: KernelBuilder, parts: readonly Lanes[]): readonly Vector[];
}

function computingOf({ op }: ScanSpec, dtype: FoldElementsDType): Computing {
  const folds = { sum: 'add', prod: 'mul', max: 'max', min: 'min' } as const;
  if (dtype === 'float32' && (op === 'sum' || op === 'prod')) {
    return {
      fold: foldOf(folds[op], 'float64'),
      lane: 'f64' as 'f32',
      widen: (k, [part]) =>
        (['low', 'high'] as const).map((half) => k.widen('f64', part as Lanes, half) as Vector as Lanes),
      narrow: (k, [low, high]) => [
        k.narrow('f32', low as Vector as Vector<'f64'>, high as Vector as Vector<'f64'>),
      ],
    };
  }
  return {
    fold: foldOf(folds[op], dtype),
    lane: layoutOf[dtype].lane as 'f32',
    widen: (_, parts) => parts as Lanes[],
    narrow: (_, parts) => parts,
  };
}

/** Masks of the lanes whose number has a bit set, by that bit's value. */
type HalfMasks = ReadonlyMap<number, Mask>;

function halfMasks(k: KernelBuilder, lane: LaneType): HalfMasks {
  const masks = new Map<number, Mask>();
  for (let distance = 1; distance < k.lanes(lane); distance *= 2) {
    const bit = k.constant(lane, (i) => (i & distance ? 1 : 0));
    masks.set(distance, k.compare(bit, '>', 0));
  }
  return masks;
}

/**
 * Scans the lanes of a vector by blocks of two, four and more lanes, whose totals every lane knows, and goes on from `carry`, which
 * becomes what the next vector goes on from.
 */
function scanLanes(k: KernelBuilder, { combine }: Fold, masks: HalfMasks, value: Lanes, carry: Lanes): Lanes {
  let [prefix, total] = [value, value];
  for (const [distance, upper] of masks) {
    const beside = k.shuffle('swap', total, total, distance);
    prefix = k.select(upper, combine(k, beside, prefix), prefix);
    total = combine(k, total, beside);
  }
  const result = combine(k, carry, prefix);
  k.assign(carry, combine(k, carry, total));
  return result;
}

/** Where an element stands that is its own running extremum; -1 elsewhere. A NaN always is, and what follows it never. */
function ownPlaces(
  k: KernelBuilder,
  dtype: FoldElementsDType,
  value: Lanes,
  running: Lanes,
  place: Vector<'i32'>,
): Vector<'i32'> {
  const equal = k.compare(value, '==', running);
  const taken = isIntegerDType(dtype) ? equal : k.or(equal, k.isNaN(value));
  return k.select<'i32'>(taken, place, -1);
}

const latest: Fold = { identity: -1, combine: (k, a, b) => k.max(a, b) };

/** The lane type of places, as wide as elements; i64 is i32 to the compiler. */
function placeLane(dtype: FoldElementsDType): 'i32' {
  return (partsOf(dtype) === 2 ? 'i64' : 'i32') as 'i32';
}

function storePlaces(
  k: KernelBuilder,
  places: readonly Vector<'i32'>[],
  at: Pointer<'i64'>,
  offset: number,
  tail: Tail | undefined,
): void {
  const [first] = places;
  const parts =
    places.length === 2 ? places : (['low', 'high'] as const).map((half) => k.widen('i64', first!, half));
  storeGroup(k, { type: 'int64', parts }, at, 'int64', offset, tail);
}

function recordRow(k: KernelBuilder<ScanContract>, spec: ScanSpec, dtype: FoldElementsDType): void {
  const { fold, lane, widen, narrow } = computingOf(spec, dtype);
  const [x, y, indices] = [k.pointer('x'), k.pointer('y'), k.pointer('indices')];
  const size = k.integer('size');
  const lanes = groupLanes(k);
  const parts = partsOf(dtype);
  const place = placeLane(dtype);
  const masks = halfMasks(k, lane);
  const placeMasks = halfMasks(k, place);
  // counted once, so that masks of what is left of rows are made once
  const whole = k.shr(size, Math.log2(lanes));
  const rest = k.and(size, lanes - 1);
  const tail = tailOf(k, rest, true);
  k.loop(k.integer('outer'), () => {
    const carry = k.variable(k.constant(lane, fold.identity));
    const latestPlace = k.variable(k.constant(place, latest.identity));
    const places = Array.from({ length: parts }, (_, i) =>
      k.variable(k.constant(place, (l) => l + i * k.lanes(place))),
    );
    const group = (tail: Tail | undefined): void => {
      const loaded = loadGroup(k, x, dtype, 0, tail).parts;
      const running = widen(k, loaded).map((value) => scanLanes(k, fold, masks, value, carry));
      storeGroup(k, { type: dtype, parts: narrow(k, running) }, y, dtype, 0, tail);
      if (!spec.indices) return;
      const found = running.map((value, i) => {
        const own = ownPlaces(k, dtype, loaded[i] as Lanes, value, places[i]!);
        return scanLanes(k, latest, placeMasks, own as Vector as Lanes, latestPlace as Vector as Lanes);
      });
      storePlaces(k, found as Vector[] as Vector<'i32'>[], indices, 0, tail);
    };
    const advance = (count: Integer | number): void => {
      for (const pointer of [x, y, ...(spec.indices ? [indices] : [])]) k.advance(pointer, count);
    };
    k.loop(whole, () => {
      group(undefined);
      if (spec.indices) for (const each of places) k.assign(each, k.add(each, lanes));
      advance(lanes);
    });
    k.when(rest, '>', 0, () => {
      group(tail);
      advance(rest);
    });
  });
}

function recordColumns(k: KernelBuilder<ScanContract>, spec: ScanSpec, dtype: FoldElementsDType): void {
  const { fold, lane, widen, narrow } = computingOf(spec, dtype);
  const [x, y, indices] = [k.pointer('x'), k.pointer('y'), k.pointer('indices')];
  const [size, inner, step] = [k.integer('size'), k.integer('inner'), k.integer('step')];
  const lanes = groupLanes(k);
  const parts = partsOf(dtype);
  const place = placeLane(dtype);
  const identity = k.constant(lane, fold.identity);
  const line = k.mul(size, step);
  k.loop(k.integer('outer'), () => {
    const starts = [k.variable(x), k.variable(y), k.variable(indices)] as const;
    overTypedColumns(k, inner, groupsAside(dtype), true, starts, ({ groups, tail }) => {
      const [from, to, placesTo] = [k.variable(starts[0]), k.variable(starts[1]), k.variable(starts[2])];
      const carries = Array.from({ length: groups }, () =>
        Array.from({ length: lane === layoutOf[dtype].lane ? parts : 2 }, () => k.variable(identity)),
      );
      const found = carries.map((each) => each.map(() => k.zero(place)));
      const current = k.zero(place);
      k.loop(size, () => {
        loadColumns(k, from, dtype, { groups, tail }).forEach(({ parts: loaded }, g) => {
          const running = carries[g]!;
          widen(k, loaded).forEach((value, i) => {
            k.assign(running[i]!, fold.combine(k, running[i]!, value));
            if (!spec.indices) return;
            const own = ownPlaces(k, dtype, value, running[i]!, current);
            k.assign(found[g]![i]!, k.max(found[g]![i]!, own));
          });
          storeGroup(k, { type: dtype, parts: narrow(k, running) }, to, dtype, g * lanes, tail);
          if (spec.indices) storePlaces(k, found[g]!, placesTo, g * lanes, tail);
        });
        if (spec.indices) k.assign(current, k.add(current, 1));
        for (const pointer of [from, to, ...(spec.indices ? [placesTo] : [])]) k.advance(pointer, step);
      });
    });
    for (const pointer of [x, y, ...(spec.indices ? [indices] : [])]) k.advance(pointer, line);
  });
}

const LAST = 2 ** 31 - 1;

/**
 * `y[o, s, i]` is the sum (product, maximum, minimum) of `x[o, 0, i]` to `x[o, s, i]`. As PyTorch's cumsum, cumprod, cummax and cummin:
 * float32 sums and products are computed in float64 and rounded where they are stored, integers wrap around, extrema are NaN from the
 * first NaN on. Along neighbours (`inner` 1) sums and products of floats are formed by blocks of lanes, not one by one.
 *
 * @throws EngineError when a size or dtype is invalid, a slice is too small, or `indices` are asked for of sums.
 */
export function scan(p: ScanParameters): void {
  const { op, outer, size, inner, dtype = 'float32' } = p;
  checkSizes('scan', { outer, size, inner });
  const ofType = families[dtype] as (typeof families)[FoldElementsDType] | undefined;
  if (ofType === undefined) {
    throw new EngineError('scan', 'invalid dtype', Object.keys(families).join(', '), dtype);
  }
  if (size > LAST) throw new EngineError('scan', 'invalid size', `at most ${LAST}`, size);
  if (p.indices !== undefined && op !== 'max' && op !== 'min') {
    throw new EngineError('scan', 'indices of an operation without places', 'max or min', op);
  }
  const bytes = dtypeBytes[dtype];
  const elements = outer * size * inner;
  const x = regionOf('scan', 'x', p.x, elements, bytes);
  const y = regionOf('scan', 'y', p.y, elements, bytes);
  const indices = p.indices && regionOf('scan', 'indices', p.indices, elements, 8);
  if (elements === 0) return;
  const current = executor();
  const kernel = ofType({ op, indices: indices !== undefined, along: inner === 1 ? 'row' : 'columns' });
  const launch = (first: number, touched: number, rows: number, columns: number): void =>
    current.launch(kernel, {
      x: part(x, first, touched, bytes),
      y: part(y, first, touched, bytes),
      indices: indices ? part(indices, first, touched, 8) : nothing,
      ...{ outer: rows, size, inner: columns, step: inner },
    });
  const time = 2 * passTime((elements * bytes) / 4);
  if (outer > 1 || inner === 1) {
    forkRanges(outer, time, (first, count) =>
      launch(first * size * inner, count * size * inner, count, inner),
    );
  } else {
    const touched = (count: number): number => (size - 1) * inner + count;
    forkRanges(inner, time, (first, count) => launch(first, touched(count), 1, count), LINE_ELEMENTS);
  }
}
