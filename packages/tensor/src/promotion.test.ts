import { describe, expect, test } from 'vitest';
import { canCast, type DType, promoteTypes, resultType, tensor } from './index.ts';

const operand = (dtype: DType, ndim: number): { dtype: DType; shape: number[] } => ({
  dtype,
  shape: new Array<number>(ndim).fill(1),
});

describe('type promotion', () => {
  test('finds the smallest dtype that holds both', () => {
    const pairs: [DType, DType, DType][] = [
      ['uint8', 'int8', 'int16'],
      ['uint8', 'int32', 'int32'],
      ['bool', 'int8', 'int8'],
      ['int64', 'float16', 'float16'],
      ['float16', 'bfloat16', 'float32'],
      ['float32', 'float64', 'float64'],
    ];
    for (const [a, b, expected] of pairs) {
      expect([promoteTypes(a, b), promoteTypes(b, a)]).toEqual([expected, expected]);
    }
  });

  test('lets numbers and tensors without dimension decide only by their category', () => {
    expect(resultType(operand('int8', 1), 5)).toBe('int8');
    expect(resultType(operand('int8', 1), 0.5)).toBe('float32');
    expect(resultType(operand('float16', 1), 0.5)).toBe('float16');
    expect(resultType(operand('float32', 1), operand('float64', 0))).toBe('float32');
    expect(resultType(operand('int32', 1), operand('float64', 0))).toBe('float64');
    expect(resultType(operand('bool', 1), operand('uint8', 0), 3)).toBe('uint8');
    expect(resultType(true, 2)).toBe('int64');
  });

  test('forbids casts down a category', () => {
    expect([canCast('float32', 'int64'), canCast('int64', 'float16'), canCast('bool', 'int8')]).toEqual([
      false,
      true,
      true,
    ]);
  });
});

describe('integers', () => {
  test('of 64 bits are exact and wrap around', () => {
    const x = tensor([2n ** 62n + 1n]);
    expect(x.add(1).item()).toBe(2n ** 62n + 2n);
    expect(x.mul(4).item()).toBe(4);
    expect(x.sum().item()).toBe(2n ** 62n + 1n);
  });

  test('of 32 bits wrap around in products', () => {
    const x = tensor([123456789], { dtype: 'int32' });
    expect(x.mul(x).item()).toBe(-1757895751);
  });

  test('refuse division by zero and negative powers', () => {
    const x = tensor([1n]);
    expect(() => x.div(0, { roundingMode: 'floor' })).toThrow('ZeroDivisionError');
    expect(() => x.remainder(0)).toThrow('ZeroDivisionError');
    expect(() => x.pow(-1)).toThrow('Integers to negative integer powers are not allowed.');
  });
});
