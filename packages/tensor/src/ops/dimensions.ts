/** Operators that name, move and merge whole dimensions, all made of the views in `shape.ts`. */
import { viewOf } from '../access.ts';
import { bindArguments, checkTensor, namedListArgument } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail, showSizes } from '../errors.ts';
import { wrapDim } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { type SizesMethod, type SizesOperator, type TransposeOperator, transpose } from './shape.ts';

/** One dimension or several. */
export type DimList = number | readonly number[];

/** Options of {@link movedim}. */
export interface MovedimOptions {
  readonly source: DimList;
  readonly destination: DimList;
}

/** Signature of {@link movedim}. */
export interface MovedimOperator {
  (x: Tensor, source: DimList, destination: DimList): Tensor;
  (x: Tensor, options: MovedimOptions): Tensor;
}

function movement(name: string): MovedimOperator {
  return defineOperator({
    name,
    normalize: (x: Tensor, ...rest: unknown[]): [Tensor, readonly number[], readonly number[]] => {
      checkTensor(name, 'input', x);
      const names = ['source', 'destination'] as const;
      const { source, destination } = bindArguments<MovedimOptions>(name, names, rest);
      if (source === undefined || destination === undefined) {
        fail(name, 'missing argument, expected source and destination');
      }
      const [from, to] = [source, destination].map((dims) => (typeof dims === 'number' ? [dims] : dims)) as [
        readonly number[],
        readonly number[],
      ];
      if (from.length !== to.length) {
        fail(
          name,
          `movedim: Invalid source or destination dims: source (${showSizes(from)} dims) should contain the same number of dims as destination (${showSizes(to)} dims)`,
        );
      }
      return [x, distinct(name, 'source', from, x.ndim), distinct(name, 'destination', to, x.ndim)];
    },
    composite: true,
    forward: (x: Tensor, source: readonly number[], destination: readonly number[]) => {
      const order = new Array<number>(x.ndim).fill(-1);
      source.forEach((from, i) => {
        order[destination[i]!] = from;
      });
      const others = x.shape.map((_, d) => d).filter((d) => !source.includes(d));
      return x.permute(order.map((from) => (from < 0 ? others.shift()! : from)));
    },
  });
}

function distinct(operator: string, what: string, dims: readonly number[], ndim: number): readonly number[] {
  const wrapped = dims.map((dim) => wrapDim(operator, dim, ndim));
  if (new Set(wrapped).size < wrapped.length) {
    fail(operator, `movedim: repeated dim in \`${what}\` (${showSizes(dims)})`);
  }
  return wrapped;
}

/** Dimensions moved to other places, the rest in their order. Canonical: (x, source, destination), not negative. */
export const movedim: MovedimOperator = movement('movedim');
/** {@link movedim} under NumPy's name. */
export const moveaxis: MovedimOperator = movement('moveaxis');

/** {@link transpose} under NumPy's name. */
export const swapaxes: (x: Tensor, axis0: number, axis1: number) => Tensor = defineOperator({
  name: 'swapaxes',
  composite: true,
  forward: (x: Tensor, axis0: number, axis1: number) => transpose(x, axis0, axis1),
});

/** {@link transpose} under another name. */
export const swapdims: TransposeOperator = defineOperator({
  name: 'swapdims',
  composite: true,
  forward: (x: Tensor, ...dims: unknown[]) => transpose(x, ...(dims as [number, number])),
});

/** The last two dimensions exchanged; the conjugate, of which real tensors have none. Canonical: (x). */
export const adjoint: (x: Tensor) => Tensor = defineOperator({
  name: 'adjoint',
  composite: true,
  forward: (x: Tensor) => {
    if (x.ndim < 2) {
      fail(
        'adjoint',
        `tensor.adjoint() is only supported on matrices or batches of matrices. Got ${x.ndim}-D tensor.`,
      );
    }
    return x.transpose(-2, -1);
  },
});

/** All elements in one dimension: a view where possible. Canonical: (x). */
export const ravel: (x: Tensor) => Tensor = defineOperator({
  name: 'ravel',
  composite: true,
  forward: (x: Tensor) => x.reshape(-1),
});

function shapeOfOther(
  name: string,
  shaped: (x: Tensor, shape: readonly number[]) => Tensor,
): (x: Tensor, other: Tensor) => Tensor {
  return defineOperator({
    name,
    normalize: (x: Tensor, other: Tensor): [Tensor, Tensor] => {
      checkTensor(name, 'input', x);
      checkTensor(name, 'other', other);
      return [x, other];
    },
    composite: true,
    forward: (x: Tensor, other: Tensor) => shaped(x, other.shape),
  });
}

/** {@link reshape} to another tensor's shape. Canonical: (x, other). */
export const reshapeAs: (x: Tensor, other: Tensor) => Tensor = shapeOfOther('reshapeAs', (x, shape) =>
  x.reshape(shape),
);
/** {@link view} under another tensor's shape. Canonical: (x, other). */
export const viewAs: (x: Tensor, other: Tensor) => Tensor = shapeOfOther('viewAs', (x, shape) =>
  x.view(shape),
);
/** {@link expand} to another tensor's shape. Canonical: (x, other). */
export const expandAs: (x: Tensor, other: Tensor) => Tensor = shapeOfOther('expandAs', (x, shape) =>
  x.expand(shape),
);

/** The sum over those dimensions that broadcasting would have made of a smaller shape. Canonical: (x, size). */
export const sumToSize: SizesOperator<'size'> = defineOperator({
  name: 'sumToSize',
  normalize: (x: Tensor, ...size: unknown[]): [Tensor, readonly number[]] => {
    checkTensor('sumToSize', 'input', x);
    const target = namedListArgument('sumToSize', 'size', size);
    const shift = x.ndim - target.length;
    if (shift < 0 || !target.every((count, d) => count === 1 || count === x.shape[d + shift])) {
      fail('sumToSize', `size {${showSizes(target)}} is not expandable to size {${showSizes(x.shape)}}.`);
    }
    return [x, target];
  },
  composite: true,
  forward: (x: Tensor, size: readonly number[]) => {
    const shift = x.ndim - size.length;
    const spread = x.shape
      .map((_, d) => d)
      .filter((d) => d < shift || (size[d - shift] === 1 && x.shape[d] !== 1));
    const summed = spread.length === 0 ? x : x.sum(spread, true);
    return shift === 0 ? summed : summed.view(size);
  },
});

/** The same elements in a new tensor that shares the memory. Canonical: (x). */
export const alias: (x: Tensor) => Tensor = defineOperator({
  name: 'alias',
  normalize: (x: Tensor): [Tensor] => {
    checkTensor('alias', 'input', x);
    return [x];
  },
  forward: (x: Tensor) => viewOf(x, x.shape, x.strides),
  view: true,
  derivatives: [(grad) => grad],
});

/** An operator that returns its argument: what complex numbers need, and real ones have already. */
function itself(name: string): (x: Tensor) => Tensor {
  return defineOperator({
    name,
    composite: true,
    forward: (x: Tensor) => {
      checkTensor(name, 'input', x);
      return x;
    },
  });
}

/** +x: the tensor itself; bool is refused. */
export const positive: (x: Tensor) => Tensor = defineOperator({
  name: 'positive',
  composite: true,
  forward: (x: Tensor) => {
    checkTensor('positive', 'input', x);
    if (x.dtype === 'bool') fail('positive', 'The `+` operator, on a bool tensor is not supported.');
    return x;
  },
});
/** The complex conjugate: of a real tensor, the tensor itself. */
export const conj: (x: Tensor) => Tensor = itself('conj');
/** The complex conjugate in memory: of a real tensor, the tensor itself. */
export const conjPhysical: (x: Tensor) => Tensor = itself('conjPhysical');
/** Carries out a pending conjugation: real tensors have none, and come back themselves. */
export const resolveConj: (x: Tensor) => Tensor = itself('resolveConj');
/** Carries out a pending negation: real tensors have none, and come back themselves. */
export const resolveNeg: (x: Tensor) => Tensor = itself('resolveNeg');

/** Whether two tensors have the same shape. Canonical: (x, other). */
export const isSameSize: (x: Tensor, other: Tensor) => boolean = defineOperator({
  name: 'isSameSize',
  constant: true,
  forward: (x: Tensor, other: Tensor) => x.shape.join() === other.shape.join(),
});

/** Operators on whole dimensions as methods. */
export interface DimensionMethods {
  /** Dimensions moved to other places, the rest in their order. */
  movedim(source: DimList, destination: DimList): Tensor;
  movedim(options: MovedimOptions): Tensor;
  /** `movedim` under NumPy's name. */
  moveaxis(source: DimList, destination: DimList): Tensor;
  moveaxis(options: MovedimOptions): Tensor;
  /** `transpose` under NumPy's name. */
  swapaxes(axis0: number, axis1: number): Tensor;
  /** `transpose` under another name. */
  swapdims(dim0: number, dim1: number): Tensor;
  /** The last two dimensions exchanged. */
  adjoint(): Tensor;
  /** All elements in one dimension: a view where possible. */
  ravel(): Tensor;
  /** `reshape` to another tensor's shape. */
  reshapeAs(other: Tensor): Tensor;
  /** `view` under another tensor's shape. */
  viewAs(other: Tensor): Tensor;
  /** `expand` to another tensor's shape. */
  expandAs(other: Tensor): Tensor;
  /** The sum over those dimensions that broadcasting would have made of a smaller shape. */
  sumToSize: SizesMethod<'size'>;
  /** The same elements in a new tensor that shares the memory. */
  alias(): Tensor;
  /** +x: the tensor itself. */
  positive(): Tensor;
  /** The complex conjugate: of a real tensor, the tensor itself. */
  conj(): Tensor;
  /** The complex conjugate in memory: of a real tensor, the tensor itself. */
  conjPhysical(): Tensor;
  /** Carries out a pending conjugation: real tensors have none. */
  resolveConj(): Tensor;
  /** Carries out a pending negation: real tensors have none. */
  resolveNeg(): Tensor;
  /** Whether two tensors have the same shape. */
  isSameSize(other: Tensor): boolean;
}
