/** In-place forms of the activations that are no methods. */

import * as straight from './activation.ts';
import * as smooth from './activation-smooth.ts';
import { leakyRelu_ } from './in-place.ts';
import { type InPlaceOperator, inPlaceOf } from './in-place-core.ts';
import { type RreluOperator, randomRectifier } from './random-rectifier.ts';

/** In-place form of {@link smooth.celu}. */
export const celu_: InPlaceOperator<typeof smooth.celu> = inPlaceOf(smooth.celu);
/** In-place form of {@link straight.hardsigmoid}. */
export const hardsigmoid_: InPlaceOperator<typeof straight.hardsigmoid> = inPlaceOf(straight.hardsigmoid);
/** In-place form of {@link straight.hardswish}. */
export const hardswish_: InPlaceOperator<typeof straight.hardswish> = inPlaceOf(straight.hardswish);
/** In-place form of {@link smooth.mish}. */
export const mish_: InPlaceOperator<typeof smooth.mish> = inPlaceOf(smooth.mish);
/** In-place form of {@link straight.relu6}. */
export const relu6_: InPlaceOperator<typeof straight.relu6> = inPlaceOf(straight.relu6);
/** In-place form of {@link straight.rrelu}. */
export const rrelu_: RreluOperator = randomRectifier('rrelu_', (x, factors) =>
  typeof factors === 'number' ? leakyRelu_(x, factors) : x.mul_(factors),
);
/** In-place form of {@link smooth.selu}. */
export const selu_: InPlaceOperator<typeof smooth.selu> = inPlaceOf(smooth.selu);
/** In-place form of {@link smooth.silu}. */
export const silu_: InPlaceOperator<typeof smooth.silu> = inPlaceOf(smooth.silu);
/** In-place form of {@link straight.threshold}. */
export const threshold_: InPlaceOperator<typeof straight.threshold> = inPlaceOf(straight.threshold);
