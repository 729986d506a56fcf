/** Operators that write where a mask holds. */
import { broadcastView, castInto, copyElements, materialize, newTensor, viewOf } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail, showSizes } from '../errors.ts';
import type { Scalar } from '../promotion.ts';
import { broadcastShapes } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { placesOfEach, scatterAlong } from './along-core.ts';
import { where } from './comparison.ts';
import { type InPlaceForms, inPlaceOf } from './in-place-core.ts';
import { cat } from './joining.ts';
import { maskPlaces } from './mask-core.ts';

/** Signature of {@link maskedFill}. */
export type MaskedFillOperator = (x: Tensor, mask: Tensor, value: Tensor | Scalar) => Tensor;

type CanonicalFill = [x: Tensor, mask: Tensor, value: Tensor | Scalar];

/** One value, a number or a 0-dim tensor, where the mask holds; x and mask are broadcast. Canonical: (x, mask, value). */
export const maskedFill: MaskedFillOperator = defineOperator({
  name: 'maskedFill',
  normalize: (x: Tensor, ...rest: unknown[]): CanonicalFill => {
    checkTensor('maskedFill', 'input', x);
    type Named = { mask: Tensor; value: Tensor | Scalar };
    const { mask, value } = bindArguments<Named>('maskedFill', ['mask', 'value'], rest);
    checkTensor('maskedFill', 'mask', mask);
    if (value === undefined) fail('maskedFill', "missing argument 'value'", 'a number or a 0-dim tensor');
    if (mask.dtype !== 'bool') {
      fail(
        'maskedFill',
        `masked_fill_ only supports boolean masks, but got mask with dtype ${dtypeInfo(mask.dtype).name}`,
      );
    }
    if (value instanceof Tensor && value.ndim > 0) {
      fail(
        'maskedFill',
        `masked_fill_ only supports a 0-dimensional value tensor, but got tensor with ${value.ndim} dimension(s).`,
      );
    }
    return [x, mask, value];
  },
  forward: (x: Tensor, mask: Tensor, value: Tensor | Scalar) => {
    const one = newTensor([], x.dtype);
    if (value instanceof Tensor) castInto(value, one);
    else castInto(one.newFull([], value, { dtype: scalarKind(x, value) }), one);
    return where(mask, one, x);
  },
  derivatives: [
    { reads: [1], of: (grad, [, mask]) => grad.maskedFill(mask, 0) },
    null,
    { reads: [1], of: (grad, [, mask]) => grad.where(mask, 0).sum() },
  ],
});

/** Refuses numbers that the tensor's dtype cannot hold. */
function scalarKind(x: Tensor, value: Scalar): Tensor['dtype'] {
  if (dtypeInfo(x.dtype).kind === 'int' && typeof value === 'number' && !Number.isInteger(value)) {
    fail(
      'maskedFill',
      `value cannot be converted to type ${dtypeInfo(x.dtype).name} without overflow`,
      'an integer',
      String(value),
    );
  }
  return x.dtype;
}

/** Signature of {@link maskedScatter}. */
export type MaskedScatterOperator = (x: Tensor, mask: Tensor, source: Tensor) => Tensor;

/**
 * The elements of `source`, one after the other, where the mask holds; x and mask are broadcast.
 * Canonical: (x, mask, source).
 */
export const maskedScatter: MaskedScatterOperator = defineOperator({
  name: 'maskedScatter',
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, Tensor, Tensor] => {
    checkTensor('maskedScatter', 'input', x);
    type Named = { mask: Tensor; source: Tensor };
    const { mask, source } = bindArguments<Named>('maskedScatter', ['mask', 'source'], rest);
    checkTensor('maskedScatter', 'mask', mask);
    checkTensor('maskedScatter', 'source', source);
    if (mask.dtype !== 'bool') {
      fail(
        'maskedScatter',
        'masked_scatter_ only supports boolean masks, but got mask with dtype',
        'bool',
        mask.dtype,
      );
    }
    if (x.dtype !== source.dtype) {
      fail(
        'maskedScatter',
        'masked_scatter: expected self and source to have same dtypes',
        x.dtype,
        source.dtype,
      );
    }
    return [x, mask, source];
  },
  forward: (x: Tensor, mask: Tensor, source: Tensor) => {
    const shape = broadcastShapes('maskedScatter', x.shape, mask.shape);
    const at = maskPlaces(broadcastView(mask, shape));
    if (at.length > source.numel()) {
      fail(
        'maskedScatter',
        'masked_scatter: expected the number of elements of source to be at least the number of ones in mask',
        String(at.length),
        showSizes(source.shape),
      );
    }
    const output = newTensor(shape, x.dtype);
    copyElements(broadcastView(x, shape), output);
    const dense = materialize(source);
    const flat = viewOf(output, [output.numel()], [1]);
    scatterAlong(flat, placesOfEach(0, at, [at.length]), viewOf(dense, [at.length], [1]));
    return output;
  },
  derivatives: [
    { reads: [1], of: (grad, [, mask]) => grad.maskedFill(mask, 0) },
    null,
    {
      reads: [1],
      of: (grad, [, mask, source]) => {
        const picked = grad.maskedSelect(mask);
        const [count, all] = [picked.numel(), source.shape.reduce((n, size) => n * size, 1)];
        const rest = grad.newZeros([all - count]);
        return cat([picked, rest]).reshape(source.shape);
      },
    },
  ],
});

/** {@link maskedFill} into the tensor itself. */
export const maskedFill_: MaskedFillOperator = inPlaceOf(maskedFill);
/** {@link maskedScatter} into the tensor itself. */
export const maskedScatter_: MaskedScatterOperator = inPlaceOf(maskedScatter);

interface OutOfPlaceMethods {
  /** One value where the mask holds. */
  maskedFill(mask: Tensor, value: Tensor | Scalar): Tensor;
  /** The elements of `source`, one after the other, where the mask holds. */
  maskedScatter(mask: Tensor, source: Tensor): Tensor;
}

/** Masked writing as methods. */
export interface MaskingMethods
  extends OutOfPlaceMethods,
    InPlaceForms<OutOfPlaceMethods, keyof OutOfPlaceMethods> {}
