/** Dropout, with the very masks that PyTorch draws. */
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

/** Options of {@link dropout} and its kinds. */
export interface DropoutOptions {
  /** Probability of a zero: 0.5 by default. */
  readonly p?: number;
  /** Whether to drop at all: true by default, false for the alpha kinds. */
  readonly training?: boolean;
}
/** Signature of {@link dropout} and its kinds. */
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
}

function dropoutOperator({ name, maskOf, alpha = false, ranks }: DropoutKind): DropoutOperator {
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
      if (p === 1) return x.mul(filledTensor([], x.dtype, 0));
      const unbatched = ranks !== undefined && x.ndim === ranks[0];
      const drawn = maskOf(unbatched ? x.unsqueeze(0) : x);
      const mask = unbatched ? viewOf(drawn, drawn.shape.slice(1), drawn.strides.slice(1)) : drawn;
      fillBernoulli(mask, 1 - p, defaultGenerator);
      if (!alpha) return x.mul(runBinary(quotientOf, mask, 1 - p));
      // Dropped elements become the value that selu tends to; then mean and variance are brought back.
      const limit = 1.7580993408473766;
      const scale = 1 / Math.sqrt((limit * limit * p + 1) * (1 - p));
      const shift = runBinary(
        sumOf,
        runBinary(productOf, runBinary(sumOf, mask, -1), limit * scale),
        limit * scale * p,
      );
      return x.mul(runBinary(productOf, mask, scale)).add(shift);
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

/** Memory for a mask of one element for each channel of [N, C, ...]. */
function channelMask(name: string): (x: Tensor) => Tensor {
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

/** Zeros with probability p, the rest scaled by 1 / (1 - p); the input itself outside training. Canonical: (x, p, { training }). */
export const dropout: DropoutOperator = dropoutOperator({ name: 'dropout', maskOf: maskLike });

/** Drops whole channels of [N, C, L] or [C, L]. Canonical: (x, p, { training }). */
export const dropout1d: DropoutOperator = dropoutOperator({
  name: 'dropout1d',
  maskOf: channelMask('dropout1d'),
  ranks: [2, 3],
});

/** Drops whole channels of [N, C, ...] images. Canonical: (x, p, { training }). */
export const dropout2d: DropoutOperator = dropoutOperator({
  name: 'dropout2d',
  maskOf: channelMask('dropout2d'),
});

/** Drops whole channels of [N, C, D, H, W] or [C, D, H, W]. Canonical: (x, p, { training }). */
export const dropout3d: DropoutOperator = dropoutOperator({
  name: 'dropout3d',
  maskOf: channelMask('dropout3d'),
  ranks: [4, 5],
});

/**
 * Dropout for networks of selu: dropped elements become its negative limit, and mean and variance are kept. Drops
 * only if asked: `training` is false by default. Canonical: (x, p, { training }).
 */
export const alphaDropout: DropoutOperator = dropoutOperator({
  name: 'alphaDropout',
  maskOf: maskLike,
  alpha: true,
});

/** As {@link alphaDropout} of whole channels of [N, C, ...]. Canonical: (x, p, { training }). */
export const featureAlphaDropout: DropoutOperator = dropoutOperator({
  name: 'featureAlphaDropout',
  maskOf: channelMask('featureAlphaDropout'),
  alpha: true,
});

/** The gradient of dropout by a mask of ones and zeros: grad * mask * scale. Canonical: (grad, mask, scale). */
export const nativeDropoutBackward: (gradOutput: Tensor, mask: Tensor, scale: number) => Tensor =
  defineOperator({
    name: 'nativeDropoutBackward',
    composite: true,
    forward: (gradOutput: Tensor, mask: Tensor, scale: number): Tensor =>
      gradOutput.mul(mask.to(gradOutput.dtype).mul(scale)),
  });

/** Dropout as methods. */
export interface DropoutMethods {
  /** Zeros with probability p, the rest scaled by 1 / (1 - p); the input itself outside training. */
  dropout(options: DropoutOptions): Tensor;
  dropout(p?: number, training?: boolean): Tensor;
  /** Drops whole channels of [N, C, L] or [C, L]. */
  dropout1d(options: DropoutOptions): Tensor;
  dropout1d(p?: number, training?: boolean): Tensor;
  /** Drops whole channels of [N, C, ...] images. */
  dropout2d(options: DropoutOptions): Tensor;
  dropout2d(p?: number, training?: boolean): Tensor;
  /** Drops whole channels of [N, C, D, H, W] or [C, D, H, W]. */
  dropout3d(options: DropoutOptions): Tensor;
  dropout3d(p?: number, training?: boolean): Tensor;
  /** Dropout for networks of selu, which keeps mean and variance. */
  alphaDropout(options: DropoutOptions): Tensor;
  alphaDropout(p?: number, training?: boolean): Tensor;
  /** As `alphaDropout` of whole channels. */
  featureAlphaDropout(options: DropoutOptions): Tensor;
  featureAlphaDropout(p?: number, training?: boolean): Tensor;
  /** The gradient of dropout by a mask of ones and zeros. */
  nativeDropoutBackward(mask: Tensor, scale: number): Tensor;
}
