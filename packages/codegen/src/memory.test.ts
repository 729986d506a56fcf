import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ElementType, input, integer, kernel, output, type ShufflePattern, scalar } from './index.ts';
import { arrayOf, expectSame, type Lanes, type NumberType } from './testing/numbers.ts';
import { runners, vectorBytesOf } from './testing/run.ts';

const laneTypes: readonly NumberType[] = ['f32', 'f64', 'i32'];

/** Numbers that differ from each other and from what memory holds otherwise. */
function ramp(type: NumberType, length: number): Lanes {
  return arrayOf[type].from(Array.from({ length }, (_, i) => (i + 1) * (i % 2 ? -1 : 1)));
}

describe.each(runners)('on %s', (name, run) => {
  const lanesOf = (type: NumberType): number => vectorBytesOf(name) / (type === 'f64' ? 8 : 4);

  it.each(laneTypes)(
    'partial accesses of %s touch count elements, from none to more than a vector',
    (type) => {
      const copy = kernel(
        'copyPartial',
        { x: input(type), y: output(type), all: output(type), n: integer() },
        (k) => {
          const [x, n] = [k.pointer('x'), k.integer('n')];
          const value = k.loadPartial(x, 0, n, -7);
          k.store(value, k.pointer('all'));
          k.storePartial(value, k.pointer('y'), 0, n);
        },
      );
      const lanes = lanesOf(type);
      for (let n = -1; n <= 2 * lanes + 1; n++) {
        const count = Math.min(Math.max(n, 0), lanes);
        const [x, y, all] = [ramp(type, count), new arrayOf[type](count), new arrayOf[type](lanes)];
        run(copy, { x, y, all, n });
        expectSame(y, x);
        expectSame(all.subarray(0, count), x);
        expect(all.subarray(count).every((value) => value === -7)).toBe(true);
      }
    },
  );

  it.each(laneTypes)('strided accesses of %s touch every stride-th element, as many as asked', (type) => {
    const lanes = lanesOf(type);
    const take = kernel(
      'takeStrided',
      { x: input(type), y: output(type), z: output(type), stride: integer(), n: integer() },
      (k) => {
        const stride = k.integer('stride');
        k.store(k.loadStrided(k.pointer('x'), -1, stride, k.integer('n'), 5), k.pointer('y'));
        k.storeStrided(k.loadStrided(k.pointer('x'), -1, 1), k.pointer('z'), 1, stride, k.integer('n'));
      },
    );
    for (const stride of [1, 2, 3]) {
      for (let n = 0; n <= lanes + 1; n++) {
        const x = ramp(type, lanes * stride);
        const [y, z] = [new arrayOf[type](lanes), new arrayOf[type](1 + lanes * stride)];
        const bytes = x.BYTES_PER_ELEMENT;
        run(take, { x: { view: x, byteOffset: bytes }, y, z, stride, n });
        expectSame(y, y.map((_, i) => (i < n ? x[i * stride]! : 5)) as Lanes);
        expectSame(
          z,
          z.map((_, i) =>
            (i - 1) % stride === 0 && i > 0 && (i - 1) / stride < Math.min(n, lanes)
              ? x[(i - 1) / stride]!
              : 0,
          ) as Lanes,
        );
      }
    }
  });

  it('streaming stores write whole vectors to aligned addresses', () => {
    const lanes = lanesOf('f32');
    const subject = kernel('stream', { x: input('f32'), y: output('f32'), n: integer() }, (k) => {
      const [x, y] = [k.pointer('x'), k.pointer('y')];
      k.loop(k.integer('n'), () => {
        k.store(k.load(x), y, 0, { streaming: true });
        k.advance(x, lanes);
        k.advance(y, lanes);
      });
    });
    const x = ramp('f32', 3 * lanes);
    const y = new Float32Array(3 * lanes);
    run(subject, { x, y, n: 3 });
    expectSame(y, x);
  });

  it('strided accesses without a count take a whole vector', () => {
    const lanes = lanesOf('f32');
    const reverse = kernel('reverse', { x: input('f32'), y: output('f32') }, (k) => {
      k.storeStrided(k.load(k.pointer('x')), k.pointer('y'), k.lanes('f32') - 1, -1);
    });
    const [x, y] = [ramp('f32', lanes), new Float32Array(lanes)];
    run(reverse, { x, y });
    expectSame(y, x.toReversed() as Float32Array);
  });

  it('broadcasts, scalars, first lanes and splats', () => {
    const subject = kernel(
      'spread',
      {
        x: input('f32'),
        a: scalar('f32'),
        b: scalar('f64'),
        i: integer(),
        y: output('f32'),
        z: output('f64'),
        w: output('i32'),
      },
      (k) => {
        const value = k.load(k.pointer('x'));
        const sum = k.add(k.add(k.broadcast(k.pointer('x'), 1), k.scalar('a')), k.first(value));
        k.store(sum, k.pointer('y'));
        k.storeFirst(k.scalar('b'), k.pointer('z'));
        k.storeFirst(k.splat(k.integer('i')), k.pointer('w'));
        k.storeFirst(k.shuffle('swap', value, value, 1), k.pointer('y'), 1);
      },
    );
    const lanes = lanesOf('f32');
    const [y, z, w] = [new Float32Array(lanes), new Float64Array(1), new Int32Array(1)];
    run(subject, { x: ramp('f32', lanes), a: 0.5, b: Math.PI, i: -9, y, z, w });
    expectSame(
      y,
      y.map((_, i) => (i === 1 ? -2 : -2 + 0.5 + 1)),
    );
    expectSame(z, Float64Array.of(Math.PI));
    expectSame(w, Int32Array.of(-9));
  });

  it.each(laneTypes)('shuffles lanes of %s', (type) => {
    const lanes = lanesOf(type);
    const [a, b] = [ramp(type, lanes), ramp(type, lanes).map((v) => v + 100)];
    const both = [...a, ...b];
    const patterns: Record<ShufflePattern, (i: number, d: number) => number> = {
      swap: (i, d) => a[i ^ d]!,
      low: (i, d) => (i & d ? b[i - d]! : a[i]!),
      high: (i, d) => (i & d ? b[i]! : a[i + d]!),
      even: (i) => both[2 * i]!,
      odd: (i) => both[2 * i + 1]!,
      first: () => a[0]!,
    };
    for (const [pattern, expected] of Object.entries(patterns)) {
      for (let distance = 1; distance < lanes; distance *= 2) {
        const subject = kernel('shuffle', { a: input(type), b: input(type), y: output(type) }, (k) => {
          const [x, z] = [k.load(k.pointer('a')), k.load(k.pointer('b'))];
          k.store(k.shuffle(pattern as ShufflePattern, x, z, distance), k.pointer('y'));
        });
        const y = new arrayOf[type](lanes);
        run(subject, { a, b, y });
        expectSame(y, y.map((_, i) => expected(i, distance)) as Lanes);
      }
    }
  });

  it.each(laneTypes)('transposes a square of %s', (type) => {
    const lanes = lanesOf(type);
    const subject = kernel('transpose', { x: input(type), y: output(type) }, (k) => {
      const [x, y] = [k.pointer('x'), k.pointer('y')];
      const rows = Array.from({ length: k.lanes(type) }, (_, i) => k.load(x, i * k.lanes(type)));
      k.transpose(rows).forEach((row, i) => {
        k.store(row, y, i * k.lanes(type));
      });
    });
    const [x, y] = [ramp(type, lanes * lanes), new arrayOf[type](lanes * lanes)];
    run(subject, { x, y });
    expectSame(y, y.map((_, i) => x[(i % lanes) * lanes + Math.floor(i / lanes)]!) as Lanes);
  });

  it('reduces all lanes, and max and min keep NaN', () => {
    const subject = kernel('reduce', { x: input('f32'), y: output('f32') }, (k) => {
      const [x, y] = [k.load(k.pointer('x')), k.pointer('y')];
      k.storeFirst(k.reduceSum(x), y, 0);
      k.storeFirst(k.reduceMax(x), y, 1);
      k.storeFirst(k.reduceMin(x), y, 2);
    });
    const x = ramp('f32', lanesOf('f32')) as Float32Array;
    const y = new Float32Array(3);
    run(subject, { x, y });
    expectSame(
      y,
      Float32Array.of(
        x.reduce((a, b) => a + b),
        Math.max(...x),
        Math.min(...x),
      ),
    );
    for (let at = 0; at < x.length; at++) {
      const holed = x.with(at, Number.NaN);
      run(subject, { x: holed, y });
      expectSame(y, Float32Array.of(Number.NaN, Number.NaN, Number.NaN));
    }
  });

  it('loads, stores and copies elements of every type', () => {
    const arrays = {
      i8: Int8Array,
      u8: Uint8Array,
      i16: Int16Array,
      u16: Uint16Array,
      i32: Int32Array,
    } as const;
    for (const [element, make] of Object.entries(arrays)) {
      const type = element as keyof typeof arrays;
      const subject = kernel(
        'elements',
        {
          x: input(type),
          y: output(type),
          z: output('i32'),
          long: output('i64'),
          back: input('i64'),
          narrow: output('i32'),
        },
        (k) => {
          const [x, y] = [k.pointer('x'), k.pointer('y')];
          k.copyElement(x, 1, y, 0);
          k.storeInteger(k.loadInteger(x), y, 1);
          k.storeInteger(k.loadInteger(x), k.pointer('z'));
          k.storeInteger(k.loadInteger(x), k.pointer('long'));
          k.storeInteger(k.loadInteger(k.pointer('back')), k.pointer('narrow'));
        },
      );
      fc.assert(
        fc.property(fc.integer(), fc.integer(), (a, b) => {
          const x = make.of(a, b);
          const [y, z, long, narrow] = [
            new make(2),
            new Int32Array(1),
            new BigInt64Array(1),
            new Int32Array(1),
          ];
          run(subject, { x, y, z, long, back: BigInt64Array.of(BigInt(a) + (5n << 32n)), narrow });
          expect([...y]).toEqual([x[1], x[0]]);
          expect(z[0]).toBe(x[0]);
          expect(long[0]).toBe(BigInt(x[0]!));
          expect(narrow[0]).toBe(a);
        }),
        { numRuns: 10 },
      );
    }
  });

  it('copies elements of 8 bytes bit for bit', () => {
    const subject = kernel('copy8', { x: input('i64'), y: output('i64') }, (k) => {
      k.copyElement(k.pointer('x'), 0, k.pointer('y'), 0);
    });
    const [x, y] = [BigInt64Array.of(-0x123456789abcdef0n), new BigInt64Array(1)];
    run(subject, { x, y });
    expect(y[0]).toBe(x[0]);
  });

  it('prefetches what lies behind a buffer too', () => {
    const subject = kernel('ahead', { x: input('f32'), y: output('f32') }, (k) => {
      const [x, y] = [k.pointer('x'), k.pointer('y')];
      for (const hint of ['l1', 'l2', 'once', 'write'] as const) k.prefetch(x, 1 << 20, hint);
      k.prefetch(y);
      k.store(k.load(x), y);
    });
    const lanes = lanesOf('f32');
    const [x, y] = [ramp('f32', lanes), new Float32Array(lanes)];
    run(subject, { x, y });
    expectSame(y, x);
  });

  it('takes negative offsets', () => {
    const subject = kernel('before', { x: input('f32'), y: output('f32') }, (k) => {
      const x = k.pointer('x');
      const step = k.variable(1);
      k.advance(x, k.lanes('f32'));
      k.advance(x, step);
      k.store(k.load(x, -k.lanes('f32')), k.pointer('y'));
    });
    const lanes = lanesOf('f32');
    const [x, y] = [ramp('f32', lanes + 1), new Float32Array(lanes)];
    run(subject, { x, y });
    expectSame(y, x.subarray(1) as Float32Array);
  });
});

describe('element types', () => {
  it('cannot be loaded as integers if they are not integers', () => {
    const subject = kernel(
      'wrong',
      { x: input('f32' as ElementType as 'i32') },
      (k) => void k.loadInteger(k.pointer('x')),
    );
    expect(() => runners[0]![1](subject, { x: new Float32Array(1) })).toThrow(/integer type, got f32/);
  });
});
