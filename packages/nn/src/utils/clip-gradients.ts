/** Keeping gradients small: `clipGradNorm_` and what it is made of. */
import { bindArguments, linalg, noGrad, stack, type Tensor, tensor } from '@sconce/tensor';

/** One tensor or several. */
export type TensorOrTensors = Tensor | Iterable<Tensor>;

/** Options of {@link clipGradNorm_} and {@link getTotalNorm}. */
export interface TotalNormOptions {
  /** Order of the norm (default 2), `Infinity` for the largest absolute value. */
  readonly normType?: number;
  /** Whether a norm that is NaN or infinite is an error (default false). */
  readonly errorIfNonfinite?: boolean;
}

/** {@link TotalNormOptions} by position, by name or both. */
export type TotalNormArguments =
  | [options?: TotalNormOptions]
  | [normType: number, options?: Omit<TotalNormOptions, 'normType'>]
  | [normType: number, errorIfNonfinite: boolean];

function listOf(tensors: TensorOrTensors): Tensor[] {
  return Symbol.iterator in tensors ? [...tensors] : [tensors];
}

function gradientsOf(parameters: TensorOrTensors): Tensor[] {
  return listOf(parameters).flatMap(({ grad }) => (grad === null ? [] : [grad]));
}

/**
 * The norm of all elements of tensors together, as a scalar (`torch.nn.utils.get_total_norm`).
 *
 * @throws {Error} for a norm that is not finite, if `errorIfNonfinite` is set
 */
export function getTotalNorm(tensors: TensorOrTensors, ...rest: TotalNormArguments): Tensor {
  const names = ['normType', 'errorIfNonfinite'] as const;
  const bound = bindArguments<TotalNormOptions>('getTotalNorm', names, rest);
  const { normType = 2, errorIfNonfinite = false } = bound;
  return noGrad(() => {
    const norms = listOf(tensors).map((each) => linalg.vectorNorm(each, normType));
    const [first] = norms;
    if (first === undefined) return tensor(0);
    const total = linalg.vectorNorm(stack(norms.map((norm) => norm.to(first.dtype))), normType);
    if (errorIfNonfinite && !Number.isFinite(Number(total.item()))) {
      throw new Error(
        `The total norm of order ${normType} for gradients from \`parameters\` is non-finite, so it cannot be clipped. To disable this error and scale the gradients by the non-finite norm anyway, set \`errorIfNonfinite: false\``,
      );
    }
    return total;
  });
}

/** Scales the gradients of parameters so that their norm, which is given, is at most `maxNorm`. */
export function clipGradsWithNorm_(parameters: TensorOrTensors, maxNorm: number, totalNorm: Tensor): void {
  const gradients = gradientsOf(parameters);
  if (gradients.length === 0) return;
  noGrad(() => {
    const factor = tensor(maxNorm, { dtype: totalNorm.dtype }).div(totalNorm.add(1e-6)).clamp({ max: 1 });
    // Nothing is changed by a factor of 1.
    if (factor.item() === 1) return;
    for (const gradient of gradients) gradient.mul_(factor);
  });
}

/**
 * Scales the gradients of parameters so that the norm of all of them together is at most `maxNorm`
 * (`torch.nn.utils.clip_grad_norm_`).
 *
 * @returns the norm that they had, a scalar
 * @throws {Error} for a norm that is not finite, if `errorIfNonfinite` is set; nothing is changed then
 */
export function clipGradNorm_(
  parameters: TensorOrTensors,
  maxNorm: number,
  ...rest: TotalNormArguments
): Tensor {
  const list = listOf(parameters);
  const total = getTotalNorm(gradientsOf(list), ...rest);
  clipGradsWithNorm_(list, maxNorm, total);
  return total;
}

/** Limits every element of the gradients of parameters to [-clipValue, clipValue] (`torch.nn.utils.clip_grad_value_`). */
export function clipGradValue_(parameters: TensorOrTensors, clipValue: number): void {
  noGrad(() => {
    for (const gradient of gradientsOf(parameters)) gradient.clamp_({ min: -clipValue, max: clipValue });
  });
}
