import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ElementwiseOp } from '../../elementwise-types.ts';
import { binary } from '../../reference/elementwise.ts';
import { withExecutor } from '../../runtime/executor.ts';
import { operand } from '../../testing/operands.ts';
import { targets } from '../../testing/targets.ts';
import { elementwise } from '../elementwise.ts';

function compute(op: ElementwiseOp, ...inputs: readonly Float32Array[]): Float32Array {
  const length = inputs[0]!.length;
  const output = operand(length);
  elementwise({
    op,
    inputs: inputs.map((data) => ({ ...operand(data), strides: [1] })),
    output: { ...output, strides: [1] },
    shape: [length],
  });
  output.checkFences();
  return output.read();
}

/** Distance in units of the last place of the exact result. */
function ulps(got: number, exact: number): number {
  if (Object.is(got, Math.fround(exact))) return 0;
  const magnitude = Math.abs(exact);
  const unit = magnitude < 2 ** -126 ? 2 ** -149 : 2 ** (Math.floor(Math.log2(magnitude)) - 23);
  return Math.abs(got - exact) / unit;
}

/** Any float32 by its bits, so that every exponent is as likely as any other. */
const anyFloat = fc
  .integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })
  .map((bits) => new Float32Array(Int32Array.of(bits).buffer)[0]!);

/** Angles whose distance to a multiple of pi / 2 is smallest for their size, and those around the change of method. */
const hardAngles = [
  0,
  -0,
  1e-40,
  Math.PI / 2,
  Math.PI,
  100 * Math.PI,
  6399.5,
  6400.5,
  19384588,
  16367173 * 2 ** 72,
  7138963,
  3.4028234e38,
];

describe.each(targets)('mathematical functions on $name', ({ executor, small }) => {
  const numRuns = small ? 20 : 500;
  const floats = fc.array(anyFloat, { minLength: 1, maxLength: small ? 40 : 200 });

  it.each(['sin', 'cos'] as const)('%s errs by 1.5 ulp at most, whatever the angle', (op) => {
    const check = (angles: Float32Array): void =>
      compute(op, angles).forEach((got, i) => {
        const exact = Math[op](angles[i]!);
        if (Number.isNaN(exact)) expect(got).toBeNaN();
        else expect(ulps(got, exact), `${op} ${angles[i]}`).toBeLessThanOrEqual(1.5);
      });
    withExecutor(executor, () => {
      check(Float32Array.from([...hardAngles, ...hardAngles.map((x) => -x)]));
      fc.assert(
        fc.property(floats, (angles) => check(Float32Array.from(angles))),
        { numRuns },
      );
    });
  });

  it('pow errs by 0.51 ulp at most, and by 0.76 where the result is denormal', () => {
    const exponents = fc.oneof(
      anyFloat,
      fc.integer({ min: -9, max: 9 }),
      fc.double({ min: -150, max: 130, noNaN: true }),
    );
    const pairs = fc.array(fc.tuple(anyFloat, exponents), { minLength: 1, maxLength: small ? 40 : 200 });
    const check = (pairs: readonly (readonly [number, number])[]): void => {
      const [x, y] = [0, 1].map((i) => Float32Array.from(pairs, (pair) => pair[i]!)) as [
        Float32Array,
        Float32Array,
      ];
      // Where the exponent is not whole, it becomes one that keeps the result within float32.
      for (let i = 0; i < y.length; i++) {
        if (!Number.isInteger(y[i]) && Number.isFinite(y[i]))
          y[i] = (y[i]! % 150) / Math.log2(Math.abs(x[i]!));
      }
      compute('pow', x, y).forEach((got, i) => {
        const exact = binary.pow(x[i]!, y[i]!, []);
        const context = `${x[i]} ** ${y[i]}`;
        const rounded = Math.fround(exact);
        if (!Number.isFinite(rounded)) expect(got, context).toBe(rounded);
        else expect(ulps(got, exact), context).toBeLessThanOrEqual(Math.abs(exact) < 2 ** -126 ? 0.76 : 0.51);
      });
    };
    withExecutor(executor, () => fc.assert(fc.property(pairs, check), { numRuns }));
  });

  it('pow has the special cases of C', () => {
    const values = [0, 1, 2, 3, 1e-40, 1e30, 2 ** 24, 2 ** 24 + 2, 16777215, Number.POSITIVE_INFINITY];
    const signed = [...values, ...values.map((x) => -x), Number.NaN];
    const pairs = signed.flatMap((x) => [...signed, 0.3, -0.3].map((y) => [x, y] as const));
    const [x, y] = [0, 1].map((i) => Float32Array.from(pairs, (pair) => pair[i]!)) as [
      Float32Array,
      Float32Array,
    ];
    const expected = x.map((base, i) => binary.pow(base, y[i]!, []));
    withExecutor(executor, () => expect(compute('pow', x, y)).toEqual(expected));
  });
});
