import { describe, expect, it } from 'vitest';
import { withExecutor } from '../runtime/executor.ts';
import { numbers, operand } from '../testing/operands.ts';
import { targets } from '../testing/targets.ts';
import type { Expression } from '../types.ts';
import { fusedElementwise } from './fused-elementwise.ts';
import { type FusedSpan, fusedSpans } from './fused-spans.ts';

/** Momentum, and a step along it. */
const momentum: Expression = { op: 'fma', args: [{ input: 1 }, { parameter: 0 }, { input: 2 }] };
const expressions: readonly Expression[] = [
  { op: 'fma', args: [momentum, { parameter: 1 }, { input: 0 }] },
  momentum,
];
const LENGTHS = [1, 0, 3, 16, 17, 64, 131];

const groupOf = (seed: number, length: number) =>
  [0, 1, 2].map((i) => operand(numbers(seed * 3 + i, length)));
const spanOf = (operands: FusedSpan['operands'], elements: number): FusedSpan => ({
  operands,
  elements,
  parameters: [0.9, -0.01 * elements],
});

describe.each(targets)('fusedSpans on $name', ({ executor }) => {
  it('gives every group what fusedElementwise gives it alone, in place', () => {
    withExecutor(executor, () => {
      const groups = LENGTHS.map((length, i) => groupOf(i, length));
      const apart = LENGTHS.map((length, i) => groupOf(i, length));
      fusedSpans({
        expressions,
        dtype: 'float32',
        spans: groups.map((group, i) => spanOf(group, LENGTHS[i]!)),
      });
      apart.forEach((group, i) => {
        const slices = group.map((slice) => ({ ...slice, strides: [1] }));
        const { parameters } = spanOf(group, LENGTHS[i]!);
        fusedElementwise({
          expressions,
          inputs: slices,
          outputs: slices.slice(0, 2),
          shape: [LENGTHS[i]!],
          parameters,
        });
      });
      groups.forEach((group, i) => {
        expect(group.map((slice) => slice.read())).toEqual(apart[i]!.map((slice) => slice.read()));
      });
    });
  });
});

describe('fusedSpans', () => {
  it('computes groups that write the same memory one after the other', () => {
    const [x, unused] = [operand([1, 2, 3]), operand([0, 0, 0])];
    const double: Expression[] = [{ op: 'add', args: [{ input: 0 }, { input: 0 }] }];
    const span = { operands: [x, unused], elements: 3, parameters: [] };
    fusedSpans({ expressions: double, dtype: 'float32', spans: [span, span] });
    expect(x.read()).toEqual(Float32Array.of(4, 8, 12));
  });

  it('refuses what makes no sense, before anything is written', () => {
    const group = groupOf(1, 4);
    const before = group.map((slice) => slice.read().slice());
    const run = (spans: readonly FusedSpan[], given: readonly Expression[] = expressions) =>
      fusedSpans({ expressions: given, dtype: 'float32', spans });
    const good = spanOf(group, 4);
    expect(() => run([good, spanOf(group.slice(0, 2), 4)])).toThrow(
      'groups differ in their number of operands, expected 3, got 2',
    );
    expect(() => run([good, { ...good, parameters: [1] }])).toThrow(
      'parameters are missing, expected 2, got 1',
    );
    expect(() => run([good, spanOf(group, 4000)])).toThrow('operand 0 is too small');
    expect(() => run([good, spanOf(group, 1.5)])).toThrow('invalid elements');
    expect(() => run([good], [{ input: 3 }])).toThrow('no such input, expected less than 3, got 3');
    expect(() => run([good], [])).toThrow('more expressions than operands, or none');
    expect(group.map((slice) => slice.read())).toEqual(before);
  });
});
