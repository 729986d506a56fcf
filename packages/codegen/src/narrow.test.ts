import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  input,
  integer,
  type KernelBuilder,
  kernel,
  type NarrowInteger,
  type NarrowType,
  output,
  overVectors,
  type Pointer,
  type Vector,
} from './index.ts';
import { expectSame } from './testing/numbers.ts';
import { runners, vectorBytesOf } from './testing/run.ts';

const integers = { i8: Int8Array, u8: Uint8Array, i16: Int16Array, u16: Uint16Array } as const;
const integerTypes = Object.keys(integers) as NarrowInteger[];
const floatTypes = ['f16', 'bf16'] as const;
const ranges = { i8: [-128, 127], u8: [0, 255], i16: [-32768, 32767], u16: [0, 65535] } as const;

/** Exponent and fraction bits of each 16-bit float. */
const formats = { f16: { exponent: 5, fraction: 10 }, bf16: { exponent: 8, fraction: 7 } } as const;

/** The number that 16 bits stand for, by the definition of the format. */
function decode(type: 'f16' | 'bf16', bits: number): number {
  const { exponent: exponentBits, fraction: fractionBits } = formats[type];
  const bias = 2 ** (exponentBits - 1) - 1;
  const exponent = (bits >> fractionBits) % 2 ** exponentBits;
  const fraction = (bits % 2 ** fractionBits) / 2 ** fractionBits;
  const sign = bits < 0x8000 ? 1 : -1;
  if (exponent === 2 ** exponentBits - 1) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias));
}

/** Non-negative finite numbers of a format in order, by their bits; the next would be 2 to the power that ends the format. */
const tables = Object.fromEntries(
  floatTypes.map((type) => {
    const infinity = (2 ** formats[type].exponent - 1) * 2 ** formats[type].fraction;
    const numbers = Array.from({ length: infinity }, (_, bits) => decode(type, bits));
    return [type, [...numbers, 2 ** (2 ** (formats[type].exponent - 1))]];
  }),
) as Record<'f16' | 'bf16', number[]>;

/** The bits of the nearest number of a format, by search; of two as near the one with even bits. NaN gives -1. */
function encode(type: 'f16' | 'bf16', value: number): number {
  if (Number.isNaN(value)) return -1;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const table = tables[type];
  const magnitude = Math.abs(value);
  let [low, high] = [0, table.length - 1];
  if (magnitude >= table[high]!) return sign + high;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (table[middle]! <= magnitude) low = middle;
    else high = middle;
  }
  const [below, above] = [magnitude - table[low]!, table[high]! - magnitude];
  return sign + (below < above || (below === above && low % 2 === 0) ? low : high);
}

const isNaN16 = (type: 'f16' | 'bf16', bits: number): boolean => Number.isNaN(decode(type, bits));

/** Every float32 that is a number of the format, halfway between two, or next to such a place; and numbers at random. */
function nearTies(type: 'f16' | 'bf16', seed: number): Float32Array {
  const values: number[] = [];
  for (let i = seed % 7; i + 1 < tables[type].length; i += 7) {
    const [a, b] = [tables[type][i]!, tables[type][i + 1]!];
    const tie = a / 2 + b / 2;
    values.push(a, tie);
    const bits = new Int32Array(Float32Array.of(tie).buffer);
    values.push(...new Float32Array(Int32Array.of(bits[0]! + 1, Math.max(bits[0]! - 1, 0)).buffer));
  }
  values.push(0, Infinity, Number.NaN, 2 ** -149, 65504, 65519.996, 65520, 65536, 3.4028234663852886e38);
  return Float32Array.from(values, (value, i) => (i % 2 ? -value : value));
}

const anywhere = runners.map(([name, run]) => [name, run] as const);

describe.each(anywhere)('on %s', (name, run) => {
  const lanes = vectorBytesOf(name) / 4;

  it.each(integerTypes)('widens and narrows %s, keeping the lower bits', (type) => {
    const subject = kernel(
      'narrowInteger',
      {
        x: input(type),
        wide: output('i32'),
        i: input('i32'),
        wrapped: output(type),
        clamped: output(type),
        n: integer(),
      },
      (k) => {
        const all = {
          x: k.pointer('x'),
          wide: k.pointer('wide'),
          i: k.pointer('i'),
          wrapped: k.pointer('wrapped'),
          clamped: k.pointer('clamped'),
        };
        overVectors(k, 'i32', k.integer('n'), Object.values(all), (at) => {
          at.store(at.loadWide(all.x as Pointer<'i8'>), all.wide);
          const value = at.load(all.i);
          at.storeNarrow(value, all.wrapped as Pointer<'i8'>);
          at.storeNarrow(value, all.clamped as Pointer<'i8'>, { saturate: true });
        });
      },
    );
    const make = integers[type];
    const [least, most] = ranges[type];
    const edges = [0, -1, least, most, least - 1, most + 1, 2 ** 31 - 1, -(2 ** 31), 256, 65536];
    const any = fc.array(fc.oneof(fc.integer(), fc.integer({ min: -70000, max: 70000 })), { maxLength: 99 });
    fc.assert(
      fc.property(any, (random) => {
        const i = Int32Array.from([...edges, ...random]);
        const n = i.length;
        const x = make.from(i);
        const [wide, wrapped, clamped] = [new Int32Array(n), new make(n), new make(n)];
        run(subject, { x, wide, i, wrapped, clamped, n });
        expectSame(wide, Int32Array.from(x));
        expect(wrapped).toEqual(make.from(i));
        expect(clamped).toEqual(make.from(Array.from(i, (value) => Math.min(Math.max(value, least), most))));
      }),
      { numRuns: 10 },
    );
  });

  it.each([...integerTypes, ...floatTypes])(
    'partial accesses of %s touch count elements, from none to more than two vectors',
    (type) => {
      const isFloat = type === 'f16' || type === 'bf16';
      const lane = isFloat ? 'f32' : 'i32';
      const copy = (fill: number) =>
        kernel(
          'copyNarrowPartial',
          { x: input(type), y: output(type), all: output(lane), n: integer() },
          (k) => {
            const [x, n] = [k.pointer('x') as Pointer<'i8'>, k.integer('n')];
            const value = k.loadWidePartial(x, 0, n, fill);
            k.store<'i32'>(value, k.pointer('all') as Pointer as Pointer<'i32'>);
            k.storeNarrowPartial(value, k.pointer('y') as Pointer<'i8'>, 0, n);
          },
        );
      const make = isFloat ? Uint16Array : integers[type];
      const kernels = [-7, 0].map((fill) => [fill, copy(fill)] as const);
      for (let n = -1; n <= 2 * lanes + 1; n++) {
        const count = Math.min(Math.max(n, 0), lanes);
        // bits of numbers of either sign
        const x = make.from(
          Array.from({ length: count }, (_, i) =>
            isFloat ? 0x3c00 + 37 * i + (i % 2) * 0x8000 : 200 - 61 * i,
          ),
        );
        const numbers = Array.from(x, (value) => (isFloat ? decode(type, value) : value));
        for (const [fill, subject] of kernels) {
          const y = new make(count);
          const all = isFloat ? new Float32Array(lanes) : new Int32Array(lanes);
          run(subject, { x, y, all, n });
          expect(y).toEqual(x);
          expect([...all]).toEqual([...numbers, ...Array.from({ length: lanes - count }, () => fill)]);
        }
      }
    },
  );

  it('takes offsets in elements, negative ones too', () => {
    const subject = kernel('offsets', { x: input('i16'), y: output('u8') }, (k) => {
      const [x, y] = [k.pointer('x'), k.pointer('y')];
      k.advance(x, 2);
      k.storeNarrow(k.loadWide(x, -1), y, k.lanes('i32'));
      k.storeNarrow(5, y);
    });
    const x = Int16Array.from({ length: lanes + 1 }, (_, i) => 3 * i);
    const y = new Uint8Array(2 * lanes);
    run(subject, { x, y });
    expect(y).toEqual(Uint8Array.from(y, (_, i) => (i < lanes ? 5 : 3 * (i - lanes + 1))));
  });

  it.each(floatTypes)('reads every %s exactly', (type) => {
    const subject = kernel('readHalf', { x: input(type), y: output('f32'), n: integer() }, (k) => {
      const [x, y] = [k.pointer('x') as Pointer<'f16'>, k.pointer('y')];
      overVectors(k, 'f32', k.integer('n'), [x, y], (at) => at.store(at.loadWide(x), y));
    });
    const n = 4099;
    for (let from = 0; from < 65536; from += n) {
      const x = Uint16Array.from({ length: Math.min(n, 65536 - from) }, (_, i) => from + i);
      const y = new Float32Array(x.length);
      run(subject, { x, y, n: x.length });
      expectSame(
        y,
        Float32Array.from(x, (bits) => decode(type, bits)),
      );
    }
  });

  it.each(floatTypes)(
    'rounds to the nearest %s, ties to even, denormals, infinities and NaN included',
    (type) => {
      const subject = kernel('writeHalf', { x: input('f32'), y: output(type), n: integer() }, (k) => {
        const [x, y] = [k.pointer('x'), k.pointer('y') as Pointer<'f16'>];
        overVectors(k, 'f32', k.integer('n'), [x, y], (at) => at.storeNarrow(at.load(x), y));
      });
      const check = (x: Float32Array): void => {
        const y = new Uint16Array(x.length);
        run(subject, { x, y, n: x.length });
        const got = Array.from(y, (bits) => (isNaN16(type, bits) ? -1 : bits));
        const wrong = got.findIndex((bits, i) => bits !== encode(type, x[i]!));
        expect(
          wrong < 0 ? 'all right' : `${x[wrong]} gives ${got[wrong]}, not ${encode(type, x[wrong]!)}`,
        ).toBe('all right');
      };
      const near = nearTies(type, lanes + 3);
      for (let from = 0; from < near.length; from += 4096) check(near.subarray(from, from + 4096));
      const bits = Int32Array.from({ length: 8191 }, (_, i) => Math.imul(i + 1, 0x9e3779b1));
      check(new Float32Array(bits.buffer));
      // every pattern of NaN stays one, whatever its payload
      check(new Float32Array(Int32Array.of(0x7f800001, 0x7fc00000, -1, 0x7f80ffff, -0x7fffff).buffer));
    },
  );

  it('widens halves of vectors to f64 and narrows two vectors of f64', () => {
    const subject = kernel(
      'halves',
      {
        f: input('f32'),
        i: input('i32'),
        d: input('f64'),
        e: input('f64'),
        fromF: output('f64'),
        fromI: output('f64'),
        toF: output('f32'),
        toI: output('i32'),
      },
      (k) => {
        const step = k.lanes('f64');
        const [fromF, fromI, d, e] = [k.pointer('fromF'), k.pointer('fromI'), k.pointer('d'), k.pointer('e')];
        for (const [half, at] of [
          ['low', 0],
          ['high', step],
        ] as const) {
          k.store(k.widen('f64', k.load(k.pointer('f')), half), fromF, at);
          k.store(k.widen('f64', k.load(k.pointer('i')), half), fromI, at);
        }
        k.store(k.narrow('f32', k.load(d), k.load(d, step)), k.pointer('toF'));
        k.store(k.narrow('i32', k.load(e), k.load(e, step)), k.pointer('toI'));
      },
    );
    const special = [
      0,
      -0,
      Infinity,
      -Infinity,
      Number.NaN,
      1e300,
      -1e-300,
      2 ** -149,
      2 ** -150,
      1.5 * 2 ** -149,
    ];
    const number = fc.oneof(
      fc.double(),
      fc.constantFrom(...special),
      fc.float().map((x) => x + x * 2 ** -25),
    );
    const inRange = fc.double({ min: -2147483648.9, max: 2147483647.9, noNaN: true });
    const of = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: lanes, maxLength: lanes });
    fc.assert(
      fc.property(of(number), of(fc.integer()), of(inRange), (numbers, whole, within) => {
        const [f, i] = [Float32Array.from(numbers), Int32Array.from(whole)];
        const [d, e] = [Float64Array.from(numbers), Float64Array.from(within)];
        const [fromF, fromI] = [new Float64Array(lanes), new Float64Array(lanes)];
        const [toF, toI] = [new Float32Array(lanes), new Int32Array(lanes)];
        run(subject, { f, i, d, e, fromF, fromI, toF, toI });
        expectSame(fromF, Float64Array.from(f));
        expectSame(fromI, Float64Array.from(i));
        expectSame(toF, Float32Array.from(d));
        expectSame(toI, Int32Array.from(e, Math.trunc));
      }),
      { numRuns: 40 },
    );
  });
});

describe('narrow elements', () => {
  const recording = (element: string, body: (k: KernelBuilder, p: Pointer<NarrowType>) => void) => () =>
    runners[0]![1](
      kernel('wrong', { p: input(element as 'i8') }, (k) =>
        body(k as unknown as KernelBuilder, k.pointer('p') as Pointer as Pointer<NarrowType>),
      ),
      { p: new Float64Array(8) },
    );

  it('are the only ones that can be widened or narrowed to', () => {
    expect(recording('f32', (k, p) => void k.loadWide(p))).toThrow(
      'wrong: loadWide: element type, expected i8, u8, i16, u16, f16 or bf16, got f32',
    );
    expect(recording('i64', (k, p) => k.storeNarrow(1, p))).toThrow('got i64');
  });

  it('take lanes of the type that belongs to them, and saturate only integers', () => {
    expect(recording('f16', (k, p) => k.storeNarrow(k.zero('i32') as Vector as Vector<'f32'>, p))).toThrow(
      'expected a vector of f32',
    );
    expect(recording('f16', (k, p) => k.storeNarrow(1, p, 0, { saturate: true }))).toThrow(
      'saturation, expected an integer element, got f16',
    );
    expect(recording('f16', (k, p) => void k.loadInteger(p as Pointer as Pointer<'i16'>))).toThrow(
      'expected an integer type, got f16',
    );
  });
});
