/** The leaky rectifier whose slopes are drawn, in both of its forms. */
import { cast, newTensor } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail } from '../errors.ts';
import { elementsOf } from '../memory.ts';
import { defaultGenerator } from '../random/generator.ts';
import { forEachRow } from '../strided.ts';
import type { Tensor } from '../tensor.ts';

/** Options of the leaky rectifier with drawn slopes. */
export interface RreluOptions {
  /** Smallest slope: 1/8 by default. */
  readonly lower?: number;
  /** Largest slope: 1/3 by default. */
  readonly upper?: number;
  /** Whether slopes are drawn; else the mean of both is the slope. False by default. */
  readonly training?: boolean;
}

/** Signature of the leaky rectifier with drawn slopes. */
export interface RreluOperator {
  (x: Tensor, lower?: number, upper?: number, training?: boolean): Tensor;
  (x: Tensor, options: RreluOptions): Tensor;
}

/** The rectifier with drawn slopes, by a function that multiplies: by one slope below 0, or by a factor everywhere. */
export function randomRectifier(
  name: string,
  times: (x: Tensor, factors: number | Tensor) => Tensor,
): RreluOperator {
  return defineOperator({
    name,
    normalize: (x: Tensor, ...rest: unknown[]): [Tensor, Required<RreluOptions>] => {
      checkTensor(name, 'input', x);
      const {
        lower = 1 / 8,
        upper = 1 / 3,
        training = false,
      } = bindArguments<RreluOptions>(name, ['lower', 'upper', 'training'], rest);
      if (lower > upper) {
        fail(name, 'Lower bound should be less than or equal to the upper bound');
      }
      return [x, { lower, upper, training }];
    },
    composite: true,
    forward: (x: Tensor, { lower, upper, training }) =>
      times(x, training ? slopes(x, lower, upper) : (lower + upper) / 2),
  });
}

/** 1 where x is positive, else a slope that is drawn. */
function slopes(x: Tensor, lower: number, upper: number): Tensor {
  const values = cast(x, 'float64');
  const drawn = newTensor(x.shape, 'float64');
  const [from, to] = [elementsOf(values) as Float64Array, elementsOf(drawn) as Float64Array];
  const { engine } = defaultGenerator;
  forEachRow(x.shape, [values, drawn], (offsets, length, [stepX, stepY]) => {
    let [i, j] = offsets as [number, number];
    for (let n = 0; n < length; n++, i += stepX!, j += stepY!)
      to[j] = from[i]! <= 0 ? engine.uniform53() * (upper - lower) + lower : 1;
  });
  return cast(drawn, x.dtype);
}
