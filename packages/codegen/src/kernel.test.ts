import { describe, expect, it } from 'vitest';
import { input, integer, kernel, output, specKey } from './index.ts';
import { runners } from './testing/run.ts';

const addRelu = kernel(
  'addRelu',
  { x: input('f32'), y: input('f32'), sum: output('f32'), n: integer() },
  (k) => {
    const [x, y, sum, n] = [k.pointer('x'), k.pointer('y'), k.pointer('sum'), k.integer('n')];
    const lanes = k.lanes('f32');
    k.loop(k.shr(n, Math.log2(lanes)), () => {
      k.store(k.pmax(k.add(k.load(x), k.load(y)), 0), sum);
      for (const pointer of [x, y, sum]) k.advance(pointer, lanes);
    });
    const tail = k.and(n, lanes - 1);
    k.when(tail, '>', 0, () => {
      const total = k.add(k.loadPartial(x, 0, tail), k.loadPartial(y, 0, tail));
      k.storePartial(k.pmax(total, 0), sum, 0, tail);
    });
  },
);

describe.each(runners)('a kernel on %s', (_, run) => {
  it('adds and rectifies vectors of every length', () => {
    for (let n = 0; n <= 33; n++) {
      const x = Float32Array.from({ length: n }, (_, i) => Math.sin(i) * 3);
      const y = Float32Array.from({ length: n }, (_, i) => (i === 7 ? Number.NaN : Math.cos(i)));
      const sum = new Float32Array(n);
      run(addRelu, { x, y, sum, n });
      expect(sum).toEqual(x.map((value, i) => (value + y[i]! > 0 || i === 7 ? value + y[i]! : 0)));
    }
  });
});

describe('specKey', () => {
  it('does not depend on the order of the fields', () => {
    expect(specKey('gemm', { rows: 6, relu: true })).toBe('gemm{"relu":true,"rows":6}');
    expect(specKey('gemm', { relu: true, rows: 6 })).toBe('gemm{"relu":true,"rows":6}');
  });
});
