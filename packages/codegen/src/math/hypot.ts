/** The length of a vector of two coordinates. */

import type { KernelBuilder } from '../builder.ts';
import type { FloatType, Vector } from '../types.ts';
import { throughFloat64 } from './through-float64.ts';

/** The square root of x^2 + y^2, which overflows only where the result does; infinite if either is. Error at most 1.5 ulp. */
export function hypot<T extends FloatType>(k: KernelBuilder, x: Vector<T>, y: Vector<T>): Vector<T> {
  return throughFloat64(k, [x, y], (a, b) => {
    const [p, q] = [k.abs(a), k.abs(b)];
    const largest = k.pmax(p, q);
    const one = k.constant('f64', 1);
    const small = k.compare(largest, '<', 2 ** -400);
    const large = k.compare(largest, '>', 2 ** 400);
    const scale = k.select<'f64'>(large, k.constant('f64', 2 ** -600), k.select(small, 2 ** 600, one));
    const back = k.select<'f64'>(large, k.constant('f64', 2 ** 600), k.select(small, 2 ** -600, one));
    const [u, v] = [k.mul(p, scale), k.mul(q, scale)];
    const length = k.mul(k.sqrt(k.fma(u, u, k.mul(v, v))), back);
    const infinite = k.or(k.compare(p, '==', Infinity), k.compare(q, '==', Infinity));
    return k.select(infinite, k.constant('f64', Infinity), length);
  });
}
