import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ComputeType, computeTypeOf, dtypeBytes, type EngineDType, isIntegerDType } from '../dtype.ts';
import type { ElementwiseOp, Expression } from '../elementwise-types.ts';
import { castScalar, type Scalar } from '../reference/dtypes.ts';
import { binary, ternary, unary } from '../reference/elementwise.ts';
import { applyOperation, referenceFused } from '../reference/fused.ts';
import { integerOperations } from '../reference/integers.ts';
import { withExecutor } from '../runtime/executor.ts';
import { layouts, stridesOf } from '../testing/layouts.ts';
import { targets } from '../testing/targets.ts';
import { dtypes, encode, expectElements, typedElements, typedOperand } from '../testing/typed-operands.ts';
import { cast, elementwise, fill } from './elementwise.ts';
import { arityOf, missingFor, type VectorOp } from './elementwise-operations.ts';
import { fusedElementwise } from './fused-elementwise.ts';

const operations = [
  ...new Set([
    ...Object.keys(unary),
    ...Object.keys(binary),
    ...Object.keys(ternary),
    ...Object.keys(integerOperations),
  ]),
].filter((op) => arityOf(op) !== undefined) as VectorOp[];

const computing: readonly ComputeType[] = dtypes.filter(
  (dtype) => computeTypeOf(dtype) === dtype,
) as ComputeType[];

const divisions: readonly string[] = ['floorDivide', 'truncDivide', 'fmod', 'remainder'];

/** Relative errors of results in float64; of float32 ones 1e-6. gelu and its like subtract from one what is nearly one. */
const loose: Partial<Record<string, number>> = {
  gelu: 1e-12,
  geluTanh: 1e-12,
  silu: 1e-14,
  softplus: 1e-14,
  mish: 1e-14,
};

/** Arguments of an operation that it is meant for. */
function argumentsOf(op: VectorOp, type: ComputeType, length: number): Scalar[][] {
  return Array.from({ length: arityOf(op)! }, (_, i) => {
    const elements = typedElements(type, i * 11 + op.length, length);
    if (isIntegerDType(type)) {
      if (i === 1 && divisions.includes(op)) return elements.map((value) => (value === 0n ? 3n : value));
      if (i === 1 && op.startsWith('shift'))
        return elements.map((value, n) => (n % 4 ? castScalar(BigInt(n % 70), type) : value));
      return elements;
    }
    // differences of large terms are another test's matter
    if (op === 'lerp' || op === 'fma' || op.startsWith('scaled'))
      return elements.map((value) => castScalar(Number(value) % 16 || 1, type));
    if (op === 'softplus' && i > 0) return elements.map(() => (i === 1 ? 1 : 20));
    return elements;
  });
}

describe.each(targets)('dtypes on $name', ({ executor, small }) => {
  const length = small ? 37 : 211;

  describe.each(computing)('computing in %s', (type) => {
    it.each(operations.filter((op) => missingFor(op, type) === undefined))(
      '%s agrees with its definition',
      (op) => {
        const inputs = argumentsOf(op, type, length);
        const expected = Array.from({ length }, (_, n) =>
          castScalar(
            applyOperation(
              op,
              type,
              inputs.map((values) => values[n]!),
            ),
            type,
          ),
        );
        withExecutor(executor, () => {
          const output = typedOperand(type, length);
          elementwise({
            op,
            inputs: inputs.map((values) => ({ ...typedOperand(type, values), strides: [1] })),
            output: { ...output, strides: [1] },
            shape: [length],
          });
          const relative = type === 'float64' ? (loose[op] ?? 2e-15) : 1e-6;
          const absolute = type === 'float64' ? (loose[op] ? 1e-12 : 2e-308) : loose[op] ? 1e-6 : 2e-38;
          const context = (n: number): string => `${op}(${inputs.map((values) => values[n]).join()})`;
          expectElements(output.read(), expected, relative, absolute, context);
          output.checkFences();
        });
      },
    );

    it('compares and looks at elements', () => {
      const [x, y] = [typedElements(type, 3, length), typedElements(type, 4, length)];
      const pairs = x.map((value, i) => [value, i % 3 ? y[i]! : value] as const);
      const tests: Partial<Record<ElementwiseOp, (a: Scalar, b: Scalar) => boolean>> = {
        eq: (a, b) => a === b,
        ne: (a, b) => a !== b,
        lt: (a, b) => a < b,
        le: (a, b) => a <= b,
        gt: (a, b) => a > b,
        ge: (a, b) => a >= b,
        logicalAnd: (a, b) => Number(a) !== 0 && Number(b) !== 0,
        logicalOr: (a, b) => Number(a) !== 0 || Number(b) !== 0,
        logicalXor: (a, b) => (Number(a) !== 0) !== (Number(b) !== 0),
        logicalNot: (a) => Number(a) === 0,
        isnan: (a) => Number.isNaN(a),
        isinf: (a) => Math.abs(Number(a)) === Number.POSITIVE_INFINITY,
        isfinite: (a) => Number.isFinite(Number(a)),
      };
      withExecutor(executor, () => {
        for (const [op, holds] of Object.entries(tests)) {
          const slices = [pairs.map(([a]) => a), pairs.map(([, b]) => b)]
            .slice(0, op.startsWith('is') || op === 'logicalNot' ? 1 : 2)
            .map((values) => ({ ...typedOperand(type, values), strides: [1] }));
          for (const dtype of ['bool', type] as const) {
            const output = typedOperand(dtype, length);
            elementwise({
              op: op as ElementwiseOp,
              inputs: slices,
              output: { ...output, strides: [1] },
              shape: [length],
            });
            const expected = pairs.map(([a, b]) => castScalar(holds(a, b) ? 1n : 0n, dtype));
            expectElements(output.read(), expected, 0, 0, (i) => `${op}(${pairs[i]})`);
            output.checkFences();
          }
        }
      });
    });
  });

  it.each(dtypes)('casts %s to every dtype as C++ does', (from) => {
    const elements = typedElements(from, 8, length);
    withExecutor(executor, () => {
      for (const to of dtypes) {
        const output = typedOperand(to, length);
        cast({
          from: { ...typedOperand(from, elements), strides: [1] },
          to: { ...output, strides: [1] },
          shape: [length],
        });
        const expected = elements.map((value) => castScalar(value, to));
        expectElements(output.read(), expected, 0, 0, (i) => `${elements[i]} as ${to}`);
        output.checkFences();
      }
    });
  });

  it('fills with numbers, cast to the dtype', () => {
    withExecutor(executor, () => {
      for (const dtype of dtypes) {
        for (const value of [0, 1, -1, 2.75, 300, 2n ** 62n + 1n]) {
          const output = typedOperand(dtype, 23);
          fill({ to: { ...output, strides: [1] }, value, shape: [23] });
          const expected =
            isIntegerDType(dtype) && typeof value === 'number' ? BigInt(Math.trunc(value)) : value;
          const element = castScalar(dtype === 'bool' ? value : expected, dtype);
          expectElements(output.read(), new Array<Scalar>(23).fill(element));
          output.checkFences();
        }
      }
    });
  });

  it('chooses by a condition of any dtype, with numbers in any place', () => {
    withExecutor(executor, () => {
      for (const dtype of ['float32', 'float64', 'int8', 'int64', 'bool', 'float16'] as const) {
        for (const condition of ['bool', 'uint8', 'float64', 'int64'] as const) {
          const holds = typedElements(condition, 2, length);
          const [a, b] = [typedElements(dtype, 5, length), typedElements(dtype, 6, length)];
          const output = typedOperand(dtype, length);
          const slice = (values: readonly Scalar[], of: EngineDType) => ({
            ...typedOperand(of, values),
            strides: [1],
          });
          const shared = { op: 'where', output: { ...output, strides: [1] }, shape: [length] } as const;
          elementwise({ ...shared, inputs: [slice(holds, condition), slice(a, dtype), slice(b, dtype)] });
          expectElements(
            output.read(),
            a.map((value, i) => (Number(holds[i]) !== 0 ? value : b[i]!)),
          );
          elementwise({ ...shared, inputs: [slice(holds, condition), 1, slice(b, dtype)] });
          const one = castScalar(1n, dtype);
          expectElements(
            output.read(),
            b.map((value, i) => (Number(holds[i]) !== 0 ? one : value)),
          );
        }
      }
    });
  });

  it('mixes dtypes, any strides and repeated elements in one expression, and leaves gaps alone', () => {
    const x: Expression = { input: 0 };
    const y: Expression = { input: 1 };
    const expressions: Expression[] = [
      {
        select: { is: 'true', args: [{ input: 2 }] },
        args: [
          { op: 'add', args: [x, y] },
          { op: 'mul', args: [x, 3] },
        ],
      },
      { compare: '<', args: [{ op: 'sub', args: [x, { parameter: 0 }] }, y] },
    ];
    const drawn = fc.integer({ min: 0, max: 5 }).chain((rank) =>
      fc.record({
        shape: fc.array(fc.integer({ min: 1, max: rank > 3 ? 3 : 7 }), { minLength: rank, maxLength: rank }),
        layouts: fc.array(layouts(rank), { minLength: 5, maxLength: 5 }),
        dtypes: fc.array(fc.constantFrom(...dtypes), { minLength: 5, maxLength: 5 }),
        dtype: fc.constantFrom(...dtypes),
      }),
    );
    withExecutor(executor, () =>
      fc.assert(
        fc.property(drawn, (c) => {
          const operands = c.layouts.map((layout, i) => {
            const { strides, span } = stridesOf(c.shape, layout, i < 3);
            const dtype = c.dtypes[i]!;
            return { dtype, strides, elements: typedElements(dtype, i + 1, span) };
          });
          const slices = operands.map(({ dtype, strides, elements }) => ({
            ...typedOperand(dtype, elements),
            strides,
          }));
          const arrays = operands.map(({ dtype, strides, elements }) => ({
            dtype,
            strides,
            data: encode(dtype, elements),
          }));
          const shared = { expressions, shape: c.shape, dtype: c.dtype };
          const parameter = castScalar(2n, computeTypeOf(c.dtype));
          referenceFused({
            ...shared,
            inputs: arrays.slice(0, 3),
            outputs: arrays.slice(3),
            parameters: [parameter],
          });
          fusedElementwise({
            ...shared,
            inputs: slices.slice(0, 3),
            outputs: slices.slice(3),
            parameters: [2],
          });
          slices.slice(3).forEach((slice, i) => {
            const expected = typedOperand(slice.dtype, arrays[3 + i]!.data).read();
            expectElements(slice.read(), expected);
            slice.checkFences();
          });
        }),
        { numRuns: small ? 40 : 200 },
      ),
    );
  });

  it('refuses integer divisors of zero before anything is written', () => {
    withExecutor(executor, () => {
      for (const dtype of ['int8', 'uint8', 'int32', 'uint32', 'int64', 'uint64'] as const) {
        for (const op of divisions as readonly ElementwiseOp[]) {
          const divisors = Array.from({ length: 41 }, (_, i) => castScalar(i === 40 ? 0n : 3n, dtype));
          const output = typedOperand(dtype, 41);
          const before = output.bytes();
          const shared = { op, output: { ...output, strides: [1] }, shape: [41] };
          const x = { ...typedOperand(dtype, divisors), strides: [1] };
          expect(() =>
            elementwise({ ...shared, inputs: [x, { ...typedOperand(dtype, divisors), strides: [1] }] }),
          ).toThrow(/ZeroDivisionError/);
          expect(() => elementwise({ ...shared, inputs: [x, 0] })).toThrow(/ZeroDivisionError/);
          expect(output.bytes()).toEqual(before);
          elementwise({ ...shared, inputs: [x, 3] });
          expect(output.bytes()).not.toEqual(before);
        }
      }
    });
  });

  it('takes parameters of 64 bits exactly', () => {
    withExecutor(executor, () => {
      const output = typedOperand('int64', 5);
      const x = { ...typedOperand('int64', [1n, -1n, 0n, 5n, 7n]), strides: [1] };
      elementwise({
        op: 'add',
        inputs: [x, 2n ** 62n + 1n],
        output: { ...output, strides: [1] },
        shape: [5],
      });
      expect(output.read()).toEqual([1n, -1n, 0n, 5n, 7n].map((value) => value + 2n ** 62n + 1n));
    });
  });
});

describe('dtypes of elementwise', () => {
  it('refuses operations that a dtype does not have', () => {
    const x = { ...typedOperand('int32', [1n, 2n]), strides: [1] };
    const shared = { inputs: [x], output: x, shape: [2] };
    expect(() => elementwise({ ...shared, op: 'exp' })).toThrow(
      'elementwise: exp is not there for this dtype, expected float32 or float64, got int32',
    );
    const y = { ...typedOperand('float64', [1, 2]), strides: [1] };
    expect(() => elementwise({ op: 'bitwiseAnd', inputs: [y, y], output: y, shape: [2] })).toThrow(
      'expected an integer type, got float64',
    );
    expect(() => elementwise({ ...shared, op: 'neg', dtype: 'int4' as EngineDType })).toThrow(
      /invalid dtype/,
    );
    expect(dtypeBytes.bool).toBe(1);
  });
});
