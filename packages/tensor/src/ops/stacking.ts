/** Functions that join tensors in the ways of NumPy, and that make grids and combinations of them. */
import { cast, copyElements, filledTensor, int64Tensor } from '../access.ts';
import { bindArguments, checkTensors, isOptions } from '../arguments.ts';
import { zeros } from '../creation.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail, showSizes } from '../errors.ts';
import { promoteTypes } from '../promotion.ts';
import { wrapDim } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { narrowView } from '../views.ts';
import { atleast1d, atleast2d, atleast3d, type TensorArguments, tensorList } from './broadcasting.ts';
import { constantPadNd } from './constant-padding.ts';
import { cat, stack } from './joining.ts';

/** An operator that joins a list of tensors. */
export type JoinOperator = (tensors: readonly Tensor[]) => Tensor;

function joining(name: string, joined: (tensors: readonly Tensor[]) => Tensor): JoinOperator {
  return defineOperator({
    name,
    normalize: (tensors: readonly Tensor[]): [readonly Tensor[]] => {
      checkTensors(name, tensors, `${name} expects a non-empty TensorList`);
      return [tensors];
    },
    composite: true,
    forward: joined,
  });
}

/** Tensors side by side: joined along the second dimension, vectors along their only one. Canonical: (tensors). */
export const hstack: JoinOperator = joining('hstack', (tensors) => {
  const raised = atleast1d(tensors);
  return cat(raised, raised[0]!.ndim === 1 ? 0 : 1);
});
/** Tensors one below the other: vectors become rows. Canonical: (tensors). */
export const vstack: JoinOperator = joining('vstack', (tensors) => cat(atleast2d(tensors), 0));
/** {@link vstack} under another name. */
export const rowStack: JoinOperator = joining('rowStack', (tensors) => cat(atleast2d(tensors), 0));
/** Tensors one behind the other, along the third dimension. Canonical: (tensors). */
export const dstack: JoinOperator = joining('dstack', (tensors) => cat(atleast3d(tensors), 2));
/** Tensors side by side; vectors become columns. Canonical: (tensors). */
export const columnStack: JoinOperator = joining('columnStack', (tensors) =>
  hstack(tensors.map((tensor) => (tensor.ndim <= 1 ? tensor.reshape(tensor.numel(), 1) : tensor))),
);

/** Matrices along the diagonal of a larger one, zeros around them; vectors count as rows. Canonical: (tensors). */
export const blockDiag: (...tensors: TensorArguments) => Tensor = defineOperator({
  name: 'blockDiag',
  normalize: (...args: unknown[]): [readonly Tensor[]] => {
    const tensors = tensorList('blockDiag', args);
    tensors.forEach((tensor, i) => {
      if (tensor.ndim > 2) {
        fail(
          'blockDiag',
          `torch.block_diag: Input tensors must have 2 or fewer dimensions. Input ${i} has ${tensor.ndim} dimensions`,
        );
      }
    });
    return [tensors];
  },
  forward: (tensors: readonly Tensor[]) => {
    if (tensors.length === 0) return zeros(1, 0);
    const dtype = tensors.map((tensor) => tensor.dtype).reduce(promoteTypes);
    const sizes = tensors.map(blockSize);
    const output = filledTensor([sum(sizes, 0), sum(sizes, 1)], dtype, 0);
    tensors.forEach((tensor, i) => {
      const block = blockOf(sizes, i, (x, ...range) => narrowView(x, ...range))(output);
      copyElements(cast(tensor, dtype).reshape(sizes[i]!), block);
    });
    return output;
  },
  derivatives: [
    (grad, [tensors]) => {
      const sizes = tensors.map(blockSize);
      return tensors.map((tensor, i) =>
        blockOf(sizes, i, (x, ...range) => x.narrow(...range))(grad).reshape(tensor.shape),
      );
    },
  ],
});

type BlockSize = readonly [rows: number, columns: number];

function blockSize({ shape }: Tensor): BlockSize {
  return [shape.length === 2 ? shape[0]! : 1, shape.at(-1) ?? 1];
}

function sum(sizes: readonly BlockSize[], axis: 0 | 1): number {
  return sizes.reduce((total, size) => total + size[axis], 0);
}

/** Takes the place of one block out of the whole. */
function blockOf(
  sizes: readonly BlockSize[],
  i: number,
  narrow: (x: Tensor, dim: number, start: number, length: number) => Tensor,
): (whole: Tensor) => Tensor {
  const before = sizes.slice(0, i);
  const [rows, columns] = sizes[i]!;
  return (whole) => narrow(narrow(whole, 0, sum(before, 0), rows), 1, sum(before, 1), columns);
}

/** Options of {@link meshgrid}. */
export interface MeshgridOptions {
  /** ij (by default): dimensions in the order of the tensors; xy: the first two exchanged. */
  readonly indexing?: 'ij' | 'xy';
}

/** Signature of {@link meshgrid}. */
export interface MeshgridFunction {
  (tensors: readonly Tensor[], options?: MeshgridOptions): Tensor[];
  (...args: readonly [...tensors: Tensor[], options: MeshgridOptions]): Tensor[];
  (...tensors: readonly Tensor[]): Tensor[];
}

/** Coordinates of all points of a grid, given those along each dimension: one view for each. Canonical: (tensors, { indexing }). */
export const meshgrid: MeshgridFunction = defineOperator({
  name: 'meshgrid',
  normalize: (...args: unknown[]): [readonly Tensor[], Required<MeshgridOptions>] => {
    const last = args.at(-1);
    const { indexing = 'ij' } = bindArguments<MeshgridOptions>(
      'meshgrid',
      ['indexing'],
      isOptions(last) ? [last] : [],
    );
    const tensors = tensorList('meshgrid', isOptions(last) ? args.slice(0, -1) : args);
    if (tensors.length === 0) fail('meshgrid', 'meshgrid expects a non-empty TensorList');
    for (const { shape, dtype } of tensors) {
      if (dtype !== tensors[0]!.dtype)
        fail('meshgrid', 'meshgrid expects all tensors to have the same dtype');
      if (shape.length > 1) {
        fail(
          'meshgrid',
          `torch.meshgrid: Expected 0D or 1D tensor in the tensor list but got: ${showSizes(shape)}`,
        );
      }
    }
    if (indexing !== 'ij' && indexing !== 'xy') {
      fail(
        'meshgrid',
        `torch.meshgrid: indexing must be one of "xy" or "ij", but received: ${String(indexing)}`,
      );
    }
    return [tensors, { indexing }];
  },
  composite: true,
  forward: (tensors: readonly Tensor[], { indexing }): Tensor[] => {
    const swapped = indexing === 'xy' && tensors.length >= 2;
    const ordered = swapped ? [tensors[1]!, tensors[0]!, ...tensors.slice(2)] : tensors;
    const shape = ordered.map((tensor) => tensor.numel());
    const grids = ordered.map((tensor, d) =>
      tensor.view(shape.map((_, i) => (i === d ? -1 : 1))).expand(shape),
    );
    return swapped ? [grids[1]!, grids[0]!, ...grids.slice(2)] : grids;
  },
}) as MeshgridFunction;

function requireVector(operator: string, x: Tensor): void {
  if (x.ndim !== 1) fail(operator, `Expect a 1D vector, but got shape ${showSizes(x.shape)}`);
}

/** Every choice of one element of each vector, as the rows of a matrix; of one vector, the vector itself. Canonical: (tensors). */
export const cartesianProd: (...tensors: TensorArguments) => Tensor = defineOperator({
  name: 'cartesianProd',
  normalize: (...args: unknown[]): [readonly Tensor[]] => {
    const tensors = tensorList('cartesianProd', args);
    for (const tensor of tensors) requireVector('cartesianProd', tensor);
    return [tensors];
  },
  composite: true,
  forward: (tensors: readonly Tensor[]) => {
    if (tensors.length === 1) return tensors[0]!;
    return stack(
      meshgrid(tensors).map((grid) => grid.flatten()),
      1,
    );
  },
});

/** Options of {@link combinations}. */
export interface CombinationsOptions {
  /** How many elements to choose: 2 by default. */
  readonly r?: number;
  /** Whether an element may be chosen more than once. */
  readonly withReplacement?: boolean;
}

/** Signature of {@link combinations}. */
export interface CombinationsFunction {
  (x: Tensor, r?: number, withReplacement?: boolean): Tensor;
  (x: Tensor, options: CombinationsOptions): Tensor;
}

/** Every choice of r elements of a vector without regard to order, as the rows of a matrix. Canonical: (x, r, withReplacement). */
export const combinations: CombinationsFunction = defineOperator({
  name: 'combinations',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number, boolean] => {
    const names = ['r', 'withReplacement'] as const;
    const { r = 2, withReplacement = false } = bindArguments<CombinationsOptions>(
      'combinations',
      names,
      rest,
    );
    requireVector('combinations', x);
    if (!(r >= 0)) fail('combinations', `Expect a non-negative number, but got ${r}`);
    return [x, r, withReplacement];
  },
  composite: true,
  forward: (x: Tensor, r: number, withReplacement: boolean) => {
    if (r === 0) return x.newEmpty(0);
    const choices = choicesOf(x.numel(), r, withReplacement);
    const columns = Array.from({ length: r }, (_, j) =>
      x.indexSelect(
        0,
        int64Tensor(
          choices.map((choice) => choice[j]!),
          [choices.length],
        ),
      ),
    );
    return stack(columns, 1);
  },
});

/** Ascending lists of r numbers below n, in lexicographic order. */
function choicesOf(n: number, r: number, repeated: boolean): readonly (readonly number[])[] {
  let choices: (readonly number[])[] = [[]];
  for (let place = 0; place < r; place++) {
    choices = choices.flatMap((choice) => {
      const first = choice.length === 0 ? 0 : choice.at(-1)! + (repeated ? 0 : 1);
      return Array.from({ length: Math.max(n - first, 0) }, (_, i) => [...choice, first + i]);
    });
  }
  return choices;
}

/**
 * Every tensor padded with zeros along `dim` and split into `numChunks` chunks, the same chunks of all tensors
 * flattened and joined: [..., numChunks, total]. Canonical: (tensors, dim, numChunks).
 */
export const _chunkCat: (tensors: readonly Tensor[], dim: number, numChunks: number) => Tensor =
  defineOperator({
    name: '_chunkCat',
    normalize: (tensors: readonly Tensor[], ...rest: unknown[]): [readonly Tensor[], number, number] => {
      const [dim, numChunks] = rest as [number, number];
      checkTensors('_chunkCat', tensors, '_chunk_cat expects a non-empty input tensor list');
      if (!(numChunks >= 1)) fail('_chunkCat', '_chunk_cat expects positive num_chunks');
      const ndims = tensors.map((tensor) => tensor.ndim);
      if (dim < 0 && ndims.some((ndim) => ndim !== ndims[0])) {
        fail('_chunkCat', '_chunk_cat expects non-negative dim when input tensors have different ndims');
      }
      const axis = dim < 0 ? wrapDim('_chunkCat', dim, ndims[0]!) : dim;
      const leading = tensors[0]!.shape.slice(0, axis).join();
      for (const tensor of tensors) {
        if (tensor.numel() === 0) fail('_chunkCat', '_chunk_cat expects non-empty tensor');
        if (axis >= tensor.ndim) fail('_chunkCat', '_chunk_cat expects dim < ndim for all input tensors');
        if (tensor.shape.slice(0, axis).join() !== leading) {
          fail('_chunkCat', '_chunk_cat expects same sizes of 0,...,dim-1 dimensions for all tensors');
        }
      }
      return [tensors, axis, numChunks];
    },
    composite: true,
    forward: (tensors: readonly Tensor[], dim: number, numChunks: number) => {
      const parts = tensors.map((tensor) => {
        const size = tensor.shape[dim]!;
        const missing = Math.ceil(size / numChunks) * numChunks - size;
        const pads = [...new Array<number>(2 * (tensor.ndim - 1 - dim)).fill(0), 0, missing];
        const padded = missing === 0 ? tensor : constantPadNd(tensor, pads);
        return padded.reshape([...tensor.shape.slice(0, dim), numChunks, -1]);
      });
      return cat(parts, dim + 1);
    },
  });
