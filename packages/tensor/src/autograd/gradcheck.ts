/** Checks gradients against finite differences (`torch.autograd.gradcheck` and `gradgradcheck`). */

import { flatElements } from '../access.ts';
import { dtypeInfo } from '../dtype.ts';
import { TensorError } from '../errors.ts';
import { randnLike } from '../random/factories.ts';
import { Tensor } from '../tensor.ts';
import { grad } from './api.ts';
import type { Tensors } from './functional.ts';
import { enableGrad, noGrad } from './mode.ts';

/** Options of {@link gradcheck}. */
export interface GradcheckOptions {
  /** Step of the differences. */
  readonly eps?: number;
  readonly atol?: number;
  readonly rtol?: number;
  /** Throw (the default), or return false. */
  readonly raiseException?: boolean;
}

type CheckedFunction = (...inputs: Tensor[]) => Tensors;

function outputsOf(result: Tensors): readonly Tensor[] {
  return (result instanceof Tensor ? [result] : result).filter(
    (output) => dtypeInfo(output.dtype).kind === 'float',
  );
}

/** The Jacobian of every output by every input that requires a gradient, by central differences: [input][output]. */
function numerical(f: CheckedFunction, inputs: readonly Tensor[], eps: number): Float64Array[][] {
  return noGrad(() =>
    inputs
      .filter((input) => input.requiresGrad)
      .map((input) => {
        const size = input.numel();
        const evaluate = (): Float64Array[] =>
          outputsOf(f(...inputs)).map((output) => Float64Array.from(output.toTypedArray() as Float64Array));
        let jacobians: Float64Array[] | undefined;
        for (let i = 0; i < size; i++) {
          const elements = flatElements(input) as Float64Array;
          const before = elements[i]!;
          elements[i] = before + eps;
          const above = evaluate();
          (flatElements(input) as Float64Array)[i] = before - eps;
          const below = evaluate();
          (flatElements(input) as Float64Array)[i] = before;
          jacobians ??= above.map((output) => new Float64Array(output.length * size));
          above.forEach((output, k) => {
            for (let o = 0; o < output.length; o++) {
              jacobians![k]![o * size + i] = (output[o]! - below[k]![o]!) / (2 * eps);
            }
          });
        }
        return jacobians ?? [];
      }),
  );
}

/** The same by backward passes, one for each element of an output. */
function analytical(f: CheckedFunction, inputs: readonly Tensor[]): Float64Array[][] {
  const wanted = inputs.filter((input) => input.requiresGrad);
  const outputs = outputsOf(f(...inputs));
  const jacobians = wanted.map((input) =>
    outputs.map((output) => new Float64Array(output.numel() * input.numel())),
  );
  outputs.forEach((output, k) => {
    if (!output.requiresGrad) return;
    for (let o = 0; o < output.numel(); o++) {
      const seed = output.newZeros(output.shape);
      (flatElements(seed) as Float64Array)[o] = 1;
      const grads = grad(output, wanted, { gradOutputs: seed, allowUnused: true, retainGraph: true });
      grads.forEach((found, i) => {
        if (found !== null)
          jacobians[i]![k]!.set(found.toTypedArray() as Float64Array, o * wanted[i]!.numel());
      });
    }
  });
  return jacobians;
}

/**
 * Compares the gradients of `f` by backward passes with finite differences. The inputs that require gradients are to
 * be dense float64 tensors.
 * @throws TensorError naming output, input and both Jacobians' element where they differ, unless `raiseException` is false
 */
export function gradcheck(
  f: CheckedFunction,
  inputs: Tensors,
  { eps = 1e-6, atol = 1e-5, rtol = 1e-3, raiseException = true }: GradcheckOptions = {},
): boolean {
  const given = inputs instanceof Tensor ? [inputs] : inputs;
  const judge = (problem: string, expected?: string, got?: string): boolean => {
    if (raiseException) throw new TensorError({ operator: 'gradcheck', problem, expected, got });
    return false;
  };
  if (!given.some((input) => input.requiresGrad)) {
    return judge(
      'gradcheck expects at least one input tensor to require gradient, but none of them have requiresGrad=true.',
    );
  }
  for (const [i, input] of given.entries()) {
    if (!input.requiresGrad || (input.dtype === 'float64' && input.isContiguous())) continue;
    return judge(
      `input ${i} requires a gradient`,
      'a dense float64 tensor',
      `${input.dtype} with strides [${input.strides.join(', ')}]`,
    );
  }
  const wanted = numerical(f, given, eps);
  const found = analytical(f, given);
  for (const [i, jacobians] of wanted.entries()) {
    for (const [k, jacobian] of jacobians.entries()) {
      const own = found[i]![k]!;
      for (let e = 0; e < jacobian.length; e++) {
        if (Math.abs(own[e]! - jacobian[e]!) <= atol + rtol * Math.abs(jacobian[e]!)) continue;
        return judge(
          `Jacobian mismatch for output ${k} with respect to input ${i}, element ${e}`,
          `numerical ${jacobian[e]}`,
          `analytical ${own[e]}`,
        );
      }
    }
  }
  return true;
}

/** {@link gradcheck} of the gradients themselves, with random gradients of the outputs. */
export function gradgradcheck(f: CheckedFunction, inputs: Tensors, options: GradcheckOptions = {}): boolean {
  const given = inputs instanceof Tensor ? [inputs] : inputs;
  const seeds = noGrad(() => outputsOf(f(...given)).map((output) => randnLike(output.contiguous()))).map(
    (seed) => seed.requiresGrad_(),
  );
  const wanted = given.filter((input) => input.requiresGrad).length;
  const gradient = (...all: Tensor[]): readonly Tensor[] =>
    enableGrad(() => {
      const own = all.slice(0, given.length);
      const outputs = outputsOf(f(...own));
      return grad(
        outputs,
        own.filter((input) => input.requiresGrad),
        {
          gradOutputs: all.slice(given.length),
          createGraph: true,
          allowUnused: true,
          materializeGrads: true,
        },
      ).slice(0, wanted);
    });
  return gradcheck(gradient, [...given, ...seeds], options);
}
