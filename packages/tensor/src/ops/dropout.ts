/** Dropout, with the very masks that PyTorch draws. */
import { filledTensor, newTensor } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail, showSizes } from '../errors.ts';
import { fillBernoulli } from '../random/distributions.ts';
import { defaultGenerator } from '../random/generator.ts';
import { Tensor } from '../tensor.ts';
import { productOf, quotientOf } from './arithmetic.ts';
import { runBinary } from './elementwise-core.ts';

/** Options of {@link dropout} and {@link dropout2d}. */
export interface DropoutOptions {
  /** Probability of a zero: 0.5 by default. */
  readonly p?: number;
  /** Whether to drop at all: true by default. */
  readonly training?: boolean;
}
/** Signature of {@link dropout} and {@link dropout2d}. */
export interface DropoutOperator {
  (x: Tensor, p?: number, training?: boolean): Tensor;
  (x: Tensor, p: number, options: DropoutOptions): Tensor;
  (x: Tensor, options: DropoutOptions): Tensor;
}

function dropoutOperator(name: 'dropout' | 'dropout2d', maskOf: (x: Tensor) => Tensor): DropoutOperator {
  return defineOperator({
    name,
    normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number, { training: boolean }] => {
      checkTensor(name, 'input', x);
      const { p = 0.5, training = true } = bindArguments<DropoutOptions>(name, ['p', 'training'], rest);
      if (!(p >= 0 && p <= 1)) fail(name, `dropout probability has to be between 0 and 1, but got ${p}`);
      return [x, p, { training }];
    },
    forward: (x: Tensor, p: number, { training }) => {
      if (!training || p === 0 || x.numel() === 0) return x;
      if (dtypeInfo(x.dtype).kind !== 'float') {
        fail(
          name,
          "result type Float can't be cast to the desired output type",
          'a floating-point dtype',
          x.dtype,
        );
      }
      if (p === 1) return runBinary(productOf, x, filledTensor([], x.dtype, 0));
      const mask = maskOf(x);
      fillBernoulli(mask, 1 - p, defaultGenerator);
      const scaled = runBinary(quotientOf, mask, 1 - p);
      return runBinary(productOf, x, scaled);
    },
  });
}

/** Memory for a mask in the order of the input's memory, since that is the order in which PyTorch draws. */
function maskLike(x: Tensor): Tensor {
  const mask = newTensor(x.shape, x.dtype);
  if (x.isContiguous()) return mask;
  const order = x.shape.map((_, d) => d).sort((a, b) => x.strides[a]! - x.strides[b]! || b - a);
  const strides = new Array<number>(x.ndim);
  let step = 1;
  for (const d of order) {
    strides[d] = step;
    step *= x.shape[d]!;
  }
  return new Tensor(mask.storage, x.dtype, x.shape, strides);
}

/** Zeros with probability p, the rest scaled by 1 / (1 - p); the input itself outside training. Canonical: (x, p, { training }). */
export const dropout: DropoutOperator = dropoutOperator('dropout', maskLike);

/** Drops whole channels of [N, C, ...] images. Canonical: (x, p, { training }). */
export const dropout2d: DropoutOperator = dropoutOperator('dropout2d', (x) => {
  if (x.ndim < 2)
    fail(
      'dropout2d',
      'Feature dropout requires at least 2 dimensions in the input',
      '[N, C, ...]',
      showSizes(x.shape),
    );
  return newTensor(
    x.shape.map((size, d) => (d < 2 ? size : 1)),
    x.dtype,
  );
});

/** Dropout as methods. */
export interface DropoutMethods {
  /** Zeros with probability p, the rest scaled by 1 / (1 - p); the input itself outside training. */
  dropout(options: DropoutOptions): Tensor;
  dropout(p?: number, training?: boolean): Tensor;
  /** Drops whole channels of [N, C, ...] images. */
  dropout2d(options: DropoutOptions): Tensor;
  dropout2d(p?: number, training?: boolean): Tensor;
}
