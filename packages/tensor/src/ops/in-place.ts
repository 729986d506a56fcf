/** Operators that write into a tensor that exists, and return it. Views of it see the change. */
import { broadcastView, castInto, fillElements } from '../access.ts';
import { checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail, showSizes } from '../errors.ts';
import { canCast, type Scalar } from '../promotion.ts';
import type { Tensor } from '../tensor.ts';
import { type AlphaOptions, add, div, mul, sub } from './elementwise.ts';
import type { Operand } from './elementwise-core.ts';
import { expand } from './shape.ts';

/** Every element becomes `value`. Canonical: (x, value). */
export const fill_: (x: Tensor, value: Scalar) => Tensor = defineOperator({
  name: 'fill_',
  forward: (x: Tensor, value: Scalar) => {
    checkTensor('fill_', 'input', x);
    fillElements(x, value);
    return x;
  },
});

/** Every element becomes 0. Canonical: (x). */
export const zero_: (x: Tensor) => Tensor = defineOperator({
  name: 'zero_',
  forward: (x: Tensor) => {
    fillElements(x, 0);
    return x;
  },
});

/** Takes over the elements of another tensor, broadcast and converted. Canonical: (x, source). */
export const copy_: (x: Tensor, source: Tensor) => Tensor = defineOperator({
  name: 'copy_',
  normalize: (x: Tensor, source: Tensor): [Tensor, Tensor] => {
    checkTensor('copy_', 'input', x);
    checkTensor('copy_', 'src', source);
    return [x, source];
  },
  forward: (x: Tensor, source: Tensor) => {
    castInto(expand(source, x.shape), x);
    return x;
  },
});

function inPlace<Options>(name: string, operator: (x: Operand, y: Operand, options?: Options) => Tensor) {
  return defineOperator({
    name,
    forward: (x: Tensor, y: Operand, options?: Options): Tensor => {
      const result = options === undefined ? operator(x, y) : operator(x, y, options);
      if (result.shape.join() !== x.shape.join()) {
        fail(
          name,
          `output with shape ${showSizes(x.shape)} doesn't match the broadcast shape ${showSizes(result.shape)}`,
        );
      }
      if (!canCast(result.dtype, x.dtype)) {
        fail(name, `result type ${result.dtype} can't be cast to the desired output type ${x.dtype}`);
      }
      castInto(broadcastView(result, x.shape), x);
      return x;
    },
  });
}

/** x becomes x + alpha * y. Canonical: (x, y, options). */
export const add_: (x: Tensor, y: Operand, options?: AlphaOptions) => Tensor = inPlace('add_', add);
/** x becomes x - alpha * y. Canonical: (x, y, options). */
export const sub_: (x: Tensor, y: Operand, options?: AlphaOptions) => Tensor = inPlace('sub_', sub);
/** x becomes x * y. Canonical: (x, y). */
export const mul_: (x: Tensor, y: Operand) => Tensor = inPlace('mul_', (x: Operand, y: Operand) => mul(x, y));
/** x becomes x / y. Canonical: (x, y). */
export const div_: (x: Tensor, y: Operand) => Tensor = inPlace('div_', (x: Operand, y: Operand) => div(x, y));

/** In-place operators as methods; each returns the tensor itself. */
export interface InPlaceMethods {
  /** Every element becomes `value`. */
  fill_(value: Scalar): Tensor;
  /** Every element becomes 0. */
  zero_(): Tensor;
  /** Takes over the elements of another tensor, broadcast and converted. */
  copy_(source: Tensor): Tensor;
  /** x becomes x + alpha * y. */
  add_(other: Operand, options?: AlphaOptions): Tensor;
  /** x becomes x - alpha * y. */
  sub_(other: Operand, options?: AlphaOptions): Tensor;
  /** x becomes x * y. */
  mul_(other: Operand): Tensor;
  /** x becomes x / y. */
  div_(other: Operand): Tensor;
}
