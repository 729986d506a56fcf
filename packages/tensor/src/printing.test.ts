import { fixtureJson } from '@sconce/testing';
import { describe, expect, test } from 'vitest';
import { tensor } from './index.ts';
import { formatFixed, formatScientific } from './printing.ts';
import { readTensors } from './testing/fixtures.ts';

const { cases } = fixtureJson<{ cases: { name: string; tensor: string; printed: string }[] }>(
  'tensor/printing.json',
);
const tensors = readTensors('tensor/printing.safetensors');

describe('tensors print as PyTorch prints them', () => {
  test('the fixture holds cases', () => {
    expect(cases.length).toBeGreaterThan(100);
  });

  for (const { name, tensor: key, printed } of cases) {
    test(name, () => {
      expect(String(tensors(key))).toBe(printed);
    });
  }
});

describe('numbers format as in Python', () => {
  test('ties go to the even digit', () => {
    expect(formatFixed(0.03125, 4)).toBe('0.0312');
    expect(formatFixed(0.09375, 4)).toBe('0.0938');
    expect(formatFixed(2.5, 0)).toBe('2');
    expect(formatFixed(-3.5, 0)).toBe('-4');
    expect(formatScientific(1.03125, 4)).toBe('1.0312e+00');
  });

  test('numbers beyond the range of toFixed are written out', () => {
    expect(formatFixed(1e21, 1)).toBe('1000000000000000000000.0');
  });
});

test('a view prints its own elements', () => {
  expect(
    String(
      tensor([
        [1, 2],
        [3, 4],
      ]).transpose(0, 1),
    ),
  ).toBe('tensor([[1., 3.],\n        [2., 4.]])');
});
