/** Gradients of functions of one element. */
import { gradients } from '../autograd/functional.ts';
import { fail } from '../errors.ts';
import { Tensor } from '../tensor.ts';
import { type Argnums, finished, leadsOutside, prepare, transforming } from './transform.ts';

/** Which arguments a function is differentiated by. */
export interface DerivativeArguments {
  /** One argument's place, or a list of places: the result is a list then. 0 if left out. */
  readonly argnums?: Argnums;
}

/** Options of {@link grad} and {@link gradAndValue}. */
export interface GradientOptions extends DerivativeArguments {
  /** Whether the function returns `[output, anything]`; the second is passed on. */
  readonly hasAux?: boolean;
}

type Gradient = Tensor | readonly Tensor[];

/**
 * The function that gives the gradient of `f` by its first argument, or by those that `argnums` names (a list then).
 * With `hasAux` it gives `[gradient, aux]`.
 * @throws TensorError, from the function it returns, when `f` does not give a 0-dim tensor
 */
export function grad<Args extends readonly unknown[]>(
  f: (...args: Args) => unknown,
  options: GradientOptions & { readonly hasAux: true },
): (...args: Args) => [gradient: Gradient, aux: unknown];
export function grad<Args extends readonly unknown[]>(
  f: (...args: Args) => Tensor,
  options: GradientOptions & { readonly argnums: readonly number[] },
): (...args: Args) => Tensor[];
export function grad<Args extends readonly unknown[]>(
  f: (...args: Args) => Tensor,
  options?: GradientOptions,
): (...args: Args) => Tensor;
export function grad<Args extends readonly unknown[]>(
  f: (...args: Args) => unknown,
  options: GradientOptions = {},
): (...args: Args) => unknown {
  const both = gradAndValue(f as (...args: Args) => Tensor, options);
  return (...args) => {
    const [gradient, value] = both(...args) as [Gradient, unknown];
    return options.hasAux ? [gradient, (value as readonly unknown[])[1]] : gradient;
  };
}

/**
 * As {@link grad}; the function it returns gives `[gradient, output]`, with `hasAux` `[gradient, [output, aux]]`.
 * @throws TensorError, from the function it returns, when `f` does not give a 0-dim tensor
 */
export function gradAndValue<Args extends readonly unknown[]>(
  f: (...args: Args) => Tensor,
  { argnums = 0, hasAux = false }: GradientOptions = {},
): (...args: Args) => [gradient: Gradient, value: Tensor] {
  return (...args) =>
    transforming((outside) => {
      const { args: own, inputs } = prepare('grad', args, argnums);
      const result: unknown = f(...(own as unknown as Args));
      const output = hasAux ? (result as readonly unknown[])[0] : result;
      if (!(output instanceof Tensor)) {
        return fail('grad', 'Expected f(*args) to return a tensor', 'a 0-dim tensor', typeof output);
      }
      if (output.ndim !== 0) {
        fail(
          'grad',
          `grad_and_value(f)(*args): Expected f(*args) to return a scalar Tensor, got tensor with ${output.ndim} dims. Maybe you wanted to use the vjp or jacrev APIs instead?`,
        );
      }
      const recorded = outside && leadsOutside([output], inputs);
      const found = finished(
        gradients([output], inputs, [output.newOnes([])], { createGraph: recorded }),
        recorded,
      );
      const [value] = finished([output], recorded) as [Tensor];
      const shown = hasAux ? [value, auxOf((result as readonly unknown[])[1], recorded)] : value;
      return [typeof argnums === 'number' ? found[0]! : found, shown as Tensor];
    });
}

function auxOf(aux: unknown, recorded: boolean): unknown {
  if (aux instanceof Tensor) return recorded ? aux : aux.detach();
  return Array.isArray(aux) ? aux.map((entry) => auxOf(entry, recorded)) : aux;
}
