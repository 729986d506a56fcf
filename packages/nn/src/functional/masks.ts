/** Masks of attention: bool ones become numbers to add, with PyTorch's checks. */
import { full, type Tensor, tensor } from '@sconce/tensor';
import { warn } from '../module/warn.ts';

/** Another mask of the same call, to whose dtype a mask's is compared. */
export interface OtherMask {
  readonly name: string;
  readonly mask: Tensor | null;
}

/**
 * The mask as numbers to add to scores of the same dtype as `like`: minus infinity where a bool mask is true.
 *
 * @param name PyTorch's name of the mask, for errors
 * @throws {TypeError} for a mask of integers
 */
export function canonicalMask(
  mask: Tensor | null,
  name: string,
  like: Tensor,
  other?: OtherMask,
): Tensor | null {
  if (mask === null) return null;
  if (mask.dtype !== 'bool' && !mask.isFloatingPoint()) {
    throw new TypeError(`only bool and floating types of ${name} are supported`);
  }
  if (other !== undefined && other.mask !== null && other.mask.dtype !== mask.dtype) {
    warn(`Support for mismatched ${name} and ${other.name} is deprecated. Use same type for both instead.`);
  }
  if (mask.dtype !== 'bool') return mask;
  return tensor(Number.NEGATIVE_INFINITY, { dtype: like.dtype }).where(mask, 0);
}

/** [size, size] with minus infinity above the diagonal, zeros elsewhere: query i looks at keys 0 to i. */
export function squareSubsequentMask(size: number, like?: Pick<Tensor, 'dtype'>): Tensor {
  const options = like === undefined ? {} : { dtype: like.dtype };
  return full([size, size], Number.NEGATIVE_INFINITY, options).triu(1);
}

/** Whether a mask is causal: as the hint says, or, without one (`null`), when it equals the causal mask. */
export function detectCausal(mask: Tensor | null, hint: boolean | null, size: number | null): boolean {
  if (hint !== null || mask === null) return hint === true;
  const expected = squareSubsequentMask(size ?? mask.size(-2), mask);
  if (mask.shape.join() !== expected.shape.join()) return false;
  return mask.eq(expected).all().item() === true;
}
