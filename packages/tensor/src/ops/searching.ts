/** Where elements are: nonzero, sorted search, membership. */
import { cast, flatElements, materialize, newTensor, viewOf } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail, showSizes } from '../errors.ts';
import { resultType, type Scalar } from '../promotion.ts';
import { Tensor } from '../tensor.ts';
import { selectView } from '../views.ts';
import { gatherAlong, loopDType, placesOfEach } from './along-core.ts';
import type { Operand } from './elementwise-core.ts';
import { maskPlaces } from './mask-core.ts';
import { indexTensor, positions, wordsOf } from './positions.ts';

/** Signature of {@link nonzero}. */
export interface NonzeroOperator {
  (x: Tensor, options?: { readonly asTuple?: false }): Tensor;
  (x: Tensor, options: { readonly asTuple: true }): readonly Tensor[];
}

/** Writes the coordinates of places in row-major order, one row each. */
function writeCoordinates(
  words: Int32Array,
  places: Int32Array,
  count: number,
  shape: readonly number[],
): void {
  const rank = shape.length;
  for (let i = 0; i < count; i++) {
    let rest = places[i]!;
    for (let d = rank - 1; d >= 0; d--) {
      const size = shape[d]!;
      const next = Math.floor(rest / size);
      words[2 * (i * rank + d)] = rest - next * size;
      words[2 * (i * rank + d) + 1] = 0;
      rest = next;
    }
  }
}

function coordinates(x: Tensor): Tensor {
  const places = maskPlaces(x);
  const result = newTensor([places.length, x.ndim], 'int64');
  writeCoordinates(wordsOf(result), places, places.length, x.shape);
  return result;
}

/**
 * Positions of the elements that are not zero, in row-major order, as int64 [count, ndim]; with `asTuple` a vector for
 * each dimension. Canonical: (x, asTuple).
 */
export const nonzero: NonzeroOperator = defineOperator({
  name: 'nonzero',
  constant: true,
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, boolean] => {
    checkTensor('nonzero', 'input', x);
    const { asTuple = false } = bindArguments<{ asTuple: boolean }>('nonzero', ['asTuple'], rest);
    return [x, asTuple];
  },
  forward: (x: Tensor, asTuple: boolean): Tensor | readonly Tensor[] => {
    if (!asTuple) return coordinates(x);
    const result = coordinates(x.ndim === 0 ? viewOf(x, [1], [1]) : x);
    return result.shape[1] === 0
      ? []
      : Array.from({ length: result.shape[1]! }, (_, d) => selectView(result, 1, d));
  },
}) as NonzeroOperator;

/** Positions of the elements that are not zero, int64 [count, ndim]. Canonical: (x). */
export const argwhere: (x: Tensor) => Tensor = defineOperator({
  name: 'argwhere',
  constant: true,
  forward: coordinates,
});

/** Options of {@link nonzeroStatic}. */
export interface NonzeroStaticOptions {
  /** How many positions there are to be. */
  readonly size: number;
  /** What stands where there are fewer. */
  readonly fillValue?: number;
}

/** The first `size` positions of {@link nonzero}, filled up with `fillValue`. Canonical: (x, { size, fillValue }). */
export const nonzeroStatic: (x: Tensor, options: NonzeroStaticOptions) => Tensor = defineOperator({
  name: 'nonzeroStatic',
  constant: true,
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, Required<NonzeroStaticOptions>] => {
    checkTensor('nonzeroStatic', 'input', x);
    const names: (keyof NonzeroStaticOptions)[] = ['size', 'fillValue'];
    const { size, fillValue = -1 } = bindArguments<NonzeroStaticOptions>('nonzeroStatic', names, rest);
    if (size === undefined || !Number.isInteger(size) || size < 0) {
      fail(
        'nonzeroStatic',
        `nonzero_static: 'size' must be an non-negative integer`,
        undefined,
        String(size),
      );
    }
    return [x, { size, fillValue }];
  },
  forward: (x: Tensor, { size, fillValue }) => {
    const places = maskPlaces(x);
    const result = indexTensor(new Float64Array(size * x.ndim).fill(fillValue), [size, x.ndim]);
    writeCoordinates(wordsOf(result), places, Math.min(size, places.length), x.shape);
    return result;
  },
});

type Comparable = Float64Array | BigInt64Array;

/** Dense elements of one dtype as numbers, int64 too where all of them are exact. */
function comparables(...tensors: readonly Tensor[]): readonly Comparable[] {
  const lists = tensors.map((tensor) =>
    flatElements(materialize(cast(tensor, loopDType('searchsorted', tensor.dtype)))),
  );
  const numbers = lists.map((list) => (list instanceof BigInt64Array ? exactNumbers(list) : list));
  return (numbers.includes(undefined) ? lists : numbers) as Comparable[];
}

function exactNumbers(list: BigInt64Array): Float64Array | undefined {
  const words = new Int32Array(list.buffer, list.byteOffset, 2 * list.length);
  const result = new Float64Array(list.length);
  for (let i = 0; i < result.length; i++) {
    const value = words[2 * i + 1]! * 2 ** 32 + (words[2 * i]! >>> 0);
    if (!Number.isSafeInteger(value)) return undefined;
    result[i] = value;
  }
  return result;
}

/** Options of {@link bucketize}. */
export interface BucketizeOptions {
  /** int32 instead of int64. */
  readonly outInt32?: boolean;
  /** Whether an interval is open at its right end: the first place with boundary > value instead of >= value. */
  readonly right?: boolean;
}

/** Options of {@link searchsorted}. */
export interface SearchsortedOptions extends BucketizeOptions {
  /** `left` or `right`, in place of `right: false` or `true`. */
  readonly side?: 'left' | 'right' | null;
  /** Positions that put the sequence into order, as `argsort` gives them. */
  readonly sorter?: Tensor | null;
}

/** The first place in `[start, end)` of a sorted sequence where a value fits. */
function place(
  sequence: Comparable,
  start: number,
  end: number,
  value: number | bigint,
  right: boolean,
): number {
  let low = start;
  let high = end;
  while (low < high) {
    const middle = low + ((high - low) >>> 1);
    const own = sequence[middle]!;
    if (right ? own > value : own >= value) high = middle;
    else low = middle + 1;
  }
  return low - start;
}

function search(sequence: Tensor, values: Tensor, right: boolean, outInt32: boolean): Tensor {
  const dtype = resultType(sequence, values);
  const [sorted, wanted] = comparables(cast(sequence, dtype), cast(values, dtype)) as [
    Comparable,
    Comparable,
  ];
  const size = sequence.shape.at(-1) ?? 1;
  const row = values.shape.at(-1) ?? 1;
  const shared = sequence.ndim === 1;
  const found = new Int32Array(wanted.length);
  for (let i = 0; i < found.length; i++) {
    const start = shared ? 0 : Math.floor(i / row) * size;
    found[i] = place(sorted, start, start + size, wanted[i]!, right);
  }
  const result = indexTensor(found, values.shape);
  return outInt32 ? cast(result, 'int32') : result;
}

function tensorOf(value: Operand, like: Tensor): Tensor {
  return value instanceof Tensor ? value : like.newFull([], value as Scalar);
}

/**
 * For each value the number of the interval between sorted boundaries that it lies in.
 * Canonical: (x, boundaries, { outInt32, right }).
 */
export const bucketize: (x: Operand, boundaries: Tensor, options?: BucketizeOptions) => Tensor =
  defineOperator({
    name: 'bucketize',
    constant: true,
    normalize: (x: Operand, ...rest: unknown[]): [Tensor, Tensor, Required<BucketizeOptions>] => {
      type Named = BucketizeOptions & { boundaries: Tensor };
      const names: (keyof Named)[] = ['boundaries', 'outInt32', 'right'];
      const { boundaries, outInt32 = false, right = false } = bindArguments<Named>('bucketize', names, rest);
      checkTensor('bucketize', 'boundaries', boundaries);
      if (boundaries.ndim !== 1) {
        fail('bucketize', `boundaries tensor must be 1 dimension, but got dim(${boundaries.ndim})`);
      }
      return [tensorOf(x, boundaries), boundaries, { outInt32, right }];
    },
    forward: (x: Tensor, boundaries: Tensor, { outInt32, right }) => search(boundaries, x, right, outInt32),
  });

/** Signature of {@link searchsorted}. */
export type SearchsortedOperator = (
  sequence: Tensor,
  values: Operand,
  options?: SearchsortedOptions,
) => Tensor;

type CanonicalSearch = [
  sequence: Tensor,
  values: Tensor,
  sorter: Tensor | null,
  options: { readonly outInt32: boolean; readonly right: boolean },
];

/**
 * Where values would have to be put into sorted sequences (the last dimension) to keep these sorted.
 * Canonical: (sequence, values, sorter | null, { outInt32, right }).
 */
export const searchsorted: SearchsortedOperator = defineOperator({
  name: 'searchsorted',
  constant: true,
  normalize: (sequence: Tensor, ...rest: unknown[]): CanonicalSearch => {
    checkTensor('searchsorted', 'sorted_sequence', sequence);
    type Named = SearchsortedOptions & { input: Operand };
    const names: (keyof Named)[] = ['input', 'outInt32', 'right', 'side', 'sorter'];
    const bound = bindArguments<Named>('searchsorted', names, rest);
    const { input, outInt32 = false, right = false, side = null, sorter = null } = bound;
    if (input === undefined) fail('searchsorted', "missing argument 'input'", 'a tensor or a number');
    const values = tensorOf(input, sequence);
    if (side !== null && side !== 'left' && side !== 'right') {
      fail(
        'searchsorted',
        `torch.searchsorted(): side can only be 'left' or 'right' but got ${String(side)}`,
      );
    }
    if (side === 'left' && right) {
      fail(
        'searchsorted',
        `torch.searchsorted(): side and right can't be set to opposites, got side of left while right was True`,
      );
    }
    const outer = (x: Tensor): string => x.shape.slice(0, -1).join();
    if (sequence.ndim !== 1 && (sequence.ndim !== values.ndim || outer(sequence) !== outer(values))) {
      fail(
        'searchsorted',
        `torch.searchsorted(): boundaries tensor should be 1 dimension or the first N-1 dimensions of boundaries tensor and input value tensor must match, but we got boundaries tensor ${showSizes(sequence.shape)} and input value tensor ${showSizes(values.shape)}`,
      );
    }
    if (sorter !== null && sorter.shape.join() !== sequence.shape.join()) {
      fail(
        'searchsorted',
        `torch.searchsorted(): boundary and sorter must have the same size, but got boundary tensor ${showSizes(sequence.shape)}and got sorter tensor ${showSizes(sorter.shape)}`,
      );
    }
    return [sequence, values, sorter, { outInt32, right: right || side === 'right' }];
  },
  forward: (...[sequence, values, sorter, { outInt32, right }]: CanonicalSearch) => {
    if (sorter === null) return search(sequence, values, right, outInt32);
    const last = sequence.ndim - 1;
    const at = positions('searchsorted', sorter, sequence.shape[last]!, last, {
      outOfRange: () => fail('searchsorted', 'torch.searchsorted(): sorter index out of range'),
    });
    return search(gatherAlong(sequence, placesOfEach(last, at, sorter.shape)), values, right, outInt32);
  },
});

/** Options of {@link isin}. */
export interface IsinOptions {
  /** Speeds PyTorch up; taken for compatibility. */
  readonly assumeUnique?: boolean;
  /** Whether an element is in none. */
  readonly invert?: boolean;
}

/** Whether each element is one of the test elements; NaN is none. Canonical: (elements, testElements, { invert }). */
export const isin: (elements: Operand, testElements: Operand, options?: IsinOptions) => Tensor =
  defineOperator({
    name: 'isin',
    constant: true,
    normalize: (elements: Operand, ...rest: unknown[]): [Tensor, Tensor, { readonly invert: boolean }] => {
      type Named = IsinOptions & { testElements: Operand };
      const names: (keyof Named)[] = ['testElements', 'assumeUnique', 'invert'];
      const { testElements, invert = false } = bindArguments<Named>('isin', names, rest);
      const like = elements instanceof Tensor ? elements : testElements;
      if (!(like instanceof Tensor) || testElements === undefined) {
        fail(
          'isin',
          'one of both arguments must be a Tensor',
          'Tensor',
          `${typeof elements} and ${typeof testElements}`,
        );
      }
      return [tensorOf(elements, like), tensorOf(testElements, like), { invert }];
    },
    forward: (elements: Tensor, testElements: Tensor, { invert }) => {
      const dtype = resultType(elements, testElements);
      const [own, test] = comparables(cast(elements, dtype), cast(testElements, dtype));
      const known = new Set<number | bigint>(test);
      known.delete(Number.NaN);
      const result = newTensor(elements.shape, 'bool');
      const to = flatElements(result);
      for (let i = 0; i < to.length; i++) to[i] = known.has(own![i]!) === invert ? 0 : 1;
      return result;
    },
  });

/** Searching as methods. */
export interface SearchingMethods {
  /** Positions of the elements that are not zero, int64 [count, ndim]; with `asTuple` a vector for each dimension. */
  nonzero(options: { readonly asTuple: true }): readonly Tensor[];
  nonzero(options?: { readonly asTuple?: false }): Tensor;
  /** Positions of the elements that are not zero, int64 [count, ndim]. */
  argwhere(): Tensor;
  /** The first `size` positions of `nonzero`, filled up with `fillValue`. */
  nonzeroStatic(options: NonzeroStaticOptions): Tensor;
}
