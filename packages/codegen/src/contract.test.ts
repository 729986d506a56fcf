import { describe, expect, it } from 'vitest';
import { argumentBytes, input, integer, scalar, writeArguments } from './index.ts';

const contract = {
  x: input('f32'),
  n: integer(),
  a: scalar('f32'),
  b: scalar('f64'),
  c: scalar('i32'),
} as const;

describe('writeArguments', () => {
  it('writes each argument into its slot of 64 bits', () => {
    const block = new DataView(new ArrayBuffer(argumentBytes(contract) + 8));
    writeArguments(contract, block, 8, { x: 2 ** 40 + 3, n: -2, a: 0.5, b: Math.PI, c: -7 });
    expect(block.getBigInt64(8, true)).toBe(2n ** 40n + 3n);
    expect(block.getBigInt64(16, true)).toBe(-2n);
    expect(block.getFloat32(24, true)).toBe(0.5);
    expect(block.getFloat64(32, true)).toBe(Math.PI);
    expect(block.getInt32(40, true)).toBe(-7);
  });

  it('refuses missing arguments and fractions where integers are needed', () => {
    const block = new DataView(new ArrayBuffer(64));
    const values = { x: 0, n: 1, a: 0, b: 0, c: 0 };
    expect(() => writeArguments(contract, block, 0, { x: 0 })).toThrow('argument n: missing');
    expect(() => writeArguments(contract, block, 0, { ...values, n: 1.5 })).toThrow(
      'argument n: not an integer, expected an exact integer, got 1.5',
    );
  });
});
