/** Operators that return a copy of a tensor in which a part, named as a view would name it, is replaced. */
import { castInto, copyElements, denseCopy, newTensor, viewOf } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator, definitionOf, type Operator } from '../dispatcher.ts';
import { fail, showSizes } from '../errors.ts';
import { extentOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { asStrided } from './as-strided.ts';
import { type DiagonalOptions, diagonal } from './diagonals.ts';
import { type SliceOptions, select, slice } from './slicing.ts';

/** Arguments that name the part, in the view operator's canonical form. */
type Part = readonly unknown[];

type Normalized = [x: Tensor, src: Tensor, ...part: unknown[]];

/**
 * Makes the operator of a view operator.
 * @param names of the view operator's arguments behind the tensor
 * @param copied what is written into: a copy of the tensor in memory of its own
 */
function scatterInto(
  name: string,
  view: Operator,
  names: readonly string[],
  again: {
    readonly view: (x: Tensor, part: Part) => Tensor;
    readonly scatter: (x: Tensor, src: Tensor, part: Part) => Tensor;
  },
  copied: (x: Tensor) => Tensor = denseCopy,
): (x: Tensor, src: Tensor, ...rest: unknown[]) => Tensor {
  const { normalize, forward } = definitionOf<[Tensor, ...unknown[]], Tensor>(view);
  const normalizePart = normalize as unknown as (x: Tensor, ...part: unknown[]) => [Tensor, ...unknown[]];
  return defineOperator({
    name,
    normalize: (x: Tensor, src: Tensor, ...rest: unknown[]): Normalized => {
      checkTensor(name, 'input', x);
      checkTensor(name, 'src', src);
      const named = bindArguments<Record<string, unknown>>(name, names, rest);
      const [, ...part] = normalizePart(x, ...names.map((key) => named[key]));
      return [x, src, ...part];
    },
    forward: (x: Tensor, src: Tensor, ...part: unknown[]) => {
      const output = copied(x);
      const target = forward(output, ...part);
      if (target.shape.join() !== src.shape.join()) {
        fail(
          name,
          `expected src to have a size equal to the slice of self. src size = ${showSizes(src.shape)}, slice size = ${showSizes(target.shape)}`,
        );
      }
      castInto(src, target);
      return output;
    },
    derivatives: [
      (grad, [, src, ...part]) => again.scatter(grad, grad.newZeros(src.shape), part),
      (grad, [, , ...part]) => again.view(grad, part),
    ],
  });
}

/** A copy with the elements at one index of a dimension replaced by `src`. Canonical: (x, src, dim, index), not negative. */
export const selectScatter: (x: Tensor, src: Tensor, dim: number, index: number) => Tensor = scatterInto(
  'selectScatter',
  select,
  ['dim', 'index'],
  {
    view: (x, part) => x.select(...(part as [number, number])),
    scatter: (x, src, part) => x.selectScatter(src, ...(part as [number, number])),
  },
);

/** Signature of {@link sliceScatter}. */
export interface SliceScatterOperator {
  (x: Tensor, src: Tensor, dim?: number, start?: number | null, end?: number | null, step?: number): Tensor;
  (x: Tensor, src: Tensor, options: SliceOptions): Tensor;
}

type SlicePart = [dim: number, start: number, end: number, step: number];

/** A copy with a slice of a dimension replaced by `src`. Canonical: (x, src, dim, start, end, step) within the dimension. */
export const sliceScatter: SliceScatterOperator = scatterInto(
  'sliceScatter',
  slice,
  ['dim', 'start', 'end', 'step'],
  {
    view: (x, part) => x.slice(...(part as SlicePart)),
    scatter: (x, src, part) => x.sliceScatter(src, ...(part as SlicePart)),
  },
);

/** Signature of {@link diagonalScatter}. */
export interface DiagonalScatterOperator {
  (x: Tensor, src: Tensor, offset?: number, dim1?: number, dim2?: number): Tensor;
  (x: Tensor, src: Tensor, options: DiagonalOptions): Tensor;
}

type DiagonalPart = [offset: number, dim1: number, dim2: number];

/** A copy with a diagonal replaced by `src`. Canonical: (x, src, offset, dim1, dim2), not negative. */
export const diagonalScatter: DiagonalScatterOperator = scatterInto(
  'diagonalScatter',
  diagonal,
  ['offset', 'dim1', 'dim2'],
  {
    view: (x, part) => x.diagonal(...(part as DiagonalPart)),
    scatter: (x, src, part) => x.diagonalScatter(src, ...(part as DiagonalPart)),
  },
);

/** Signature of {@link asStridedScatter}. */
export type AsStridedScatterOperator = (
  x: Tensor,
  src: Tensor,
  size: readonly number[],
  stride: readonly number[],
  storageOffset?: number | null | { readonly storageOffset?: number | null },
) => Tensor;

type StridedPart = [size: readonly number[], stride: readonly number[], storageOffset: number];

/** A copy, memory layout included, with what a view under any strides shows replaced by `src`. Canonical: (x, src, size, stride, storageOffset). */
export const asStridedScatter: AsStridedScatterOperator = scatterInto(
  'asStridedScatter',
  asStrided,
  ['size', 'stride', 'storageOffset'],
  {
    view: (x, part) => x.contiguous().asStrided(...(part as StridedPart)),
    scatter: (x, src, part) => x.contiguous().asStridedScatter(src, ...(part as StridedPart)),
  },
  copyOfLayout,
);

/** A copy of all memory up to the tensor's last element, so that places in it keep their numbers. */
function copyOfLayout(x: Tensor): Tensor {
  const end = x.offset + extentOf(x.shape, x.strides);
  const memory = newTensor([end], x.dtype);
  copyElements(viewOf(x, [end], [1], 0), memory);
  return viewOf(memory, x.shape, x.strides, x.offset);
}

/** Replacing parts as methods. */
export interface ViewScatterMethods {
  /** A copy with the elements at one index of a dimension replaced by `src`. */
  selectScatter(src: Tensor, dim: number, index: number): Tensor;
  /** A copy with a slice of a dimension replaced by `src`. */
  sliceScatter(src: Tensor, dim?: number, start?: number | null, end?: number | null, step?: number): Tensor;
  sliceScatter(src: Tensor, options: SliceOptions): Tensor;
  /** A copy with a diagonal replaced by `src`. */
  diagonalScatter(src: Tensor, offset?: number, dim1?: number, dim2?: number): Tensor;
  diagonalScatter(src: Tensor, options: DiagonalOptions): Tensor;
  /** A copy, memory layout included, with what a view under any strides shows replaced by `src`. */
  asStridedScatter(
    src: Tensor,
    size: readonly number[],
    stride: readonly number[],
    storageOffset?: number | null | { readonly storageOffset?: number | null },
  ): Tensor;
}
