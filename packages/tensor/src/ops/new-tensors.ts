/** Methods that make tensors of the dtype of another one. */
import { filledTensor, newTensor } from '../access.ts';
import { emptyStrided } from '../creation.ts';
import { defineOperator } from '../dispatcher.ts';
import type { Scalar } from '../promotion.ts';
import { finished, readSizes, type SizeArguments, type TensorOptions } from '../sizes.ts';
import type { Tensor } from '../tensor.ts';

/** Makes a tensor of some sizes in the dtype of another one. */
export type NewOperator = (x: Tensor, ...args: SizeArguments) => Tensor;

function newOperator(
  name: string,
  make: (shape: readonly number[], x: Tensor, options: TensorOptions) => Tensor,
): NewOperator {
  return defineOperator({
    name,
    constant: true,
    forward: (x: Tensor, ...args: [...SizeArguments]) => {
      const [shape, options] = readSizes(name, args);
      return finished(name, make(shape, x, options), options);
    },
  });
}

/** Zeros of the given sizes in the tensor's dtype. */
export const newZeros: NewOperator = newOperator('newZeros', (shape, x, { dtype = x.dtype }) =>
  filledTensor(shape, dtype, 0),
);

/** Ones of the given sizes in the tensor's dtype. */
export const newOnes: NewOperator = newOperator('newOnes', (shape, x, { dtype = x.dtype }) =>
  filledTensor(shape, dtype, 1),
);

/** A tensor of the given sizes in the tensor's dtype whose elements are whatever the memory held. */
export const newEmpty: NewOperator = newOperator('newEmpty', (shape, x, { dtype = x.dtype }) =>
  newTensor(shape, dtype),
);

/** A tensor of the given sizes in the tensor's dtype with every element `value`. */
export const newFull: (x: Tensor, size: readonly number[], value: Scalar, options?: TensorOptions) => Tensor =
  defineOperator({
    name: 'newFull',
    constant: true,
    forward: (x: Tensor, size: readonly number[], value: Scalar, options: TensorOptions = {}) =>
      finished('newFull', filledTensor([...size], options.dtype ?? x.dtype, value), options),
  });

/** A tensor of the given sizes and strides in the tensor's dtype whose elements are whatever the memory held. */
export const newEmptyStrided: (
  x: Tensor,
  size: readonly number[],
  stride: readonly number[],
  options?: TensorOptions,
) => Tensor = defineOperator({
  name: 'newEmptyStrided',
  constant: true,
  forward: (x: Tensor, size: readonly number[], stride: readonly number[], options: TensorOptions = {}) =>
    emptyStrided(size, stride, { ...options, dtype: options.dtype ?? x.dtype }),
});

/** Making tensors of the same dtype, as methods. */
export interface NewTensorMethods {
  /** Zeros of the given sizes in the tensor's dtype. */
  newZeros(size: readonly number[], options?: TensorOptions): Tensor;
  newZeros(...size: number[]): Tensor;
  /** Ones of the given sizes in the tensor's dtype. */
  newOnes(size: readonly number[], options?: TensorOptions): Tensor;
  newOnes(...size: number[]): Tensor;
  /** A tensor of the given sizes in the tensor's dtype whose elements are whatever the memory held. */
  newEmpty(size: readonly number[], options?: TensorOptions): Tensor;
  newEmpty(...size: number[]): Tensor;
  /** A tensor of the given sizes in the tensor's dtype with every element `value`. */
  newFull(size: readonly number[], value: Scalar, options?: TensorOptions): Tensor;
  /** A tensor of the given sizes and strides in the tensor's dtype whose elements are whatever the memory held. */
  newEmptyStrided(size: readonly number[], stride: readonly number[], options?: TensorOptions): Tensor;
}
