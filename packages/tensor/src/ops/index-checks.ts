/** Checks of index tensors that several families share, in PyTorch's words. */
import { fail, showSizes } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { requireIndex } from './positions.ts';

/** Checks an index that names a position for each of its elements (`gather`, `scatter`). */
export function checkEachIndex(
  operator: 'gather' | 'scatter',
  x: Tensor,
  dim: number,
  index: Tensor,
  what: 'input' | 'self',
): void {
  // An empty index may have any dtype and shape.
  if (index.numel() === 0) return;
  requireIndex(operator, index, `${operator}(): Expected dtype int32/int64 for index`);
  if (Math.max(x.ndim, 1) !== Math.max(index.ndim, 1)) {
    fail(operator, `Index tensor must have the same number of dimensions as ${what} tensor`);
  }
  for (let d = 0; d < index.ndim; d++) {
    if (d !== dim && index.shape[d]! > (x.shape[d] ?? 1)) {
      fail(
        operator,
        `Size does not match at dimension ${d} expected index ${showSizes(index.shape)} to be no larger than self ${showSizes(x.shape)} apart from dimension ${dim}`,
      );
    }
  }
}
