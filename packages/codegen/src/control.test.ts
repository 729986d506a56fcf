import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Comparison, input, integer, kernel, output } from './index.ts';
import { runners } from './testing/run.ts';

describe.each(runners)('on %s', (_, run) => {
  it('a loop runs as often as its count says, and not for zero or less', () => {
    const subject = kernel('count', { n: integer(), m: integer(), y: output('i32') }, (k) => {
      const [n, m, y] = [k.integer('n'), k.integer('m'), k.pointer('y')];
      const [rounds, sum] = [k.variable(0), k.variable(0)];
      k.loop(n, (i) => {
        k.loop(m, () => k.increment(rounds, 1));
        k.increment(sum, i);
      });
      k.loop(3, () => k.increment(sum, 1000));
      k.storeInteger(rounds, y, 0);
      k.storeInteger(sum, y, 1);
      k.storeInteger(n, y, 2);
    });
    for (const [n, m] of [
      [0, 5],
      [5, 0],
      [1, 1],
      [7, 3],
      [-2, 4],
      [3, -1],
    ] as const) {
      const y = new Int32Array(3);
      run(subject, { n, m, y });
      const rounds = Math.max(n, 0) * Math.max(m, 0);
      expect([...y]).toEqual([rounds, 3000 + (n > 0 ? (n * (n - 1)) / 2 : 0), n]);
    }
  });

  it('when takes the branch that the comparison says', () => {
    const signs: readonly Comparison[] = ['==', '!=', '<', '<=', '>', '>='];
    const subject = kernel('branches', { a: integer(), b: integer(), y: output('i32') }, (k) => {
      const [a, b, y] = [k.integer('a'), k.integer('b'), k.pointer('y')];
      signs.forEach((sign, i) => {
        const taken = k.variable(0);
        k.when(
          a,
          sign,
          b,
          () => k.assign(taken, k.variable(1)),
          () => k.assign(taken, k.variable(2)),
        );
        k.when(a, sign, 7, () => k.increment(taken, 10));
        k.storeInteger(taken, y, i);
      });
    });
    const holds = (a: number, b: number): boolean[] => [a === b, a !== b, a < b, a <= b, a > b, a >= b];
    for (const [a, b] of [
      [1, 2],
      [2, 2],
      [7, -3],
      [-5, -5],
      [9, 7],
    ] as const) {
      const y = new Int32Array(6);
      run(subject, { a, b, y });
      const second = holds(a, 7);
      expect([...y]).toEqual(holds(a, b).map((first, i) => (first ? 1 : 2) + (second[i] ? 10 : 0)));
    }
  });

  it('integers add, subtract, multiply, shift, mask and compare', () => {
    const subject = kernel(
      'integers',
      { a: integer(), b: integer(), s: integer(), y: output('i32') },
      (k) => {
        const [a, b, s, y] = [k.integer('a'), k.integer('b'), k.integer('s'), k.pointer('y')];
        const results = [
          k.add(a, b),
          k.sub(a, b),
          k.mul(a, b),
          k.and(a, b),
          k.min(a, b),
          k.max(a, b),
          k.shl(a, 3),
          k.shr(a, 3),
          k.shr(a, s),
          k.shl(a, s),
          k.add(a, -5),
          k.mul(a, 12),
          k.min(a, 10),
        ];
        results.forEach((result, i) => {
          k.storeInteger(result, y, i);
        });
      },
    );
    const small = fc.integer({ min: -30000, max: 30000 });
    fc.assert(
      fc.property(small, small, fc.integer({ min: 0, max: 15 }), (a, b, s) => {
        const y = new Int32Array(13);
        run(subject, { a, b, s, y });
        expect([...y]).toEqual(
          [
            ...[a + b, a - b, a * b, a & b, Math.min(a, b), Math.max(a, b)],
            ...[a << 3, a >> 3, a >> s, a << s, a - 5, a * 12, Math.min(a, 10)],
          ].map((value) => value | 0),
        );
      }),
      { numRuns: 30 },
    );
  });

  it('any tells whether a mask holds somewhere', () => {
    const subject = kernel('any', { x: input('f32'), y: output('i32') }, (k) => {
      k.storeInteger(k.any(k.isNaN(k.load(k.pointer('x')))), k.pointer('y'));
    });
    const [x, y] = [new Float32Array(16), new Int32Array(1)];
    run(subject, { x, y });
    expect(y[0]).toBe(0);
    x[2] = Number.NaN;
    run(subject, { x, y });
    expect(y[0]).toBe(1);
  });

  it('a copy is a variable of its own, and an assigned result keeps its value', () => {
    const subject = kernel('copies', { x: input('f32'), y: output('f32') }, (k) => {
      const [x, y, lanes] = [k.pointer('x'), k.pointer('y'), k.lanes('f32')];
      const first = k.load(x);
      const copy = k.variable(first);
      const doubled = k.add(first, first);
      k.assign(first, doubled);
      k.assign(copy, k.add(copy, 1));
      k.store(doubled, y);
      k.store(first, y, lanes);
      k.store(copy, y, 2 * lanes);
    });
    const y = new Float32Array(48);
    run(subject, { x: new Float32Array(16).fill(3), y });
    const used = [...new Set(y)].filter((value) => value !== 0);
    expect(used).toEqual([6, 4]);
  });
});
