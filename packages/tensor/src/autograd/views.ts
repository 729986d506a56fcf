/** Views and writes: what happens to the graph when one of several tensors that show the same memory is written to. */

import { keepFromScope } from '../allocations.ts';
import { emptyStrided } from '../creation.ts';
import { fail } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { type AutogradMeta, metaOf, requiresGrad, type ViewOrigin } from './meta.ts';
import { enableGrad, gradMode } from './mode.ts';
import { type Edge, type Grad, GradNode, operationOf } from './node.ts';

/**
 * The node that computed a tensor. A view whose memory was written to since is computed anew from what its base is
 * now, as PyTorch does.
 * @throws TensorError for such a view whose origin keeps the write from being followed
 */
export function currentNode(tensor: Tensor): GradNode | null {
  const { base, autograd: meta } = tensor;
  if (base === undefined) return meta?.node ?? null;
  const { version } = tensor.storage;
  if (meta === undefined) {
    // Made before the base was in a graph, which only a write can have changed.
    if (base.autograd == null || base.autograd.node === null) return null;
  } else {
    if (meta.nodeVersion === version) return meta.node;
    if (meta.node === null && !requiresGrad(base)) return null;
    if (meta.origin !== undefined) {
      fail('autograd', originProblem(meta, meta.origin, 'its base or another view of its base has been'));
    }
  }
  const again = enableGrad(() => base.asStrided(tensor.shape, tensor.strides, tensor.offset));
  const own = metaOf(tensor);
  setNode(own, again.autograd!.node!, 0, version);
  return own.node;
}

/** Makes a node the one that computed a tensor; the hook that retains its gradient goes along. */
function setNode(meta: AutogradMeta, node: GradNode, output: number, version: number): void {
  meta.node = node;
  meta.output = output;
  meta.nodeVersion = version;
  if (meta.retained !== undefined) retainGradient(meta, node);
}

/** Makes the tensor's gradient stay in its `grad`. */
export function retainGradient(meta: AutogradMeta, node: GradNode): void {
  meta.retained?.remove();
  meta.retained = node.addRetention(meta.output, (grad) => {
    meta.grad = meta.grad === null ? grad.clone() : meta.grad.add(grad);
    keepFromScope(meta.grad);
  });
}

/** PyTorch's words for why a write into a view cannot be followed. */
function originProblem(meta: AutogradMeta, origin: ViewOrigin, modified: string): string {
  const { node, output } = meta;
  const what =
    origin === 'inference'
      ? `A view was created in inference mode and ${modified} modified inplace in normal mode.`
      : origin === 'noGrad' || node === null
        ? `A view was created in no_grad mode and ${modified} modified inplace with grad mode enabled.`
        : `Output ${output} of ${operationOf(node)} is a view and ${modified} modified inplace.`;
  return `${what} ${advice[origin]}`;
}

const ambiguous = (mode: string): string =>
  `Given that this use case is ambiguous and error-prone, it is forbidden. You can clarify your code by moving both the view and the inplace either both inside the ${mode} block (if you don't want the inplace to be tracked) or both outside (if you want the inplace to be tracked).`;

const advice: Readonly<Record<ViewOrigin, string>> = {
  several:
    'This view is the output of a function that returns multiple views. Such functions do not allow the output views to be modified inplace. You should replace the inplace operation by an out-of-place one.',
  noGrad: ambiguous('no_grad'),
  inference: ambiguous('inference_mode'),
  function:
    'This view was created inside a custom Function (or because an input was returned as-is) and the autograd logic to handle view+inplace would override the custom backward associated with the custom Function, leading to incorrect gradients. This behavior is forbidden. You can fix this by cloning the output of the custom Function.',
};

/**
 * Refuses writes that the graph cannot follow. For writes that are recorded.
 * @throws TensorError for leaves that require a gradient, views of them, and views that only some writes can be made into
 */
export function checkWrite(operator: string, tensor: Tensor): void {
  const { base, autograd: meta } = tensor;
  if (base !== undefined) {
    if (meta?.origin !== undefined) fail(operator, originProblem(meta, meta.origin, 'is being'));
    if (base.autograd?.requiresGrad && base.autograd.node === null) {
      fail(operator, 'a view of a leaf Variable that requires grad is being used in an in-place operation.');
    }
  }
  if (meta?.requiresGrad && meta.node === null) {
    fail(operator, 'a leaf Variable that requires grad is being used in an in-place operation.');
  }
}

/** Refuses writes into what was made in inference mode, outside of it. */
export function checkInferenceWrite(operator: string, tensor: Tensor): void {
  if (!tensor.autograd?.inference || gradMode.inference) return;
  fail(
    operator,
    'Inplace update to inference tensor outside InferenceMode is not allowed.You can make a clone to get a normal tensor before doing inplace update.See https://github.com/pytorch/rfcs/pull/17 for more details.',
  );
}

/** Notes which tensor an operator's results are views of, so that writes into one are known to the others. */
export function markViews(first: Tensor, outputs: readonly Tensor[]): void {
  const own = first.autograd;
  const origin =
    outputs.length > 1
      ? 'several'
      : gradMode.inference
        ? 'inference'
        : !gradMode.enabled
          ? 'noGrad'
          : first.base === undefined
            ? undefined
            : own?.origin;
  for (const output of outputs) {
    if (output === first || output.storage !== first.storage) continue;
    const base = first.base ?? first;
    output.base ??= base;
    if (origin === undefined && base.autograd === undefined) continue;
    // Without recording, the view stays outside of the graph its base is in.
    const meta = metaOf(output);
    meta.origin = origin;
    meta.inference = own?.inference ?? false;
  }
}

/**
 * Makes a write into `tensor` part of the graph.
 * @param node the recorded write; its first edge leads to what the tensor was before
 * @param baseEdge where the gradient of its base went before, where it is a view
 */
export function rebase(tensor: Tensor, node: GradNode, baseEdge: Edge | undefined): void {
  const { base } = tensor;
  const meta = metaOf(tensor);
  if (base === undefined) {
    setNode(meta, node, 0, tensor.storage.version);
    return;
  }
  setNode(metaOf(base), new CopySlices(base, tensor, node, baseEdge), 0, tensor.storage.version);
  // The view's own node is computed from the base when it is asked for.
  meta.node = null;
  meta.nodeVersion = -1;
}

interface Geometry {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

/** A write into part of a base: the gradient of that part goes through the write, the rest passes by. */
class CopySlices extends GradNode {
  readonly #write: GradNode;
  readonly #base: Geometry;
  readonly #view: Geometry;

  constructor(base: Tensor, view: Tensor, write: GradNode, baseEdge: Edge | undefined) {
    super('CopySlices', [baseEdge, ...write.edges.slice(1)], [{ shape: base.shape, dtype: base.dtype }]);
    this.#write = write;
    this.#base = { shape: base.shape, strides: base.strides, offset: base.offset };
    this.#view = { shape: view.shape, strides: view.strides, offset: view.offset - base.offset };
  }

  apply([grad]: readonly Grad[]): readonly Grad[] {
    const whole = emptyStrided(this.#base.shape, this.#base.strides, { dtype: grad!.dtype });
    whole.copy_(grad!);
    const part = whole.asStrided(this.#view.shape, this.#view.strides, this.#view.offset);
    const [before, ...others] = this.#write.apply([part.clone()]);
    if (before === undefined) part.zero_();
    else part.copy_(before);
    return [whole, ...others];
  }

  override release(): void {
    this.#write.release();
  }

  override get saved(): readonly unknown[] {
    return this.#write.saved;
  }
}
