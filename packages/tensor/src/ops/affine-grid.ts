/** Grids that `gridSample` turns, moves and stretches images with. */
import { bindArguments, checkTensor } from '../arguments.ts';
import { ones } from '../creation.ts';
import { defineOperator } from '../dispatcher.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail, showSizes } from '../errors.ts';
import { linspace } from '../ranges.ts';
import type { Tensor } from '../tensor.ts';
import { stack } from './joining.ts';

/** Options of {@link affineGrid}. */
export interface AffineGridOptions {
  /** As in `gridSample`, which takes the grid: false by default. */
  readonly alignCorners?: boolean | null;
}

/**
 * The places where each element of an output of shape `size` lies after the affine map `theta`: [N, H, W, 2] from
 * [N, 2, 3] and [N, C, H, W], or [N, D, H, W, 3] from [N, 3, 4] and [N, C, D, H, W]. Canonical: (theta, size,
 * alignCorners).
 */
export const affineGrid: (
  theta: Tensor,
  size: readonly number[],
  options?: boolean | null | AffineGridOptions,
) => Tensor = defineOperator({
  name: 'affineGrid',
  normalize: (
    theta: Tensor,
    size: readonly number[],
    ...rest: unknown[]
  ): [Tensor, readonly number[], boolean] => {
    checkTensor('affineGrid', 'theta', theta);
    const { alignCorners } = bindArguments<AffineGridOptions>('affineGrid', ['alignCorners'], rest);
    if (dtypeInfo(theta.dtype).kind !== 'float') {
      fail('affineGrid', `Expected theta to have floating point type, but got torch.${theta.dtype}`);
    }
    const rank = size.length - 2;
    if (rank !== 2 && rank !== 3) {
      fail(
        'affineGrid',
        `affine_grid only supports 4D and 5D sizes, for 2D and 3D affine transforms, respectively. Got size ${showSizes(size)}.`,
      );
    }
    if (theta.ndim !== 3 || theta.shape[1] !== rank || theta.shape[2] !== rank + 1) {
      fail(
        'affineGrid',
        `Expected a batch of ${rank}D affine matrices of shape Nx${rank}x${rank + 1} for size ${showSizes(size)}. Got ${showSizes(theta.shape)}.`,
      );
    }
    if (!size.every((length) => Number.isInteger(length) && length > 0)) {
      fail('affineGrid', `Expected non-zero, positive output size. Got ${showSizes(size)}`);
    }
    if (size[0] !== theta.shape[0]) {
      fail('affineGrid', 'one map for each image', `${size[0]} maps`, `${theta.shape[0]}`);
    }
    return [theta, size, alignCorners ?? false];
  },
  composite: true,
  forward: (theta: Tensor, size: readonly number[], alignCorners: boolean) => {
    const extent = size.slice(2);
    const rank = extent.length;
    // Places along each dimension, the width first, then a one for what the map adds.
    const places = extent.map((length, d) => {
      const line = alongDimension(length, alignCorners, theta);
      return line.reshape(extent.map((_, e) => (e === d ? length : 1))).expand(extent);
    });
    const base = stack([...places.reverse(), ones(extent, { dtype: theta.dtype })], -1);
    const count = extent.reduce((all, length) => all * length, 1);
    const grid = base.reshape(1, count, rank + 1).expand([size[0]!, count, rank + 1]);
    return grid.matmul(theta.transpose(1, 2)).reshape([size[0]!, ...extent, rank]);
  },
});

function alongDimension(length: number, alignCorners: boolean, { dtype }: Tensor): Tensor {
  if (length <= 1) return ones([1], { dtype }).mul(0);
  const line = linspace(-1, 1, length, { dtype });
  return alignCorners ? line : line.mul((length - 1) / length);
}
