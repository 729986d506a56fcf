/** Different elements or slices, and how often they come. */
import { materialize, viewOf } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { dtypeInfo } from '../dtype.ts';
import { wrapDim } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { gatherAlong, placesOfLines } from './along-core.ts';
import { indexTensor } from './positions.ts';
import { argsortWords } from './radix-sort.ts';
import { type KeyLines, keyLines } from './sort-keys.ts';

/** Options of {@link uniqueConsecutive}. */
export interface UniqueConsecutiveOptions {
  /** Whether to tell where each element went. */
  readonly returnInverse?: boolean;
  /** Whether to tell how often each one comes. */
  readonly returnCounts?: boolean;
  /** Compares slices along a dimension instead of elements. */
  readonly dim?: number | null;
}

/** Options of {@link unique}. */
export interface UniqueOptions extends UniqueConsecutiveOptions {
  /** The result is sorted in any case, as PyTorch's is on the CPU. */
  readonly sorted?: boolean;
}

/** Signature of {@link unique}: a list where inverse or counts are asked for. */
export interface UniqueOperator<Options> {
  (x: Tensor, options?: Options & { readonly returnInverse?: false; readonly returnCounts?: false }): Tensor;
  (x: Tensor, options: Options): Tensor | readonly Tensor[];
}

type Canonical = [
  x: Tensor,
  options: { readonly returnInverse: boolean; readonly returnCounts: boolean; readonly dim: number | null },
];

function normalize(
  operator: string,
  names: readonly (keyof UniqueOptions)[],
  x: Tensor,
  rest: readonly unknown[],
) {
  checkTensor(operator, 'input', x);
  const bound = bindArguments<UniqueOptions>(operator, names, rest);
  const { returnInverse = false, returnCounts = false, dim = null } = bound;
  const axis = dim === null ? null : wrapDim(operator, dim, x.ndim);
  return [x, { returnInverse, returnCounts, dim: axis }] as Canonical;
}

/** Sortable keys of the items to be compared: elements, or slices with one key for each of their elements. */
interface Items {
  readonly count: number;
  readonly lines: KeyLines;
  /** Whether keys of all ones are NaN, which equals nothing. */
  readonly floats: boolean;
}

function itemsOf(x: Tensor, dim: number): Items {
  const lines = keyLines(x, dim);
  return { count: lines.size, lines, floats: dtypeInfo(x.dtype).kind === 'float' };
}

/** Marks, in an order of the items, those that differ from the one before. */
function startsOf({ count, lines, floats }: Items, order: Uint32Array): Uint8Array {
  const starts = new Uint8Array(count);
  if (count > 0) starts[0] = 1;
  for (let line = 0; line < lines.count; line++) {
    const words = lines.words(line);
    const top = words.at(-1)!;
    for (let p = 1; p < count; p++) {
      const own = order[p]!;
      const last = order[p - 1]!;
      for (const word of words) if (word[own] !== word[last]) starts[p] = 1;
      if (floats && top[own] === 0xffffffff) starts[p] = 1;
    }
  }
  return starts;
}

function identity(count: number): Uint32Array {
  const order: Uint32Array = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  return order;
}

/** The order of the items from the smallest on; slices are compared element by element. */
function sortedOrder({ count, lines }: Items): Uint32Array {
  let order = identity(count);
  for (let line = lines.count - 1; line >= 0; line--) {
    order = argsortWords(lines.words(line), count, false, order);
  }
  return order;
}

function run(...args: [...Canonical, sort: boolean]): Tensor | readonly Tensor[] {
  const [x, { returnInverse, returnCounts, dim }, sort] = args;
  const source = dim === null ? viewOf(materialize(x), [x.numel()], [1]) : x.ndim === 0 ? x.reshape(1) : x;
  const axis = dim ?? 0;
  const items = itemsOf(source, axis);
  const order = sort ? sortedOrder(items) : identity(items.count);
  const starts = startsOf(items, order);
  const firsts: number[] = [];
  const inverse = new Int32Array(items.count);
  const counts: number[] = [];
  for (let p = 0; p < items.count; p++) {
    if (starts[p] === 1) {
      firsts.push(order[p]!);
      counts.push(0);
    }
    inverse[order[p]!] = firsts.length - 1;
    counts[counts.length - 1]!++;
  }
  const output = gatherAlong(source, placesOfLines(axis, Int32Array.from(firsts), source));
  if (!returnInverse && !returnCounts) return output;
  return [
    output,
    ...(returnInverse ? [indexTensor(inverse, dim === null ? x.shape : [items.count])] : []),
    ...(returnCounts ? [indexTensor(counts, [counts.length])] : []),
  ];
}

/**
 * The different elements (or slices along `dim`), sorted; with `returnInverse` and `returnCounts` a list of them, where
 * each element went, and how often each comes. NaN differs from NaN. Canonical: (x, { returnInverse, returnCounts, dim }).
 */
export const unique: UniqueOperator<UniqueOptions> = defineOperator({
  name: 'unique',
  normalize: (x: Tensor, ...rest: unknown[]) =>
    normalize('unique', ['sorted', 'returnInverse', 'returnCounts', 'dim'], x, rest),
  forward: (...args: Canonical) => run(...args, true),
}) as UniqueOperator<UniqueOptions>;

/** As {@link unique}, of neighbours only and in their order. Canonical: (x, { returnInverse, returnCounts, dim }). */
export const uniqueConsecutive: UniqueOperator<UniqueConsecutiveOptions> = defineOperator({
  name: 'uniqueConsecutive',
  normalize: (x: Tensor, ...rest: unknown[]) =>
    normalize('uniqueConsecutive', ['returnInverse', 'returnCounts', 'dim'], x, rest),
  forward: (...args: Canonical) => run(...args, false),
}) as UniqueOperator<UniqueConsecutiveOptions>;

/** Different elements as methods. */
export interface UniqueMethods {
  /** The different elements (or slices along `dim`), sorted; a list where inverse or counts are asked for. */
  unique(options?: UniqueOptions & { readonly returnInverse?: false; readonly returnCounts?: false }): Tensor;
  unique(options: UniqueOptions): Tensor | readonly Tensor[];
  /** As `unique`, of neighbours only and in their order. */
  uniqueConsecutive(
    options?: UniqueConsecutiveOptions & { readonly returnInverse?: false; readonly returnCounts?: false },
  ): Tensor;
  uniqueConsecutive(options: UniqueConsecutiveOptions): Tensor | readonly Tensor[];
}
