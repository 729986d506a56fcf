/** Softmax and its logarithm, and their gradients. */
import { softmax as engineSoftmax, softmaxBackward as engineSoftmaxBackward } from '@sconce/engine';
import { cast, materialize, newTensor, sliceOf } from '../access.ts';
import { bindArguments, checkTensor } from '../arguments.ts';
import type { Derivative } from '../autograd/derivative.ts';
import { defineOperator } from '../dispatcher.ts';
import { type DType, dtypeInfo } from '../dtype.ts';
import { fail } from '../errors.ts';
import { numelOf, wrapDim } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { computeDType } from './elementwise-core.ts';

/** Options of {@link softmax} and {@link logSoftmax}. */
export interface SoftmaxOptions {
  readonly dtype?: DType | null;
}

/** Signature of {@link softmax} and {@link logSoftmax}. */
export interface SoftmaxOperator {
  (x: Tensor, dim: number, options?: SoftmaxOptions): Tensor;
  (x: Tensor, options: SoftmaxOptions & { readonly dim: number }): Tensor;
}

/** A tensor read as [outer, size, inner], with `size` along a dimension; `outer` is 0 where there is nothing. */
function extentsOf(x: Tensor, dim: number): { outer: number; size: number; inner: number } {
  const size = x.shape[dim] ?? 1;
  const inner = numelOf(x.shape.slice(dim + 1));
  return { outer: size * inner === 0 ? 0 : x.numel() / (size * inner), size, inner };
}

function softmaxOperator(name: 'softmax' | 'logSoftmax'): SoftmaxOperator {
  const logarithm = name === 'logSoftmax';
  const backward: SoftmaxBackwardOperator = (...args) =>
    (logarithm ? _logSoftmaxBackwardData : _softmaxBackwardData)(...args);
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
      const dense = materialize(cast(x, compute));
      const result = newTensor(x.shape, compute);
      const extents = extentsOf(x, dim);
      if (extents.outer > 0) {
        const dtype = compute === 'float64' ? 'float64' : 'float32';
        engineSoftmax({ x: sliceOf(dense), y: sliceOf(result), ...extents, log: logarithm, dtype });
      }
      return cast(result, target);
    },
    derivatives: [
      {
        reads: ['result'],
        of: (g, [x, dim], y) => backward(g, y, dim, x.dtype),
      },
      null,
    ],
  });
}

/** Signature of {@link _softmaxBackwardData} and {@link _logSoftmaxBackwardData}. */
export type SoftmaxBackwardOperator = (
  gradOutput: Tensor,
  output: Tensor,
  dim: number,
  inputDtype?: DType | null,
) => Tensor;

type SoftmaxBackwardArguments = [grad: Tensor, output: Tensor, dim: number, inputDtype: DType];

function softmaxBackward(
  name: '_softmaxBackwardData' | '_logSoftmaxBackwardData',
  derivatives: readonly [
    Derivative<SoftmaxBackwardArguments, Tensor>,
    Derivative<SoftmaxBackwardArguments, Tensor>,
  ],
): SoftmaxBackwardOperator {
  return defineOperator({
    name,
    normalize: (
      grad: Tensor,
      output: Tensor,
      dim: number,
      inputDtype?: DType | null,
    ): SoftmaxBackwardArguments => {
      checkTensor(name, 'grad_output', grad);
      checkTensor(name, 'output', output);
      return [grad, output, wrapDim(name, dim, output.ndim), inputDtype ?? output.dtype];
    },
    forward: (grad, y, dim, inputDtype) => {
      const compute = computeDType(y.dtype);
      const [dy, of] = [materialize(cast(grad, compute)), materialize(cast(y, compute))];
      const dx = newTensor(y.shape, compute);
      const extents = extentsOf(y, dim);
      if (extents.outer > 0) {
        const dtype = compute === 'float64' ? 'float64' : 'float32';
        const slices = { dy: sliceOf(dy), y: sliceOf(of), dx: sliceOf(dx) };
        engineSoftmaxBackward({ ...slices, ...extents, log: name === '_logSoftmaxBackwardData', dtype });
      }
      return cast(dx, inputDtype);
    },
    derivatives: [...derivatives, null, null],
  });
}

/**
 * The gradient of {@link softmax}: (gradOutput - sum(gradOutput * output)) * output.
 * Canonical: (gradOutput, output, dim, inputDtype).
 */
export const _softmaxBackwardData: SoftmaxBackwardOperator = softmaxBackward('_softmaxBackwardData', [
  { reads: [1], of: (gg, [, y, dim]) => _softmaxBackwardData(gg, y, dim) },
  {
    reads: [0, 1],
    of: (gg, [g, y, dim]) => gg.mul(g.sub(g.mul(y).sum(dim, true))).sub(g.mul(gg.mul(y).sum(dim, true))),
  },
]);

/**
 * The gradient of {@link logSoftmax}: gradOutput - exp(output) * sum(gradOutput).
 * Canonical: (gradOutput, output, dim, inputDtype).
 */
export const _logSoftmaxBackwardData: SoftmaxBackwardOperator = softmaxBackward('_logSoftmaxBackwardData', [
  { reads: [1], of: (gg, [, y, dim]) => gg.sub(gg.mul(y.exp()).sum(dim, true)) },
  {
    reads: [0, 1],
    of: (gg, [g, y, dim]) => gg.mul(y.exp()).mul(g.sum(dim, true)).neg(),
  },
]);

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
  /** The gradient of `softmax`; `this` is the gradient of its result. */
  _softmaxBackwardData(output: Tensor, dim: number, inputDtype?: DType | null): Tensor;
  /** The gradient of `logSoftmax`; `this` is the gradient of its result. */
  _logSoftmaxBackwardData(output: Tensor, dim: number, inputDtype?: DType | null): Tensor;
}
