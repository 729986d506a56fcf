import { describe, expect, it } from 'vitest';
import {
  erf,
  exp,
  input,
  integer,
  type KernelBuilder,
  kernel,
  log,
  output,
  overVectors,
  sigmoid,
  tanh,
  type Vector,
} from '../index.ts';
import { runners } from '../testing/run.ts';

/** The error function in float64: Taylor's series, and the continued fraction of erfc for large arguments. */
function exactErf(x: number): number {
  const t = Math.abs(x);
  if (t < 2.5) {
    let [sum, power] = [t, t];
    for (let n = 1; n < 100; n++) {
      power *= (-t * t) / n;
      sum += power / (2 * n + 1);
    }
    return (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI);
  }
  let fraction = 0;
  for (let n = 120; n >= 1; n--) fraction = n / 2 / (t + fraction);
  return Math.sign(x) * (1 - Math.exp(-t * t) / Math.sqrt(Math.PI) / (t + fraction));
}

const functions = {
  exp: { record: exp, exact: Math.exp, ulp: 1.1, low: -110, high: 95 },
  log: { record: log, exact: Math.log, ulp: 1, low: 0, high: 10 },
  sigmoid: { record: sigmoid, exact: (x: number) => 1 / (1 + Math.exp(-x)), ulp: 2.5, low: -110, high: 20 },
  tanh: { record: tanh, exact: Math.tanh, ulp: 2, low: -10, high: 10 },
  erf: { record: erf, exact: exactErf, ulp: 1.5, low: -5, high: 5 },
} satisfies Record<
  string,
  { record: (k: KernelBuilder, x: Vector<'f32'>) => Vector<'f32'>; [field: string]: unknown }
>;

/** Numbers of every exponent and sign (denormals, infinities and NaN among them), then a range densely. */
function sample(low: number, high: number): Float32Array {
  const patterns = Int32Array.from({ length: 4096 }, (_, i) => (i << 20) | ((i * 0x9e3779b1) >>> 12));
  const dense = Float32Array.from({ length: 2048 }, (_, i) => low + ((high - low) * (i + 0.37)) / 2048);
  const special = Float32Array.of(
    0,
    -0,
    1,
    -1,
    Infinity,
    -Infinity,
    Number.NaN,
    2 ** -149,
    -(2 ** -149),
    88.7228394,
    -103.972,
    0.7,
    0.925,
  );
  return Float32Array.of(...new Float32Array(patterns.buffer), ...dense, ...special);
}

/** Distance in units of the last place of the exact result in float32. */
function ulps(got: number, exact: number): number {
  const rounded = Math.fround(exact);
  if (Object.is(got, rounded)) return 0;
  if (!Number.isFinite(rounded) || !Number.isFinite(got)) return Infinity;
  if (rounded === 0 && got === 0) return Infinity; // zeros of different signs
  const exponent = Math.max(-126, Math.floor(Math.log2(Math.abs(rounded))));
  return Math.abs(got - exact) / 2 ** (exponent - 23);
}

describe.each(runners)('on %s', (_, run) => {
  it.each(Object.entries(functions))(
    '%s is as accurate as it says',
    (name, { record, exact, ulp, low, high }) => {
      const subject = kernel(name, { x: input('f32'), y: output('f32'), n: integer() }, (k) => {
        const [x, y] = [k.pointer('x'), k.pointer('y')];
        overVectors(k, 'f32', k.integer('n'), [x, y], (at) => at.store(record(k, at.load(x)), y));
      });
      const x = sample(low, high);
      const y = new Float32Array(x.length);
      run(subject, { x, y, n: x.length });
      const errors = y.map((got, i) => ulps(got, exact(x[i]!)));
      const worst = errors.indexOf(Math.max(...errors));
      expect(
        errors[worst],
        `${name}(${x[worst]}) = ${y[worst]}, exact ${exact(x[worst]!)}`,
      ).toBeLessThanOrEqual(ulp);
    },
  );
});
