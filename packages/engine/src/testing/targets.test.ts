import { describe, expect, it } from 'vitest';
import { selfCheck } from '../runtime/self-check.ts';
import { absentTargets, targets } from './targets.ts';

describe('targets', () => {
  it.each(targets.filter(({ small }) => !small))('$name passes its self-check', ({ executor }) => {
    expect(() => selfCheck(executor)).not.toThrow();
  });

  for (const { name, reason } of absentTargets) it.skip(`${name} (${reason})`, () => {});
});
