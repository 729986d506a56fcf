// Reductions along one axis of [outer, size, inner], of every dtype: across lanes where the axis is contiguous, lane by lane
// otherwise. Long axes are folded in chunks first, whose size follows from the shape alone.

import {
  type Contract,
  type IntegerArgument,
  input,
  integer,
  type KernelBuilder,
  output,
  type PointerArgument,
  type ScalarArgument,
  scalar,
  type Vector,
} from '@sconce/codegen';
import { type ComputeType, computeTypeOf, dtypeBytes, type EngineDType, isIntegerDType } from '../dtype.ts';
import { EngineError } from '../errors.ts';
import { checkSizes, regionOf } from '../operands.ts';
import { executor } from '../runtime/executor.ts';
import { family, type Launchable } from '../runtime/family.ts';
import { part, type Region, wholeOf } from '../runtime/region.ts';
import { forkRanges, passTime } from '../threads/split.ts';
import type { ReduceOp, ReduceParameters } from '../types.ts';
import { checkedDType, dtypeNumber } from './fused-elementwise.ts';
import { cast, castBits, fromTruth, isNonZero } from './typed/cast.ts';
import {
  type FoldOp,
  foldOf,
  foldTypedColumns,
  foldTypedRow,
  groupsAside,
  overTypedColumns,
} from './typed/fold-groups.ts';
import { groupLanes, layoutOf, partsOf, storeGroup, type Value } from './typed/lanes.ts';

/** A reduction: what is made of elements, how these are folded, and what is made of the total. */
interface Reduction {
  readonly map: 'none' | 'magnitude' | 'square' | 'truth';
  readonly fold: FoldOp;
  readonly finish: 'none' | 'divide' | 'root';
}

const reductions: Record<ReduceOp, Reduction> = {
  sum: { map: 'none', fold: 'add', finish: 'none' },
  mean: { map: 'none', fold: 'add', finish: 'divide' },
  max: { map: 'none', fold: 'max', finish: 'none' },
  min: { map: 'none', fold: 'min', finish: 'none' },
  prod: { map: 'none', fold: 'mul', finish: 'none' },
  norm1: { map: 'magnitude', fold: 'add', finish: 'none' },
  norm2: { map: 'square', fold: 'add', finish: 'root' },
  any: { map: 'truth', fold: 'max', finish: 'none' },
  all: { map: 'truth', fold: 'min', finish: 'none' },
};

/** What a reduction is recorded for. */
interface ReduceSpec extends Reduction {
  /** Along neighbouring elements, or across rows of neighbours. */
  readonly along: 'row' | 'columns';
  readonly from: EngineDType;
  readonly to: EngineDType;
  /** What is folded in. */
  readonly type: ComputeType;
}

interface ReduceArguments {
  readonly x: Region;
  readonly y: Region;
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
  readonly divisor: number;
}

type ReduceContract = Record<'x' | 'y', PointerArgument> &
  Record<'outer' | 'size' | 'inner', IntegerArgument> &
  Record<'divisor', ScalarArgument>;

const families = new Map<string, (spec: ReduceSpec) => Launchable<ReduceArguments>>();
const kernels = new WeakMap<ReduceSpec, Launchable<ReduceArguments>>();

/** The kernel of a spec: `y[outer, inner]` from `x[outer, size, inner]`; `inner` is 1 along rows. */
function reduceKernel(spec: ReduceSpec): Launchable<ReduceArguments> {
  let kernel = kernels.get(spec);
  if (kernel === undefined) {
    kernel = madeFor(spec);
    kernels.set(spec, kernel);
  }
  return kernel;
}

function madeFor(spec: ReduceSpec): Launchable<ReduceArguments> {
  const key = `${spec.from} ${spec.to} ${spec.type}`;
  let found = families.get(key);
  if (found === undefined) {
    const contract: ReduceContract & Contract = {
      x: input(layoutOf[spec.from].element),
      y: output(layoutOf[spec.to].element),
      outer: integer(),
      size: integer(),
      inner: integer(),
      divisor: scalar(layoutOf[spec.type].lane),
    };
    found = family('reduce', contract, (k, of: ReduceSpec) =>
      record(k as unknown as KernelBuilder<ReduceContract>, of),
    ) as unknown as (spec: ReduceSpec) => Launchable<ReduceArguments>;
    families.set(key, found);
  }
  return found(spec);
}

function record(k: KernelBuilder<ReduceContract>, spec: ReduceSpec): void {
  const { from, to, type } = spec;
  const fold = foldOf(spec.fold, type);
  const [x, y] = [k.pointer('x'), k.pointer('y')];
  const [size, inner] = [k.integer('size'), k.integer('inner')];
  const divisor: Vector = k.scalar('divisor');
  const map = (raw: Value): Value => mapped(k, spec, raw);
  const finish = (total: Value): Value => {
    const of = (change: (part: Vector<'f32'>) => Vector<'f32'>): Value => ({
      type,
      parts: (total.parts as readonly Vector<'f32'>[]).map(change),
    });
    const finished =
      spec.finish === 'divide'
        ? of((part) => k.div(part, divisor as Vector<'f32'>))
        : spec.finish === 'root'
          ? of((part) => k.sqrt(part))
          : total;
    // wrapped sums of narrow integers keep more bits than they have
    return castBits(
      k,
      { ...finished, loose: partsOf(type) === 1 && isIntegerDType(type) },
      computeTypeOf(to),
    );
  };

  if (spec.along === 'row') {
    k.loop(k.integer('outer'), () => {
      const total = foldTypedRow(k, fold, type, x, from, size, map);
      const one = k.variable(1);
      storeGroup(k, finish(total), y, to, 0, { count: one, second: k.variable(0) });
      k.advance(y, 1);
    });
    return;
  }
  const pairs = [from, to].some((dtype) => partsOf(dtype) === 2);
  k.loop(k.integer('outer'), () => {
    const at = k.variable(x);
    overTypedColumns(k, inner, groupsAside(type), pairs, [at, y], (columns) => {
      const rows = { count: size, step: inner };
      foldTypedColumns(k, fold, type, at, from, rows, columns, map).forEach((total, group) => {
        storeGroup(k, finish(total), y, to, group * groupLanes(k), columns.tail);
      });
    });
    k.advance(x, k.mul(size, inner));
  });
}

function mapped(k: KernelBuilder, { map, type }: ReduceSpec, raw: Value): Value {
  if (map === 'truth') return fromTruth(k, isNonZero(k, raw), type);
  const value = cast(k, raw, type);
  if (map === 'none') return value;
  return {
    type,
    parts: value.parts.map((part) => (map === 'square' ? k.mul(part, part) : k.abs(part))),
  };
}

/** Axes with so many elements are folded in chunks, if there are few others to divide work by. */
const CHUNKED_FROM = 2 ** 17;
/** Elements of a chunk, about, and chunks of an axis at most. */
const CHUNK = 2 ** 15;
const MOST_CHUNKS = 64;

/**
 * Reduces `x[outer, size, inner]` along `size` into `y[outer, inner]`. Elements are cast to the output's dtype first, and folded
 * in it (in float32 for 16-bit floats); integers wrap around. Over nothing a sum and a norm are 0, a product is 1, a mean NaN, `any`
 * is false and `all` true, and a maximum or minimum is the least or greatest value. Maxima and minima are NaN where an element
 * is. `norm1` sums magnitudes; `norm2` is the root of the sum of squares, infinite where that sum is. `any` and `all` look at
 * elements as they are: what is not zero is true.
 *
 * @throws EngineError when a size is invalid or a slice too small, or where a mean or norm would have an integer dtype.
 */
export function reduce(p: ReduceParameters): void {
  const { op, outer, size, inner } = p;
  checkSizes('reduce', { outer, size, inner });
  const from = checkedDType('reduce', p.x.dtype);
  const to = checkedDType('reduce', p.y.dtype);
  const reduction: Reduction | undefined = reductions[op];
  if (reduction === undefined)
    throw new EngineError('reduce', 'unknown operation', Object.keys(reductions).join(', '), op);
  if (isIntegerDType(to) && (reduction.finish !== 'none' || reduction.map === 'magnitude')) {
    throw new EngineError('reduce', `${op} has no such dtype`, 'a float dtype', to);
  }
  const x = regionOf('reduce', 'x', p.x, outer * size * inner, dtypeBytes[from]);
  const y = regionOf('reduce', 'y', p.y, outer * inner, dtypeBytes[to]);
  const spec = specOf(op, inner === 1 ? 'row' : 'columns', from, to);
  if (outer < 16 && size * inner >= CHUNKED_FROM && size >= 2) inChunks(spec, x, y, p);
  else launch(spec, x, y, p, size);
}

/** Specs by operation, dtypes and direction, so that kernels are found by them. */
const specs = new Map<ReduceOp, ReduceSpec[]>();

function specOf(op: ReduceOp, along: ReduceSpec['along'], from: EngineDType, to: EngineDType): ReduceSpec {
  let byTypes = specs.get(op);
  if (byTypes === undefined) {
    byTypes = [];
    specs.set(op, byTypes);
  }
  const key = (dtypeNumber(from) * 15 + dtypeNumber(to)) * 2 + (along === 'row' ? 0 : 1);
  let spec = byTypes[key];
  if (spec === undefined) {
    const reduction = reductions[op];
    spec = { ...reduction, along, from, to, type: reduction.map === 'truth' ? 'bool' : computeTypeOf(to) };
    byTypes[key] = spec;
  }
  return spec;
}

/** The extents of a reduction. */
type Extents = Pick<ReduceParameters, 'outer' | 'size' | 'inner'>;

/** Folds chunks of the axis into totals of their own, then these. */
function inChunks(spec: ReduceSpec, x: Region, y: Region, { outer, size, inner }: Extents): void {
  const wanted = Math.min(size, MOST_CHUNKS, Math.ceil((size * inner) / CHUNK));
  const chunk = Math.ceil(size / wanted);
  const whole = Math.floor(size / chunk);
  const rest = size - whole * chunk;
  const chunks = whole + (rest > 0 ? 1 : 0);
  const width = dtypeBytes[spec.from];
  const totalBytes = dtypeBytes[spec.type];
  const current = executor();
  const storage = current.borrow(outer * chunks * inner * totalBytes);
  try {
    const totals = wholeOf(storage);
    const first: ReduceSpec = { ...spec, finish: 'none', to: spec.type };
    for (let o = 0; o < outer; o++) {
      const from = part(x, o * size * inner, size * inner, width);
      const to = part(totals, o * chunks * inner, chunks * inner, totalBytes);
      launch(first, from, to, { outer: whole, size: chunk, inner }, chunk);
      if (rest > 0) {
        const [last, end] = [
          part(from, whole * chunk * inner, rest * inner, width),
          part(to, whole * inner, inner, totalBytes),
        ];
        launch(first, last, end, { outer: 1, size: rest, inner }, rest);
      }
    }
    launch({ ...spec, map: 'none', from: spec.type }, totals, y, { outer, size: chunks, inner }, size);
  } finally {
    current.release(storage);
  }
}

function launch(
  spec: ReduceSpec,
  x: Region,
  y: Region,
  { outer, size, inner }: Extents,
  divisor: number,
): void {
  const kernel = reduceKernel(spec);
  const current = executor();
  const [from, to] = [dtypeBytes[spec.from], dtypeBytes[spec.to]];
  forkRanges(outer, passTime((outer * size * inner * from) / 4), (first, count) => {
    current.launch(kernel, {
      x: part(x, first * size * inner, count * size * inner, from),
      y: part(y, first * inner, count * inner, to),
      outer: count,
      size,
      inner,
      divisor,
    });
  });
}
