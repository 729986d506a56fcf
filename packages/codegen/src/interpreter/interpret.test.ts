import { describe, expect, it } from 'vitest';
import {
  InterpreterError,
  inout,
  input,
  integer,
  interpret,
  type KernelBuilder,
  kernel,
  output,
  overVectors,
} from '../index.ts';

const double = kernel('double', { x: input('f32'), y: output('f32'), n: integer() }, (k) => {
  const [x, y] = [k.pointer('x'), k.pointer('y')];
  k.loop(k.shr(k.integer('n'), Math.log2(k.lanes('f32'))), () => {
    const value = k.load(x);
    k.store(k.add(value, value), y);
    k.advance(x, k.lanes('f32'));
    k.advance(y, k.lanes('f32'));
  });
});

function errorOf(body: () => unknown): InterpreterError {
  try {
    body();
  } catch (error) {
    if (error instanceof InterpreterError) return error;
    throw error;
  }
  throw new Error('no InterpreterError was thrown');
}

/** Runs a body over an input x, an output y and an inout z of 8 floats each. */
function runBody(
  body: (k: KernelBuilder<ReturnType<typeof contract>>) => void,
  values: Partial<{ x: ArrayBufferView; y: ArrayBufferView; z: ArrayBufferView; n: number }> = {},
): ReturnType<typeof interpret> {
  return interpret(kernel('body', contract(), body), {
    x: new Float32Array(8),
    y: new Float32Array(8),
    z: new Float32Array(8),
    n: 1,
    ...values,
  });
}

const contract = () => ({ x: input('f32'), y: output('f32'), z: inout('f32'), n: integer() }) as const;

describe('the interpreter', () => {
  it('reports what ran and that every byte of the outputs was written', () => {
    const y = new Float32Array(8);
    const report = interpret(double, { x: Float32Array.from({ length: 8 }, (_, i) => i), y, n: 8 });
    expect([...y]).toEqual([0, 2, 4, 6, 8, 10, 12, 14]);
    expect(report.accesses).toBe(4);
    expect(report.operations).toBeGreaterThan(4);
    expect(report.unwritten).toEqual({ y: 0 });
  });

  it('counts the bytes of outputs that were left unwritten', () => {
    const report = interpret(double, { x: new Float32Array(8), y: new Float32Array(8), n: 7 });
    expect(report.unwritten).toEqual({ y: 16 });
  });

  it('refuses a load one element outside its buffer and says which, where and in which line', () => {
    const error = errorOf(() => interpret(double, { x: new Float32Array(7), y: new Float32Array(8), n: 8 }));
    expect(error.kernel).toBe('double');
    expect(error.code).toBe('load');
    expect(error.operation).toBeGreaterThan(0);
    expect(error.line).toMatch(/interpret\.test\.ts:\d+:\d+/);
    expect(error.message).toMatch(
      /^double: load of 16 bytes at byte 16 of buffer 'x' \(28 bytes\) goes outside it/,
    );
  });

  it('refuses a store one element outside its buffer', () => {
    const error = errorOf(() => interpret(double, { x: new Float32Array(8), y: new Float32Array(7), n: 8 }));
    expect(error.problem).toBe("store of 16 bytes at byte 16 of buffer 'y' (28 bytes) goes outside it");
  });

  it('refuses an access in front of a buffer', () => {
    expect(errorOf(() => runBody((k) => k.load(k.pointer('x'), -1))).problem).toContain('at byte -4 of');
  });

  it('keeps a pointer to the buffer that it came from, in copies and after steps', () => {
    const error = errorOf(() =>
      runBody((k) => {
        const p = k.variable(k.pointer('x'));
        k.advance(p, 1000000);
        k.load(p);
      }),
    );
    expect(error.problem).toContain("buffer 'x'");
  });

  it('refuses a store to an input', () => {
    expect(errorOf(() => runBody((k) => k.store(1, k.pointer('x')))).problem).toContain('which is an input');
  });

  it('refuses to read bytes of an output that were never written', () => {
    const error = errorOf(() =>
      runBody((k) => {
        k.storePartial(1, k.pointer('y'), 0, k.variable(3));
        k.load(k.pointer('y'));
      }),
    );
    expect(error.problem).toContain('reads byte 12, which was never written');
  });

  it('lets a kernel read what it wrote, and whatever an inout buffer holds', () => {
    const z = new Float32Array(8).fill(5);
    runBody(
      (k) => {
        k.store(k.load(k.pointer('z')), k.pointer('y'));
        k.store(k.add(k.load(k.pointer('y')), 1), k.pointer('z'));
      },
      { z },
    );
    expect([...z]).toEqual([6, 6, 6, 6, 5, 5, 5, 5]);
  });

  it('refuses aligned accesses that are not aligned', () => {
    const error = errorOf(() => runBody((k) => k.load(k.pointer('x'), 1, { aligned: true })));
    expect(error.problem).toBe("aligned access at byte 4 of buffer 'x' is not aligned to 16 bytes");
    const view = new Float32Array(new ArrayBuffer(64), 4, 8);
    const x = errorOf(() => runBody((k) => k.load(k.pointer('x'), 0, { aligned: true }), { x: view }));
    expect(x.problem).toContain('not aligned');
    expect(runBody((k) => k.load(k.pointer('x'), 4, { aligned: true })).accesses).toBe(1);
  });

  it('refuses to read a variable that has no value yet', () => {
    const error = errorOf(() =>
      runBody((k) => {
        let value = k.constant('f32', 0);
        k.when(k.integer('n'), '>', 5, () => {
          value = k.load(k.pointer('x'));
        });
        k.store(value, k.pointer('y'));
      }),
    );
    expect(error.problem).toMatch(/vector<f32> v\d+ is read before it has a value/);
  });

  it('refuses integers beyond 32 bits', () => {
    const error = errorOf(() => runBody((k) => void k.mul(k.mul(k.integer('n'), 1 << 20), 1 << 20)));
    expect(error.problem).toBe('integer 1099511627776 goes beyond 32 bits');
    expect(() => runBody(() => {}, { n: 2 ** 31 })).toThrow('goes beyond 32 bits');
    expect(() => runBody(() => {}, { n: 0.5 })).toThrow('0.5');
  });

  it('refuses arguments of the wrong kind', () => {
    expect(() => interpret(double, { x: 1 as never, y: new Float32Array(1), n: 1 })).toThrow(
      /argument x: expected a buffer/,
    );
    expect(() =>
      interpret(double, { x: new Float32Array(1), y: new Float32Array(1), n: '1' as never }),
    ).toThrow(/argument n: expected a number/);
  });

  it('never touches a byte outside tails of any length', () => {
    const copy = kernel('copy', { x: input('f64'), y: output('f64'), n: integer() }, (k) => {
      const [x, y] = [k.pointer('x'), k.pointer('y')];
      overVectors(k, 'f64', k.integer('n'), [x, y], (at) => at.store(at.load(x), y));
    });
    for (const vectorBytes of [16, 32, 64] as const) {
      for (let n = 0; n <= 17; n++) {
        const x = Float64Array.from({ length: n }, (_, i) => i + 1);
        const y = new Float64Array(n);
        expect(interpret(copy, { x, y, n }, { vectorBytes }).unwritten).toEqual({ y: 0 });
        expect(y).toEqual(x);
      }
    }
  });
});
