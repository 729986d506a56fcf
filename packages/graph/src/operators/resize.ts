/**
 * Resize in every mode. Interpolation is separable: each axis is resized on its own as a weighted sum of picked
 * slices ("taps"), in float32 weights that are computed in double precision.
 */

import type { Tensor } from '@sconce/tensor';
import * as t from '@sconce/tensor';
import { attribute } from '../attributes.ts';
import { type Call, defineOperator, type OperatorDefinition } from '../operator.ts';
import { checkShape, int64Vector, optionalIntegers, toAxes, toNumbers } from './helpers.ts';
import {
  axisTaps,
  type CoordinateMode,
  coordinateModes,
  nearestModes,
  type TapOptions,
} from './resize-taps.ts';

/** One axis to be resized. */
interface AxisPlan {
  readonly axis: number;
  readonly input: number;
  readonly output: number;
  /** Size before rounding down, over the input's size. */
  readonly scale: number;
  readonly roi: readonly [start: number, end: number];
}

type Policy = 'stretch' | 'not_larger' | 'not_smaller';

function planAxes(
  call: Call<{ keep_aspect_ratio_policy: Policy; coordinate_transformation_mode: CoordinateMode }>,
  x: Tensor,
  axes: readonly number[],
  scales: readonly number[] | undefined,
  sizes: readonly number[] | undefined,
  roi: readonly number[] | undefined,
): AxisPlan[] {
  if ((scales === undefined) === (sizes === undefined))
    call.fail(`expected either scales or sizes, got ${scales ? 'both' : 'none'}`);
  const given = (scales ?? sizes)!;
  if (given.length !== axes.length)
    call.fail(`${scales ? 'scales' : 'sizes'}: expected ${axes.length} numbers, got ${given.length}`);
  const crop = call.attributes.coordinate_transformation_mode === 'tf_crop_and_resize';
  if (crop && roi?.length !== 2 * axes.length)
    call.fail(`roi: expected ${2 * axes.length} numbers, got ${roi?.length ?? 0}`);
  const policy = call.attributes.keep_aspect_ratio_policy;
  const ratios = sizes?.map((size, place) => size / x.shape[axes[place]!]!);
  const common = policy === 'not_larger' ? Math.min(...(ratios ?? [])) : Math.max(...(ratios ?? []));
  return axes.map((axis, place) => {
    const input = x.shape[axis]!;
    const region: readonly [number, number] = crop ? [roi![place]!, roi![place + axes.length]!] : [0, 1];
    if (scales) {
      const scale = scales[place]!;
      if (!(scale > 0)) call.fail(`scales: expected numbers above 0, got ${scale}`);
      // Scales are float32: a third of a size times three has to be that size again.
      const output = Math.floor(Math.fround(Math.fround(input * (region[1] - region[0])) * scale));
      return { axis, input, scale, roi: region, output };
    }
    const output = policy === 'stretch' ? sizes![place]! : Math.floor(common * input + 0.5);
    return { axis, input, scale: policy === 'stretch' ? output / input : common, roi: region, output };
  });
}

/** Resizes one axis: a sum over taps of picked slices times their weights. */
function resizeAxis(
  x: Tensor,
  axis: number,
  indices: readonly number[][],
  weights: readonly number[][],
): Tensor {
  const shape = x.shape.map((_size, i) => (i === axis ? indices[0]!.length : 1));
  let sum: Tensor | undefined;
  for (const [tap, picked] of indices.entries()) {
    const slices = t.indexSelect(x, axis, int64Vector(picked));
    const factors = weights[tap]!;
    const term = factors.every((factor) => factor === 1)
      ? slices
      : t.mul(slices, t.fromTypedArray(Float64Array.from(factors), shape).to(x.dtype));
    sum = sum ? t.add(sum, term) : term;
  }
  return sum!;
}

/**
 * Enlarging by whole numbers where every element is repeated: a view with the repetitions as dimensions of their
 * own, copied once. `undefined` when the modes or scales ask for something else.
 */
function repeatElements(x: Tensor, plans: readonly AxisPlan[], options: TapOptions): Tensor | undefined {
  const { mode, coordinate_transformation_mode: coordinates, nearest_mode: nearest } = options;
  const repeats =
    mode === 'nearest' &&
    ((coordinates === 'asymmetric' && nearest === 'floor') ||
      (coordinates === 'half_pixel' && nearest.startsWith('round')));
  if (
    !repeats ||
    plans.some(({ scale, input, output }) => !Number.isInteger(scale) || output !== input * scale)
  )
    return undefined;
  const factors = x.shape.map((_size, axis) => plans.find((plan) => plan.axis === axis)?.scale ?? 1);
  const apart = x.reshape(x.shape.flatMap((size) => [size, 1]));
  const spread = apart.expand(x.shape.flatMap((size, axis) => [size, factors[axis]!]));
  return spread.reshape(x.shape.map((size, axis) => size * factors[axis]!));
}

export const resize: readonly OperatorDefinition[] = [
  defineOperator('Resize', {
    inputs: [1, 4],
    attributes: {
      antialias: attribute.flag.default(false),
      axes: attribute.ints.optional(),
      coordinate_transformation_mode: attribute.oneOf(coordinateModes).default('half_pixel'),
      cubic_coeff_a: attribute.float.default(-0.75),
      exclude_outside: attribute.flag.default(false),
      extrapolation_value: attribute.float.default(0),
      keep_aspect_ratio_policy: attribute.oneOf(['stretch', 'not_larger', 'not_smaller']).default('stretch'),
      mode: attribute.oneOf(['nearest', 'linear', 'cubic']).default('nearest'),
      nearest_mode: attribute.oneOf(nearestModes).default('round_prefer_floor'),
    },
    run(call, x: Tensor, roiInput?: Tensor, scalesInput?: Tensor, sizesInput?: Tensor) {
      const { attributes } = call;
      const axes = attributes.axes
        ? toAxes(call, attributes.axes, x.ndim)
        : x.shape.map((_size, axis) => axis);
      const some = (input: Tensor | undefined): number[] | undefined =>
        input?.numel() ? toNumbers(input) : undefined;
      const plans = planAxes(
        call,
        x,
        axes,
        some(scalesInput),
        optionalIntegers(call, 'sizes', sizesInput),
        some(roiInput),
      );
      const target = [...x.shape];
      for (const plan of plans) target[plan.axis] = plan.output;
      checkShape(call, target);
      if (target.includes(0)) return t.zeros(target, { dtype: x.dtype });
      const repeated = repeatElements(x, plans, attributes);
      if (repeated) return repeated;
      const wide = attributes.mode !== 'nearest' && x.dtype !== 'float32' && x.dtype !== 'float64';
      let result = wide ? x.to('float32') : x;
      const outside: { axis: number; flags: boolean[] }[] = [];
      for (const plan of plans) {
        if (plan.input === plan.output && plan.scale === 1 && plan.roi[0] === 0 && plan.roi[1] === 1)
          continue;
        const taps = axisTaps(plan, attributes);
        result = resizeAxis(result, plan.axis, taps.indices, taps.weights);
        if (taps.outside) outside.push({ axis: plan.axis, flags: taps.outside });
      }
      for (const { axis, flags } of outside) {
        const shape = target.map((_size, i) => (i === axis ? flags.length : 1));
        const mask = t.fromTypedArray(Uint8Array.from(flags, Number), shape).to('bool');
        result = t.where(mask, t.full([], attributes.extrapolation_value, { dtype: result.dtype }), result);
      }
      return wide ? t.round(result).to(x.dtype) : result;
    },
  }),
];
