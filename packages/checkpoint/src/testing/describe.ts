/** Turns tensors into what `fixtures/checkpoint/checkpoint.json` holds. */
import type { Tensor } from '@sconce/tensor';
import type { ExpectedTensor } from './fixtures.ts';

/** The values in row-major order: booleans for bool, texts for int64. */
export function valuesOf(tensor: Tensor): (number | boolean | string)[] {
  const values = Array.from(tensor.toTypedArray() as ArrayLike<number | bigint>);
  if (tensor.dtype === 'bool') return values.map((value) => value !== 0);
  return values.map((value) => (typeof value === 'bigint' ? String(value) : value));
}

/** Layout and values. */
export function describeTensor(tensor: Tensor): ExpectedTensor {
  const { dtype, shape, strides: stride, offset } = tensor;
  return { dtype, shape: [...shape], stride: [...stride], offset, values: valuesOf(tensor) };
}
