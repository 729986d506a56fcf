/** Draws ones and zeros whose probabilities are the elements of a tensor. */
import { cast, elementWriter, flatElements, materialize, newTensor } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { zerosLike } from '../creation.ts';
import { defineOperator } from '../dispatcher.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail } from '../errors.ts';
import { expand } from '../ops/shape.ts';
import type { Tensor } from '../tensor.ts';
import { fillBernoulli, refuseUnsigned } from './distributions.ts';
import { inMemoryOrder, throughDense } from './filling.ts';
import { defaultGenerator, type Generator } from './generator.ts';
import { forEachChunk } from './words.ts';

/** Fills a tensor with ones where a uniform draw lies below the element of `p`, which broadcasts to its shape. */
export function bernoulliFrom(tensor: Tensor, p: Tensor, { engine }: Generator): void {
  refuseUnsigned('bernoulli_', 'bernoulli_tensor_cpu_self_', tensor);
  const { kind, scalarName } = dtypeInfo(p.dtype);
  if (kind !== 'float') fail('bernoulli', `"bernoulli_tensor_cpu_p_" not implemented for '${scalarName}'`);
  const spread = expand(p, tensor.shape);
  // Probabilities in the order in which the tensor lies in memory, in the precision of the draws.
  const double = p.dtype === 'float64';
  const ordered = inMemoryOrder(spread, tensor);
  const chances = materialize(cast(ordered, double ? 'float64' : 'float32'));
  checkChances(chances);
  throughDense(tensor, (dense) => {
    const write = elementWriter(dense.dtype);
    const [zero, one] = [write(0), write(1)];
    const each = double ? 2 : 1;
    forEachChunk(engine, each * dense.numel(), ({ view }, first, length) => {
      const elements = flatElements(dense);
      if (double) {
        const own = flatElements(chances) as Float64Array;
        for (let i = 0, at = first / 2; i < length; i += 2, at++) {
          const drawn = (view[i]! & 0x1fffff) * 2 ** 32 + view[i + 1]!;
          elements[at] = drawn < own[at]! * 2 ** 53 ? one : zero;
        }
        return;
      }
      const own = flatElements(chances) as Float32Array;
      if (elements instanceof Float32Array) {
        // The sign of a difference of whole numbers, since a branch would be guessed wrong as often as not.
        for (let i = 0, at = first; i < length; i++, at++) {
          elements[at] = ((view[i]! & 0xffffff) - Math.ceil(own[at]! * 2 ** 24)) >>> 31;
        }
        return;
      }
      for (let i = 0, at = first; i < length; i++, at++) {
        elements[at] = (view[i]! & 0xffffff) < own[at]! * 2 ** 24 ? one : zero;
      }
    });
  });
}

function checkChances(chances: Tensor): void {
  const elements = flatElements(chances) as Float64Array;
  for (let i = 0; i < elements.length; i++) {
    if (elements[i]! >= 0 && elements[i]! <= 1) continue;
    fail('bernoulli', 'Expected p_in >= 0 && p_in <= 1 to be true', '0 to 1', String(elements[i]));
  }
}

/** Options of {@link bernoulli}. */
export interface BernoulliOptions {
  /** One probability for all elements; the tensor's elements if left out. */
  readonly p?: number;
  /** The default generator if left out. */
  readonly generator?: Generator;
}

/** Signature of {@link bernoulli}. */
export interface BernoulliOperator {
  (x: Tensor, p: number, options?: BernoulliOptions): Tensor;
  (x: Tensor, options?: BernoulliOptions): Tensor;
}

type Canonical = [x: Tensor, p: number | undefined, options: { readonly generator: Generator }];

/**
 * Ones and zeros in the tensor's shape and dtype: each element is the probability of a one at its place. With a number `p`
 * the tensor only gives shape and dtype. Canonical: (x, p, { generator }).
 */
export const bernoulli: BernoulliOperator = defineOperator({
  name: 'bernoulli',
  normalize: (x: Tensor, ...rest: unknown[]): Canonical => {
    checkTensor('bernoulli', 'input', x);
    const names = ['p', 'generator'] as const;
    const { p, generator = defaultGenerator } = bindArguments<BernoulliOptions>('bernoulli', names, rest);
    return [x, p, { generator }];
  },
  forward: (x: Tensor, p: number | undefined, { generator }) => {
    const result = newTensor(x.shape, x.dtype);
    if (p === undefined) bernoulliFrom(result, x, generator);
    else fillBernoulli(result, p, generator);
    return result;
  },
  derivatives: [
    (grad, [, p]) =>
      p === undefined
        ? zerosLike(grad)
        : fail('bernoulli', "the derivative for 'bernoulli' is not implemented."),
  ],
}) as BernoulliOperator;

/** Drawing ones and zeros as a method. */
export interface BernoulliMethods {
  /** Ones and zeros: each element is the probability of a one at its place, unless `p` is. */
  bernoulli(p: number, options?: BernoulliOptions): Tensor;
  bernoulli(options?: BernoulliOptions): Tensor;
}
