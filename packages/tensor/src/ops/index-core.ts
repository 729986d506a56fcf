/**
 * Reads and writes elements that index tensors name together, as NumPy's advanced indexing does: the tensors are
 * broadcast, and each of their elements names one place in the dimensions they stand for.
 */
import { broadcastView, cast, castInto, denseReshape, viewOf } from '../access.ts';
import { fail, showSizes } from '../errors.ts';
import { broadcastShapes, contiguousStrides, extentOf, numelOf } from '../shape.ts';
import { forEachRow } from '../strided.ts';
import type { Tensor } from '../tensor.ts';
import { foldAlong, gatherAlong, loopDType, type Places, scatterAlong, selectRows } from './along-core.ts';
import { maskPlaces } from './mask-core.ts';
import { indexTensor, positions } from './positions.ts';

/** One entry for each dimension that is indexed, from the first on; null leaves a dimension as it is. */
export type IndexTensors = readonly (Tensor | null)[];

/** Positions along one dimension. */
interface DimIndex {
  readonly dim: number;
  readonly at: Int32Array;
  readonly shape: readonly number[];
}

/** What index tensors name in a tensor of a certain layout. */
interface Named {
  /** The dimensions of the result, in three parts: before, named by the index tensors, and after. */
  readonly before: readonly number[];
  readonly shape: readonly number[];
  readonly after: readonly number[];
  /** The tensor's memory as [before, places, after], the places an element apart. */
  readonly strides: readonly number[];
  readonly places: Places;
  /** Whether the named dimensions lie side by side. */
  readonly adjacent: boolean;
}

/** Whether an index tensor is a mask. */
export function isMask(index: Tensor): boolean {
  return index.dtype === 'bool' || index.dtype === 'uint8';
}

/** How many dimensions an index tensor stands for. */
export function dimsOfIndex(index: Tensor): number {
  return isMask(index) ? index.ndim : 1;
}

/** The elements that the index tensors name, in a new tensor. */
export function takeIndexed(x: Tensor, indices: IndexTensors): Tensor {
  const named = namedBy('index', x, indices);
  const shape = resultShape(named);
  const rows = named.adjacent && named.places.at.length > 0 && x.numel() > 0 && x.isContiguous();
  const picked = rows ? takeRows(x, named) : gatherAlong(viewed(x, named), named.places);
  return viewOf(picked, shape, contiguousStrides(shape));
}

/** Rows of a dense tensor that has some are picked on the engine. */
function takeRows(x: Tensor, { before, after, places }: Named): Tensor {
  const [outer, inner] = [numelOf(before), numelOf(after)];
  const rows = x.numel() / (outer * inner);
  const at = inner === 1 ? places.at : places.at.map((place) => place / inner);
  const flat = viewOf(x, [outer, rows, inner], [rows * inner, inner, 1]);
  return selectRows(flat, 1, indexTensor(at, [at.length]));
}

/**
 * Writes `values`, broadcast, to the places that the index tensors name, or adds them to what lies there. Where places
 * repeat, the last value stays, or all are added.
 */
export function putIndexed(x: Tensor, indices: IndexTensors, values: Tensor, accumulate: boolean): void {
  const compute = accumulate ? loopDType('indexPut', x.dtype) : x.dtype;
  // Folds compute in a wider dtype where the tensor's own is narrow.
  const target = x.dtype === compute ? x : cast(x, compute);
  const named = namedBy('indexPut_', target, indices);
  const source = spread(values, named);
  if (accumulate) foldAlong('sum', viewed(target, named), named.places, source);
  else scatterAlong(viewed(target, named), named.places, source);
  if (target !== x) castInto(target, x);
}

/** Values under the shape of what is written, its named part as one dimension. */
function spread(values: Tensor, named: Named): Tensor {
  const shape = resultShape(named);
  const shift = shape.length - values.ndim;
  if (shift < 0 || !values.shape.every((size, d) => size === 1 || size === shape[d + shift])) {
    fail(
      'indexPut_',
      `shape mismatch: value tensor of shape ${showSizes(values.shape)} cannot be broadcast to indexing result of shape ${showSizes(shape)}`,
    );
  }
  const merged = named.places.shape;
  if (values.numel() === 1) return broadcastView(viewOf(values, [], []), merged);
  return denseReshape(broadcastView(values, shape), merged);
}

function resultShape({ before, shape, after }: Named): number[] {
  return [...before, ...shape, ...after];
}

function viewed(x: Tensor, { places, strides }: Named): Tensor {
  return viewOf(x, places.shape, strides);
}

function namedBy(operator: string, x: Tensor, indices: IndexTensors): Named {
  const found = dimIndices(operator, x, indices);
  const shape = commonShape(operator, found);
  const dims = found.map(({ dim }) => dim);
  const adjacent = dims.every((dim, i) => i === 0 || dim === dims[i - 1]! + 1);
  const place = adjacent ? (dims[0] ?? 0) : 0;
  const others = x.shape.map((_, d) => d).filter((d) => !dims.includes(d));
  const [front, back] = [
    others.filter((d) => adjacent && d < place),
    others.filter((d) => !adjacent || d > place),
  ];
  const at = offsetsOf(x, found, shape);
  const size = extentOf(
    dims.map((d) => x.shape[d]!),
    dims.map((d) => x.strides[d]!),
  );
  const sizes = (list: readonly number[]): number[] => list.map((d) => x.shape[d]!);
  const [before, after] = [sizes(front), sizes(back)];
  const dim = before.length;
  const merged = [...before, at.length, ...after];
  return {
    before,
    shape,
    after,
    adjacent,
    strides: [...front.map((d) => x.strides[d]!), 1, ...back.map((d) => x.strides[d]!)],
    places: { dim, at, size, shape: merged, strides: merged.map((_, d) => (d === dim ? 1 : 0)) },
  };
}

/** Every index tensor as positions along one dimension; masks become one for each of theirs. */
function dimIndices(operator: string, x: Tensor, indices: IndexTensors): DimIndex[] {
  const total = indices.reduce((sum, index) => sum + (index === null ? 1 : dimsOfIndex(index)), 0);
  if (total > x.ndim) fail(operator, `too many indices for tensor of dimension ${x.ndim} (got ${total})`);
  let dim = 0;
  const found: DimIndex[] = [];
  indices.forEach((index) => {
    if (index === null) dim++;
    else if (isMask(index)) {
      found.push(...maskIndices(operator, x, index, dim));
      dim += index.ndim;
    } else {
      if (index.dtype !== 'int64' && index.dtype !== 'int32') {
        fail(
          operator,
          'tensors used as indices must be long, int, byte or bool tensors',
          undefined,
          index.dtype,
        );
      }
      const size = x.shape[dim]!;
      const outOfRange = (position: bigint): never =>
        fail(
          operator,
          size === 0
            ? 'index is out of bounds for dimension with size 0'
            : `index ${position} is out of bounds for dimension ${dim} with size ${size}`,
        );
      found.push({
        dim,
        at: positions(operator, index, size, dim, { negative: true, outOfRange }),
        shape: index.shape,
      });
      dim++;
    }
  });
  return found;
}

function maskIndices(operator: string, x: Tensor, mask: Tensor, first: number): DimIndex[] {
  mask.shape.forEach((size, j) => {
    if (size !== x.shape[first + j]) {
      fail(
        operator,
        `The shape of the mask ${showSizes(mask.shape)} at index ${j} does not match the shape of the indexed tensor ${showSizes(x.shape)} at index ${first + j}`,
      );
    }
  });
  const places = maskPlaces(mask);
  const steps = contiguousStrides(mask.shape);
  return mask.shape.map((size, j) => ({
    dim: first + j,
    at: places.map((place) => Math.floor(place / steps[j]!) % size),
    shape: [places.length],
  }));
}

function commonShape(operator: string, found: readonly DimIndex[]): readonly number[] {
  const shapes = found.map(({ shape }) => shape);
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  for (let d = 1; d <= rank; d++) {
    const sizes = new Set(shapes.map((shape) => shape.at(-d) ?? 1).filter((size) => size !== 1));
    if (sizes.size > 1) {
      fail(
        operator,
        `shape mismatch: indexing tensors could not be broadcast together with shapes ${shapes.map(showSizes).join(', ')}`,
      );
    }
  }
  return broadcastShapes(operator, ...shapes);
}

/** Where each named element lies, counted in elements from the tensor's first. */
function offsetsOf(x: Tensor, found: readonly DimIndex[], shape: readonly number[]): Int32Array {
  if (extentOf(x.shape, x.strides) > 0x7fffffff) {
    fail('index', 'the tensor reaches over too much memory for index tensors', 'at most 2^31 - 1 elements');
  }
  const offsets = new Int32Array(numelOf(shape));
  const dense = { offset: 0, strides: contiguousStrides(shape) };
  for (const { dim, at, shape: own } of found) {
    const stride = x.strides[dim]!;
    const shift = shape.length - own.length;
    const ownStrides = contiguousStrides(own);
    const read = {
      offset: 0,
      strides: shape.map((size, d) =>
        d < shift || (own[d - shift] === 1 && size !== 1) ? 0 : ownStrides[d - shift]!,
      ),
    };
    forEachRow(shape, [dense, read], ([o, i], length, [stepO, stepI]) => {
      for (let n = 0; n < length; n++) offsets[o! + n * stepO!]! += at[i! + n * stepI!]! * stride;
    });
  }
  return offsets;
}
