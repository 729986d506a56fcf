/** What autograd knows about one tensor. Tensors outside every graph have none of it. */
import type { Tensor } from '../tensor.ts';
import type { GradNode, HookHandle } from './node.ts';

/**
 * How a view was made, where that keeps writes into it from being recorded: as one of several views of one operator
 * (`split`), without recording, in inference mode, or by a {@link Function} of the user's.
 */
export type ViewOrigin = 'several' | 'noGrad' | 'inference' | 'function';

/** Autograd's side of a tensor. */
export interface AutogradMeta {
  /** Whether a leaf collects gradients. */
  requiresGrad: boolean;
  grad: Tensor | null;
  /** The node that computed the tensor; null for leaves. */
  node: GradNode | null;
  /** Which of the node's outputs the tensor is. */
  output: number;
  /** The node that adds up a leaf's gradient, once something asked for it. */
  accumulator: GradNode | null;
  /** For a tensor that is no leaf and keeps its gradient: the hook that does so, which follows it to other nodes. */
  retained: HookHandle | undefined;
  /** For views: the storage's version when `node` was right; a later write through another view outdates it. */
  nodeVersion: number;
  /** For views: why writes into it cannot be recorded; undefined where they can. */
  origin: ViewOrigin | undefined;
  /** Made in inference mode, or a view of such a tensor. */
  inference: boolean;
}

/** The autograd side of a tensor, made if there is none yet. */
export function metaOf(tensor: Tensor): AutogradMeta {
  tensor.autograd ??= {
    requiresGrad: false,
    grad: null,
    node: null,
    output: 0,
    accumulator: null,
    retained: undefined,
    nodeVersion: tensor.storage.version,
    origin: undefined,
    inference: false,
  };
  return tensor.autograd;
}

/** Whether recorded work on the tensor leads to a gradient. A view does as soon as its base does. */
export function requiresGrad(tensor: Tensor): boolean {
  return isRecorded(tensor.autograd) || (tensor.base !== undefined && isRecorded(tensor.base.autograd));
}

function isRecorded(meta: AutogradMeta | undefined): boolean {
  return meta !== undefined && (meta.requiresGrad || meta.node !== null);
}
