import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Comparison,
  input,
  integer,
  type KernelBuilder,
  kernel,
  output,
  overVectors,
  scalar,
  type Vector,
} from './index.ts';
import { expectSame } from './testing/numbers.ts';
import { runners, vectorBytesOf } from './testing/run.ts';

type Long = Vector<'i64'>;
type Case = readonly [
  record: (k: KernelBuilder, a: Long, b: Long) => Long,
  expected: (a: bigint, b: bigint) => bigint,
];

/** There is no `Math.min` of BigInt. */
const pick = (condition: boolean, a: bigint, b: bigint): bigint => (condition ? a : b);

const cases: Record<string, Case> = {
  add: [(k, a, b) => k.add(a, b), (a, b) => a + b],
  sub: [(k, a, b) => k.sub(a, b), (a, b) => a - b],
  mul: [(k, a, b) => k.mul(a, b), (a, b) => a * b],
  'mul with itself': [(k, a) => k.mul(a, a), (a) => a * a],
  'mul with a number': [(k, a) => k.mul(a, -(2 ** 40) - 3), (a) => a * (-(2n ** 40n) - 3n)],
  'number minus vector': [(k, a) => k.sub(2 ** 53 - 1, a), (a) => 2n ** 53n - 1n - a],
  min: [(k, a, b) => k.min(a, b), (a, b) => pick(a < b, a, b)],
  max: [(k, a, b) => k.max(a, b), (a, b) => pick(a > b, a, b)],
  pmin: [(k, a, b) => k.pmin(a, b), (a, b) => pick(a < b, a, b)],
  pmax: [(k, a, b) => k.pmax(a, b), (a, b) => pick(a > b, a, b)],
  neg: [(k, a) => k.neg(a), (a) => -a],
  abs: [(k, a) => k.abs(a), (a) => (a < 0n ? -a : a)],
  and: [(k, a, b) => k.and(a, b), (a, b) => a & b],
  or: [(k, a, b) => k.or(a, b), (a, b) => a | b],
  xor: [(k, a, b) => k.xor(a, b), (a, b) => a ^ b],
  andNot: [(k, a, b) => k.andNot(a, b), (a, b) => a & ~b],
};
for (const count of [0, 1, 31, 32, 33, 63]) {
  const by = BigInt(count);
  cases[`shl by ${count}`] = [(k, a) => k.shl(a, count), (a) => a << by];
  cases[`shr by ${count}`] = [(k, a) => k.shr(a, count), (a) => a >> by];
  cases[`shrLogical by ${count}`] = [(k, a) => k.shrLogical(a, count), (a) => BigInt.asUintN(64, a) >> by];
}
const comparisons: Record<Comparison, (a: bigint, b: bigint) => boolean> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};
for (const [sign, holds] of Object.entries(comparisons)) {
  const comparison = sign as Comparison;
  cases[`select by ${sign}`] = [
    (k, a, b) => k.select(k.compare(a, comparison, b), a, 7),
    (a, b) => (holds(a, b) ? a : 7n),
  ];
  cases[`not ${sign}`] = [
    (k, a, b) => k.select(k.not(k.compare(a, comparison, b)), a, b),
    (a, b) => (holds(a, b) ? b : a),
  ];
}

for (const [sign, holds] of Object.entries(comparisons)) {
  const unsigned = (a: bigint): bigint => BigInt.asUintN(64, a);
  cases[`select by unsigned ${sign}`] = [
    (k, a, b) => k.select(k.compareUnsigned(a, sign as Comparison, b), a, 7),
    (a, b) => (holds(unsigned(a), unsigned(b)) ? a : 7n),
  ];
}
cases['xor with a bigint'] = [
  (k, a) => k.xor(a, k.constant('i64', 0x7edcba9876543211n)),
  (a) => a ^ 0x7edcba9876543211n,
];

const special = [
  0n,
  1n,
  -1n,
  2n ** 63n - 1n,
  -(2n ** 63n),
  2n ** 32n,
  2n ** 31n,
  -(2n ** 31n),
  0xffffffffn,
  -(2n ** 32n) - 1n,
];
const long = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const pairs = fc.array(fc.tuple(long, long), { minLength: 5, maxLength: 40 }).map((random) => {
  const all = [...special.flatMap((a) => special.map((b) => [a, b] as const)), ...random];
  return [BigInt64Array.from(all.map(([a]) => a)), BigInt64Array.from(all.map(([, b]) => b))] as const;
});
const ramp = (length: number): BigInt64Array<ArrayBuffer> =>
  BigInt64Array.from({ length }, (_, i) => BigInt(i + 1) * (i % 2 ? -0x123456789an : 0x7fedcba987654n));

describe.each(runners)('on %s', (name, run) => {
  const lanes = vectorBytesOf(name) / 8;

  it.each(Object.entries(cases))('%s of i64 does what BigInt does', (_, [record, expected]) => {
    const subject = kernel(
      'long',
      { x: input('i64'), y: input('i64'), z: output('i64'), n: integer() },
      (k) => {
        const [x, y, z] = [k.pointer('x'), k.pointer('y'), k.pointer('z')];
        overVectors(k, 'i64', k.integer('n'), [x, y, z], (at) => {
          at.store(record(k as unknown as KernelBuilder, at.load(x), at.load(y)), z);
        });
      },
    );
    fc.assert(
      fc.property(pairs, ([x, y]) => {
        const z = new BigInt64Array(x.length);
        run(subject, { x, y, z, n: x.length });
        expectSame(
          z,
          x.map((a, i) => BigInt.asIntN(64, expected(a, y[i]!))),
        );
      }),
      { numRuns: 3 },
    );
  });

  it('takes a scalar of 64 bits, as a number or a bigint', () => {
    const subject = kernel('longScalar', { x: input('i64'), z: output('i64'), by: scalar('i64') }, (k) => {
      k.store(k.add(k.load(k.pointer('x')), k.scalar('by')), k.pointer('z'));
    });
    const x = ramp(lanes);
    for (const by of [-3, 2 ** 40, 0x7edcba9876543211n, -(2n ** 63n)]) {
      const z = new BigInt64Array(lanes);
      run(subject, { x, z, by });
      expectSame(
        z,
        x.map((a) => BigInt.asIntN(64, a + BigInt(by))),
      );
    }
  });

  it('makes masks of 64-bit lanes from those of 32-bit lanes, and back', () => {
    const subject = kernel(
      'maskWidths',
      { x: input('i32'), y: input('i64'), wide: output('i64'), narrow: output('i32') },
      (k) => {
        const [y, wide] = [k.pointer('y'), k.pointer('wide')];
        const positive = k.compare(k.load(k.pointer('x')), '>', 0);
        const back = (['low', 'high'] as const).map((half, i) => {
          const value = k.load(y, i * lanes);
          k.store(k.select<'i64'>(k.widenMask(positive, half), value, -5), wide, i * lanes);
          return k.compare(value, '>', 0);
        });
        const both = k.narrowMask(back[0]!, back[1]!);
        k.store(k.select<'i32'>(both, k.constant('i32', 1), 2), k.pointer('narrow'));
      },
    );
    const x = Int32Array.from({ length: 2 * lanes }, (_, i) => (i % 3 ? i : -i));
    const y = ramp(2 * lanes);
    const [wide, narrow] = [new BigInt64Array(2 * lanes), new Int32Array(2 * lanes)];
    run(subject, { x, y, wide, narrow });
    expectSame(
      wide,
      y.map((value, i) => (x[i]! > 0 ? value : -5n)),
    );
    expectSame(
      narrow,
      Int32Array.from(y, (value) => (value > 0n ? 1 : 2)),
    );
  });

  it('converts to f64, rounded to nearest, and from it, towards zero', () => {
    const subject = kernel(
      'longConvert',
      { i: input('i64'), d: input('f64'), toD: output('f64'), toI: output('i64'), n: integer() },
      (k) => {
        const [i, d, toD, toI] = [k.pointer('i'), k.pointer('d'), k.pointer('toD'), k.pointer('toI')];
        overVectors(k, 'i64', k.integer('n'), [i, d, toD, toI], (at) => {
          at.store(k.convert('f64', at.load(i)), toD);
          at.store(k.convert('i64', at.load(d)), toI);
        });
      },
    );
    const within = fc.oneof(
      fc.double({ min: -(2 ** 63), max: 2 ** 63 - 1024, noNaN: true }),
      fc.double({ min: -9, max: 9, noNaN: true }),
      fc.double({ min: -(2 ** 33), max: 2 ** 33, noNaN: true }),
      fc.constantFrom(0, -0, 2 ** 32, -(2 ** 32), 2 ** 32 - 0.5, -0.5, -(2 ** 63), 2 ** 52 + 1, -(2 ** 53)),
    );
    const close = fc.tuple(fc.integer({ min: 0, max: 9 }), long).map(([by, value]) => value >> BigInt(by));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.oneof(long, close), within), { maxLength: 40 }), (random) => {
        // halfway between two doubles, and next to it
        const ties = [
          2n ** 53n + 1n,
          2n ** 53n + 3n,
          2n ** 62n + 256n,
          2n ** 62n + 257n,
          -(2n ** 62n) - 768n,
        ];
        const i = BigInt64Array.from([...special, ...ties, ...random.map(([value]) => value)]);
        const d = Float64Array.from(i, (_, at) => random[at]?.[1] ?? 1.5 - at);
        const [toD, toI] = [new Float64Array(i.length), new BigInt64Array(i.length)];
        run(subject, { i, d, toD, toI, n: i.length });
        expectSame(toD, Float64Array.from([...i].map(Number)));
        expectSame(toI, BigInt64Array.from([...d].map((value) => BigInt(Math.trunc(value)))));
      }),
      { numRuns: 30 },
    );
  });

  it('partial and strided accesses touch count lanes', () => {
    const subject = kernel(
      'longPartial',
      { x: input('i64'), y: output('i64'), all: output('i64'), s: output('i64'), n: integer() },
      (k) => {
        const [x, n] = [k.pointer('x'), k.integer('n')];
        const value = k.loadPartial(x, 0, n, -7);
        k.store(value, k.pointer('all'));
        k.storePartial(value, k.pointer('y'), 0, n);
        k.storeStrided(k.loadStrided(x, 0, 1, n), k.pointer('s'), 0, 2, n);
      },
    );
    for (let n = -1; n <= 2 * lanes + 1; n++) {
      const count = Math.min(Math.max(n, 0), lanes);
      const x = ramp(count);
      const [y, all, s] = [new BigInt64Array(count), new BigInt64Array(lanes), new BigInt64Array(2 * count)];
      run(subject, { x, y, all, s, n });
      expectSame(y, x);
      expectSame(
        all,
        all.map((_, i) => x[i] ?? -7n),
      );
      expectSame(
        s,
        s.map((_, i) => (i % 2 ? 0n : x[i / 2]!)),
      );
    }
  });

  it('spreads, rearranges, reduces, widens and narrows', () => {
    const subject = kernel(
      'longLanes',
      {
        x: input('i64'),
        i: input('i32'),
        m: integer(),
        y: output('i64'),
        w: output('i64'),
        narrow: output('i32'),
      },
      (k) => {
        const [x, y, w] = [k.load(k.pointer('x')), k.pointer('y'), k.pointer('w')];
        k.storeFirst(k.reduceSum(x), y, 0);
        k.storeFirst(k.reduceMax(x), y, 1);
        k.storeFirst(k.reduceMin(x), y, 2);
        k.storeFirst(k.sub(k.splat(k.integer('m'), 'i64'), 2 ** 45), y, 3);
        k.storeFirst(k.shuffle('swap', x, x, 1), y, 4);
        k.storeFirst(k.broadcast(k.pointer('x'), 1), y, 5);
        k.store(k.widen('i64', k.load(k.pointer('i')), 'low'), w);
        k.store(k.widen('i64', k.load(k.pointer('i')), 'high'), w, k.lanes('i64'));
        k.store(k.narrow('i32', x, k.neg(x)), k.pointer('narrow'));
      },
    );
    const x = ramp(lanes);
    const i = Int32Array.from({ length: 2 * lanes }, (_, at) => (at % 2 ? -1 : 1) * (2 ** 31 - 1 - at));
    const [y, w, narrow] = [new BigInt64Array(6), new BigInt64Array(2 * lanes), new Int32Array(2 * lanes)];
    run(subject, { x, i, m: -5, y, w, narrow });
    const sorted = x.toSorted();
    const sum = x.reduce((a, b) => a + b);
    expectSame(y, BigInt64Array.of(sum, sorted.at(-1)!, sorted[0]!, -(2n ** 45n) - 5n, x[1]!, x[1]!));
    expectSame(w, BigInt64Array.from(i, BigInt as never));
    const both = [...x, ...x.map((value) => -value)];
    expectSame(narrow, Int32Array.from(both.map((value) => Number(BigInt.asIntN(32, value)))));
  });
});

describe('i64 lanes', () => {
  const refuses = (body: (k: KernelBuilder, x: Long) => void) => () =>
    runners[0]![1](
      kernel('wrong', { x: input('i64') }, (k) =>
        body(k as unknown as KernelBuilder, k.load(k.pointer('x'))),
      ),
      { x: new BigInt64Array(8) },
    );

  it('take whole numbers of 64 bits', () => {
    expect(refuses((k, x) => void k.add(x, 0.5))).toThrow(
      'wrong: constant: not an i64, expected a whole number',
    );
    expect(refuses((k, x) => void k.add(x, 2 ** 63))).toThrow('got 9223372036854776000');
  });

  it('have no division, no conversion to lanes of another width, and shifts below their width', () => {
    expect(refuses((k, x) => void k.div(x as Vector as Vector<'f64'>, 1))).toThrow(
      'expected f32 or f64, got i64',
    );
    expect(refuses((k, x) => void k.convert('f32', x as Vector as Vector<'i32'>))).toThrow('got i64');
    expect(refuses((k, x) => void k.widen('f64', x as Vector as Vector<'i32'>, 'low'))).toThrow('got i64');
    expect(refuses((k, x) => void k.narrow('f32', x as Vector as Vector<'f64'>, 0))).toThrow('got i64');
    expect(refuses((k, x) => void k.shl(x, 64))).toThrow('expected a constant from 0 to 63, got 64');
  });
});
