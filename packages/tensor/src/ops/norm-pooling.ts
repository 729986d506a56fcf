/** The norms of sliding windows over sequences, images and volumes. */
import { bindArguments } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { sizesOf, type WindowSize } from './window.ts';

/** Options of norm pooling. */
export interface LpPoolOptions {
  /** The kernel size by default. */
  readonly stride?: WindowSize | null;
  readonly ceilMode?: boolean;
}
/** Signature of norm pooling: `normType` is the power. */
export interface LpPoolOperator {
  (x: Tensor, normType: number, kernelSize: WindowSize, options?: LpPoolOptions): Tensor;
  (
    x: Tensor,
    normType: number,
    kernelSize: WindowSize,
    stride: WindowSize | null,
    ceilMode?: boolean,
  ): Tensor;
}

type Canonical = [
  x: Tensor,
  normType: number,
  kernelSize: readonly number[],
  options: { readonly stride: WindowSize | null; readonly ceilMode: boolean },
];

function normPooling(rank: 1 | 2 | 3): LpPoolOperator {
  const name = `lpPool${rank}d`;
  return defineOperator({
    name,
    normalize: (x: Tensor, normType: number, ...rest: unknown[]): Canonical => {
      type Named = LpPoolOptions & { kernelSize: WindowSize };
      const named = bindArguments<Named>(name, ['kernelSize', 'stride', 'ceilMode'], rest);
      if (named.kernelSize === undefined) fail(name, "missing argument 'kernelSize'");
      const kernelSize = sizesOf(name, 'kernelSize', named.kernelSize, rank);
      return [x, normType, kernelSize, { stride: named.stride ?? null, ceilMode: named.ceilMode ?? false }];
    },
    composite: true,
    forward: (...[x, normType, kernelSize, options]: Canonical) => {
      const largest = (values: Tensor): Tensor => values[`maxPool${rank}d`]({ kernelSize, ...options });
      if (normType === Number.POSITIVE_INFINITY) return largest(x.abs());
      if (normType === Number.NEGATIVE_INFINITY) return largest(x.abs().neg()).neg();
      const means = x.pow(normType)[`avgPool${rank}d`]({ kernelSize, ...options });
      const count = kernelSize.reduce((all, size) => all * size, 1);
      // Where a window holds zeros only, its gradient is zero.
      return means
        .sign()
        .mul(means.abs().relu())
        .mul(count)
        .pow(1 / normType);
    },
  });
}

/** The norms of windows over sequences [N, C, L] or [C, L]. Canonical: (x, normType, kernelSize, { stride, ceilMode }). */
export const lpPool1d: LpPoolOperator = normPooling(1);
/** The norms of windows over images [N, C, H, W] or [C, H, W]. Canonical: as {@link lpPool1d}. */
export const lpPool2d: LpPoolOperator = normPooling(2);
/** The norms of windows over volumes [N, C, D, H, W] or [C, D, H, W]. Canonical: as {@link lpPool1d}. */
export const lpPool3d: LpPoolOperator = normPooling(3);
