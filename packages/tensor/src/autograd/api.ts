/** Gradients on request: `backward` and `autograd.grad`. */
import { keepFromScope } from '../allocations.ts';
import { onesLike, zerosLike } from '../creation.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail, showSizes } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { AccumulateGrad, edgeOf } from './accumulate.ts';
import { runBackward } from './backward.ts';
import { metaOf } from './meta.ts';
import { withGradMode } from './mode.ts';
import type { Edge } from './node.ts';

/** Options of {@link backward}. */
export interface BackwardOptions {
  /** Keep what the graph holds, so that it can be run backwards again; as `createGraph` if left out. */
  readonly retainGraph?: boolean;
  /** Record the backward pass, for gradients of gradients. */
  readonly createGraph?: boolean;
  /** The tensors to add gradients to, leaves or not; all leaves if left out. */
  readonly inputs?: Tensor | readonly Tensor[];
}

/** Options of {@link grad}. */
export interface GradOptions {
  /** Gradients of the outputs; needed for outputs that have more than one element. */
  readonly gradOutputs?: Tensor | null | readonly (Tensor | null)[];
  readonly retainGraph?: boolean;
  readonly createGraph?: boolean;
  /** Give null for inputs that the outputs do not depend on, instead of an error. */
  readonly allowUnused?: boolean;
  /** Give zeros for them. */
  readonly materializeGrads?: boolean;
}

/** The gradient that a pass starts with. */
function seedOf(operator: string, output: Tensor, given: Tensor | null | undefined, index: number): Tensor {
  if (given != null) {
    if (given.shape.join() !== output.shape.join()) {
      fail(
        operator,
        `Mismatch in shape: grad_output[${index}] has a shape of torch.Size(${showSizes(given.shape)}) and output[${index}] has a shape of torch.Size(${showSizes(output.shape)}).`,
      );
    }
    return given;
  }
  if (output.numel() !== 1) fail(operator, 'grad can be implicitly created only for scalar outputs');
  if (dtypeInfo(output.dtype).kind !== 'float') {
    fail(
      operator,
      `grad can be implicitly created only for real scalar outputs but got torch.${output.dtype}`,
    );
  }
  return onesLike(output);
}

function rootOf(operator: string, output: Tensor, index: number): Edge {
  return (
    edgeOf(output) ??
    fail(operator, `element ${index} of tensors does not require grad and does not have a grad_fn`)
  );
}

function inputEdge(input: Tensor): Edge {
  return edgeOf(input) ?? fail('grad', 'One of the differentiated Tensors does not require grad');
}

/** A gradient for a tensor to keep. */
function own(grad: Tensor, recorded: boolean): Tensor {
  return recorded ? grad : grad.clone();
}

/** Adds to the `grad` of a tensor that is no leaf. */
function addToGrad(tensor: Tensor, grad: Tensor, recorded: boolean): void {
  const meta = metaOf(tensor);
  meta.grad = withGradMode(recorded, () => (meta.grad === null ? own(grad, recorded) : meta.grad.add(grad)));
  keepFromScope(meta.grad);
}

function listOf<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

/**
 * Adds the gradients of `tensors` to the `grad` of the leaves they were computed from (`torch.autograd.backward`).
 * @throws TensorError for a tensor that needs no gradient, or one of several elements without `gradient`
 */
export function backward(
  tensors: Tensor | readonly Tensor[],
  gradient?: Tensor | null | readonly (Tensor | null)[],
  options: BackwardOptions = {},
): void {
  const outputs = listOf(tensors);
  const given = gradient == null ? [] : listOf<Tensor | null>(gradient);
  const { createGraph = false, retainGraph = createGraph, inputs } = options;
  const roots = outputs.map((output, i) => rootOf('backward', output, i));
  const seeds = outputs.map((output, i) => seedOf('backward', output, given[i], i));
  if (inputs === undefined) {
    runBackward(roots, seeds, { retainGraph, createGraph });
    return;
  }
  const wanted = listOf(inputs);
  if (wanted.length === 0) fail('backward', '`inputs` argument to `backward()` cannot be empty.');
  const captures = wanted.map(inputEdge);
  runBackward(roots, seeds, { captures, retainGraph, createGraph }).forEach((found, i) => {
    if (found === undefined) return;
    const { node } = captures[i]!;
    if (node instanceof AccumulateGrad)
      withGradMode(createGraph, () => node.apply([own(found, createGraph)]));
    else addToGrad(wanted[i]!, found, createGraph);
  });
}

/**
 * The gradients of `outputs` with respect to `inputs`, whose `grad` is left as it is (`torch.autograd.grad`).
 * @throws TensorError for an input that no output depends on, unless `allowUnused`
 */
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: Tensor | readonly Tensor[],
  options: GradOptions & { readonly allowUnused: true; readonly materializeGrads?: false },
): (Tensor | null)[];
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: Tensor | readonly Tensor[],
  options?: GradOptions,
): Tensor[];
export function grad(
  outputs: Tensor | readonly Tensor[],
  inputs: Tensor | readonly Tensor[],
  options: GradOptions = {},
): (Tensor | null)[] {
  const { createGraph = false, retainGraph = createGraph, materializeGrads = false } = options;
  if (materializeGrads && options.allowUnused === false) {
    fail(
      'grad',
      'Expected allowUnused to be true or not passed when materializeGrads: true, but got: allowUnused: false.',
    );
  }
  const allowUnused = options.allowUnused ?? materializeGrads;
  const from = listOf(outputs);
  const to = listOf(inputs);
  const given = options.gradOutputs == null ? [] : listOf<Tensor | null>(options.gradOutputs);
  const roots = from.map((output, i) => rootOf('grad', output, i));
  const seeds = from.map((output, i) => seedOf('grad', output, given[i], i));
  const captures = to.map(inputEdge);
  return runBackward(roots, seeds, { captures, retainGraph, createGraph }).map((found, i) => {
    if (found !== undefined) return found;
    if (materializeGrads) return zerosLike(to[i]!);
    if (allowUnused) return null;
    return fail(
      'grad',
      `The differentiated Tensor at index ${i} appears to not have been used in the graph. Set allowUnused: true if this is the desired behavior.`,
    );
  });
}
