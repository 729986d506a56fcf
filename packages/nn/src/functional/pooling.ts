/** Fractional pooling with positions. */
import {
  type FractionalMaxPoolOptions,
  fractionalMaxPool2d,
  fractionalMaxPool3d,
  type Tensor,
} from '@sconce/tensor';

type Size = number | readonly number[];

/** `fractionalMaxPool2d` with the int64 position of each value in its plane. */
export function fractionalMaxPool2dWithIndices(
  x: Tensor,
  kernelSize: Size,
  options: FractionalMaxPoolOptions,
): { readonly values: Tensor; readonly indices: Tensor } {
  return fractionalMaxPool2d(x, kernelSize, { ...options, returnIndices: true });
}

/** `fractionalMaxPool3d` with the int64 position of each value in its volume. */
export function fractionalMaxPool3dWithIndices(
  x: Tensor,
  kernelSize: Size,
  options: FractionalMaxPoolOptions,
): { readonly values: Tensor; readonly indices: Tensor } {
  return fractionalMaxPool3d(x, kernelSize, { ...options, returnIndices: true });
}
