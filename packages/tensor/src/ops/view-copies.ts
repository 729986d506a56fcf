/** Forms of the view operators that return copies in memory of their own: PyTorch's `..._copy` functions. */
import { denseCopy } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator, definitionOf, type Operator } from '../dispatcher.ts';
import { fail } from '../errors.ts';
import { wrapDim } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { narrowView } from '../views.ts';
import { asStrided } from './as-strided.ts';
import { diagonal } from './diagonals.ts';
import { alias } from './dimensions.ts';
import { expand, permute, squeeze, t, transpose, unsqueeze, view } from './shape.ts';
import { select, slice, unbind } from './slicing.ts';
import { unfoldDimension } from './sliding.ts';
import { splitWithSizes } from './splitting.ts';

type ViewResult = Tensor | Tensor[];

/** The form of a view operator that copies: same arguments, same derivatives. */
function copying<View extends Operator>(name: string, operator: View): View {
  const {
    name: own,
    normalize,
    forward,
    derivatives,
    backwardName,
  } = definitionOf<[Tensor, ...unknown[]], ViewResult>(operator);
  const capital = `${own.charAt(0).toUpperCase()}${own.slice(1)}`;
  const nameOf = (args: [Tensor, ...unknown[]]): string => {
    if (backwardName === undefined) return `${capital}Backward0`;
    return typeof backwardName === 'string' ? backwardName : backwardName(...args);
  };
  const made = defineOperator<unknown[], [Tensor, ...unknown[]], ViewResult>({
    name,
    normalize: (...args) => {
      checkTensor(name, 'input', args[0]);
      const call = normalize as ((...args: unknown[]) => [Tensor, ...unknown[]]) | undefined;
      return call === undefined ? (args as [Tensor, ...unknown[]]) : call(...args);
    },
    forward: (...args) => {
      const shown = forward(...args);
      return Array.isArray(shown) ? shown.map(denseCopy) : denseCopy(shown);
    },
    derivatives: derivatives!,
    backwardName: (...args) => `${nameOf(args)}_copy`,
  });
  // Same arguments and results as the operator it was made of.
  return made as unknown as View;
}

/** {@link alias} as a copy. */
export const aliasCopy: typeof alias = copying('aliasCopy', alias);
/** {@link asStrided} as a copy. */
export const asStridedCopy: typeof asStrided = copying('asStridedCopy', asStrided);
/** {@link diagonal} as a copy. */
export const diagonalCopy: typeof diagonal = copying('diagonalCopy', diagonal);
/** {@link expand} as a copy. */
export const expandCopy: typeof expand = copying('expandCopy', expand);
/** {@link permute} as a copy. */
export const permuteCopy: typeof permute = copying('permuteCopy', permute);
/** {@link select} as a copy. */
export const selectCopy: typeof select = copying('selectCopy', select);
/** {@link slice} as a copy. */
export const sliceCopy: typeof slice = copying('sliceCopy', slice);
/** {@link splitWithSizes} as copies. */
export const splitWithSizesCopy: typeof splitWithSizes = copying('splitWithSizesCopy', splitWithSizes);
/** {@link squeeze} as a copy. */
export const squeezeCopy: typeof squeeze = copying('squeezeCopy', squeeze);
/** {@link t} as a copy. */
export const tCopy: typeof t = copying('tCopy', t);
/** {@link transpose} as a copy. */
export const transposeCopy: typeof transpose = copying('transposeCopy', transpose);
/** {@link unbind} as copies. */
export const unbindCopy: typeof unbind = copying('unbindCopy', unbind);
/** {@link unfoldDimension} as a copy. */
export const unfoldCopy: typeof unfoldDimension = copying('unfoldCopy', unfoldDimension);
/** {@link unsqueeze} as a copy. */
export const unsqueezeCopy: typeof unsqueeze = copying('unsqueezeCopy', unsqueeze);
/** {@link view} as a copy. */
export const viewCopy: typeof view = copying('viewCopy', view);

/** Arguments of {@link narrowCopy}. */
interface NarrowOptions {
  readonly dim: number;
  readonly start: number;
  readonly length: number;
}

/** A copy of `length` elements along a dimension from `start` on. Canonical: (x, dim, start, length), not negative. */
export const narrowCopy: (x: Tensor, dim: number, start: number, length: number) => Tensor = defineOperator({
  name: 'narrowCopy',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number, number, number] => {
    checkTensor('narrowCopy', 'input', x);
    const names = ['dim', 'start', 'length'] as const;
    const { dim, start, length } = bindArguments<NarrowOptions>('narrowCopy', names, rest);
    if (dim === undefined || start === undefined || length === undefined) {
      fail('narrowCopy', `missing argument, expected ${names.join(', ')}`);
    }
    if (x.ndim === 0) fail('narrowCopy', 'narrow() cannot be applied to a 0-dim tensor.');
    if (dim >= x.ndim) {
      fail('narrowCopy', 'Expected dim < static_cast<int64_t>(self_sizes.size()) to be true, but got false.');
    }
    const axis = wrapDim('narrowCopy', dim, x.ndim);
    const size = x.shape[axis]!;
    if (start < -size || start > size) {
      fail(
        'narrowCopy',
        `start out of range (expected to be in range of [${-size}, ${size}], but got ${start})`,
      );
    }
    const first = start < 0 ? start + size : start;
    if (length < 0 || first + length > size) {
      fail('narrowCopy', `start (${first}) + length (${length}) exceeds dimension size (${size}).`);
    }
    return [x, axis, first, length];
  },
  forward: (x: Tensor, dim: number, start: number, length: number) =>
    denseCopy(narrowView(x, dim, start, length)),
  derivatives: [
    (grad, [x, dim, start, length]) => {
      const whole = grad.newZeros(x.shape);
      whole.narrow(dim, start, length).copy_(grad);
      return whole;
    },
  ],
});
