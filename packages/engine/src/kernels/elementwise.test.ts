import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { binary, referenceElementwise, unary } from '../reference/elementwise.ts';
import { referenceChannelAffine } from '../reference/movement.ts';
import { withExecutor } from '../runtime/executor.ts';
import { type Layout, layouts, stridesOf } from '../testing/layouts.ts';
import { expectClose, numbers, operand, unusualNumbers } from '../testing/operands.ts';
import { targets } from '../testing/targets.ts';
import type { Activation } from '../types.ts';
import { channelAffine } from './channel-affine.ts';
import { elementwise } from './elementwise.ts';

type UnaryOp = keyof typeof unary;
type BinaryOp = keyof typeof binary;

const unaryOps = Object.keys(unary) as UnaryOp[];
const binaryOps = Object.keys(binary) as BinaryOp[];

/** One unit of the smallest number: what a result that is no normal number may be off by. */
const TINY = 2 ** -149;

/**
 * Absolute errors that remain: gelu subtracts from one what is nearly one, as PyTorch's does; silu and mish multiply a
 * result that may have lost its last bits below the smallest normal number.
 */
const absolute: Partial<Record<UnaryOp, number>> = {
  gelu: 1e-6,
  geluTanh: 1e-6,
  silu: 128 * TINY,
  mish: 128 * TINY,
};

/** Numbers over the whole range that operations tell apart, special values among them. */
function wide(seed: number, length: number): Float32Array {
  const scales = [0.01, 1, 5, 30, 100, 1e5, 1e30];
  return unusualNumbers(seed, length).map((x, i) => x * scales[i % scales.length]!);
}

const withParameters: Partial<Record<UnaryOp | BinaryOp, number[][]>> = {
  clamp: [[-0.5, 0.25], [0.5, -0.5], [0]],
  leakyRelu: [[0.2]],
  elu: [[1.5]],
  softplus: [[2, 10], [0.5]],
  add: [[2.5]],
  sub: [[-0.3]],
};

function checkDense(op: UnaryOp | BinaryOp, length: number, parameters?: number[]): void {
  const inputs = (op in unary ? [1] : [1, 2]).map((seed) => wide(seed * 77, length));
  const strides = [1];
  const expected = new Float32Array(length);
  referenceElementwise({
    op,
    inputs: inputs.map((data) => ({ data, offset: 0, strides })),
    output: { data: expected, offset: 0, strides },
    shape: [length],
    parameters,
  });
  const output = operand(length);
  elementwise({
    op,
    inputs: inputs.map((data) => ({ ...operand(data), strides })),
    output: { ...output, strides },
    shape: [length],
    ...(parameters && { parameters }),
  });
  expectClose(output.read(), expected, 1e-6, absolute[op as UnaryOp] ?? TINY);
  output.checkFences();
}

interface Case {
  op: UnaryOp | BinaryOp;
  shape: number[];
  /** One for each operand; inputs may repeat. */
  layouts: Layout[];
  activation: Activation | undefined;
}

const cases: fc.Arbitrary<Case> = fc.integer({ min: 0, max: 6 }).chain((rank) => {
  const layout = layouts(rank);
  return fc.record({
    op: fc.constantFrom<UnaryOp | BinaryOp>('neg', 'relu', 'add', 'sub', 'div', 'maximum', 'pow'),
    shape: fc.array(fc.integer({ min: rank > 4 ? 1 : 0, max: rank > 4 ? 3 : 6 }), {
      minLength: rank,
      maxLength: rank,
    }),
    layouts: fc.tuple(layout, layout, layout),
    activation: fc.constantFrom<(Activation | undefined)[]>(
      undefined,
      { kind: 'relu' },
      { kind: 'clamp', min: -1, max: 0.5 },
    ),
  });
});

function checkStrided(c: Case): void {
  const layouts = c.layouts.map((layout, i) => stridesOf(c.shape, layout, i > 0));
  const inputs = layouts.slice(1, c.op in unary ? 2 : 3).map(({ strides, span }, i) => ({
    data: unusualNumbers(i + 5, span),
    strides,
  }));
  const expected = numbers(9, layouts[0]!.span);
  const output = operand(expected);
  const strides = layouts[0]!.strides;
  referenceElementwise({
    op: c.op,
    inputs: inputs.map((x) => ({ ...x, offset: 0 })),
    output: { data: expected, offset: 0, strides },
    shape: c.shape,
    activation: c.activation,
  });
  elementwise({
    op: c.op,
    inputs: inputs.map((x) => ({ ...operand(x.data), strides: x.strides })),
    output: { ...output, strides },
    shape: c.shape,
    ...(c.activation && { activation: c.activation }),
  });
  expectClose(output.read(), expected, 1e-6, TINY);
  output.checkFences();
}

describe.each(targets)('elementwise on $name', ({ executor, small }) => {
  const length = small ? 53 : 2011;

  it.each([...unaryOps, ...binaryOps])('%s agrees with its definition, special values included', (op) => {
    withExecutor(executor, () => {
      checkDense(op, length);
      checkDense(op, 3);
      for (const parameters of withParameters[op] ?? []) checkDense(op, length, parameters);
    });
  });

  it('takes any strides, repeats inputs, fuses activations and leaves gaps of the output alone', () => {
    withExecutor(executor, () => fc.assert(fc.property(cases, checkStrided), { numRuns: small ? 100 : 600 }));
  });

  it.each([2, -1, 3])('raises to the single power %d as to a vector of it', (power) => {
    withExecutor(executor, () => {
      const x = unusualNumbers(4, 37);
      const [single, each] = [operand(37), operand(37)];
      const shared = { op: 'pow', shape: [37] } as const;
      const base = { ...operand(x), strides: [1] };
      const exponent = { ...operand([power]), strides: [0] };
      const exponents = { ...operand(new Float32Array(37).fill(power)), strides: [1] };
      elementwise({ ...shared, inputs: [base, exponent], output: { ...single, strides: [1] } });
      elementwise({ ...shared, inputs: [base, exponents], output: { ...each, strides: [1] } });
      expect(single.read()).toEqual(each.read());
    });
  });

  it('may write over its own input', () => {
    withExecutor(executor, () => {
      const x = operand(numbers(3, 21));
      const expected = x.read().map((value) => -value);
      elementwise({
        op: 'neg',
        inputs: [{ ...x, strides: [1] }],
        output: { ...x, strides: [1] },
        shape: [21],
      });
      expect(x.read()).toEqual(expected);
    });
  });

  it('maps channels affinely, contiguous inside or not', () => {
    withExecutor(executor, () => {
      for (const [batch, channels, inner] of [
        [2, 3, 5],
        [3, 7, 1],
        [1, 1, 9],
        [2, 0, 3],
        [2, 5, 33],
      ] as const) {
        for (const activation of [undefined, { kind: 'relu' }] as const) {
          const x = unusualNumbers(1, batch * channels * inner);
          const [scale, shift] = [numbers(2, channels), numbers(3, channels)];
          const expected = new Float32Array(x.length);
          const shape = { batch, channels, inner };
          referenceChannelAffine({ ...shape, x, scale, shift, y: expected, activation });
          const y = operand(x.length);
          const operands = { x: operand(x), scale: operand(scale), shift: operand(shift), y };
          channelAffine({ ...shape, ...operands, ...(activation && { activation }) });
          expectClose(y.read(), expected, 1e-6);
          y.checkFences();
        }
      }
    });
  });
});

describe('elementwise', () => {
  it('refuses what makes no sense', () => {
    const x = { ...operand(4), strides: [1] };
    const output = { ...x, strides: [0] };
    expect(() => elementwise({ op: 'neg', inputs: [x], output, shape: [4] })).toThrow(/the output repeats/);
    expect(() => elementwise({ op: 'add', inputs: [x], output: x, shape: [4] })).toThrow(
      /another number of inputs, expected 2, got 1/,
    );
    expect(() => elementwise({ op: 'neg', inputs: [x], output: x, shape: [4, 1] })).toThrow(
      /another rank, expected 2, got 1/,
    );
    expect(() => elementwise({ op: 'neg', inputs: [x], output: x, shape: [99] })).toThrow(
      /output is too small/,
    );
  });
});
