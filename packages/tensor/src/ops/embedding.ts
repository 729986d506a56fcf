/** Rows of a table by their numbers, alone or folded in bags; and numbers as vectors of zeros with a single one. */
import { cast, flatElements, int64Tensor, materialize, viewOf } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { zeros } from '../creation.ts';
import { defineOperator } from '../dispatcher.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail, showSizes } from '../errors.ts';
import { elementsOf } from '../memory.ts';
import { arange } from '../ranges.ts';
import { contiguousStrides } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { selectRows } from './along-core.ts';
import { int64Index, positions, requireIndex, wordsOf } from './positions.ts';

/** Signature of {@link oneHot}. */
export type OneHotOperator = (x: Tensor, numClasses?: number | { readonly numClasses?: number }) => Tensor;

/**
 * A new last dimension with a one at the place that each element (int64) names; without `numClasses` as long as the
 * largest one needs. Canonical: (x, numClasses).
 */
export const oneHot: OneHotOperator = defineOperator({
  name: 'oneHot',
  constant: true,
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number] => {
    checkTensor('oneHot', 'input', x);
    const { numClasses = -1 } = bindArguments<{ numClasses: number }>('oneHot', ['numClasses'], rest);
    if (x.dtype !== 'int64')
      fail('oneHot', 'one_hot is only applicable to index tensor of type LongTensor.', 'int64', x.dtype);
    if (x.numel() === 0 && numClasses <= 0)
      fail('oneHot', 'Can not infer total number of classes from empty tensor.');
    return [x, numClasses];
  },
  forward: (x: Tensor, numClasses: number) => {
    const words = wordsOf(materialize(x));
    let largest = -1;
    for (let i = 0; i < words.length; i += 2) {
      if (words[i + 1]! < 0) fail('oneHot', 'Class values must be non-negative.');
      largest = Math.max(largest, words[i + 1]! * 2 ** 32 + (words[i]! >>> 0));
    }
    const classes = numClasses === -1 ? largest + 1 : numClasses;
    if (largest >= classes)
      fail('oneHot', 'Class values must be smaller than num_classes.', `< ${classes}`, `${largest}`);
    const result = zeros([...x.shape, classes], { dtype: 'int64' });
    const from = wordsOf(materialize(x));
    const to = wordsOf(result);
    for (let i = 0; i < from.length; i += 2) to[i * classes + 2 * from[i]!] = 1;
    return result;
  },
});

/** Options of {@link embedding}. */
export interface EmbeddingOptions {
  /** A row that gets no gradient. */
  readonly paddingIdx?: number | null;
  /** Rows of a larger norm are scaled to it first, in the table itself. */
  readonly maxNorm?: number | null;
  /** Which norm; 2 by default. */
  readonly normType?: number;
  /** Divides the gradient of each row by how often it comes. */
  readonly scaleGradByFreq?: boolean;
  /** Gradients are always dense here; PyTorch's keyword is taken for compatibility. */
  readonly sparse?: boolean;
}

/** Signature of {@link embedding}. */
export type EmbeddingOperator = (indices: Tensor, weight: Tensor, options?: EmbeddingOptions) => Tensor;

interface CanonicalEmbedding {
  /** -1 for none. */
  readonly paddingIdx: number;
  readonly scaleGradByFreq: boolean;
  /** Whether the rows are folded afterwards. */
  readonly inBags?: true;
}

const names: readonly (keyof EmbeddingOptions)[] = [
  'paddingIdx',
  'maxNorm',
  'normType',
  'scaleGradByFreq',
  'sparse',
];

function checkIndices(operator: string, indices: Tensor): void {
  checkTensor(operator, 'input', indices);
  const { scalarName } = dtypeInfo(indices.dtype);
  requireIndex(
    operator,
    indices,
    `Expected tensor for argument #1 'indices' to have one of the following scalar types: Long, Int; but got torch.${scalarName}Tensor instead (while checking arguments for embedding)`,
  );
}

function outsideOf(operator: string, weight: Tensor): () => never {
  return () => fail(operator, 'index out of range in self', `0 to ${weight.shape[0]! - 1}`);
}

function wrapPadding(operator: string, weight: Tensor, paddingIdx: number | null): number {
  if (paddingIdx === null) return -1;
  const rows = weight.shape[0]!;
  if (paddingIdx >= rows || paddingIdx < -rows) {
    fail(operator, 'Padding_idx must be within num_embeddings', `-${rows} to ${rows - 1}`, `${paddingIdx}`);
  }
  return paddingIdx < 0 ? paddingIdx + rows : paddingIdx;
}

/** Scales the rows that are named and too long, in place. */
function limitNorms(indices: Tensor, weight: Tensor, maxNorm: number, p: number): void {
  const rows = new Set(
    positions('embedding', indices, weight.shape[0]!, 0, { outOfRange: outsideOf('embedding', weight) }),
  );
  const [, width] = weight.shape as [number, number];
  const [rowStep, step] = weight.strides as [number, number];
  const { codec } = dtypeInfo(weight.dtype);
  const decode = codec?.decode ?? ((value: number) => value);
  const encode = codec?.encode ?? ((value: number) => value);
  const elements = elementsOf(weight) as Float64Array;
  for (const row of rows) {
    const start = weight.offset + row * rowStep;
    let total = 0;
    for (let i = 0; i < width; i++) {
      const size = Math.abs(decode(elements[start + i * step]!));
      if (p === Number.POSITIVE_INFINITY) total = Math.max(total, size);
      else total += p === 2 ? size * size : size ** p;
    }
    const norm = p === Number.POSITIVE_INFINITY ? total : p === 2 ? Math.sqrt(total) : total ** (1 / p);
    if (!(norm > maxNorm)) continue;
    const scale = maxNorm / (norm + 1e-7);
    for (let i = 0; i < width; i++) {
      const at = start + i * step;
      elements[at] = encode(decode(elements[at]!) * scale);
    }
  }
  weight.storage.version++;
}

/** The rows that were looked up, and their gradients without those of the padding. */
function rowsBack(
  grad: Tensor,
  indices: Tensor,
  weight: Tensor,
  { paddingIdx, scaleGradByFreq, inBags }: CanonicalEmbedding,
): Tensor {
  const [count, width] = weight.shape as [number, number];
  const flat = indices.reshape(-1);
  let rows = grad.reshape(-1, width);
  if (paddingIdx >= 0) rows = rows.maskedFill(flat.eq(paddingIdx).unsqueeze(1), 0);
  if (scaleGradByFreq) {
    const often = grad.newZeros([count]).indexAdd(0, flat, grad.newOnes(flat.shape));
    const counted = inBags ? countedInBags(flat, weight) : flat;
    rows = rows.div(often.indexSelect(0, counted).unsqueeze(1));
  }
  return grad.newZeros(weight.shape).indexAdd_(0, flat, rows);
}

/**
 * By which row's count each gradient is divided in bags. PyTorch takes the count of the i-th of all sorted numbers for
 * the i-th of the distinct ones; gradients are to be its own.
 */
function countedInBags(indices: Tensor, weight: Tensor): Tensor {
  const outOfRange = outsideOf('embeddingBag', weight);
  const rows = positions('embeddingBag', indices, weight.shape[0]!, 0, { outOfRange });
  const sorted = Int32Array.from(rows).sort();
  const placeOf = new Map<number, number>();
  for (const row of sorted) if (!placeOf.has(row)) placeOf.set(row, placeOf.size);
  return int64Tensor(
    Array.from(rows, (row) => sorted[placeOf.get(row)!]!),
    [rows.length],
  );
}

const lookUp: (indices: Tensor, weight: Tensor, options: CanonicalEmbedding) => Tensor = defineOperator({
  name: 'embedding',
  forward: (indices: Tensor, weight: Tensor, _: CanonicalEmbedding) => {
    const dense = int64Index('embedding', indices, weight.shape[0]!);
    const rows = selectRows(materialize(weight), 0, dense, outsideOf('embedding', weight));
    const shape = [...indices.shape, weight.shape[1]!];
    return viewOf(rows, shape, contiguousStrides(shape));
  },
  derivatives: [
    null,
    { reads: [0], of: (grad, [indices, weight, options]) => rowsBack(grad, indices, weight, options) },
  ],
});

/**
 * Rows of a table [rows, width] by their numbers: [...indices, width] (`torch.nn.functional.embedding`).
 * Canonical: (indices, weight, { paddingIdx, scaleGradByFreq }).
 */
export const embedding: EmbeddingOperator = (indices, weight, ...rest) => {
  checkIndices('embedding', indices);
  checkTensor('embedding', 'weight', weight);
  if (weight.ndim !== 2) fail('embedding', `'weight' must be 2-D`, '2 dimensions', showSizes(weight.shape));
  const bound = bindArguments<EmbeddingOptions>('embedding', names, rest);
  const { paddingIdx = null, maxNorm = null, normType = 2, scaleGradByFreq = false } = bound;
  const padding = wrapPadding('embedding', weight, paddingIdx);
  if (maxNorm !== null) limitNorms(indices, weight, maxNorm, normType);
  return lookUp(indices, weight, { paddingIdx: padding, scaleGradByFreq });
};

/** Options of {@link embeddingBag}. */
export interface EmbeddingBagOptions extends EmbeddingOptions {
  /** Where each bag begins in a vector of indices. */
  readonly offsets?: Tensor | null;
  /** How rows are folded: their mean by default. */
  readonly mode?: 'sum' | 'mean' | 'max';
  /** Factors of the rows, for sums. */
  readonly perSampleWeights?: Tensor | null;
  /** Whether the last offset is the end of the last bag. */
  readonly includeLastOffset?: boolean;
}

/** Signature of {@link embeddingBag}. */
export type EmbeddingBagOperator = (indices: Tensor, weight: Tensor, options?: EmbeddingBagOptions) => Tensor;

/** The bag that each index lies in, and the number of bags. */
function bagsOf(
  indices: Tensor,
  offsets: Tensor,
  includeLastOffset: boolean,
): { bag: Tensor; count: number } {
  const length = indices.numel();
  const starts = Array.from(flatElements(materialize(cast(offsets, 'int64'))), Number);
  if (starts.length > 0 && starts[0] !== 0) {
    fail(
      'embeddingBag',
      `offsets[0] has to be 0, i.e., the first sequence in the mini-batch has to start from position 0. However, got ${starts[0]}`,
    );
  }
  if (starts.at(-1)! > length) {
    fail(
      'embeddingBag',
      `offsets[-1] can not be greater than input's length ${length} but got offsets[-1] of ${starts.at(-1)}`,
    );
  }
  const count = includeLastOffset ? starts.length - 1 : starts.length;
  const bag = zeros([length], { dtype: 'int64' });
  const words = wordsOf(bag);
  for (let b = 0; b < count; b++) {
    const end = b + 1 < starts.length ? starts[b + 1]! : length;
    for (let i = starts[b]!; i < end; i++) words[2 * i] = b;
  }
  return { bag, count };
}

/**
 * Sums, means or maxima of the rows in each bag of indices, [bags, width] (`torch.nn.functional.embedding_bag`): a bag
 * is a row of two-dimensional indices, or lies between `offsets` in a vector of them. Empty bags give zeros.
 */
export const embeddingBag: EmbeddingBagOperator = defineOperator({
  name: 'embeddingBag',
  composite: true,
  forward: (indices: Tensor, weight: Tensor, ...rest: [options?: EmbeddingBagOptions]) => {
    checkIndices('embeddingBag', indices);
    checkTensor('embeddingBag', 'weight', weight);
    const all = [
      'offsets',
      'maxNorm',
      'normType',
      'scaleGradByFreq',
      'mode',
      'sparse',
      'perSampleWeights',
      'includeLastOffset',
      'paddingIdx',
    ] as const;
    const bound = bindArguments<EmbeddingBagOptions>('embeddingBag', all, rest);
    const { mode = 'mean', perSampleWeights = null, includeLastOffset = false, paddingIdx = null } = bound;
    const { maxNorm = null, normType = 2, scaleGradByFreq = false } = bound;
    const offsets = checkBags(indices, weight, mode, bound);
    const flat = indices.reshape(-1);
    const { bag, count } = bagsOf(flat, offsets, includeLastOffset);
    const padding = wrapPadding('embeddingBag', weight, paddingIdx);
    if (maxNorm !== null) limitNorms(flat, weight, maxNorm, normType);
    const rows = lookUp(flat, weight, { paddingIdx: padding, scaleGradByFreq, inBags: true });
    return foldBags(rows, bag, count, mode, flat, padding, perSampleWeights?.reshape(-1) ?? null);
  },
});

function checkBags(
  indices: Tensor,
  weight: Tensor,
  mode: string,
  { offsets = null, perSampleWeights = null }: EmbeddingBagOptions,
): Tensor {
  if (perSampleWeights !== null && perSampleWeights.shape.join() !== indices.shape.join()) {
    fail(
      'embeddingBag',
      `embedding_bag: If per_sample_weights (${showSizes(perSampleWeights.shape)}) is not None, then it must have the same shape as the input (${showSizes(indices.shape)})`,
    );
  }
  if (weight.ndim !== 2)
    fail('embeddingBag', `weight has to be a 2D Tensor, but got Tensor of dimension ${weight.ndim}`);
  if (mode !== 'sum' && mode !== 'mean' && mode !== 'max') {
    fail('embeddingBag', 'mode has to be one of sum, mean or max', 'sum, mean or max', String(mode));
  }
  if (perSampleWeights !== null && mode !== 'sum') {
    fail(
      'embeddingBag',
      `embedding_bag: per_sample_weights was not None. per_sample_weights is only supported for mode='sum' (got mode='${mode}').`,
    );
  }
  if (indices.ndim === 2) {
    if (offsets !== null) {
      fail(
        'embeddingBag',
        'if input is 2D, then offsets has to be None, as input is treated is a mini-batch of fixed length sequences.',
      );
    }
    return indices.shape[0] === 0
      ? zeros([0], { dtype: 'int64' })
      : arange(indices.shape[0]!, { dtype: 'int64' }).mul(indices.shape[1]!);
  }
  if (indices.ndim !== 1) {
    fail('embeddingBag', `input has to be 1D or 2D Tensor, but got Tensor of dimension ${indices.ndim}`);
  }
  if (offsets === null || offsets.ndim !== 1) fail('embeddingBag', 'offsets has to be a 1D Tensor');
  return offsets;
}

function foldBags(
  rows: Tensor,
  bag: Tensor,
  count: number,
  mode: string,
  indices: Tensor,
  padding: number,
  factors: Tensor | null,
): Tensor {
  const start = rows.detach().newZeros([count, rows.shape[1]!]);
  const counted = padding < 0 ? null : indices.ne(padding);
  if (mode === 'max') {
    // Padding goes to a bag of its own.
    const target = counted === null ? bag : bag.where(counted, count);
    const wide = rows.detach().newZeros([count + 1, rows.shape[1]!]);
    return wide.indexReduce(0, target, rows, 'amax', { includeSelf: false }).narrow(0, 0, count);
  }
  let scaled = factors === null ? rows : rows.mul(factors.unsqueeze(1));
  if (counted !== null) scaled = scaled.maskedFill(counted.logicalNot().unsqueeze(1), 0);
  const sums = start.indexAdd(0, bag, scaled);
  if (mode === 'sum') return sums;
  const ones = counted === null ? start.newOnes(bag.shape) : counted.to(start.dtype);
  const sizes = start.newZeros([count]).indexAdd(0, bag, ones);
  return sums.div(sizes.maskedFill(sizes.eq(0), 1).unsqueeze(1));
}
