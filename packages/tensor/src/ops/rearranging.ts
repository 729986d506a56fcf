/** Operators that copy elements into another order: reversed, shifted, rotated, repeated. */
import { copyElements, denseCopy, int64Tensor, newTensor } from '../access.ts';
import { bindArguments, checkTensor, namedListArgument } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail, showSizes } from '../errors.ts';
import { wrapDim, wrapDims } from '../shape.ts';
import { forEachRow } from '../strided.ts';
import { Tensor } from '../tensor.ts';
import { narrowView } from '../views.ts';
import { rawElements } from './along-core.ts';
import type { DimList } from './dimensions.ts';
import type { SizesMethod, SizesOperator } from './shape.ts';

/** The elements in reverse order along the given dimensions, copied. Canonical: (x, dims), not negative. */
export const flip: SizesOperator<'dims'> = defineOperator({
  name: 'flip',
  normalize: (x: Tensor, ...dims: unknown[]): [Tensor, readonly number[]] => {
    checkTensor('flip', 'input', x);
    return [x, wrapDims('flip', namedListArgument('flip', 'dims', dims), x.ndim)];
  },
  forward: flipped,
  derivatives: [(grad, [, dims]) => grad.flip(dims)],
});

function flipped(x: Tensor, dims: readonly number[]): Tensor {
  const output = newTensor(x.shape, x.dtype);
  const turned = dims.filter((d) => d < x.ndim);
  const reversed = {
    offset: turned.reduce((at, d) => at + (x.shape[d]! - 1) * x.strides[d]!, x.offset),
    strides: x.strides.map((stride, d) => (turned.includes(d) ? -stride : stride)),
  };
  const from = rawElements(x);
  const to = rawElements(output);
  forEachRow(x.shape, [output, reversed], (offsets, length, steps) => {
    let [o, i] = offsets as [number, number];
    const [stepO, stepI] = steps as [number, number];
    for (let n = 0; n < length; n++, o += stepO, i += stepI) to[o] = from[i]!;
  });
  return output;
}

function flipOf(name: string, least: number, dim: number): (x: Tensor) => Tensor {
  return defineOperator({
    name,
    composite: true,
    forward: (x: Tensor) => {
      checkTensor(name, 'input', x);
      if (x.ndim < least) fail(name, `Input must be >= ${least}-d.`);
      return x.flip(dim);
    },
  });
}

/** The columns (second dimension) in reverse order. Canonical: (x). */
export const fliplr: (x: Tensor) => Tensor = flipOf('fliplr', 2, 1);
/** The rows (first dimension) in reverse order. Canonical: (x). */
export const flipud: (x: Tensor) => Tensor = flipOf('flipud', 1, 0);

/** Options of {@link roll}. */
export interface RollOptions {
  readonly shifts: DimList;
  /** One for each shift; without it elements move as if they were in one line. */
  readonly dims?: DimList | null;
}

/** Signature of {@link roll}. */
export interface RollOperator {
  (x: Tensor, shifts: DimList, dims?: DimList | null | { readonly dims?: DimList | null }): Tensor;
  (x: Tensor, options: RollOptions): Tensor;
}

/**
 * The elements moved along dimensions; those that leave on one side come in on the other. Canonical: (x, shifts, dims),
 * with no dims where the elements move as if they were in one line.
 */
export const roll: RollOperator = defineOperator({
  name: 'roll',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, readonly number[], readonly number[]] => {
    checkTensor('roll', 'input', x);
    const { shifts, dims } = bindArguments<RollOptions>('roll', ['shifts', 'dims'], rest);
    const [by, along] = [shifts ?? [], dims ?? []].map((list) =>
      typeof list === 'number' ? [list] : list,
    ) as [readonly number[], readonly number[]];
    if (by.length === 0) fail('roll', '`shifts` required');
    if (along.length !== by.length && !(along.length === 0 && by.length === 1)) {
      fail('roll', `shifts and dimensions must align. shifts: ${by.length}, dims:${along.length}`);
    }
    if (x.ndim === 0 && along.length > 0) {
      fail('roll', `Dimension specified as ${along[0]} but tensor has no dimensions`);
    }
    return [x, by, along.map((dim) => wrapDim('roll', dim, x.ndim))];
  },
  forward: (x: Tensor, shifts: readonly number[], dims: readonly number[]) => {
    if (dims.length === 0) return rolled(x.reshape(-1), shifts[0]!, 0).reshape(x.shape);
    return dims.reduce((result, dim, i) => rolled(result, shifts[i]!, dim), x);
  },
  derivatives: [
    (grad, [, shifts, dims]) =>
      grad.roll(
        shifts.map((shift) => -shift),
        dims,
      ),
  ],
});

function rolled(x: Tensor, shift: number, dim: number): Tensor {
  const size = x.shape[dim]!;
  if (x.numel() === 0) return denseCopy(x);
  const start = ((shift % size) + size) % size;
  const output = newTensor(x.shape, x.dtype);
  copyElements(narrowView(x, dim, 0, size - start), narrowView(output, dim, start, size - start));
  copyElements(narrowView(x, dim, size - start, start), narrowView(output, dim, 0, start));
  return output;
}

/** Options of {@link rot90}. */
export interface Rot90Options {
  /** Quarter turns: 1 by default. */
  readonly k?: number;
  /** The plane: [0, 1] by default. */
  readonly dims?: readonly number[];
}

/** Signature of {@link rot90}. */
export interface Rot90Operator {
  (x: Tensor, k?: number, dims?: readonly number[]): Tensor;
  (x: Tensor, options: Rot90Options): Tensor;
}

/** The elements of a plane turned by 90 degrees, k times, from the first dimension towards the second. Canonical: (x, k, dims). */
export const rot90: Rot90Operator = defineOperator({
  name: 'rot90',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number, readonly [number, number]] => {
    checkTensor('rot90', 'input', x);
    const { k = 1, dims = [0, 1] } = bindArguments<Rot90Options>('rot90', ['k', 'dims'], rest);
    if (dims.length !== 2) fail('rot90', `expected total rotation dims == 2, but got dims = ${dims.length}`);
    if (x.ndim < 2) fail('rot90', `expected total dims >= 2, but got total dims = ${x.ndim}`);
    const [first, second] = dims.map((dim) => wrapDim('rot90', dim, x.ndim)) as [number, number];
    if (first === second) {
      fail(
        'rot90',
        `expected rotation dims to be different, but got dim0 = ${dims[0]} and dim1 = ${dims[1]}`,
      );
    }
    return [x, k, [first, second]];
  },
  forward: (x: Tensor, k: number, [first, second]: readonly [number, number]) => {
    switch (((k % 4) + 4) % 4) {
      case 1:
        return flipped(x.transpose(first, second), [first]);
      case 2:
        return flipped(x, [first, second]);
      case 3:
        return flipped(x.transpose(first, second), [second]);
      default:
        return denseCopy(x);
    }
  },
  derivatives: [(grad, [, k, dims]) => grad.rot90(-k, dims)],
});

/** How often {@link repeatInterleave} repeats: one number for all, or one for each. */
export type Repeats = number | Tensor;

/** Options of {@link repeatInterleave}. */
export interface RepeatInterleaveOptions {
  readonly repeats?: Repeats;
  readonly dim?: number | null;
  /** The size of the result along `dim`, which is checked. */
  readonly outputSize?: number | null;
}

/** Signature of {@link repeatInterleave}. */
export interface RepeatInterleaveOperator {
  (
    x: Tensor,
    repeats: Repeats,
    dim?: number | null,
    options?: { readonly outputSize?: number | null },
  ): Tensor;
  (x: Tensor, repeats: Repeats, options?: Omit<RepeatInterleaveOptions, 'repeats'>): Tensor;
  (x: Tensor, options: RepeatInterleaveOptions): Tensor;
  (repeats: Tensor): Tensor;
}

/**
 * Every element, or every part along a dimension, repeated in place: without `dim` the elements of the flattened
 * tensor. Of a tensor of repeats alone: each position repeated that often. Canonical: (x, repeats, dim, outputSize).
 */
export const repeatInterleave: RepeatInterleaveOperator = defineOperator({
  name: 'repeatInterleave',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, Repeats | null, number | null, number | null] => {
    checkTensor('repeatInterleave', 'input', x);
    const names = ['repeats', 'dim', 'outputSize'] as const;
    const options = bindArguments<RepeatInterleaveOptions>('repeatInterleave', names, rest);
    const { repeats = null, dim = null, outputSize = null } = options;
    return [x, repeats, dim === null ? null : wrapDim('repeatInterleave', dim, x.ndim), outputSize];
  },
  composite: true,
  forward: (x: Tensor, repeats: Repeats | null, dim: number | null, outputSize: number | null) => {
    if (repeats === null) return placesRepeated(x, x.numel(), outputSize);
    if (dim === null) return x.reshape(-1).repeatInterleave(repeats, 0, { outputSize });
    const raised = x.ndim === 0 ? x.reshape(1) : x;
    const size = raised.shape[dim]!;
    if (repeats instanceof Tensor && repeats.numel() !== 1) {
      return raised.indexSelect(dim, placesRepeated(repeats, size, outputSize));
    }
    const count = Number(repeats instanceof Tensor ? repeats.item() : repeats);
    if (!(count >= 0)) fail('repeatInterleave', 'Repeats must be non-negative');
    checkOutputSize(size * count, outputSize);
    const repeated = raised.unsqueeze(dim + 1).expand(raised.shape.toSpliced(dim + 1, 0, count));
    return repeated.clone().flatten(dim, dim + 1);
  },
});

function checkOutputSize(size: number, expected: number | null): void {
  if (expected !== null && expected !== size) {
    fail('repeatInterleave', `repeat_interleave: Invalid output_size, expected ${size} but got ${expected}`);
  }
}

/** Each of the positions 0 to `size` as often as `repeats` says. */
function placesRepeated(repeats: Tensor, size: number, outputSize: number | null): Tensor {
  if (repeats.ndim !== 1) fail('repeatInterleave', 'repeat_interleave only accept 1D vector as repeat');
  if (repeats.dtype !== 'int64' && repeats.dtype !== 'int32') {
    fail('repeatInterleave', 'repeats has to be Long or Int tensor', 'int64 or int32', repeats.dtype);
  }
  if (repeats.numel() !== size) {
    fail(
      'repeatInterleave',
      `repeats must have the same size as input along dim, but got repeats.size(0) = ${repeats.numel()} and input.size(0) = ${size}`,
    );
  }
  const counts = Array.from(repeats.toTypedArray() as ArrayLike<number | bigint>, Number);
  if (counts.some((count) => count < 0)) fail('repeatInterleave', 'repeats can not be negative');
  const places = counts.flatMap((count, i) => new Array<number>(count).fill(i));
  checkOutputSize(places.length, outputSize);
  return int64Tensor(places, [places.length]);
}

/** Positions in a flattened tensor of `shape` as one index tensor for each dimension. Canonical: (indices, shape). */
export const unravelIndex: (
  indices: Tensor,
  shape: number | bigint | readonly (number | bigint)[],
) => Tensor[] = defineOperator({
  name: 'unravelIndex',
  normalize: (indices: Tensor, ...rest: unknown[]): [Tensor, readonly bigint[]] => {
    checkTensor('unravelIndex', 'indices', indices);
    type Named = { shape: number | bigint | readonly (number | bigint)[] };
    const { shape = [] } = bindArguments<Named>('unravelIndex', ['shape'], rest);
    if (dtypeInfo(indices.dtype).kind !== 'int') {
      fail('unravelIndex', `expected 'indices' to be integer dtype, but got torch.${indices.dtype}`);
    }
    const sizes = (typeof shape === 'object' ? shape : [shape]).map(BigInt);
    if (!sizes.every((size) => size >= 0n)) {
      fail('unravelIndex', `'shape' cannot have negative values, but got (${showSizes(sizes)})`);
    }
    return [indices, sizes];
  },
  composite: true,
  forward: (indices: Tensor, shape: readonly bigint[]) => {
    let step = 1n;
    const steps = shape.map(() => 1n);
    for (let d = shape.length - 1; d >= 0; d--) {
      steps[d] = step;
      step *= shape[d]!;
    }
    return shape.map((size, d) => indices.div(steps[d]!, { roundingMode: 'floor' }).remainder(size));
  },
});

/** Options of {@link vander}. */
export interface VanderOptions {
  /** Number of columns: that of the elements by default. */
  readonly n?: number | null;
  /** Whether powers rise from left to right. */
  readonly increasing?: boolean;
}

/** Signature of {@link vander}. */
export interface VanderOperator {
  (x: Tensor, n?: number | null, increasing?: boolean): Tensor;
  (x: Tensor, options: VanderOptions): Tensor;
}

/** The Vandermonde matrix of a vector: its powers n - 1 to 0 as columns (`N` in PyTorch is `n`). Canonical: (x, n, increasing). */
export const vander: VanderOperator = defineOperator({
  name: 'vander',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number, boolean] => {
    checkTensor('vander', 'input', x);
    const { n, increasing = false } = bindArguments<VanderOptions>('vander', ['n', 'increasing'], rest);
    if (x.ndim !== 1) fail('vander', 'x must be a one-dimensional tensor.');
    return [x, n ?? x.numel(), increasing];
  },
  composite: true,
  forward: (x: Tensor, n: number, increasing: boolean) => {
    const exponents = int64Tensor(
      Array.from({ length: n }, (_, i) => i),
      [n],
    );
    const powers = x.unsqueeze(-1).pow(exponents);
    return increasing ? powers : powers.flip(-1);
  },
});

/** Other orders of elements as methods. */
export interface RearrangingMethods {
  /** The elements in reverse order along the given dimensions, copied. */
  flip: SizesMethod<'dims'>;
  /** The columns (second dimension) in reverse order. */
  fliplr(): Tensor;
  /** The rows (first dimension) in reverse order. */
  flipud(): Tensor;
  /** The elements moved along dimensions; those that leave on one side come in on the other. */
  roll(shifts: DimList, dims?: DimList | null | { readonly dims?: DimList | null }): Tensor;
  roll(options: RollOptions): Tensor;
  /** The elements of a plane turned by 90 degrees, k times, from the first dimension towards the second. */
  rot90(k?: number, dims?: readonly number[]): Tensor;
  rot90(options: Rot90Options): Tensor;
  /** Every element, or every part along a dimension, repeated in place. */
  repeatInterleave(
    repeats: Repeats,
    dim?: number | null,
    options?: { readonly outputSize?: number | null },
  ): Tensor;
  repeatInterleave(repeats: Repeats, options?: Omit<RepeatInterleaveOptions, 'repeats'>): Tensor;
  repeatInterleave(options: RepeatInterleaveOptions): Tensor;
}
