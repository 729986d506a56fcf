import { describe, expect, it } from 'vitest';
import {
  acos,
  acosh,
  asin,
  asinh,
  atan,
  atan2,
  atanh,
  cos,
  cosh,
  erfc,
  exp2,
  expm1,
  type FloatType,
  fmod,
  hypot,
  input,
  integer,
  type KernelBuilder,
  kernel,
  log1p,
  log2,
  log10,
  output,
  overVectors,
  pow,
  sin,
  sinh,
  tan,
  type Vector,
} from '../index.ts';
import { exactBinary, exactMath, ulps64 } from '../testing/exact-math.ts';
import { expectSame } from '../testing/numbers.ts';
import { runners } from '../testing/run.ts';

const { NaN: nan } = Number;
const inf = Number.POSITIVE_INFINITY;

interface Case {
  readonly record: <T extends FloatType>(k: KernelBuilder, x: Vector<T>) => Vector<T>;
  /** In units in the last place, of float32 and of float64. */
  readonly ulp: readonly [float32: number, float64: number];
  /** Where to look closely. */
  readonly dense: readonly [low: number, high: number];
  /** Where it is defined; everywhere unless given. */
  readonly domain?: readonly [low: number, high: number];
  readonly special: readonly (readonly [x: number, y: number])[];
}

const odd = [
  [0, 0],
  [-0, -0],
  [nan, nan],
] as const;

const functions = {
  exp2: {
    record: exp2,
    ulp: [0.51, 1.5],
    dense: [-1080, 1030],
    special: [
      [0, 1],
      [-3, 0.125],
      [inf, inf],
      [-inf, 0],
      [nan, nan],
    ],
  },
  expm1: { record: expm1, ulp: [0.51, 2], dense: [-3, 3], special: [...odd, [inf, inf], [-inf, -1]] },
  log1p: {
    record: log1p,
    ulp: [0.51, 2],
    dense: [-0.999, 3],
    domain: [-1, inf],
    special: [...odd, [inf, inf], [-1, -inf], [-2, nan]],
  },
  log2: {
    record: log2,
    ulp: [0.51, 2],
    dense: [0.01, 4],
    domain: [0, inf],
    special: [
      [8, 3],
      [2 ** -149, -149],
      [0, -inf],
      [-0, -inf],
      [-1, nan],
      [inf, inf],
      [nan, nan],
    ],
  },
  log10: {
    record: log10,
    ulp: [0.51, 2],
    dense: [0.01, 4],
    domain: [0, inf],
    special: [
      [1, 0],
      [0, -inf],
      [-1, nan],
      [inf, inf],
      [nan, nan],
    ],
  },
  sinh: { record: sinh, ulp: [0.51, 2], dense: [-3, 3], special: [...odd, [inf, inf], [-inf, -inf]] },
  cosh: {
    record: cosh,
    ulp: [0.51, 2],
    dense: [-3, 3],
    special: [
      [0, 1],
      [inf, inf],
      [-inf, inf],
      [nan, nan],
    ],
  },
  sin: { record: sin, ulp: [1.5, 1.5], dense: [-7, 7], special: [...odd, [inf, nan], [-inf, nan]] },
  cos: {
    record: cos,
    ulp: [1.5, 1.5],
    dense: [-7, 7],
    special: [
      [0, 1],
      [inf, nan],
      [nan, nan],
    ],
  },
  tan: { record: tan, ulp: [0.51, 2], dense: [-7, 7], special: [...odd, [inf, nan]] },
  atan: {
    record: atan,
    ulp: [0.51, 2],
    dense: [-4, 4],
    special: odd,
  },
  asin: { record: asin, ulp: [0.51, 2], dense: [-1, 1], domain: [-1, 1], special: [...odd, [1.5, nan]] },
  acos: {
    record: acos,
    ulp: [0.51, 2],
    dense: [-1, 1],
    domain: [-1, 1],
    special: [
      [1, 0],
      [-1.5, nan],
      [nan, nan],
    ],
  },
} satisfies Record<string, Case>;

type Name = keyof typeof functions;

/** Angles closest to multiples of pi / 2 for their size, and both sides of the change of method. */
const hard = [
  6381956970095103 * 2 ** 797,
  5.319372648326541e255,
  3e6,
  3000001,
  16367173 * 2 ** 72,
  355,
  Math.PI,
  1e22,
];

/** Numbers of every exponent, then a range densely. */
function sample({ dense: [low, high], domain: [from, to] = [-inf, inf] }: Case): Float64Array {
  const values: number[] = [...hard];
  for (let e = -1074; e < 1024; e += 5) values.push(2 ** e * (1 + ((Math.abs(e) * 0.6180339887) % 1)));
  for (let e = -149; e < 128; e += 3) values.push(2 ** e * (1 + ((Math.abs(e) * 0.6180339887) % 1)));
  for (let i = 0; i < 500; i++) values.push(low + ((high - low) * (i + 0.37)) / 500);
  const both = [...values, ...values.map((x) => -x)];
  return Float64Array.from(both.filter((x) => Number.isFinite(x) && x > from && x < to));
}

/** Runs a function over an array of its type. */
function apply<A extends Float32Array | Float64Array>(
  run: (typeof runners)[number][1],
  name: string,
  record: (k: KernelBuilder, ...args: Vector<'f64'>[]) => Vector<'f64'>,
  ...inputs: A[]
): A {
  const type = (inputs[0] instanceof Float64Array ? 'f64' : 'f32') as 'f64';
  const contract = { x: input(type), y: input(type), z: output(type), n: integer() };
  const subject = kernel(`${name} ${type}`, contract, (k) => {
    const [x, y, z] = [k.pointer('x'), k.pointer('y'), k.pointer('z')];
    overVectors(k, type, k.integer('n'), [x, y, z], (at) => {
      at.store(record(k as unknown as KernelBuilder, at.load(x), at.load(y)), z);
    });
  });
  const [x, y = inputs[0]!] = inputs as [A, A?];
  const all = x.slice() as A;
  for (let from = 0; from < x.length; from += 1000) {
    const z = x.slice(from, from + 1000) as A;
    run(subject, {
      x: x.slice(from, from + 1000),
      y: y.slice(from, from + 1000),
      z,
      n: z.length,
    });
    all.set(z, from);
  }
  return all;
}

/** Distance of a float32 from an exact number. */
function ulps32(got: number, exact: number): number {
  if (Object.is(got, Math.fround(exact))) return 0;
  const magnitude = Math.abs(exact);
  const unit = magnitude < 2 ** -126 ? 2 ** -149 : 2 ** (Math.floor(Math.log2(magnitude)) - 23);
  return Math.abs(got - exact) / unit;
}

const samples = new Map(
  (Object.keys(functions) as Name[]).map((name) => {
    const x = sample(functions[name]);
    return [name, { x, exact: Array.from(x, (value) => exactMath[name](value)) }];
  }),
);

const worst = (errors: readonly number[]): number => errors.indexOf(Math.max(...errors));

describe.each(runners)('on %s', (_, run) => {
  it.each(Object.keys(functions) as Name[])('%s is as accurate as it says', (name) => {
    const { record, ulp, special } = functions[name] as Case;
    const { x, exact } = samples.get(name)!;
    const wide = apply(run, name, record, x);
    const errors = exact.map((value, i) => ulps64(wide[i]!, value));
    const at = worst(errors);
    expect(errors[at], `${name}(${x[at]}) = ${wide[at]}`).toBeLessThanOrEqual(ulp[1]);

    const narrow = Float32Array.from(x).filter(
      (value) => Number.isFinite(value) && (name !== 'log2' || value > 0),
    );
    const results = apply(run, name, record as never, narrow);
    const narrowErrors = Array.from(narrow, (value, i) => {
      if (name.startsWith('log') && !(value > (name === 'log1p' ? -1 : 0))) return 0;
      if ((name === 'asin' || name === 'acos') && Math.abs(value) > 1) return 0;
      return ulps32(results[i]!, name === 'exp2' ? 2 ** value : Math[name as 'sin'](value));
    });
    const narrowAt = worst(narrowErrors);
    const context = `${name}(${narrow[narrowAt]}) = ${results[narrowAt]}`;
    expect(narrowErrors[narrowAt], context).toBeLessThanOrEqual(ulp[0]);
    const [inputs, outputs] = [special.map(([a]) => a), special.map(([, b]) => b)];
    expectSame(apply(run, name, record as never, Float32Array.from(inputs)), Float32Array.from(outputs));
    expectSame(apply(run, name, record as never, Float64Array.from(inputs)), Float64Array.from(outputs));
  });

  it.each(Object.entries({ asinh, acosh, atanh } as const))(
    '%s of float32 is as accurate as it says',
    (name, record) => {
      const low = name === 'acosh' ? 1 : -inf;
      const values = [0, -0, 1, -1, inf, -inf, nan, ...sample({ dense: [-2, 2] } as unknown as Case)];
      const x = Float32Array.from(values).filter(
        (value) => !(value < low) && !(name === 'atanh' && Math.abs(value) > 1),
      );
      const y = apply(run, name, record as never, x);
      x.forEach((value, i) => {
        const exact = Math[name as 'asinh'](value);
        if (Number.isNaN(exact)) expect(y[i]).toBeNaN();
        else expect(ulps32(y[i]!, exact), `${name}(${value})`).toBeLessThanOrEqual(0.51);
      });
      const outside = name === 'asinh' ? [] : name === 'acosh' ? [0.5, -0.5, -3, -inf] : [1.5, -3, inf];
      const undefinedThere = Float32Array.from(outside, () => nan);
      expectSame(apply(run, name, record as never, Float32Array.from(outside)), undefinedThere);
    },
  );

  it('erfc of float32 is as accurate as it says', () => {
    // by Taylor's series and by the continued fraction
    const exact = (x: number): number => {
      const t = Math.abs(x);
      if (t < 2) {
        let [sum, power] = [t, t];
        for (let n = 1; n < 100; n++) {
          power *= (-t * t) / n;
          sum += power / (2 * n + 1);
        }
        return 1 - (Math.sign(x) * 2 * sum) / Math.sqrt(Math.PI);
      }
      let fraction = 0;
      for (let n = 200; n >= 1; n--) fraction = n / 2 / (t + fraction);
      const far = Math.exp(-t * t) / Math.sqrt(Math.PI) / (t + fraction);
      return x < 0 ? 2 - far : far;
    };
    const x = Float32Array.from({ length: 900 }, (_, i) => (i - 250) / 60);
    const y = apply(run, 'erfc', erfc as never, x);
    x.forEach((value, i) => {
      expect(ulps32(y[i]!, exact(value)), `erfc(${value})`).toBeLessThanOrEqual(1);
    });
    const special = Float32Array.of(0, inf, -inf, nan, 1e-30);
    expectSame(apply(run, 'erfc', erfc as never, special), Float32Array.of(1, 0, 2, nan, 1));
  });

  it('pow of float64 errs by 1.5 ulp at most', () => {
    const points: [number, number][] = [];
    for (let i = 0; i < 700; i++) {
      const base = 2 ** ((((i * 0.7548776662) % 1) - 0.5) * (i % 3 ? 8 : 2000));
      const exponent = ((((i * 0.5698402909) % 1) - 0.5) * 2200) / Math.log2(base);
      points.push([base, Number.isFinite(exponent) ? exponent : 2], [1 + i * 2 ** -50, (i - 300) * 1e12]);
      points.push([0.5 + i / 600, ((i % 60) - 30) / 4]);
    }
    const x = Float64Array.from(points, ([a]) => a);
    const y = Float64Array.from(points, ([, b]) => b);
    const z = apply(run, 'pow', pow as never, x, y);
    const errors = points.map(([a, b], i) => ulps64(z[i]!, exactBinary.pow(a, b)));
    const at = worst(errors);
    expect(errors[at], `${x[at]} ** ${y[at]} = ${z[at]}`).toBeLessThanOrEqual(1.5);
  });

  it('pow of float64 has the special cases of C', () => {
    const values = [0, 1, 2, 3, 0.5, 1e-310, 1e300, 2 ** 53 - 1, 2 ** 53 + 2, inf, 2 ** 1023];
    const signed = [...values, ...values.map((x) => -x), nan];
    const points = signed.flatMap((x) => [...signed, 0.3, -0.3].map((y) => [x, y] as const));
    const z = apply(
      run,
      'pow',
      pow as never,
      Float64Array.from(points, ([a]) => a),
      Float64Array.from(points, ([, b]) => b),
    );
    points.forEach(([x, y], i) => {
      const exact = x === 1 || (x === -1 && Math.abs(y) === inf) ? 1 : x ** y;
      const close =
        Number.isFinite(exact) && exact !== 0 && Math.abs(z[i]! - exact) <= 3e-16 * Math.abs(exact);
      if (!close) expect(z[i], `${x} ** ${y}`).toBe(exact);
    });
  });

  it('atan2 has the angle of every point', () => {
    const values = [0, 1, 0.3, 2.5, 1e-300, 1e300, 1.7e308, 5e-324, inf];
    const signed = [...values, ...values.map((x) => -x), nan];
    const points = signed.flatMap((y) => signed.map((x) => [y, x] as const));
    const [b, a] = [Float64Array.from(points, ([y]) => y), Float64Array.from(points, ([, x]) => x)];
    const z = apply(run, 'atan2', atan2 as never, b, a);
    const narrow = apply(run, 'atan2', atan2 as never, Float32Array.from(b), Float32Array.from(a));
    points.forEach(([y, x], i) => {
      const context = `atan2(${y}, ${x})`;
      const finite = Number.isFinite(x) && Number.isFinite(y) && x !== 0 && y !== 0;
      if (finite) expect(ulps64(z[i]!, exactBinary.atan2(y, x)), context).toBeLessThanOrEqual(2);
      else expect(z[i], context).toBe(Math.atan2(y, x));
      const exact = Math.atan2(Math.fround(y), Math.fround(x));
      if (Number.isNaN(exact)) expect(narrow[i]).toBeNaN();
      else expect(ulps32(narrow[i]!, exact), context).toBeLessThanOrEqual(0.51);
    });
  });

  it('hypot has the distance of every point', () => {
    const values = [0, 1, 3, 4, 0.3, 1e-300, 1e300, 1.2e308, 1e-310, 5e-324, inf, nan];
    for (let e = -1000; e < 1000; e += 61) values.push(2 ** e * 1.2345);
    const points = values.flatMap((x) => values.map((y) => [x, -y] as const));
    const [a, b] = [Float64Array.from(points, ([x]) => x), Float64Array.from(points, ([, y]) => y)];
    const z = apply(run, 'hypot', hypot as never, a, b);
    const narrow = apply(run, 'hypot', hypot as never, Float32Array.from(a), Float32Array.from(b));
    points.forEach(([x, y], i) => {
      const context = `hypot(${x}, ${y})`;
      const finite = Number.isFinite(x) && Number.isFinite(y) && (x !== 0 || y !== 0);
      if (finite) expect(ulps64(z[i]!, exactBinary.hypot(x, y)), context).toBeLessThanOrEqual(1.5);
      else expect(z[i], context).toBe(Math.hypot(x, y));
      const exact = Math.hypot(Math.fround(x), Math.fround(y));
      if (Number.isFinite(Math.fround(exact)))
        expect(ulps32(narrow[i]!, exact), context).toBeLessThanOrEqual(0.51);
      else expect(narrow[i], context).toBe(Math.fround(exact));
    });
  });

  it('fmod of float32 is exact', () => {
    const values: number[] = [0, 1, 3, 0.1, 7.5, 2 ** -149, 1e-40, 1e38, 3.4e38, 16777213, inf, nan];
    for (let i = 0; i < 30; i++) values.push(2 ** (i * 9 - 140) * (1 + ((i * 0.618) % 1)));
    const signed = [...values, ...values.map((x) => -x)];
    const points = signed.flatMap((x) => signed.map((y) => [x, y] as const));
    const x = Float32Array.from(points, ([a]) => a);
    const y = Float32Array.from(points, ([, b]) => b);
    expectSame(
      apply(run, 'fmod', fmod as never, x, y),
      x.map((value, i) => value % y[i]!),
    );
  });
});
