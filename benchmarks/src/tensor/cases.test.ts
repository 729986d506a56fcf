import { describe, expect, it } from 'vitest';
import { tensorCases } from './index.ts';
import { lenetCases } from './lenet.ts';
import { prepareSconce } from './run.ts';

describe('the rows', () => {
  it('have names of their own', () => {
    const names = tensorCases.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(tensorCases.filter(({ group }) => group.startsWith('small') || group.startsWith('LeNet')))(
    '$name runs',
    (one) => {
      for (const result of [prepareSconce(one)()].flat()) expect(result.numel()).toBeGreaterThan(0);
    },
  );
});

describe('the LeNet', () => {
  it('learns: its loss falls from step to step', () => {
    const step = prepareSconce(lenetCases.find(({ group }) => group === 'LeNet training')!);
    const losses = Array.from({ length: 5 }, () => Number((step() as { item(): number }).item()));
    expect(losses.at(-1)).toBeLessThan(losses[0]!);
  });
});
