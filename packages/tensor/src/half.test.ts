import { describe, expect, test } from 'vitest';
import { bfloat16Bits, bfloat16Value, float16Bits, float16Value, roundHalfToEven } from './half.ts';

describe('16-bit floats', () => {
  test('every pattern survives the way through its value', () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      if (!Number.isNaN(float16Value(bits))) expect(float16Bits(float16Value(bits))).toBe(bits);
      if (!Number.isNaN(bfloat16Value(bits))) expect(bfloat16Bits(bfloat16Value(bits))).toBe(bits);
    }
  });

  test('values between two patterns round to the nearest, ties to even', () => {
    expect(float16Value(float16Bits(1 + 2 ** -11))).toBe(1);
    expect(float16Value(float16Bits(1 + 3 * 2 ** -11))).toBe(1 + 2 ** -9);
    expect(float16Value(float16Bits(65519))).toBe(65504);
    expect(float16Value(float16Bits(65520))).toBe(Number.POSITIVE_INFINITY);
    expect(float16Value(float16Bits(2 ** -25))).toBe(0);
    expect(bfloat16Value(bfloat16Bits(1 + 2 ** -8))).toBe(1);
    expect(bfloat16Value(bfloat16Bits(1 + 3 * 2 ** -8))).toBe(1 + 2 ** -6);
  });

  test('NaN stays NaN', () => {
    expect(float16Value(float16Bits(Number.NaN))).toBeNaN();
    expect(bfloat16Value(bfloat16Bits(Number.NaN))).toBeNaN();
  });
});

test('rounding sends halves to the even integer and keeps the sign of zero', () => {
  expect([0.5, 1.5, 2.5, -0.5, -1.5, 2.4999].map(roundHalfToEven)).toEqual([0, 2, 2, -0, -2, 2]);
});
