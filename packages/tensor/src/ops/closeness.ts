/** Whether tensors are equal, exactly or within tolerances. */
import { bindArguments, checkTensor } from '../arguments.ts';
import { noGrad } from '../autograd/mode.ts';
import { defineOperator } from '../dispatcher.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail } from '../errors.ts';
import type { Tensor } from '../tensor.ts';

/** Tolerances of {@link isclose} and {@link allclose}. */
export interface CloseOptions {
  /** Relative to the second tensor; 1e-5 by default. */
  readonly rtol?: number;
  /** 1e-8 by default. */
  readonly atol?: number;
  /** Whether NaN is close to NaN. */
  readonly equalNan?: boolean;
}

/** Signature of {@link isclose}. */
export interface IscloseOperator {
  (x: Tensor, other: Tensor, rtol?: number, atol?: number, equalNan?: boolean): Tensor;
  (x: Tensor, other: Tensor, options: CloseOptions): Tensor;
}

/** Signature of {@link allclose}. */
export interface AllcloseOperator {
  (x: Tensor, other: Tensor, rtol?: number, atol?: number, equalNan?: boolean): boolean;
  (x: Tensor, other: Tensor, options: CloseOptions): boolean;
}

type Canonical = [x: Tensor, other: Tensor, options: Required<CloseOptions>];

function normalize(operator: string, x: Tensor, rest: readonly unknown[]): Canonical {
  checkTensor(operator, 'input', x);
  type Named = CloseOptions & { other: Tensor };
  const names: (keyof Named)[] = ['other', 'rtol', 'atol', 'equalNan'];
  const bound = bindArguments<Named>(operator, names, rest);
  const { other, rtol = 1e-5, atol = 1e-8, equalNan = false } = bound;
  checkTensor(operator, 'other', other);
  if (x.dtype !== other.dtype) {
    const [a, b] = [x, other].map(({ dtype }) => dtypeInfo(dtype).scalarName);
    fail(operator, `${a} did not match ${b}`, x.dtype, other.dtype);
  }
  if (!(rtol >= 0)) fail(operator, `rtol must be greater than or equal to zero, but got ${rtol}`);
  if (!(atol >= 0)) fail(operator, `atol must be greater than or equal to zero, but got ${atol}`);
  return [x, other, { rtol, atol, equalNan }];
}

function close(x: Tensor, other: Tensor, { rtol, atol, equalNan }: Required<CloseOptions>): Tensor {
  return noGrad(() => {
    let result = x.eq(other);
    const float = dtypeInfo(x.dtype).kind === 'float';
    if (equalNan && float) result = result.logicalOr(x.isnan().logicalAnd(other.isnan()));
    if (rtol === 0 && atol === 0) return result;
    const reference = float ? other : other.to('float32');
    const allowed = reference.mul(rtol).abs().add(atol);
    const distance = (float ? x : x.to('float32')).sub(reference).abs();
    return result.logicalOr(distance.isfinite().logicalAnd(distance.le(allowed)));
  });
}

/** |x - other| ≤ atol + rtol |other|, elementwise; equal infinities are close. Canonical: (x, other, { rtol, atol, equalNan }). */
export const isclose: IscloseOperator = defineOperator({
  name: 'isclose',
  constant: true,
  normalize: (x: Tensor, ...rest: unknown[]) => normalize('isclose', x, rest),
  forward: close,
});

/** Whether all elements are close as {@link isclose} has it. Canonical: (x, other, { rtol, atol, equalNan }). */
export const allclose: AllcloseOperator = defineOperator({
  name: 'allclose',
  constant: true,
  normalize: (x: Tensor, ...rest: unknown[]) => normalize('allclose', x, rest),
  forward: (x: Tensor, other: Tensor, options: Required<CloseOptions>) =>
    close(x, other, options).all().item() === true,
});

/** Whether shapes and all elements are equal; NaN is not. Canonical: (x, other). */
export const equal: (x: Tensor, other: Tensor) => boolean = defineOperator({
  name: 'equal',
  constant: true,
  normalize: (x: Tensor, ...rest: unknown[]): [Tensor, Tensor] => {
    checkTensor('equal', 'input', x);
    const { other } = bindArguments<{ other: Tensor }>('equal', ['other'], rest);
    checkTensor('equal', 'other', other);
    return [x, other];
  },
  forward: (x: Tensor, other: Tensor) =>
    x.shape.join() === other.shape.join() && x.eq(other).all().item() === true,
});

/** Closeness as methods. */
export interface ClosenessMethods {
  /** |x - other| ≤ atol + rtol |other|, elementwise. */
  isclose(other: Tensor, rtol?: number, atol?: number, equalNan?: boolean): Tensor;
  isclose(other: Tensor, options: CloseOptions): Tensor;
  /** Whether all elements are close. */
  allclose(other: Tensor, rtol?: number, atol?: number, equalNan?: boolean): boolean;
  allclose(other: Tensor, options: CloseOptions): boolean;
  /** Whether shapes and all elements are equal; NaN is not. */
  equal(other: Tensor): boolean;
}
