/** Conversion of a model's parameters and buffers to another dtype; they stay the same objects. */
import { type DType, dtypeInfo, isFloatingPoint, noGrad, type Tensor } from '@sconce/tensor';
import type { Module } from './module.ts';
import { convertUninitialized, isUninitialized } from './uninitialized.ts';

/** Gives every parameter and buffer of a model the values that a function makes of it, gradients too. */
export function convertTensors(module: Module, convert: (tensor: Tensor) => Tensor): void {
  for (const tensor of [...module.parameters(), ...module.buffers()]) {
    if (isUninitialized(tensor)) {
      convertUninitialized(tensor, convert);
      continue;
    }
    const { grad } = tensor;
    noGrad(() => {
      tensor.data = convert(tensor).detach();
      if (grad !== null) {
        grad.data = convert(grad).detach();
        tensor.grad = grad;
      }
    });
  }
}

/** Conversion of what is floating-point. @throws {TypeError} for a dtype that is not */
export function toFloating(dtype: DType): (tensor: Tensor) => Tensor {
  if (dtypeInfo(dtype) === undefined || !isFloatingPoint(dtype)) {
    throw new TypeError(
      `nn.Module.to only accepts floating point or complex dtypes, but got desired dtype=torch.${String(dtype)}`,
    );
  }
  return (tensor) => (tensor.isFloatingPoint() ? tensor.to(dtype) : tensor);
}
