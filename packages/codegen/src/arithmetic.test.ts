import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type FloatType,
  inout,
  input,
  integer,
  type KernelBuilder,
  kernel,
  output,
  overVectors,
  type Vector,
} from './index.ts';
import {
  arrayOf,
  expectSame,
  fusedMultiplyAdd,
  type Lanes,
  type NumberType,
  pairs,
  round,
} from './testing/numbers.ts';
import { runners } from './testing/run.ts';

type Binary = (k: KernelBuilder, a: Vector, b: Vector) => Vector;

/** A kernel that applies an operation to two arrays, element by element. */
function binaryKernel(name: string, type: NumberType, to: NumberType, apply: Binary) {
  return kernel(name, { x: input(type), y: input(type), z: output(to), n: integer() }, (k) => {
    const [x, y, z] = [k.pointer('x'), k.pointer('y'), k.pointer('z')];
    overVectors(k, type, k.integer('n'), [x, y, z], (at) => {
      const result = apply(k as unknown as KernelBuilder, at.load(x), at.load(y));
      at.store(result as Vector<NumberType>, z);
    });
  });
}

const all: readonly NumberType[] = ['f32', 'f64', 'i32'];
const floats: readonly NumberType[] = ['f32', 'f64'];
const bits = (type: NumberType, a: number): Int32Array => new Int32Array(arrayOf[type].of(a).buffer);
const onBits = (type: NumberType, a: number, b: number, apply: (a: number, b: number) => number): number => {
  const [x, y] = [bits(type, a), bits(type, b)];
  return new arrayOf[type](x.map((word, i) => apply(word, y[i]!)).buffer)[0]!;
};
const halfEven = (a: number): number => {
  const [below, above] = [Math.floor(a), Math.ceil(a)];
  if (below === above || !Number.isFinite(a)) return a;
  if (a - below !== above - a) return a - below < above - a ? below : above;
  return below % 2 === 0 ? below : above;
};
/** The conditional operator, which says what happens to NaN better than `Math.max` does. */
const pick = (condition: boolean, a: number, b: number): number => (condition ? a : b);
/** Keeps the sign of what rounds to zero. */
const signed = (a: number, rounded: number): number => (rounded === 0 ? Math.sign(1 / a) * 0 : rounded);

interface Case {
  readonly types: readonly NumberType[];
  readonly record: Binary;
  readonly expected: (a: number, b: number, type: NumberType) => number;
}

const unary =
  (record: (k: KernelBuilder, a: Vector<FloatType>) => Vector): Binary =>
  (k, a) =>
    record(k, a as Vector<FloatType>);

const cases: Readonly<Record<string, Case>> = {
  add: { types: all, record: (k, a, b) => k.add(a, b), expected: (a, b) => a + b },
  sub: { types: all, record: (k, a, b) => k.sub(a, b), expected: (a, b) => a - b },
  mul: {
    types: all,
    record: (k, a, b) => k.mul(a, b),
    expected: (a, b, type) => (type === 'i32' ? Math.imul(a, b) : a * b),
  },
  div: {
    types: floats,
    record: (k, a, b) => k.div(a as Vector<'f32'>, b as Vector<'f32'>),
    expected: (a, b) => a / b,
  },
  pmax: { types: all, record: (k, a, b) => k.pmax(a, b), expected: (a, b) => pick(a < b, b, a) },
  pmin: { types: all, record: (k, a, b) => k.pmin(a, b), expected: (a, b) => pick(b < a, b, a) },
  relu: { types: floats, record: (k, a) => k.pmax(a, 0), expected: (a) => pick(a < 0, 0, a) },
  'max with a number': {
    types: all,
    record: (k, a) => k.max(a, 2),
    expected: (a) => pick(a < 2, 2, a),
  },
  'number minus vector': { types: all, record: (k, a) => k.sub(1, a), expected: (a) => 1 - a },
  neg: { types: all, record: (k, a) => k.neg(a), expected: (a) => -a },
  abs: { types: all, record: (k, a) => k.abs(a), expected: (a) => Math.abs(a) },
  sqrt: { types: floats, record: unary((k, a) => k.sqrt(a)), expected: (a) => Math.sqrt(a) },
  floor: { types: floats, record: unary((k, a) => k.floor(a)), expected: (a) => signed(a, Math.floor(a)) },
  ceil: { types: floats, record: unary((k, a) => k.ceil(a)), expected: (a) => signed(a, Math.ceil(a)) },
  trunc: { types: floats, record: unary((k, a) => k.trunc(a)), expected: (a) => signed(a, Math.trunc(a)) },
  nearest: { types: floats, record: unary((k, a) => k.nearest(a)), expected: (a) => signed(a, halfEven(a)) },
  and: {
    types: all,
    record: (k, a, b) => k.and(a, b),
    expected: (a, b, t) => onBits(t, a, b, (x, y) => x & y),
  },
  or: {
    types: all,
    record: (k, a, b) => k.or(a, b),
    expected: (a, b, t) => onBits(t, a, b, (x, y) => x | y),
  },
  xor: {
    types: all,
    record: (k, a, b) => k.xor(a, b),
    expected: (a, b, t) => onBits(t, a, b, (x, y) => x ^ y),
  },
  andNot: {
    types: all,
    record: (k, a, b) => k.andNot(a, b),
    expected: (a, b, t) => onBits(t, a, b, (x, y) => x & ~y),
  },
  shl: { types: ['i32'], record: (k, a) => k.shl(a as Vector<'i32'>, 5), expected: (a) => a << 5 },
  shr: { types: ['i32'], record: (k, a) => k.shr(a as Vector<'i32'>, 5), expected: (a) => a >> 5 },
  shrLogical: {
    types: ['i32'],
    record: (k, a) => k.shrLogical(a as Vector<'i32'>, 5),
    expected: (a) => a >>> 5,
  },
  isNaN: {
    types: floats,
    record: (k, a) => k.select(k.isNaN(a as Vector<FloatType>), k.constant(a.type, 1), 0),
    expected: (a) => (Number.isNaN(a) ? 1 : 0),
  },
};
for (const [sign, holds] of Object.entries({
  '==': (a: number, b: number) => a === b,
  '!=': (a: number, b: number) => a !== b,
  '<': (a: number, b: number) => a < b,
  '<=': (a: number, b: number) => a <= b,
  '>': (a: number, b: number) => a > b,
  '>=': (a: number, b: number) => a >= b,
})) {
  const comparison = sign as Parameters<KernelBuilder['compare']>[1];
  Object.assign(cases, {
    [`select by ${sign}`]: {
      types: all,
      record: (k, a, b) => k.select(k.compare(a, comparison, b), a, k.constant(b.type, 7)),
      expected: (a, b) => (holds(a, b) ? a : 7),
    } satisfies Case,
    [`not ${sign}`]: {
      types: all,
      record: (k, a, b) => k.select(k.not(k.compare(a, comparison, b)), a, b),
      expected: (a, b) => (holds(a, b) ? b : a),
    } satisfies Case,
  });
}

describe.each(runners)('on %s', (_, run) => {
  const table = Object.entries(cases).flatMap(([name, { types, ...rest }]) =>
    types.map((type) => [name, type, rest] as const),
  );
  it.each(table)('%s of %s does what JavaScript does', (name, type, { record, expected }) => {
    const subject = binaryKernel(name, type, type, record);
    fc.assert(
      fc.property(pairs(type), ([x, y]) => {
        const z = new arrayOf[type](x.length);
        run(subject, { x, y, z, n: x.length });
        expectSame(z, x.map((a, i) => round[type](expected(a, y[i]!, type))) as Lanes);
      }),
      { numRuns: 3 },
    );
  });

  it.each(floats)('max and min of %s give NaN if either operand is NaN', (type) => {
    for (const [name, expected] of [
      ['max', Math.max],
      ['min', Math.min],
    ] as const) {
      const subject = binaryKernel(name, type, type, (k, a, b) => k.add(k[name](a, b), k.constant(type, 0)));
      fc.assert(
        fc.property(pairs(type), ([x, y]) => {
          const z = new arrayOf[type](x.length);
          run(subject, { x, y, z, n: x.length });
          expectSame(z, x.map((a, i) => expected(a, y[i]!) + 0) as Lanes);
        }),
        { numRuns: 3 },
      );
    }
  });

  it.each([false, true])('fma rounds once or twice (negated: %s)', (negated) => {
    const subject = kernel(
      'fma',
      { x: input('f32'), y: input('f32'), z: inout('f32'), n: integer() },
      (k) => {
        const [x, y, z] = [k.pointer('x'), k.pointer('y'), k.pointer('z')];
        overVectors(k, 'f32', k.integer('n'), [x, y, z], (at) => {
          const [a, b, c] = [at.load(x), at.load(y), at.load(z)];
          if (!negated) k.accumulate(c, a, b);
          at.store(negated ? k.fnma(a, b, c) : c, z);
        });
      },
    );
    fc.assert(
      fc.property(pairs('f32'), fc.float(), ([x, y], shift) => {
        const c = y.map((value, i) => (i % 3 === 0 ? shift : value * 0.75));
        const z = c.slice() as Float32Array;
        run(subject, { x, y, z, n: x.length });
        z.forEach((got, i) => {
          const [a, b] = [negated ? -x[i]! : x[i]!, y[i]!];
          const allowed = [
            fusedMultiplyAdd(a, b, c[i]!),
            Math.fround(Math.fround(a * b) + c[i]!),
            Math.fround(a * b + c[i]!),
          ];
          expect(
            allowed.some((value) => Object.is(value, got)),
            `${a} * ${b} + ${c[i]} = ${got}`,
          ).toBe(true);
        });
      }),
      { numRuns: 20 },
    );
  });

  it('converts between f32 and i32 and reinterprets bits', () => {
    const subject = kernel(
      'convert',
      { x: input('f32'), i: output('i32'), f: output('f32'), bits: output('i32'), n: integer() },
      (k) => {
        const [x, i, f, raw] = [k.pointer('x'), k.pointer('i'), k.pointer('f'), k.pointer('bits')];
        overVectors(k, 'f32', k.integer('n'), [x, i, f, raw], (at) => {
          const value = at.load(x);
          at.store(k.convert('i32', value), i);
          at.store(k.convert('f32', k.reinterpret('i32', value)), f);
          at.store(k.reinterpret('i32', value), raw);
        });
      },
    );
    const inRange = fc.float({ min: -(2 ** 31), max: Math.fround(2147483520), noNaN: true });
    fc.assert(
      fc.property(fc.array(inRange, { minLength: 1, maxLength: 40 }), (numbers) => {
        const x = Float32Array.from(numbers);
        const n = x.length;
        const [i, f, raw] = [new Int32Array(n), new Float32Array(n), new Int32Array(n)];
        run(subject, { x, i, f, bits: raw, n });
        const expectedBits = new Int32Array(x.buffer);
        expectSame(i, Int32Array.from(x, Math.trunc));
        expectSame(raw, expectedBits);
        expectSame(f, Float32Array.from(expectedBits));
      }),
      { numRuns: 20 },
    );
  });

  it('combines masks', () => {
    const subject = binaryKernel('masks', 'f32', 'f32', (k, a, b) => {
      const [p, q] = [k.compare(a, '>', 0), k.compare(b, '>', 0)];
      const digit = (mask: Parameters<typeof k.select>[0], weight: number): Vector =>
        k.select(mask, k.constant('f32', weight), 0);
      const digits = [
        digit(k.and(p, q), 1),
        digit(k.or(p, q), 2),
        digit(k.xor(p, q), 4),
        digit(k.andNot(p, q), 8),
      ];
      return digits.reduce((sum, next) => k.add(sum, next));
    });
    const [x, y, z] = [Float32Array.of(1, 1, -1, -1), Float32Array.of(1, -1, 1, -1), new Float32Array(4)];
    run(subject, { x, y, z, n: 4 });
    expectSame(z, Float32Array.of(1 + 2, 2 + 4 + 8, 2 + 4, 0));
  });
});
