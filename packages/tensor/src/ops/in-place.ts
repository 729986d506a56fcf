/** Operators that write into a tensor that exists, and return it. Views of it see the change. */
import { castInto, fillElements, newTensor, viewOf } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { zerosLike } from '../creation.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail } from '../errors.ts';
import { checkRange } from '../integer-range.ts';
import type { Scalar } from '../promotion.ts';
import { Tensor } from '../tensor.ts';
import * as activation from './activation.ts';
import * as activationSmooth from './activation-smooth.ts';
import {
  checkOverlap,
  checkPartialOverlap,
  type InPlaceForms,
  type InPlaceOperator,
  inPlaceOf,
} from './in-place-core.ts';
import { expand } from './shape.ts';

/** What {@link fill} takes: a number, or a 0-dim tensor that a gradient can flow to. */
export type FillValue = Scalar | Tensor;

/** Signature of {@link fill} and {@link fill_}. */
export type FillOperator = (x: Tensor, value: FillValue | { readonly value: FillValue }) => Tensor;

function fillArguments(operator: string, x: Tensor, rest: readonly unknown[]): [Tensor, FillValue] {
  checkTensor(operator, 'input', x);
  const { value } = bindArguments<{ value: FillValue }>(operator, ['value'], rest);
  if (value === undefined) fail(operator, "missing argument 'value'");
  if (!(value instanceof Tensor)) checkRange(operator, value, x.dtype);
  if (value instanceof Tensor && value.ndim > 0) {
    fail(
      operator,
      `${operator} only supports 0-dimension value tensor but got tensor with ${value.ndim} dimensions.`,
    );
  }
  return [x, value];
}

function fillWith(x: Tensor, value: FillValue): Tensor {
  const places = onceEach(x);
  if (value instanceof Tensor) castInto(expand(value, places.shape), places);
  else fillElements(places, value);
  return x;
}

/** A view in which places of memory that a tensor shows repeatedly stand once. */
function onceEach(x: Tensor): Tensor {
  if (!x.strides.includes(0)) return x;
  return viewOf(
    x,
    x.shape.map((size, d) => (x.strides[d] === 0 ? Math.min(size, 1) : size)),
    x.strides,
  );
}

/** The gradient of what was overwritten. */
function zerosOf(grad: Tensor): Tensor {
  return zerosLike(grad);
}

/** Every element becomes `value`, a number or a 0-dim tensor. Canonical: (x, value). */
export const fill_: FillOperator = defineOperator({
  name: 'fill_',
  normalize: (x: Tensor, ...rest: unknown[]) => fillArguments('fill_', x, rest),
  forward: fillWith,
  inPlace: true,
  derivatives: [zerosOf, (grad) => grad.sum()],
  backwardName: (_: Tensor, value: FillValue) => `FillBackward${value instanceof Tensor ? 3 : 2}`,
});

/** A tensor of the same shape and dtype with every element `value`. Canonical: (x, value). */
export const fill: FillOperator = defineOperator({
  name: 'fill',
  normalize: (x: Tensor, ...rest: unknown[]) => fillArguments('fill', x, rest),
  forward: (x: Tensor, value: FillValue) => fillWith(newTensor(x.shape, x.dtype), value),
  derivatives: [() => null, (grad) => grad.sum()],
  backwardName: (_: Tensor, value: FillValue) => `FillBackward${value instanceof Tensor ? 1 : 0}`,
});

/** Every element becomes 0. Canonical: (x). */
export const zero_: (x: Tensor) => Tensor = defineOperator({
  name: 'zero_',
  forward: (x: Tensor) => fillWith(x, 0),
  inPlace: true,
  derivatives: [zerosOf],
});

/** Takes over the elements of another tensor, broadcast and converted. Canonical: (x, source). */
export const copy_: (x: Tensor, source: Tensor) => Tensor = defineOperator({
  name: 'copy_',
  normalize: (x: Tensor, source: Tensor): [Tensor, Tensor] => {
    checkTensor('copy_', 'input', x);
    checkTensor('copy_', 'src', source);
    checkOverlap('copy_', x);
    checkPartialOverlap('copy_', x, source);
    return [x, source];
  },
  forward: (x: Tensor, source: Tensor) => {
    castInto(expand(source, x.shape), x);
    return x;
  },
  inPlace: true,
  backwardName: 'CopyBackwards',
  derivatives: [zerosOf, (grad) => grad],
});

/** In-place form of {@link activationSmooth.elu}. */
export const elu_: InPlaceOperator<typeof activationSmooth.elu> = inPlaceOf(activationSmooth.elu);
/** In-place form of {@link activation.hardtanh}. */
export const hardtanh_: InPlaceOperator<typeof activation.hardtanh> = inPlaceOf(activation.hardtanh);
/** In-place form of {@link activation.leakyRelu}. */
export const leakyRelu_: InPlaceOperator<typeof activation.leakyRelu> = inPlaceOf(activation.leakyRelu);
/** In-place form of {@link activation.relu}. */
export const relu_: InPlaceOperator<typeof activation.relu> = inPlaceOf(activation.relu);
/** In-place form of {@link activationSmooth.sigmoid}. */
export const sigmoid_: InPlaceOperator<typeof activationSmooth.sigmoid> = inPlaceOf(activationSmooth.sigmoid);

/** In-place operators as methods; each returns the tensor itself. */
export interface InPlaceMethods
  extends InPlaceForms<activation.ActivationMethods, 'hardtanh' | 'leakyRelu' | 'relu'>,
    InPlaceForms<activationSmooth.SmoothActivationMethods, 'elu' | 'sigmoid'> {
  /** A tensor of the same shape and dtype with every element `value`. */
  fill(value: FillValue | { readonly value: FillValue }): Tensor;
  /** Every element becomes `value`, a number or a 0-dim tensor. */
  fill_(value: FillValue | { readonly value: FillValue }): Tensor;
  /** Every element becomes 0. */
  zero_(): Tensor;
  /** Takes over the elements of another tensor, broadcast and converted. */
  copy_(source: Tensor): Tensor;
}
