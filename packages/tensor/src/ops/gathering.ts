/** Operators that pick elements at the positions that an index tensor names. */
import { broadcastView, materialize, newTensor, viewOf } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail } from '../errors.ts';
import { broadcastShapes, contiguousStrides, numelOf, wrapDim } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import {
  atLeast1d,
  gatherAlong,
  placesOfEach,
  placesOfIndex,
  placesOfLines,
  selectRows,
} from './along-core.ts';
import { checkEachIndex } from './index-checks.ts';
import { maskPlaces } from './mask-core.ts';
import { indexInRange, int64Index, positions, refusePosition, requireIndex } from './positions.ts';

/** Options of an operator that works along a dimension at the positions of an index. */
export interface AlongOptions {
  readonly dim: number;
  readonly index: Tensor;
}

/** Signature of {@link indexSelect}. */
export interface AlongOperator {
  (x: Tensor, dim: number, index: Tensor): Tensor;
  (x: Tensor, options: AlongOptions): Tensor;
}

function normalizeAlong(operator: string, x: Tensor, rest: readonly unknown[]): [Tensor, number, Tensor] {
  checkTensor(operator, 'input', x);
  type Named = AlongOptions & { readonly sparseGrad: boolean };
  const { dim, index } = bindArguments<Named>(operator, ['dim', 'index', 'sparseGrad'], rest);
  if (dim === undefined) fail(operator, "missing argument 'dim'");
  checkTensor(operator, 'index', index);
  return [x, wrapDim(operator, dim, x.ndim), index];
}

/** The parts at the given positions of a dimension, in a new tensor. Canonical: (x, dim, index). */
export const indexSelect: AlongOperator = defineOperator({
  name: 'indexSelect',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number, Tensor] => {
    const canonical = normalizeAlong('indexSelect', x, rest);
    const [, , index] = canonical;
    requireIndex('indexSelect', index, 'index_select(): Expected dtype int32 or int64 for index');
    if (index.ndim > 1) fail('indexSelect', 'index_select(): Index is supposed to be a vector');
    return canonical;
  },
  forward: (x: Tensor, dim: number, index: Tensor) => {
    const source = atLeast1d(x);
    const outOfRange = (): never => fail('indexSelect', 'index out of range in self');
    const size = source.shape[dim]!;
    const dense = int64Index('indexSelect', index, size);
    const output = source.isContiguous()
      ? selectRows(source, dim, dense, outOfRange)
      : gatherAlong(
          source,
          placesOfLines(dim, positions('indexSelect', dense, size, dim, { outOfRange }), source),
        );
    if (x.ndim === 0 && index.numel() !== 1) {
      fail(
        'indexSelect',
        'index_select(): Index to scalar can have only 1 value',
        '1 value',
        `${index.numel()} values`,
      );
    }
    return x.ndim === 0 ? viewOf(output, [], []) : output;
  },
  derivatives: [
    { reads: [2], of: (grad, [x, dim, index]) => grad.newZeros(x.shape).indexAdd(dim, index, grad) },
    null,
    null,
  ],
});

/** Options of {@link gather}. */
export interface GatherOptions extends AlongOptions {
  /** Gradients are always dense here; PyTorch's keyword is taken for compatibility. */
  readonly sparseGrad?: boolean;
}

/** Signature of {@link gather}. */
export interface GatherOperator {
  (x: Tensor, dim: number, index: Tensor, options?: { readonly sparseGrad?: boolean }): Tensor;
  (x: Tensor, options: GatherOptions): Tensor;
}

/**
 * Picks an element for each element of `index`: its position along `dim` is the index, along the other dimensions its
 * own. Canonical: (x, dim, index).
 */
export const gather: GatherOperator = defineOperator({
  name: 'gather',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number, Tensor] => {
    const canonical = normalizeAlong('gather', x, rest);
    checkEachIndex('gather', canonical[0], canonical[1], canonical[2], 'input');
    return canonical;
  },
  forward: (x: Tensor, dim: number, index: Tensor) => {
    if (index.numel() === 0) return newTensor(index.shape, x.dtype);
    const source = atLeast1d(x);
    const shape = index.ndim === 0 ? [1] : index.shape;
    const size = source.shape[dim]!;
    const dense = int64Index('gather', index, size);
    const places = placesOfIndex(dim, dense, shape, refusePosition('gather', size, dim));
    const output = gatherAlong(source, places);
    return index.ndim === 0 ? viewOf(output, [], []) : output;
  },
  derivatives: [
    { reads: [2], of: (grad, [x, dim, index]) => grad.newZeros(x.shape).scatterAdd(dim, index, grad) },
    null,
    null,
  ],
});

/** The elements at positions of the flattened tensor; negative ones count from its end. Canonical: (x, index). */
export const take: (x: Tensor, index: Tensor) => Tensor = defineOperator({
  name: 'take',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, Tensor] => {
    checkTensor('take', 'input', x);
    const { index } = bindArguments<{ index: Tensor }>('take', ['index'], rest);
    checkTensor('take', 'index', index);
    const got = dtypeInfo(index.dtype).scalarName;
    requireIndex('take', index, `take(): Expected a long tensor for index, but got ${got}`, false);
    return [x, index];
  },
  forward: (x: Tensor, index: Tensor) => {
    const count = x.numel();
    if (count === 0 && index.numel() > 0) fail('take', 'take(): tried to take from an empty tensor');
    const flat = viewOf(materialize(x), [count], [1]);
    const at = positions('take', index, count, 0, {
      negative: true,
      outOfRange: (place) =>
        fail('take', `out of range: tried to access index ${place} on a tensor of ${count} elements.`),
    });
    return viewOf(
      gatherAlong(flat, placesOfEach(0, at, [at.length])),
      index.shape,
      contiguousStrides(index.shape),
    );
  },
  derivatives: [
    {
      reads: [1],
      of: (grad, [x, index]) => grad.newZeros(x.shape).put(index, grad, { accumulate: true }),
    },
    null,
  ],
});

/** Positions modulo a dimension's size, which those that lie in it are already. */
function wrapped(index: Tensor, size: number): Tensor {
  const inside = index.isContiguous() && size <= 0x7fffffff && indexInRange(index, size);
  return inside ? index : index.remainder(Math.max(size, 1));
}

/** Signature of {@link takeAlongDim}. */
export interface TakeAlongDimOperator {
  (x: Tensor, indices: Tensor, dim?: number | null): Tensor;
  (x: Tensor, indices: Tensor, options: { readonly dim?: number | null }): Tensor;
}

/**
 * {@link gather} with x and `indices` broadcast against each other in the other dimensions; positions are taken modulo
 * the dimension's size. Without `dim`, of the flattened tensor. Canonical: (x, indices, dim | null).
 */
export const takeAlongDim: TakeAlongDimOperator = defineOperator({
  name: 'takeAlongDim',
  composite: true,
  normalize: (x: Tensor, indices: Tensor, ...rest: unknown[]): [Tensor, Tensor, number | null] => {
    checkTensor('takeAlongDim', 'input', x);
    checkTensor('takeAlongDim', 'indices', indices);
    const { dim = null } = bindArguments<{ dim: number | null }>('takeAlongDim', ['dim'], rest);
    if (indices.dtype !== 'int64') {
      fail(
        'takeAlongDim',
        `torch.take_along_dim(): dtype of indices should be Long but got ${dtypeInfo(indices.dtype).scalarName}`,
      );
    }
    if (dim !== null && x.ndim !== indices.ndim) {
      fail(
        'takeAlongDim',
        `torch.take_along_dim(): input and indices should have the same number of dimensions, but got ${x.ndim} dimensions for input, and ${indices.ndim} dimensions for indices`,
      );
    }
    return [x, indices, dim === null ? null : wrapDim('takeAlongDim', dim, x.ndim)];
  },
  forward: (x: Tensor, indices: Tensor, dim: number | null) => {
    if (dim === null) {
      const flat = x.reshape(-1);
      return flat.gather(0, wrapped(indices.reshape(-1), flat.shape[0]!));
    }
    if (x.ndim === 0) return x.gather(0, wrapped(indices, 1));
    const common = broadcastShapes('takeAlongDim', x.shape.with(dim, 1), indices.shape.with(dim, 1));
    const index = indices.expand(common.with(dim, indices.shape[dim]!));
    const size = x.shape[dim]!;
    return x.expand(common.with(dim, size)).gather(dim, wrapped(index, size));
  },
});

/** The elements where the mask holds, in one dimension; both are broadcast. Canonical: (x, mask). */
export const maskedSelect: (x: Tensor, mask: Tensor) => Tensor = defineOperator({
  name: 'maskedSelect',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, Tensor] => {
    checkTensor('maskedSelect', 'input', x);
    const { mask } = bindArguments<{ mask: Tensor }>('maskedSelect', ['mask'], rest);
    checkTensor('maskedSelect', 'mask', mask);
    if (mask.dtype !== 'bool') {
      fail('maskedSelect', 'masked_select: expected BoolTensor for mask', 'bool', mask.dtype);
    }
    return [x, mask];
  },
  forward: (x: Tensor, mask: Tensor) => {
    const shape = broadcastShapes('maskedSelect', x.shape, mask.shape);
    const at = maskPlaces(broadcastView(mask, shape));
    const flat = viewOf(materialize(broadcastView(x, shape)), [numelOf(shape)], [1]);
    return gatherAlong(flat, placesOfEach(0, at, [at.length]));
  },
  derivatives: [
    {
      reads: [1],
      of: (grad, [x, mask]) =>
        grad.newZeros(broadcastShapes('maskedSelect', x.shape, mask.shape)).maskedScatter(mask, grad),
    },
    null,
  ],
});

/** Picking elements as methods. */
export interface GatheringMethods {
  /** The parts at the given positions of a dimension, in a new tensor. */
  indexSelect(dim: number, index: Tensor): Tensor;
  indexSelect(options: AlongOptions): Tensor;
  /**
   * Picks an element for each element of `index`: its position along `dim` is the index, along the other
   * dimensions its own.
   */
  gather(dim: number, index: Tensor, options?: { readonly sparseGrad?: boolean }): Tensor;
  gather(options: GatherOptions): Tensor;
  /** The elements at positions of the flattened tensor; negative ones count from its end. */
  take(index: Tensor): Tensor;
  /** `gather` with both tensors broadcast in the other dimensions; without `dim`, of the flattened tensor. */
  takeAlongDim(indices: Tensor, dim?: number | null): Tensor;
  takeAlongDim(indices: Tensor, options: { readonly dim?: number | null }): Tensor;
  /** The elements where the mask holds, in one dimension. */
  maskedSelect(mask: Tensor): Tensor;
}
