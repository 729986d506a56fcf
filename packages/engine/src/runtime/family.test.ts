import { input } from '@sconce/codegen';
import { expect, it } from 'vitest';
import { family } from './family.ts';

interface Spec {
  readonly kind: string;
  readonly rows?: number;
  readonly sides?: readonly number[];
  readonly relu?: boolean;
}

it('gives one kernel for each spec, and the same one each time', () => {
  const kernels = family('thing', { x: input('f32') }, (_k, _spec: Spec) => {});
  const specs = (): Spec[] => [
    { kind: 'a' },
    { kind: 'b' },
    { kind: 'a', rows: 1 },
    { kind: 'a', rows: -0.5 },
    { kind: 'a', relu: true },
    { kind: 'a', relu: false },
    { kind: 'a', sides: [1, 2] },
    { kind: 'a', sides: [12] },
    { kind: 'a rows:1' },
  ];
  const first = specs().map(kernels);
  expect(new Set(first.map(({ kernel }) => kernel.name)).size).toBe(first.length);
  for (const [i, spec] of specs().entries()) expect(kernels(spec)).toBe(first[i]);
});
