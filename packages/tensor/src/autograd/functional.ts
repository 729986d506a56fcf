/** Derivatives of functions: products with Jacobians, Jacobians and Hessians (`torch.autograd.functional`). */
import { zerosLike } from '../creation.ts';
import { fail, showSizes } from '../errors.ts';
import { stack } from '../ops/joining.ts';
import { sameSizes } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { grad } from './api.ts';
import { enableGrad } from './mode.ts';

/** One tensor, or several. */
export type Tensors = Tensor | readonly Tensor[];

/** Options of the functions here. */
export interface DerivativeOptions {
  /** Record the result, so that gradients can be taken of it. */
  readonly createGraph?: boolean;
  /** An error instead of zeros where an output does not depend on an input. */
  readonly strict?: boolean;
}

type DifferentiableFunction = (...inputs: Tensor[]) => Tensors;

function listOf(value: Tensors): readonly Tensor[] {
  return value instanceof Tensor ? [value] : value;
}

/** Back to the form in which the model of a value came. */
function like(model: Tensors, values: readonly Tensor[]): Tensors {
  return model instanceof Tensor ? values[0]! : values;
}

/** Inputs that can be differentiated with respect to: the same ones where the result is to be recorded. */
function prepared(inputs: Tensors, createGraph: boolean): Tensor[] {
  return listOf(inputs).map((input) => {
    if (createGraph && input.requiresGrad) return input.view(input.shape);
    return input.detach().requiresGrad_();
  });
}

function finished(values: readonly Tensor[], createGraph: boolean): Tensor[] {
  return values.map((value) => (createGraph ? value : value.detach()));
}

/** Gradients of outputs by inputs, zeros where there are none. */
export function gradients(
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  seeds: readonly Tensor[],
  { createGraph, unused }: { readonly createGraph: boolean; readonly unused?: (input: number) => never },
): Tensor[] {
  const roots = outputs.flatMap((output, i) => (output.requiresGrad ? [i] : []));
  const found: readonly (Tensor | null)[] =
    roots.length === 0
      ? inputs.map(() => null)
      : grad(
          roots.map((i) => outputs[i]!),
          inputs,
          {
            gradOutputs: roots.map((i) => seeds[i]!),
            allowUnused: true,
            createGraph,
            retainGraph: true,
          },
        );
  return found.map((value, i) => value ?? unused?.(i) ?? zerosLike(inputs[i]!));
}

/** In strict mode, refuses outputs that no gradient flows from. */
function checkOutputs(operator: string, outputs: readonly Tensor[], strict: boolean): void {
  const constant = outputs.findIndex((output) => !output.requiresGrad);
  if (!strict || constant < 0) return;
  fail(
    operator,
    `Output ${constant} of the user-provided function does not require gradients. The outputs must be computed in a differentiable manner from the input when running in strict mode.`,
  );
}

/** What strict mode does about inputs that an output does not depend on. */
function refusing(
  operator: string,
  strict: boolean,
  what: string = 'The output of the user-provided function is',
): ((input: number) => never) | undefined {
  if (!strict) return undefined;
  return (input) =>
    fail(operator, `${what} independent of input ${input}. This is not allowed in strict mode.`);
}

function checkVector(
  operator: string,
  values: readonly Tensor[],
  v: Tensors | undefined,
  what: string,
): readonly Tensor[] {
  if (v === undefined) {
    if (values.length === 1 && values[0]!.numel() === 1) return [values[0]!.newOnes(values[0]!.shape)];
    return fail(
      operator,
      `The vector v can only be left out if ${what} a single Tensor with a single element.`,
    );
  }
  const list = listOf(v);
  if (list.length !== values.length) {
    fail(operator, `v is a tuple of invalid length: should be ${values.length} but got ${list.length}.`);
  }
  for (const [i, entry] of list.entries()) {
    if (sameSizes(entry.shape, values[i]!.shape)) continue;
    const which = list.length === 1 ? 'v' : `Entry ${i} in v`;
    fail(
      operator,
      `${which} has invalid size: should be torch.Size(${showSizes(values[i]!.shape)}) but got torch.Size(${showSizes(entry.shape)}).`,
    );
  }
  return list;
}

const ofInput = 'the input to the user-provided function is';
const ofOutput = 'the user-provided function returns';

/**
 * The outputs, and the product of `v` (shaped as the outputs) with the Jacobian.
 * @throws TensorError for a `v` of other shapes, or in strict mode for outputs that do not depend on an input
 */
export function vjp(
  f: DifferentiableFunction,
  inputs: Tensors,
  v?: Tensors,
  { createGraph = false, strict = false }: DerivativeOptions = {},
): [outputs: Tensors, product: Tensors] {
  return enableGrad(() => {
    const given = prepared(inputs, createGraph);
    const result = f(...given);
    const outputs = listOf(result);
    checkOutputs('vjp', outputs, strict);
    const seeds = checkVector('vjp', outputs, v, ofOutput);
    const product = gradients(outputs, given, seeds, { createGraph, ...unusedIn('vjp', strict) });
    return [like(result, finished(outputs, createGraph)), like(inputs, finished(product, createGraph))];
  });
}

/**
 * The outputs, and the product of the Jacobian with `v` (shaped as the inputs): the gradient of the gradient's
 * product, which is linear in what it is multiplied by.
 * @throws TensorError for a `v` of other shapes, or in strict mode for outputs that do not depend on an input
 */
export function jvp(
  f: DifferentiableFunction,
  inputs: Tensors,
  v?: Tensors,
  { createGraph = false, strict = false }: DerivativeOptions = {},
): [outputs: Tensors, product: Tensors] {
  return enableGrad(() => {
    const given = prepared(inputs, createGraph);
    const direction = checkVector('jvp', given, v, ofInput);
    const result = f(...given);
    const outputs = listOf(result);
    checkOutputs('jvp', outputs, strict);
    const product = pushForward(outputs, given, direction, { createGraph, ...unusedIn('jvp', strict) });
    return [like(result, finished(outputs, createGraph)), like(result, finished(product, createGraph))];
  });
}

/** The product of the outputs' Jacobian with a direction of the inputs. */
export function pushForward(
  outputs: readonly Tensor[],
  inputs: readonly Tensor[],
  direction: readonly Tensor[],
  options: { readonly createGraph: boolean; readonly unused?: (input: number) => never },
): Tensor[] {
  const dummies = outputs.map((output) => zerosLike(output).requiresGrad_());
  const back = gradients(outputs, inputs, dummies, { ...options, createGraph: true });
  return gradients(back, dummies, direction, { createGraph: options.createGraph });
}

/** The Jacobian: a tensor of the output's shape followed by the input's; lists where there are several, outputs outside. */
export type Jacobian = Tensor | readonly Tensor[] | readonly (readonly Tensor[])[];

/**
 * The Jacobian: for one output and one input a tensor of the output's shape followed by the input's; lists where there
 * are several, outputs outside.
 * @throws TensorError in strict mode for outputs that do not depend on an input
 */
export function jacobian(
  f: DifferentiableFunction,
  inputs: Tensors,
  { createGraph = false, strict = false }: DerivativeOptions = {},
): Jacobian {
  return enableGrad(() => {
    const given = prepared(inputs, createGraph);
    const result = f(...given);
    const outputs = listOf(result);
    checkOutputs('jacobian', outputs, strict);
    const shaped = outputs.map((output, i) => {
      const unused = unusedIn('jacobian', strict, `Output ${i} of the user-provided function is`);
      return finished(jacobianRows(output, given, { createGraph, ...unused }), createGraph);
    });
    return nested(shaped, result instanceof Tensor, inputs instanceof Tensor);
  });
}

/** The Jacobians of one output by several inputs. */
export function jacobianRows(
  output: Tensor,
  inputs: readonly Tensor[],
  options: { readonly createGraph: boolean; readonly unused?: (input: number) => never },
): Tensor[] {
  const flat = output.reshape(-1);
  const rows = Array.from({ length: output.numel() }, (_, i) =>
    gradients([flat.select(0, i)], inputs, [flat.newOnes([])], options),
  );
  return inputs.map((input, j) => {
    const shape = [...output.shape, ...input.shape];
    return rows.length === 0 ? input.newZeros(shape) : stack(rows.map((row) => row[j]!)).reshape(shape);
  });
}

/** Jacobians by output and input, without the lists around single ones. */
export function nested(
  rows: readonly (readonly Tensor[])[],
  oneOutput: boolean,
  oneInput: boolean,
): Jacobian {
  const perOutput = rows.map((row) => (oneInput ? row[0]! : row));
  return oneOutput ? perOutput[0]! : (perOutput as readonly (readonly Tensor[])[]);
}

function unusedIn(
  operator: string,
  strict: boolean,
  what?: string,
): { readonly unused?: (input: number) => never } {
  const unused = refusing(operator, strict, what);
  return unused === undefined ? {} : { unused };
}

/** The gradient of a function of one element, recorded; in strict mode refuses what does not depend on the inputs. */
function recordedGradient(
  operator: string,
  output: Tensor,
  given: readonly Tensor[],
  strict: boolean,
): Tensor[] {
  if (!(output instanceof Tensor) || output.numel() !== 1) {
    fail(
      operator,
      `The Tensor returned by the function given to ${operator} should contain a single element`,
    );
  }
  checkOutputs(operator, [output], strict);
  const first = gradients([output], given, [output.newOnes(output.shape)], {
    createGraph: true,
    ...unusedIn(operator, strict),
  });
  const linear = first.findIndex((value) => !value.requiresGrad);
  if (strict && linear >= 0) {
    fail(
      operator,
      `While computing the hessian, found that the jacobian of the user-provided function with respect to input ${linear} is independent of the input. This is not allowed in strict mode. You should ensure that your function is twice differentiable and that the jacobian depends on the inputs (this would be violated by a linear function for example).`,
    );
  }
  return first;
}

/**
 * The Hessian of a function with one element: lists of lists where there are several inputs.
 * @throws TensorError when the function gives more than one element
 */
export function hessian(
  f: (...inputs: Tensor[]) => Tensor,
  inputs: Tensors,
  { createGraph = false, strict = false }: DerivativeOptions = {},
): Jacobian {
  const gradient = (...given: Tensor[]): readonly Tensor[] =>
    recordedGradient('hessian', f(...given), given, strict);
  const found = jacobian(gradient, listOf(inputs), { createGraph, strict }) as readonly (readonly Tensor[])[];
  return inputs instanceof Tensor ? found[0]![0]! : found;
}

/**
 * The output, and the product of the Hessian with `v`.
 * @throws TensorError when the function gives more than one element, or for a `v` of other shapes
 */
export function hvp(
  f: (...inputs: Tensor[]) => Tensor,
  inputs: Tensors,
  v?: Tensors,
  { createGraph = false, strict = false }: DerivativeOptions = {},
): [output: Tensor, product: Tensors] {
  return hessianProduct('hvp', f, inputs, v, createGraph, strict);
}

/** The output, and the product of `v` with the Hessian, which is symmetric: {@link hvp}. */
export function vhp(
  f: (...inputs: Tensor[]) => Tensor,
  inputs: Tensors,
  v?: Tensors,
  { createGraph = false, strict = false }: DerivativeOptions = {},
): [output: Tensor, product: Tensors] {
  return hessianProduct('vhp', f, inputs, v, createGraph, strict);
}

function hessianProduct(
  operator: string,
  f: (...inputs: Tensor[]) => Tensor,
  inputs: Tensors,
  v: Tensors | undefined,
  createGraph: boolean,
  strict: boolean,
): [output: Tensor, product: Tensors] {
  return enableGrad(() => {
    const given = prepared(inputs, createGraph);
    const direction = checkVector(operator, given, v, ofInput);
    const output = f(...given);
    const first = recordedGradient(operator, output, given, strict);
    const product = gradients(first, given, direction, { createGraph, ...unusedIn(operator, strict) });
    return [finished([output], createGraph)[0]!, like(inputs, finished(product, createGraph))];
  });
}
