/** Functions of several tensors or shapes that are broadcast together, or brought to a number of dimensions. */
import { checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail, showSizes } from '../errors.ts';
import { broadcastShapes as commonShape } from '../shape.ts';
import { Tensor } from '../tensor.ts';

/** Tensors spread over the arguments, or in one list. */
export type TensorArguments = Tensor[] | [tensors: readonly Tensor[]];

/** The tensors of {@link TensorArguments}. */
export function tensorList(operator: string, args: readonly unknown[]): readonly Tensor[] {
  const [first] = args;
  const list = args.length === 1 && Array.isArray(first) ? (first as readonly unknown[]) : args;
  list.forEach((tensor, i) => {
    checkTensor(operator, `tensors[${i}]`, tensor);
  });
  return list as readonly Tensor[];
}

/** The shape that shapes (or numbers, for one dimension) have together under broadcasting. */
export function broadcastShapes(...shapes: readonly (number | readonly number[])[]): number[] {
  const lists = shapes.map((shape) => (typeof shape === 'number' ? [shape] : shape));
  lists.forEach((shape) => {
    const wrong = shape.find((size) => !(size >= 0));
    if (wrong !== undefined) {
      fail(
        'broadcastShapes',
        `Trying to create tensor with negative dimension (${wrong}): (${showSizes(shape)})`,
      );
    }
  });
  return commonShape('broadcastShapes', ...lists);
}

/** The tensors as views of one common shape. Canonical: (tensors). */
export const broadcastTensors: (...tensors: TensorArguments) => Tensor[] = defineOperator({
  name: 'broadcastTensors',
  normalize: (...args: unknown[]): [readonly Tensor[]] => [tensorList('broadcastTensors', args)],
  composite: true,
  forward: (tensors: readonly Tensor[]) => {
    const shape = commonShape('broadcastTensors', ...tensors.map((tensor) => tensor.shape));
    return tensors.map((tensor) => (tensor.shape.join() === shape.join() ? tensor : tensor.expand(shape)));
  },
});

/** Signature of {@link atleast1d} and its like: one tensor gives one, several give a list. */
export interface AtLeastOperator {
  (x: Tensor): Tensor;
  (tensors: readonly Tensor[]): Tensor[];
  (...tensors: readonly Tensor[]): Tensor[];
}

function atLeast(name: string, raised: (x: Tensor) => Tensor): AtLeastOperator {
  const operator = defineOperator({
    name,
    normalize: (...args: unknown[]): [Tensor | readonly Tensor[]] =>
      args.length === 1 && args[0] instanceof Tensor ? [args[0]] : [tensorList(name, args)],
    composite: true,
    forward: (x: Tensor | readonly Tensor[]) => (x instanceof Tensor ? raised(x) : x.map(raised)),
  });
  return operator as AtLeastOperator;
}

/** 0-dim tensors as vectors of one element; others as they are. Canonical: (x or list). */
export const atleast1d: AtLeastOperator = atLeast('atleast1d', raised1d);
/** Tensors of fewer than two dimensions with new ones in front. Canonical: (x or list). */
export const atleast2d: AtLeastOperator = atLeast('atleast2d', raised2d);
/** Tensors of fewer than three dimensions as [1, n, 1] or [m, n, 1]. Canonical: (x or list). */
export const atleast3d: AtLeastOperator = atLeast('atleast3d', raised3d);

function raised1d(x: Tensor): Tensor {
  return x.ndim === 0 ? x.reshape(1) : x;
}

function raised2d(x: Tensor): Tensor {
  if (x.ndim === 0) return x.reshape(1, 1);
  return x.ndim === 1 ? x.unsqueeze(0) : x;
}

function raised3d(x: Tensor): Tensor {
  if (x.ndim === 0) return x.reshape(1, 1, 1);
  if (x.ndim === 1) return x.unsqueeze(0).unsqueeze(-1);
  return x.ndim === 2 ? x.unsqueeze(-1) : x;
}
