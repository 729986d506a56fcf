/** In which order a tensor is filled: draws follow its memory, not its indices. */
import { copyElements, elementWriter, flatElements, newTensor, viewOf } from '../access.ts';
import type { Tensor } from '../tensor.ts';

/** The tensor with its dimensions in the order in which those of `like`, itself unless given, lie in memory. */
export function inMemoryOrder(tensor: Tensor, like: Tensor = tensor): Tensor {
  const order = tensor.shape.map((_, d) => d).sort((a, b) => like.strides[b]! - like.strides[a]! || a - b);
  return viewOf(
    tensor,
    order.map((d) => tensor.shape[d]!),
    order.map((d) => tensor.strides[d]!),
  );
}

/** Has `fill` set the elements in the order of memory: of the tensor itself, or where it has gaps of one that is copied. */
export function throughDense(tensor: Tensor, fill: (dense: Tensor) => void): void {
  if (tensor.numel() === 0) return;
  if (tensor.isContiguous()) {
    fill(tensor);
    return;
  }
  const view = inMemoryOrder(tensor);
  if (view.isContiguous()) {
    fill(view);
    return;
  }
  const dense = newTensor(view.shape, view.dtype);
  fill(dense);
  copyElements(dense, view);
}

/** Sets every element, in the order of memory, to what `draw` gives. */
export function fillEach(tensor: Tensor, draw: () => number | bigint): void {
  throughDense(tensor, (dense) => {
    const elements = flatElements(dense);
    if (elements instanceof Float32Array || elements instanceof Float64Array) {
      for (let i = 0; i < elements.length; i++) elements[i] = draw() as number;
      return;
    }
    const write = elementWriter(dense.dtype);
    for (let i = 0; i < elements.length; i++) elements[i] = write(draw());
  });
}
