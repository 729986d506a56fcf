/** Softmax and its logarithm. */
import { softmax as engineSoftmax } from '@sconce/engine';
import { cast, flatElements, materialize, newTensor, sliceOf } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { type DType, dtypeInfo } from '../dtype.ts';
import { fail } from '../errors.ts';
import { numelOf, wrapDim } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { computeDType } from './elementwise-core.ts';

type FloatElements = Float32Array | Float64Array;

/** Options of {@link softmax} and {@link logSoftmax}. */
export interface SoftmaxOptions {
  readonly dtype?: DType | null;
}

/** Signature of {@link softmax} and {@link logSoftmax}. */
export interface SoftmaxOperator {
  (x: Tensor, dim: number, options?: SoftmaxOptions): Tensor;
  (x: Tensor, options: SoftmaxOptions & { readonly dim: number }): Tensor;
}

function softmaxOperator(name: 'softmax' | 'logSoftmax'): SoftmaxOperator {
  const logarithm = name === 'logSoftmax';
  return defineOperator({
    name,
    normalize: (x: Tensor, ...rest: unknown[]): [Tensor, number, { dtype: DType | null }] => {
      checkTensor(name, 'input', x);
      type Named = SoftmaxOptions & { dim?: number };
      const { dim, dtype = null } = bindArguments<Named>(name, ['dim', 'dtype'], rest);
      if (dim === undefined) fail(name, "missing argument 'dim'", 'a dimension');
      return [x, wrapDim(name, dim, x.ndim), { dtype }];
    },
    forward: (x: Tensor, dim: number, { dtype }) => {
      const target = dtype ?? x.dtype;
      if (dtypeInfo(target).kind !== 'float') {
        const kernel = logarithm ? 'log_softmax_lastdim_kernel_impl' : 'softmax_lastdim_kernel_impl';
        fail(
          name,
          `"${kernel}" not implemented for '${dtypeInfo(target).scalarName}'`,
          'a floating-point dtype',
          target,
        );
      }
      const compute = computeDType(target);
      const input = materialize(cast(x, compute));
      const output = newTensor(x.shape, compute);
      const size = x.shape[dim] ?? 1;
      const inner = numelOf(x.shape.slice(dim + 1));
      const outer = size * inner === 0 ? 0 : x.numel() / (size * inner);
      if (outer > 0 && compute === 'float32') {
        engineSoftmax({ x: sliceOf(input), y: sliceOf(output), outer, size, inner, log: logarithm });
      } else if (outer > 0) {
        plainSoftmax(
          flatElements(input) as FloatElements,
          flatElements(output) as FloatElements,
          size,
          inner,
          logarithm,
        );
      }
      return cast(output, target);
    },
  });
}

function plainSoftmax(
  from: FloatElements,
  to: FloatElements,
  size: number,
  inner: number,
  logarithm: boolean,
): void {
  for (let line = 0; line < to.length / size; line++) {
    const base = Math.floor(line / inner) * size * inner + (line % inner);
    let top = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < size; k++) top = Math.max(top, from[base + k * inner]!);
    let total = 0;
    for (let k = 0; k < size; k++) total += Math.exp(from[base + k * inner]! - top);
    for (let k = 0; k < size; k++) {
      const at = base + k * inner;
      to[at] = logarithm ? from[at]! - top - Math.log(total) : Math.exp(from[at]! - top) / total;
    }
  }
}

/** exp(x) divided by its sum along a dimension. Canonical: (x, dim, { dtype }). */
export const softmax: SoftmaxOperator = softmaxOperator('softmax');
/** Logarithm of {@link softmax}. Canonical: (x, dim, { dtype }). */
export const logSoftmax: SoftmaxOperator = softmaxOperator('logSoftmax');

/** Softmax as methods. */
export interface SoftmaxMethods {
  /** exp(x) divided by its sum along a dimension. */
  softmax(dim: number, options?: SoftmaxOptions): Tensor;
  softmax(options: SoftmaxOptions & { readonly dim: number }): Tensor;
  /** Logarithm of `softmax`. */
  logSoftmax(dim: number, options?: SoftmaxOptions): Tensor;
  logSoftmax(options: SoftmaxOptions & { readonly dim: number }): Tensor;
}
