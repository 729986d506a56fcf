// Positions of the largest or smallest elements along one axis of [outer, size, inner], of every dtype.

import {
  type Contract,
  type IntegerArgument,
  input,
  integer,
  type KernelBuilder,
  type Mask,
  output,
  type Pointer,
  type PointerArgument,
  type Vector,
} from '@sconce/codegen';
import { type ComputeType, computeTypeOf, dtypeBytes, type EngineDType, isIntegerDType } from '../dtype.ts';
import { EngineError } from '../errors.ts';
import { checkSizes, regionOf } from '../operands.ts';
import { executor } from '../runtime/executor.ts';
import { family, type Launchable } from '../runtime/family.ts';
import { nothing, part, type Region } from '../runtime/region.ts';
import { forkRanges, passTime } from '../threads/split.ts';
import type { ArgExtremumParameters } from '../types.ts';
import { compareIntegers } from './elementwise-integers.ts';
import { checkedDType } from './fused-elementwise.ts';
import { end, foldOf, groupsAside, loadColumns, overTypedColumns } from './typed/fold-groups.ts';
import { groupLanes, layoutOf, loadGroup, masksFor, partsOf, storeGroup, tailOf } from './typed/lanes.ts';

/** To the compiler lanes of values are f32 and those of positions i32; both are 64 bits wide for 64-bit dtypes. */
type Values = Vector<'f32'>;
type Positions = Vector<'i32'>;

interface ArgSpec {
  readonly op: 'max' | 'min';
  readonly values: boolean;
  readonly along: 'row' | 'columns';
  readonly dtype: EngineDType;
}

interface ArgArguments {
  readonly x: Region;
  readonly indices: Region;
  readonly values: Region;
  readonly outer: number;
  readonly size: number;
  readonly inner: number;
}

type ArgContract = Record<'x' | 'values', PointerArgument<'f32'>> &
  Record<'indices', PointerArgument<'i32'>> &
  Record<'outer' | 'size' | 'inner', IntegerArgument>;

const LAST = 2 ** 31 - 1;

const families = new Map<EngineDType, (spec: ArgSpec) => Launchable<ArgArguments>>();

function argKernel(spec: ArgSpec): Launchable<ArgArguments> {
  let found = families.get(spec.dtype);
  if (found === undefined) {
    const { element } = layoutOf[spec.dtype];
    const contract: Contract = {
      x: input(element),
      // written as pairs of words, the lower one first, where positions are of 32 bits
      indices: output(partsOf(spec.dtype) === 2 ? 'i64' : 'i32'),
      values: output(element),
      outer: integer(),
      size: integer(),
      inner: integer(),
    };
    found = family('arg-extremum', contract, (k, of: ArgSpec) =>
      record(k as unknown as KernelBuilder<ArgContract>, of),
    ) as unknown as (spec: ArgSpec) => Launchable<ArgArguments>;
    families.set(spec.dtype, found);
  }
  return found(spec);
}

/** Only what is better replaces the best so far, so the first of equal ones stays, and so does the first NaN. */
function better(k: KernelBuilder, { op }: ArgSpec, type: ComputeType, candidate: Values, best: Values): Mask {
  const comparison = op === 'max' ? '>' : '<';
  if (isIntegerDType(type)) return compareIntegers(k, type, candidate, comparison, best);
  return k.or(k.compare(candidate, comparison, best), k.and(k.isNaN(candidate), k.not(k.isNaN(best))));
}

function record(k: KernelBuilder<ArgContract>, spec: ArgSpec): void {
  const { dtype } = spec;
  const type = computeTypeOf(dtype);
  const parts = [...Array(partsOf(dtype)).keys()];
  const wide = parts.length === 2;
  const lane = layoutOf[type].lane as 'f32';
  const place = (wide ? 'i64' : 'i32') as 'i32';
  const lanes = groupLanes(k);
  const [x, indices, values] = [k.pointer('x'), k.pointer('indices'), k.pointer('values')];
  const [size, inner] = [k.integer('size'), k.integer('inner')];
  const worst = k.constant(lane, end(type, spec.op === 'max' ? 'least' : 'greatest'));
  const take = (candidate: Values, index: Positions, best: Values, position: Positions): void => {
    const isBetter = better(k, spec, type, candidate, best);
    k.assign(best, k.select(isBetter, candidate, best));
    k.assign(position, k.select(isBetter, index, position));
  };

  if (spec.along === 'row') {
    k.loop(k.integer('outer'), () => {
      const best = parts.map(() => k.variable(worst));
      const index = parts.map((i) => k.variable(k.constant(place, (l) => l + i * k.lanes(place))));
      const position = index.map((start) => k.variable(start));
      const at = k.variable(x);
      k.loop(k.shr(size, Math.log2(lanes)), () => {
        const { parts: loaded } = loadGroup(k, at, dtype, 0, undefined);
        loaded.forEach((value, i) => void take(value as Values, index[i]!, best[i]!, position[i]!));
        for (const each of index) k.assign(each, k.add(each, lanes));
        k.advance(at, lanes);
      });
      const rest = k.and(size, lanes - 1);
      k.when(rest, '>', 0, () => {
        const inRange = k.compare<'i32'>(
          k.constant('i32', (l) => l),
          '<',
          k.splat(rest),
        );
        const masks = masksFor(k, { narrow: inRange }, type);
        const { parts: loaded } = loadGroup(k, at, dtype, 0, tailOf(k, rest, wide));
        loaded.forEach((value, i) => {
          take(k.select(masks[i]!, value as Values, worst), index[i]!, best[i]!, position[i]!);
        });
      });
      const { combine } = foldOf(spec.op, type);
      const all = wide ? combine(k, best[0]!, best[1]!) : best[0]!;
      const extremum = k.reduce(all, (a, b) => combine(k, a, b));
      const firsts = best.map((value, i) => {
        const equal = k.compare(value, '==', extremum);
        const isExtremum = isIntegerDType(type)
          ? equal
          : k.or(equal, k.and(k.isNaN(value), k.isNaN(extremum)));
        return k.select<'i32'>(isExtremum, position[i]!, LAST);
      });
      const first = k.reduceMin(wide ? k.min(firsts[0]!, firsts[1]!) : firsts[0]!);
      k.storeFirst(first, indices);
      if (!wide) k.storeFirst<'i32'>(0, indices, 1);
      if (spec.values) {
        const element = k.variable(x);
        k.advance(element, k.loadInteger(indices));
        k.copyElement(element, 0, values, 0);
        k.advance(values, 1);
      }
      k.advance(indices, wide ? 1 : 2);
      k.advance(x, size);
    });
    return;
  }
  k.loop(k.integer('outer'), () => {
    const from: Pointer<'f32'> = k.variable(x);
    overTypedColumns(k, inner, groupsAside(type), wide, [from, values], (columns) => {
      const at = k.variable(from);
      const best = Array.from({ length: columns.groups }, () => parts.map(() => k.variable(worst)));
      const position = best.map((each) => each.map(() => k.zero(place)));
      const index = k.zero(place);
      k.loop(size, () => {
        loadColumns(k, at, dtype, columns).forEach(({ parts: loaded }, group) => {
          loaded.forEach((value, i) => {
            take(value as Values, index, best[group]![i]!, position[group]![i]!);
          });
        });
        k.assign(index, k.add(index, 1));
        k.advance(at, inner);
      });
      best.forEach((each, group) => {
        if (spec.values) storeGroup(k, { type, parts: each }, values, dtype, group * lanes, columns.tail);
        if (wide) {
          const places = { type: 'int64', parts: position[group]! } as const;
          storeGroup(k, places, indices, 'int64', group * lanes, columns.tail);
          return;
        }
        const count = columns.tail?.count;
        k.storeStrided(position[group]![0]!, indices, 2 * group * lanes, 2, count);
        k.storeStrided<'i32'>(0, indices, 2 * group * lanes + 1, 2, count);
      });
      const done = columns.tail?.count ?? columns.groups * lanes;
      k.advance(indices, wide ? done : typeof done === 'number' ? 2 * done : k.shl(done, 1));
    });
    k.advance(x, k.mul(size, inner));
  });
}

/**
 * Where the largest (or smallest) element of `x[outer, size, inner]` along `size` is: the first of equal ones; NaN goes before
 * everything. As PyTorch's argmax and max along a dimension.
 *
 * @throws EngineError when a size is invalid, there is nothing along `size`, or a slice is too small.
 */
export function argExtremum(p: ArgExtremumParameters): void {
  const { outer, size, inner } = p;
  checkSizes('argExtremum', { outer, size, inner });
  const dtype = checkedDType('argExtremum', p.x.dtype);
  if (outer * inner === 0) return;
  if (size === 0 || size > LAST) {
    throw new EngineError('argExtremum', 'invalid size', `1 to ${LAST} elements`, size);
  }
  const along = inner === 1 ? 'row' : 'columns';
  const kernel = argKernel({ op: p.op, values: p.values !== undefined, along, dtype });
  const bytes = dtypeBytes[dtype];
  const x = regionOf('argExtremum', 'x', p.x, outer * size * inner, bytes);
  const indices = regionOf('argExtremum', 'indices', p.indices, outer * inner, 8);
  const values = p.values && regionOf('argExtremum', 'values', p.values, outer * inner, bytes);
  const current = executor();
  forkRanges(outer, passTime((outer * size * inner * bytes) / 4), (first, count) => {
    current.launch(kernel, {
      x: part(x, first * size * inner, count * size * inner, bytes),
      indices: part(indices, first * inner, count * inner, 8),
      values: values ? part(values, first * inner, count * inner, bytes) : nothing,
      outer: count,
      size,
      inner,
    });
  });
}
