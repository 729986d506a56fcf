/** Normal numbers whose mean and standard deviation are numbers or tensors. */
import { filledTensor, newTensor } from '../access.ts';
import { bindArguments } from '../arguments.ts';
import { zerosLike } from '../creation.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail } from '../errors.ts';
import { broadcastShapes, checkSizes } from '../shape.ts';
import { finished } from '../sizes.ts';
import { Tensor } from '../tensor.ts';
import { fillNormal } from './distributions.ts';
import type { RandomOptions } from './factories.ts';
import { defaultGenerator, type Generator } from './generator.ts';
import type { GeneratorOptions } from './in-place.ts';

/** Parameters of {@link normal} by name. */
export interface NormalOptions extends RandomOptions {
  readonly mean?: number | Tensor;
  readonly std?: number | Tensor;
  readonly size?: readonly number[];
}

/** Signature of {@link normal}. */
export interface NormalOperator {
  (mean: Tensor, std: Tensor | number, options?: GeneratorOptions): Tensor;
  (mean: Tensor, options?: NormalOptions): Tensor;
  (mean: number, std: Tensor, options?: GeneratorOptions): Tensor;
  (mean: number, std: number, size: readonly number[], options?: RandomOptions): Tensor;
  (mean: number, std: number, options: NormalOptions): Tensor;
  (mean: number, options: NormalOptions): Tensor;
  (options: NormalOptions): Tensor;
}

type Canonical = [mean: Tensor | number, std: Tensor | number, options: { readonly generator: Generator }];

function requirePositive(std: Tensor): void {
  if (std.numel() === 0 || Number(std.min().item()) >= 0) return;
  fail('normal', 'normal expects all elements of std >= 0.0');
}

/** Draws where at least one parameter is a tensor; no gradient but zero flows to them, as in PyTorch. */
const drawn = defineOperator({
  name: 'normal',
  forward: (...[mean, std, { generator }]: Canonical): Tensor => {
    if (std instanceof Tensor) requirePositive(std);
    const shapes = [mean, std].map((value) => (value instanceof Tensor ? value.shape : []));
    const { dtype } = (mean instanceof Tensor ? mean : std) as Tensor;
    const result = newTensor(broadcastShapes('normal', shapes[0]!, shapes[1]!), dtype);
    fillNormal(result, 0, std instanceof Tensor ? 1 : std, generator);
    if (std instanceof Tensor) result.mul_(std);
    return result.add_(mean instanceof Tensor ? mean : filledTensor([], dtype, mean));
  },
  derivatives: [(_, [mean]) => zerosLike(mean as Tensor), (_, [, std]) => zerosLike(std as Tensor)],
  backwardName: (...[mean, std]: Canonical) =>
    `NormalBackward${mean instanceof Tensor ? (std instanceof Tensor ? 3 : 1) : 2}`,
});

/**
 * Normal numbers of the given means and standard deviations, numbers or tensors that broadcast together; `size` where both
 * are numbers. Canonical, where one is a tensor: (mean, std, { generator }).
 * @throws TensorError for a negative standard deviation
 */
export const normal: NormalOperator = ((...args: readonly unknown[]): Tensor => {
  const names = ['mean', 'std', 'size', 'dtype', 'generator', 'requiresGrad', 'device'] as const;
  const options = bindArguments<NormalOptions>('normal', names, args);
  const { mean = 0, std = 1, size, dtype = 'float32', generator = defaultGenerator } = options;
  if (mean instanceof Tensor || std instanceof Tensor) {
    if (size !== undefined) fail('normal', "argument 'size' is for a mean and a deviation that are numbers");
    return drawn(mean, std, { generator });
  }
  if (size === undefined) fail('normal', "missing argument 'size'");
  checkSizes('normal', size);
  const result = newTensor([...size], dtype);
  fillNormal(result, mean, std, generator);
  return finished('normal', result, options);
}) as NormalOperator;
