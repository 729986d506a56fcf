/** How all kinds of dropout are computed: with the very masks that PyTorch draws. */
import { filledTensor, newTensor, viewOf } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail, showSizes } from '../errors.ts';
import { fillBernoulli } from '../random/distributions.ts';
import { defaultGenerator } from '../random/generator.ts';
import { Tensor } from '../tensor.ts';
import { productOf, quotientOf, sumOf } from './arithmetic.ts';
import { runBinary } from './elementwise-core.ts';

/** Options of dropout and its kinds. */
export interface DropoutOptions {
  /** Probability of a zero: 0.5 by default. */
  readonly p?: number;
  /** Whether to drop at all: true by default, false for the alpha kinds. */
  readonly training?: boolean;
}
/** Signature of dropout and its kinds. */
export interface DropoutOperator {
  (x: Tensor, p?: number, training?: boolean): Tensor;
  (x: Tensor, p: number, options: DropoutOptions): Tensor;
  (x: Tensor, options: DropoutOptions): Tensor;
}

/** What a kind of dropout does with a tensor and a mask of ones and zeros that it was drawn for. */
interface DropoutKind {
  readonly name: string;
  /** Memory for the mask. */
  readonly maskOf: (x: Tensor) => Tensor;
  /** Keeps mean and variance instead of the mean alone. */
  readonly alpha?: boolean;
  /** Number of dimensions without and with a batch, where there is a choice. */
  readonly ranks?: readonly [number, number];
  /** Writes into the input's memory. */
  readonly inPlace?: true;
}

/** Makes the operator of a kind. Canonical: (x, p, { training }). */
export function dropoutOperator({
  name,
  maskOf,
  alpha = false,
  ranks,
  inPlace,
}: DropoutKind): DropoutOperator {
  return defineOperator({
    name,
    normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number, { training: boolean }] => {
      checkTensor(name, 'input', x);
      const { p = 0.5, training = !alpha } = bindArguments<DropoutOptions>(name, ['p', 'training'], rest);
      if (!(p >= 0 && p <= 1)) fail(name, `dropout probability has to be between 0 and 1, but got ${p}`);
      if (ranks !== undefined && !ranks.includes(x.ndim)) {
        fail(
          name,
          `Expected ${ranks[0]}D or ${ranks[1]}D input, but received a ${x.ndim}D input`,
          `${ranks[0]}D or ${ranks[1]}D`,
          showSizes(x.shape),
        );
      }
      return [x, p, { training }];
    },
    composite: true,
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
      const times = (factor: Tensor): Tensor => (inPlace ? x.mul_(factor) : x.mul(factor));
      if (p === 1) return times(filledTensor([], x.dtype, 0));
      const unbatched = ranks !== undefined && x.ndim === ranks[0];
      const drawn = maskOf(unbatched ? x.unsqueeze(0) : x);
      const mask = unbatched ? viewOf(drawn, drawn.shape.slice(1), drawn.strides.slice(1)) : drawn;
      fillBernoulli(mask, 1 - p, defaultGenerator);
      if (!alpha) return times(runBinary(quotientOf, mask, 1 - p));
      // Dropped elements become the value that selu tends to; then mean and variance are brought back.
      const limit = 1.7580993408473766;
      const scale = 1 / Math.sqrt((limit * limit * p + 1) * (1 - p));
      const shift = runBinary(
        sumOf,
        runBinary(productOf, runBinary(sumOf, mask, -1), limit * scale),
        limit * scale * p,
      );
      const scaled = times(runBinary(productOf, mask, scale));
      return inPlace ? scaled.add_(shift) : scaled.add(shift);
    },
  });
}

/** Memory for a mask in the order of the input's memory, since that is the order in which PyTorch draws. */
export function maskLike(x: Tensor): Tensor {
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

/** Memory for a mask of one element for each channel of [N, C, ...]. */
export function channelMask(name: string): (x: Tensor) => Tensor {
  return (x) => {
    if (x.ndim < 2)
      fail(
        name,
        'Feature dropout requires at least 2 dimensions in the input',
        '[N, C, ...]',
        showSizes(x.shape),
      );
    return newTensor(
      x.shape.map((size, d) => (d < 2 ? size : 1)),
      x.dtype,
    );
  };
}
