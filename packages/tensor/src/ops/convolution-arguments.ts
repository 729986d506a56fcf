/** Checks and reads what both directions of convolution take. */
import { checkTensor } from '../arguments.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail, showSizes } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { sizesOf, type WindowSize } from './window.ts';

/** Checks ranks and dtypes, which both directions want alike. */
export function checkOperands(
  operator: string,
  rank: number,
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null,
): void {
  checkTensor(operator, 'input', x);
  checkTensor(operator, 'weight', weight);
  if (x.ndim !== rank + 1 && x.ndim !== rank + 2) {
    fail(
      operator,
      `Expected ${rank + 1}D (unbatched) or ${rank + 2}D (batched) input to ${operator}, but got input of size: ${showSizes(x.shape)}`,
    );
  }
  if (weight.ndim < 3) fail(operator, 'weight should have at least three dimensions');
  if (weight.ndim !== rank + 2) {
    fail(
      operator,
      `Expected ${weight.ndim}-dimensional input for ${weight.ndim}-dimensional weight ${showSizes(weight.shape)}, but got ${rank + 2}-dimensional input of size ${showSizes(x.shape)} instead`,
    );
  }
  for (const other of [weight, bias]) {
    if (other !== null && other.dtype !== x.dtype) {
      const [a, b] = [dtypeInfo(x.dtype).scalarName, dtypeInfo(other.dtype).scalarName];
      fail(
        operator,
        `Input type (${a}) and ${other === bias ? 'bias' : 'weight'} type (${b}) should be the same`,
      );
    }
  }
  if (dtypeInfo(x.dtype).kind === 'bool') {
    fail(operator, `"${operator}" not implemented for 'Bool'`, 'a dtype of numbers', x.dtype);
  }
}

/** Checks that a bias has one element for each channel of the output. */
export function checkBias(operator: string, bias: Tensor | null, channels: number, weight: Tensor): void {
  if (bias !== null && (bias.ndim !== 1 || bias.shape[0] !== channels)) {
    fail(
      operator,
      `Given weight of size ${showSizes(weight.shape)}, expected bias to be 1-dimensional with ${channels} elements, but got bias of size ${showSizes(bias.shape)} instead`,
    );
  }
}

/** Reads what windows slide by, which both directions want alike. */
export function readSteps(
  operator: string,
  rank: number,
  named: { readonly stride?: WindowSize; readonly dilation?: WindowSize; readonly groups?: number },
): { stride: readonly number[]; dilation: readonly number[]; groups: number } {
  const { groups = 1 } = named;
  if (!Number.isInteger(groups) || groups < 1) fail(operator, 'non-positive groups is not supported');
  const stride = sizesOf(operator, 'stride', named.stride ?? 1, rank);
  const dilation = sizesOf(operator, 'dilation', named.dilation ?? 1, rank);
  if (stride.some((step) => step < 1)) fail(operator, 'non-positive stride is not supported');
  if (dilation.some((step) => step < 1)) fail(operator, 'dilation should be greater than zero');
  return { stride, dilation, groups };
}

/** What is said about negative padding. */
export const negativePadding = (): string => 'negative padding is not supported';
