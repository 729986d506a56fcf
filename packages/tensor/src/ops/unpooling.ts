/** Undoes maximum pooling: values go back to where they were found, and zeros everywhere else. */
import { fillElements, flatElements, materialize, newTensor } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail, showSizes } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { halvesOf, pickFromPlanes } from './plane-places.ts';
import { sizesOf, type WindowSize } from './window.ts';

/** Options of unpooling. */
export interface MaxUnpoolOptions {
  /** The kernel size by default. */
  readonly stride?: WindowSize | null;
  readonly padding?: WindowSize;
  /** The size of the output, which several sizes may have been pooled from; with or without batch and channels. */
  readonly outputSize?: readonly number[] | null;
}
/** Signature of unpooling. */
export interface MaxUnpoolOperator {
  (x: Tensor, indices: Tensor, kernelSize: WindowSize, options?: MaxUnpoolOptions): Tensor;
  (x: Tensor, indices: Tensor, options: MaxUnpoolOptions & { readonly kernelSize: WindowSize }): Tensor;
  (
    x: Tensor,
    indices: Tensor,
    kernelSize: WindowSize,
    stride: WindowSize | null,
    padding?: WindowSize,
    outputSize?: readonly number[] | null,
  ): Tensor;
}

/** The size of the output (PyTorch's `_unpool_output_size`). */
function outputSize(
  operator: string,
  x: Tensor,
  rank: number,
  named: MaxUnpoolOptions & { readonly kernelSize: WindowSize },
): readonly number[] {
  const kernel = sizesOf(operator, 'kernelSize', named.kernelSize, rank);
  const stride = named.stride == null ? kernel : sizesOf(operator, 'stride', named.stride, rank);
  const padding = sizesOf(operator, 'padding', named.padding ?? 0, rank);
  const usual = x.shape.slice(-rank).map((size, d) => (size - 1) * stride[d]! + kernel[d]! - 2 * padding[d]!);
  if (named.outputSize == null) return usual;
  const given = named.outputSize.length === rank + 2 ? named.outputSize.slice(2) : named.outputSize;
  if (given.length !== rank) {
    fail(
      operator,
      `output_size should be a sequence containing ${rank} or ${rank + 2} elements, but it has a length of '${given.length}'`,
    );
  }
  given.forEach((size, d) => {
    const [least, most] = [usual[d]! - stride[d]!, usual[d]! + stride[d]!];
    if (least < size && size < most) return;
    fail(
      operator,
      `invalid output_size "${showSizes(given)}" (dim ${d} must be between ${least} and ${most})`,
    );
  });
  return given;
}

function unpooling(rank: number): MaxUnpoolOperator {
  const name = `maxUnpool${rank}d`;
  return defineOperator({
    name,
    backwardName: `MaxUnpool${Math.max(rank, 2)}DBackward0`,
    normalize: (x: Tensor, indices: Tensor, ...rest: unknown[]): [Tensor, Tensor, readonly number[]] => {
      checkTensor(name, 'input', x);
      checkTensor(name, 'indices', indices);
      type Named = MaxUnpoolOptions & { kernelSize: WindowSize };
      const named = bindArguments<Named>(name, ['kernelSize', 'stride', 'padding', 'outputSize'], rest);
      const { kernelSize } = named;
      if (kernelSize === undefined) fail(name, "missing argument 'kernelSize'");
      if (indices.dtype !== 'int64') {
        fail(name, `elements in indices should be type int64 but got: ${indices.dtype}`);
      }
      if (x.ndim !== rank + 1 && x.ndim !== rank + 2) {
        fail(
          name,
          `Input to max_unpooling${rank}d should be a ${rank + 1}d or ${rank + 2}d Tensor, but got a tensor with ${x.ndim} dimensions`,
        );
      }
      if (x.shape.join() !== indices.shape.join()) {
        fail(
          name,
          `Expected shape of indices to be same as that of the input tensor (${showSizes(x.shape)}) but got indices tensor with shape: ${showSizes(indices.shape)}`,
        );
      }
      const size = outputSize(name, x, rank, { ...named, kernelSize });
      if (size.some((length) => !Number.isInteger(length) || length < 0)) {
        fail(name, `output_size must contain non-negative dimensions, but got ${showSizes(size)}`);
      }
      return [x, indices, size];
    },
    forward: (x: Tensor, indices: Tensor, size: readonly number[]) => {
      const outer = x.shape.slice(0, x.ndim - rank);
      const result = newTensor([...outer, ...size], x.dtype);
      fillElements(result, 0);
      const planes = outer.reduce((all, length) => all * length, 1);
      if (x.numel() === 0) return result;
      const [dense, positions] = [materialize(x), materialize(indices)];
      const [count, plane] = [x.numel() / planes, result.numel() / planes];
      const [from, to] = [flatElements(dense), flatElements(result)];
      const at = halvesOf(positions);
      for (let p = 0, i = 0; p < planes; p++) {
        for (let n = 0; n < count; n++, i++) {
          const place = at[2 * i]!;
          if (at[2 * i + 1] !== 0 || place < 0 || place >= plane) {
            const value = positions.reshape(-1).select(0, i).item();
            fail(
              name,
              `Found an invalid max index: ${String(value)} (output volumes are of size ${size.join('x')})`,
            );
          }
          to[p * plane + place] = from[i]!;
        }
      }
      return result;
    },
    derivatives: [{ reads: [1], of: (grad, [, indices]) => pickFromPlanes(grad, indices, rank) }, null, null],
  });
}

/**
 * Puts values [N, C, L] or [C, L] back to the positions that `maxPool1d` found them at.
 * Canonical: (x, indices, [length]).
 */
export const maxUnpool1d: MaxUnpoolOperator = unpooling(1);
/** As {@link maxUnpool1d} for images, with positions in their planes. Canonical: (x, indices, [height, width]). */
export const maxUnpool2d: MaxUnpoolOperator = unpooling(2);
/** As {@link maxUnpool1d} for volumes. Canonical: (x, indices, [depth, height, width]). */
export const maxUnpool3d: MaxUnpoolOperator = unpooling(3);
