/** Operators that join tensors and repeat them. */
import { cast, copyElements, newTensor, viewOf } from '../access.ts';
import { bindArguments, checkTensor, checkTensors, namedListArgument } from '../arguments.ts';
import { zeros } from '../creation.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail, showSizes } from '../errors.ts';
import { promoteTypes } from '../promotion.ts';
import { contiguousStrides, wrapDim } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { narrowView, selectView } from '../views.ts';
import type { SizesMethod, SizesOperator } from './shape.ts';

/** Tensors joined along a dimension; their other sizes are equal. Dtypes are promoted. Canonical: (tensors, dim). */
export const cat: (tensors: readonly Tensor[], dim?: number | { readonly dim?: number }) => Tensor =
  defineOperator({
    name: 'cat',
    normalize: (tensors: readonly Tensor[], ...rest: unknown[]): [readonly Tensor[], number] => {
      checkTensors('cat', tensors, 'torch.cat(): expected a non-empty list of Tensors');
      const { dim = 0 } = bindArguments<{ dim: number }>('cat', ['dim'], rest);
      // A one-dimensional tensor without elements fits everywhere, for old code's sake.
      const first = tensors.find((tensor) => !isLegacyEmpty(tensor)) ?? tensors[0]!;
      tensors.forEach((tensor, i) => {
        if (tensor.ndim === 0)
          fail('cat', `zero-dimensional tensor (at position ${i}) cannot be concatenated`);
      });
      const axis = wrapDim('cat', dim, first.ndim);
      tensors.forEach((tensor, i) => {
        if (isLegacyEmpty(tensor)) return;
        if (tensor.ndim !== first.ndim) {
          fail('cat', `Tensors must have same number of dimensions: got ${first.ndim} and ${tensor.ndim}`);
        }
        tensor.shape.forEach((size, d) => {
          if (d !== axis && size !== first.shape[d]) {
            fail(
              'cat',
              `Sizes of tensors must match except in dimension ${axis}. Expected size ${first.shape[d]} but got size ${size} for tensor number ${i} in the list.`,
            );
          }
        });
      });
      return [tensors, axis];
    },
    forward: (tensors: readonly Tensor[], dim: number) => {
      const dtype = tensors.map((tensor) => tensor.dtype).reduce(promoteTypes);
      const parts = tensors.filter((tensor) => !isLegacyEmpty(tensor));
      if (parts.length === 0) return newTensor([0], dtype);
      const total = parts.reduce((sum, part) => sum + part.shape[dim]!, 0);
      const output = newTensor(parts[0]!.shape.with(dim, total), dtype);
      let start = 0;
      for (const part of parts) {
        copyElements(cast(part, dtype), narrowView(output, dim, start, part.shape[dim]!));
        start += part.shape[dim]!;
      }
      return output;
    },
    derivatives: [
      (grad, [tensors, dim]) => {
        let start = 0;
        return tensors.map((part) => {
          if (isLegacyEmpty(part)) return null;
          const size = part.shape[dim]!;
          start += size;
          return grad.narrow(dim, start - size, size);
        });
      },
    ],
  });

function isLegacyEmpty(tensor: Tensor): boolean {
  return tensor.ndim === 1 && tensor.shape[0] === 0;
}

/** Tensors of one shape joined along a new dimension. Canonical: (tensors, dim). */
export const stack: (tensors: readonly Tensor[], dim?: number | { readonly dim?: number }) => Tensor =
  defineOperator({
    name: 'stack',
    normalize: (tensors: readonly Tensor[], ...rest: unknown[]): [readonly Tensor[], number] => {
      checkTensors('stack', tensors, 'stack expects a non-empty TensorList');
      const { dim = 0 } = bindArguments<{ dim: number }>('stack', ['dim'], rest);
      const { shape } = tensors[0]!;
      tensors.forEach((tensor, i) => {
        if (tensor.shape.join() !== shape.join()) {
          fail(
            'stack',
            `stack expects each tensor to be equal size, but got ${showSizes(shape)} at entry 0 and ${showSizes(tensor.shape)} at entry ${i}`,
          );
        }
      });
      return [tensors, wrapDim('stack', dim, shape.length + 1)];
    },
    forward: (tensors: readonly Tensor[], dim: number) => {
      const dtype = tensors.map((tensor) => tensor.dtype).reduce(promoteTypes);
      const output = newTensor(tensors[0]!.shape.toSpliced(dim, 0, tensors.length), dtype);
      tensors.forEach((tensor, i) => {
        copyElements(cast(tensor, dtype), selectView(output, dim, i));
      });
      return output;
    },
    derivatives: [(grad, [, dim]) => grad.unbind(dim)],
  });

/** The whole tensor repeated along each dimension; more repetitions than dimensions add some in front. Canonical: (x, repeats). */
export const repeat: SizesOperator<'repeats'> = defineOperator({
  name: 'repeat',
  normalize: (x: Tensor, ...repeats: unknown[]): [Tensor, readonly number[]] => {
    checkTensor('repeat', 'input', x);
    const list = namedListArgument('repeat', 'repeats', repeats);
    if (list.length < x.ndim) {
      fail(
        'repeat',
        'Number of dimensions of repeat dims can not be smaller than number of dimensions of tensor',
      );
    }
    if (!list.every((count) => Number.isInteger(count) && count >= 0)) {
      fail('repeat', 'invalid number of repetitions', 'integers >= 0', showSizes(list));
    }
    return [x, list];
  },
  forward: repeated,
  derivatives: [(grad, [x, repeats]) => repeatedBack(grad, x, repeats)],
});

/** As {@link repeat}, but fewer repetitions than dimensions mean 1 for the first ones. Canonical: (x, repeats). */
export const tile: SizesOperator<'dims'> = defineOperator({
  name: 'tile',
  normalize: (x: Tensor, ...repeats: unknown[]): [Tensor, readonly number[]] => {
    checkTensor('tile', 'input', x);
    const list = namedListArgument('tile', 'dims', repeats);
    return [x, [...new Array<number>(Math.max(x.ndim - list.length, 0)).fill(1), ...list]];
  },
  forward: repeated,
  derivatives: [(grad, [x, repeats]) => repeatedBack(grad, x, repeats)],
  backwardName: 'RepeatBackward0',
});

function repeated(x: Tensor, repeats: readonly number[]): Tensor {
  const shift = repeats.length - x.ndim;
  const sizes = repeats.map((_, d) => (d < shift ? 1 : x.shape[d - shift]!));
  const output = newTensor(
    sizes.map((size, d) => size * repeats[d]!),
    x.dtype,
  );
  // The output as [repeat, size] per dimension, and the input with stride 0 along every repeat.
  const pairs = sizes.flatMap((size, d) => [repeats[d]!, size]);
  const steps = sizes.flatMap((_, d) => [0, d < shift ? 0 : x.strides[d - shift]!]);
  copyElements(viewOf(x, pairs, steps), viewOf(output, pairs, contiguousStrides(pairs)));
  return output;
}

/** The sum of the gradients of all copies. */
function repeatedBack(grad: Tensor, x: Tensor, repeats: readonly number[]): Tensor {
  if (repeats.includes(0)) return zeros(x.shape, { dtype: grad.dtype });
  const shift = repeats.length - x.ndim;
  const pairs = repeats.flatMap((count, d) => [count, d < shift ? 1 : x.shape[d - shift]!]);
  const copies = repeats.map((_, d) => 2 * d);
  return grad.reshape(pairs).sum(copies).reshape(x.shape);
}

/** Repetition as methods. */
export interface JoiningMethods {
  /** The whole tensor repeated along each dimension; more repetitions than dimensions add some in front. */
  repeat: SizesMethod<'repeats'>;
  /** As `repeat`, but fewer repetitions than dimensions mean 1 for the first ones. */
  tile: SizesMethod<'dims'>;
}
