/** Products with Jacobians, Jacobians and Hessians of functions. */
import {
  gradients,
  type Jacobian,
  jacobianRows,
  nested,
  pushForward,
  type Tensors,
} from '../autograd/functional.ts';
import { fail } from '../errors.ts';
import { stack } from '../ops/joining.ts';
import { sameSizes } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import type { DerivativeArguments } from './gradients.ts';
import { finished, leadsOutside, prepare, transforming } from './transform.ts';

type Differentiable<Args extends readonly unknown[]> = (...args: Args) => Tensors;

/** A function's output: a tensor, or lists of them in lists. */
type Nested = Tensor | readonly Nested[];

function flatten(value: Nested): Tensor[] {
  return value instanceof Tensor ? [value] : value.flatMap(flatten);
}

/** Puts values in the places that the tensors of a model have. */
function inPlacesOf<T>(model: Nested, values: Iterator<T>): T | unknown[] {
  if (model instanceof Tensor) return values.next().value as T;
  return model.map((entry) => inPlacesOf(entry, values));
}

/**
 * The output of `f`, and the function that multiplies what is shaped like the output with the Jacobian: it gives a
 * list of one tensor for each argument.
 */
export function vjp(
  f: Differentiable<Tensor[]>,
  ...primals: readonly Tensor[]
): [output: Tensors, pull: (cotangents: Tensors) => Tensor[]] {
  return transforming((outside) => {
    const { args, inputs } = prepare(
      'vjp',
      primals,
      primals.map((_, i) => i),
    );
    const result = f(...(args as Tensor[]));
    const outputs = flatten(result);
    const recorded = outside && leadsOutside(outputs, inputs);
    const pull = (cotangents: Tensors): Tensor[] =>
      transforming((inside) => {
        const seeds = flatten(cotangents);
        if (
          seeds.length !== outputs.length ||
          seeds.some((seed, i) => !sameSizes(seed.shape, outputs[i]!.shape))
        ) {
          fail('vjp', 'expected cotangents to have the shapes of the output');
        }
        const keep = inside && (recorded || seeds.some((seed) => seed.requiresGrad));
        const found = finished(gradients(outputs, inputs, seeds, { createGraph: keep }), keep);
        return found;
      });
    const shown = finished(outputs, recorded);
    return [result instanceof Tensor ? shown[0]! : shown, pull];
  });
}

/**
 * The output of `f`, and the product of its Jacobian with `tangents`, which are shaped as the arguments `primals`. It is
 * computed by two backward passes.
 */
export function jvp(
  f: Differentiable<Tensor[]>,
  primals: readonly Tensor[],
  tangents: readonly Tensor[],
): [output: Tensors, product: Tensors] {
  return transforming((outside) => {
    if (
      primals.length !== tangents.length ||
      tangents.some((tangent, i) => !sameSizes(tangent.shape, primals[i]!.shape))
    ) {
      fail('jvp', 'expected primals and tangents to have the same structure and shapes');
    }
    const { args, inputs } = prepare(
      'jvp',
      primals,
      primals.map((_, i) => i),
    );
    const result = f(...(args as Tensor[]));
    const outputs = flatten(result);
    const recorded =
      outside && (leadsOutside(outputs, inputs) || tangents.some((tangent) => tangent.requiresGrad));
    const product = finished(pushForward(outputs, inputs, tangents, { createGraph: recorded }), recorded);
    const shown = finished(outputs, recorded);
    return result instanceof Tensor ? [shown[0]!, product[0]!] : [shown, product];
  });
}

/**
 * The function that gives the Jacobian of `f`, row by row with backward passes: a tensor of the output's shape followed
 * by the argument's; lists where there are several outputs, and within them where `argnums` is a list.
 */
export function jacrev<Args extends readonly unknown[]>(
  f: Differentiable<Args>,
  { argnums = 0 }: DerivativeArguments = {},
): (...args: Args) => Jacobian {
  return (...args) =>
    transforming((outside) => {
      const { args: own, inputs } = prepare('jacrev', args, argnums);
      const result = f(...(own as unknown as Args));
      const outputs = flatten(result);
      const recorded = outside && leadsOutside(outputs, inputs);
      const rows = outputs.map((output) =>
        finished(jacobianRows(output, inputs, { createGraph: recorded }), recorded),
      );
      return nested(rows, result instanceof Tensor, typeof argnums === 'number');
    });
}

/**
 * As {@link jacrev}, column by column: one product with the Jacobian for each element of an argument, which is computed
 * by backward passes too.
 */
export function jacfwd<Args extends readonly unknown[]>(
  f: (...args: Args) => Nested,
  { argnums = 0 }: DerivativeArguments = {},
): (...args: Args) => Jacobian {
  return (...args) =>
    transforming((outside) => {
      const { args: own, inputs } = prepare('jacfwd', args, argnums);
      const result = f(...(own as unknown as Args));
      const outputs = flatten(result);
      const recorded = outside && leadsOutside(outputs, inputs);
      const columns = inputs.map((input, k) =>
        Array.from({ length: input.numel() }, (_, e) => {
          const basis = inputs.map((other) => other.newZeros(other.shape));
          basis[k]!.view([-1]).select(0, e).fill_(1);
          return pushForward(outputs, inputs, basis, { createGraph: recorded });
        }),
      );
      const rows = outputs.map((output, o) => {
        const row = inputs.map((input, k) => {
          const shape = [...output.shape, ...input.shape];
          const own = columns[k]!.map((column) => column[o]!);
          return own.length === 0 ? output.newZeros(shape) : stack(own, -1).reshape(shape);
        });
        return finished(row, recorded);
      });
      const places = rows.map((row) => (typeof argnums === 'number' ? row[0]! : row));
      return inPlacesOf(result, places.values()) as Jacobian;
    });
}

/** The function that gives the Hessian of `f`: {@link jacfwd} of {@link jacrev}, in lists of lists where `argnums` is a list. */
export function hessian<Args extends readonly unknown[]>(
  f: (...args: Args) => Tensor,
  options: DerivativeArguments = {},
): (...args: Args) => Jacobian {
  return jacfwd(jacrev(f, options) as (...args: Args) => Nested, options);
}
