import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { referenceFused } from '../reference/fused.ts';
import { withExecutor } from '../runtime/executor.ts';
import { type Layout, layouts, stridesOf } from '../testing/layouts.ts';
import { expectClose, numbers, operand, unusualNumbers } from '../testing/operands.ts';
import { targets } from '../testing/targets.ts';
import type { Condition, Expression } from '../types.ts';
import { fusedElementwise } from './fused-elementwise.ts';

const INPUTS = 3;
const PARAMETERS = [0.5, -3, Number.NaN];

/**
 * Expressions of operations that every target rounds alike, so that results are equal to the bit. Nothing in them tells
 * zeros of both signs apart, since an extremum may be either.
 */
const { expression } = fc.letrec<{ expression: Expression; condition: Condition }>((tie) => {
  const e = tie('expression');
  return {
    expression: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.record({ input: fc.integer({ min: 0, max: INPUTS - 1 }) }),
      fc.record({ parameter: fc.integer({ min: 0, max: PARAMETERS.length - 1 }) }),
      fc.constantFrom(0, -0, 1.5, Number.POSITIVE_INFINITY, Number.NaN, 1e-40),
      fc.record({
        op: fc.constantFrom('neg', 'abs', 'sqrt', 'floor', 'ceil', 'round', 'trunc', 'sign', 'relu'),
        args: fc.tuple(e),
      }),
      fc.record({ op: fc.constantFrom('add', 'sub', 'mul', 'maximum', 'minimum'), args: fc.tuple(e, e) }),
      fc.record({ op: fc.constantFrom('leakyRelu'), args: fc.tuple(e, e) }),
      fc.record({ select: tie('condition'), args: fc.tuple(e, e) }),
    ) as fc.Arbitrary<Expression>,
    condition: fc.oneof(
      { depthSize: 'small' },
      fc.record({ compare: fc.constantFrom('==', '!=', '<', '<=', '>', '>='), args: fc.tuple(e, e) }),
      fc.record({
        logic: fc.constantFrom('and', 'or', 'xor'),
        args: fc.tuple(tie('condition'), tie('condition')),
      }),
      fc.record({ logic: fc.constant('not'), args: fc.tuple(tie('condition')) }),
    ) as fc.Arbitrary<Condition>,
  };
});

interface Case {
  expressions: Expression[];
  shape: number[];
  /** One for each operand; inputs may repeat. */
  layouts: Layout[];
}

const cases: fc.Arbitrary<Case> = fc.integer({ min: 0, max: 5 }).chain((rank) => {
  const layout = layouts(rank);
  return fc.record({
    expressions: fc.array(expression, { minLength: 1, maxLength: 2 }),
    shape: fc.array(fc.integer({ min: rank > 3 ? 1 : 0, max: rank > 3 ? 3 : 7 }), {
      minLength: rank,
      maxLength: rank,
    }),
    layouts: fc.array(layout, { minLength: INPUTS + 2, maxLength: INPUTS + 2 }),
  });
});

function check(c: Case): void {
  const { expressions, shape } = c;
  const layouts = c.layouts.map((layout, i) => stridesOf(shape, layout, i < INPUTS));
  const inputs = layouts
    .slice(0, INPUTS)
    .map(({ strides, span }, i) => ({ data: unusualNumbers(i + 5, span), strides }));
  const outputs = layouts
    .slice(INPUTS, INPUTS + expressions.length)
    .map(({ strides, span }) => ({ data: numbers(9, span), strides }));
  const slices = outputs.map(({ data, strides }) => ({ ...operand(data), strides }));
  referenceFused({ expressions, shape, inputs, outputs, parameters: PARAMETERS });
  fusedElementwise({
    expressions,
    shape,
    inputs: inputs.map(({ data, strides }) => ({ ...operand(data), strides })),
    outputs: slices,
    parameters: PARAMETERS,
  });
  slices.forEach((slice, i) => {
    expectClose(slice.read(), outputs[i]!.data, 0, 0);
    slice.checkFences();
  });
}

const x: Expression = { input: 0 };
const y: Expression = { input: 1 };

/** Chains as networks have them, with the error that their last bits add up to. */
const chains: Record<string, Expression> = {
  'gelu of a scaled input plus a residual': {
    op: 'add',
    args: [{ op: 'gelu', args: [{ op: 'mul', args: [x, { parameter: 0 }] }] }, y],
  },
  'a gated unit': { op: 'mul', args: [{ op: 'silu', args: [x] }, y] },
  'a clamped affine map': { op: 'clamp', args: [{ op: 'fma', args: [x, y, 0.25] }, -0.5, 0.5] },
  'log of one plus an exponential': { op: 'log', args: [{ op: 'add', args: [{ op: 'exp', args: [x] }, 1] }] },
  'a wave': {
    op: 'add',
    args: [
      { op: 'sin', args: [x] },
      { op: 'cos', args: [y] },
    ],
  },
  'the larger quotient': {
    select: { compare: '>', args: [{ op: 'div', args: [x, y] }, 1] },
    args: [
      { op: 'div', args: [x, y] },
      { op: 'tanh', args: [x] },
    ],
  },
};

describe.each(targets)('fusedElementwise on $name', ({ executor, small }) => {
  it('evaluates any expression over any strides, and leaves gaps of the outputs alone', () => {
    withExecutor(executor, () => fc.assert(fc.property(cases, check), { numRuns: small ? 60 : 250 }));
  });

  it.each(Object.keys(chains))('computes %s', (name) => {
    withExecutor(executor, () => {
      const length = small ? 37 : 1003;
      const [a, b] = [numbers(1, length).map((v) => v * 4), numbers(2, length)];
      const output = operand(length);
      const expected = new Float32Array(length);
      const operands = { expressions: [chains[name]!], shape: [length], parameters: [0.7] };
      const plain = [a, b].map((data) => ({ data, strides: [1] }));
      referenceFused({ ...operands, inputs: plain, outputs: [{ data: expected, strides: [1] }] });
      const inputs = [a, b].map((data) => ({ ...operand(data), strides: [1] }));
      fusedElementwise({ ...operands, inputs, outputs: [{ ...output, strides: [1] }] });
      expectClose(output.read(), expected, 2e-6, 1e-6);
    });
  });

  it('gives several outputs of shared parts, also in place', () => {
    withExecutor(executor, () => {
      const root: Expression = { op: 'sqrt', args: [{ op: 'abs', args: [x] }] };
      const data = numbers(4, 45);
      const [first, second] = [operand(data), operand(45)];
      const slices = [first, second].map((slice) => ({ ...slice, strides: [1] }));
      fusedElementwise({
        expressions: [root, { op: 'neg', args: [root] }],
        inputs: [slices[0]!],
        outputs: slices,
        shape: [45],
      });
      const roots = data.map((v) => Math.sqrt(Math.abs(v)));
      expect(first.read()).toEqual(roots);
      expect(second.read()).toEqual(roots.map((v) => -v));
    });
  });
});

describe('fusedElementwise', () => {
  it('refuses what makes no sense, before anything is written', () => {
    const slice = { ...operand([1, 2, 3, 4]), strides: [1] };
    const run = (expressions: readonly unknown[], outputs = [slice], shape = [4]) => {
      const given = expressions as Expression[];
      fusedElementwise({ expressions: given, inputs: [slice], outputs, shape });
    };
    expect(() => run([{ input: 1 }])).toThrow(/no such input, expected less than 1, got 1/);
    expect(() => run([{ parameter: 0 }])).toThrow(/parameters are missing, expected 1, got 0/);
    expect(() => run([{ op: 'nope', args: [1] }])).toThrow(/unknown operation.*'nope'/);
    expect(() => run([{ op: 'toString', args: [1] }])).toThrow(/unknown operation/);
    expect(() => run([{ op: 'add', args: [1] }])).toThrow(
      /add has another number of arguments, expected 2, got 1/,
    );
    expect(() => run([x, x])).toThrow(/another number of expressions/);
    expect(() => run([x], [{ ...slice, strides: [0] }])).toThrow(/the output repeats/);
    expect(() => run([x], [slice], [99])).toThrow(/output is too small/);
    expect(slice.read()).toEqual(Float32Array.of(1, 2, 3, 4));
  });
});
