import { describe, expect, it } from 'vitest';
import { erf, exp, input, integer, kernel, log, output, overVectors, sigmoid, tanh } from '../index.ts';
import { exactMath, ulps64 } from '../testing/exact-math.ts';
import { expectSame } from '../testing/numbers.ts';
import { runners } from '../testing/run.ts';

/** The largest error that each function may have, where to look closely, and results that no error is allowed in. */
const functions = {
  exp: {
    record: exp,
    ulp: 1.1,
    low: -750,
    high: 711,
    special: [
      [0, 1],
      [-0, 1],
      [Infinity, Infinity],
      [-Infinity, 0],
      [Number.NaN, Number.NaN],
      [709.9, Infinity],
      [-746, 0],
    ],
  },
  log: {
    record: log,
    ulp: 1,
    low: 0,
    high: 4,
    special: [
      [1, 0],
      [0, -Infinity],
      [-0, -Infinity],
      [-1, Number.NaN],
      [-Infinity, Number.NaN],
      [Infinity, Infinity],
      [Number.NaN, Number.NaN],
    ],
  },
  sigmoid: {
    record: sigmoid,
    ulp: 2.5,
    low: -746,
    high: 40,
    special: [
      [0, 0.5],
      [Infinity, 1],
      [-Infinity, 0],
      [Number.NaN, Number.NaN],
    ],
  },
  tanh: {
    record: tanh,
    ulp: 1.5,
    low: -20,
    high: 20,
    special: [
      [0, 0],
      [-0, -0],
      [Infinity, 1],
      [-Infinity, -1],
      [Number.NaN, Number.NaN],
      [2 ** -1074, 2 ** -1074],
    ],
  },
  erf: {
    record: erf,
    ulp: 1.5,
    low: -6.2,
    high: 6.2,
    special: [
      [0, 0],
      [-0, -0],
      [Infinity, 1],
      [-Infinity, -1],
      [Number.NaN, Number.NaN],
    ],
  },
} as const;

type Name = keyof typeof functions;

/** Finite numbers of many exponents of both signs, then ranges densely: the one asked for, and around zero and one. */
function sample(name: Name): Float64Array {
  const { low, high } = functions[name];
  const values: number[] = [];
  for (let e = -1074; e < 1024; e += 5) {
    const value = 2 ** e * (1 + ((Math.abs(e) * 0.6180339887) % 1));
    if (Number.isFinite(value)) values.push(value, -value);
  }
  for (let i = 0; i < 900; i++) {
    const at = (i + 0.37) / 900;
    values.push(low + (high - low) * at, (at - 0.5) * 3, 0.5 + at);
  }
  return Float64Array.from(name === 'log' ? values.filter((value) => value > 0) : values);
}

const samples = Object.fromEntries(
  (Object.keys(functions) as Name[]).map((name) => {
    const x = sample(name);
    return [name, { x, exact: Array.from(x, (value) => exactMath[name](value)) }];
  }),
) as Record<Name, { x: Float64Array; exact: bigint[] }>;

describe.each(runners)('on %s', (_, run) => {
  it.each(Object.keys(functions) as Name[])('%s of float64 is as accurate as it says', (name) => {
    const { record, ulp, special } = functions[name];
    const subject = kernel(`${name}64`, { x: input('f64'), y: output('f64'), n: integer() }, (k) => {
      const [x, y] = [k.pointer('x'), k.pointer('y')];
      overVectors(k, 'f64', k.integer('n'), [x, y], (at) => at.store(record(k, at.load(x)), y));
    });
    const apply = (x: Float64Array): Float64Array => {
      const y = new Float64Array(x.length);
      run(subject, { x, y, n: x.length });
      return y;
    };
    const { x, exact } = samples[name];
    const [y, errors] = [new Float64Array(x.length), new Float64Array(x.length)];
    for (let from = 0; from < x.length; from += 1000) y.set(apply(x.slice(from, from + 1000)), from);
    exact.forEach((value, i) => {
      errors[i] = ulps64(y[i]!, value);
    });
    const worst = errors.indexOf(Math.max(...errors));
    expect(errors[worst], `${name}(${x[worst]}) = ${y[worst]}`).toBeLessThanOrEqual(ulp);
    expectSame(
      apply(Float64Array.from(special, ([a]) => a)),
      Float64Array.from(special, ([, b]) => b),
    );
  });
});
