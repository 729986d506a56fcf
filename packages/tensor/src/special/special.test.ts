import { fixtureJson } from '@sconce/testing';
import { describe, expect, test } from 'vitest';
import { special, type Tensor, tensor } from '../index.ts';

interface Case {
  readonly name: string;
  readonly args: readonly (readonly number[])[];
  /** Texts stand for what is not finite. */
  readonly result: readonly (number | string)[];
}

const { cases } = fixtureJson<{ readonly cases: readonly Case[] }>('tensor/special.json');

const texts: Readonly<Record<string, number>> = {
  inf: Number.POSITIVE_INFINITY,
  '-inf': Number.NEGATIVE_INFINITY,
  nan: Number.NaN,
};

/** Near their zeros these are compared by the size of the waves around. */
const oscillating = /^(bessel|airy|.*chebyshev|hermite|laguerre|legendre|psi|gammaln|spherical)/;

describe('special functions are exact to 13 digits in float64', () => {
  test.each(cases)('$name', ({ name, args, result }) => {
    const camel = name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());
    const operator = special[camel as keyof typeof special] as unknown as (...args: Tensor[]) => Tensor;
    const values = operator(...args.map((list) => tensor(list, { dtype: 'float64' }))).toTypedArray();
    result.forEach((expected, i) => {
      const wanted = typeof expected === 'string' ? texts[expected]! : expected;
      const found = Number(values[i]);
      if (!Number.isFinite(wanted)) expect(found, `element ${i}`).toBe(wanted);
      else {
        const size = oscillating.test(name) ? Math.max(Math.abs(wanted), 0.1) : Math.abs(wanted);
        expect(Math.abs(found - wanted), `element ${i}: ${found}, ${wanted}`).toBeLessThanOrEqual(
          1e-13 * size,
        );
      }
    });
  });
});
