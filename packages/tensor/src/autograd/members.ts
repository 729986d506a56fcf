/** The members of Tensor that belong to autograd. */
import { keepFromScope } from '../allocations.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail, showSizes } from '../errors.ts';
import { sameSizes } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { accumulatorOf, edgeOf } from './accumulate.ts';
import { type BackwardOptions, backward } from './api.ts';
import { metaOf, requiresGrad } from './meta.ts';
import { gradMode } from './mode.ts';
import type { GradHook, GradNode, HookHandle } from './node.ts';
import { currentNode, retainGradient } from './views.ts';

/** Autograd's members of a tensor. */
export interface AutogradMembers {
  /** Whether what is computed from the tensor is recorded. Can be set for leaves of a floating-point dtype. */
  requiresGrad: boolean;
  /** The gradient that backward passes added up; null before the first, and for tensors that collect none. */
  grad: Tensor | null;
  /** The recorded operation that computed the tensor; null for leaves. */
  readonly gradFn: GradNode | null;
  /** Whether no recorded operation computed the tensor. */
  readonly isLeaf: boolean;
  /** Whether a tensor that is no leaf keeps its gradient. */
  readonly retainsGrad: boolean;
  /** How often the memory was written to in place. Tensors made in inference mode do not count. */
  readonly _version: number;
  /** The tensor that this one is a view of. */
  readonly _base: Tensor | null;
  /**
   * The values outside of every graph: a tensor that shares the memory. Assigning a tensor gives this one that one's
   * memory, shape and dtype, while it stays the same object, so that optimizers keep their parameters when a model is
   * converted.
   */
  data: Tensor;
  /**
   * Adds gradients to the `grad` of the leaves the tensor was computed from.
   * @param gradient the tensor's own gradient; needed unless it has one element
   * @throws TensorError when the tensor needs no gradient
   */
  backward(gradient?: Tensor | null, options?: BackwardOptions): void;
  /** Sets `requiresGrad`, and returns the tensor. */
  requiresGrad_(requiresGrad?: boolean): this;
  /** Takes the tensor out of the graph, and returns it. */
  detach_(): this;
  /** Whether the tensor was made in inference mode. */
  isInference(): boolean;
  /** Makes a tensor that is no leaf keep its gradient. */
  retainGrad(): void;
  /** Calls `hook` with the tensor's gradient when it is known; what it returns is taken instead. */
  registerHook(hook: GradHook): HookHandle;
  /** Calls `hook` with the leaf each time its gradient has been added to. */
  registerPostAccumulateGradHook(hook: (tensor: Tensor) => void): HookHandle;
}

function setRequiresGrad(tensor: Tensor, value: boolean): void {
  if (currentNode(tensor) !== null) {
    if (value) return;
    fail(
      'requiresGrad',
      "you can only change requires_grad flags of leaf variables. If you want to use a computed variable in a subgraph that doesn't require differentiation use var_no_grad = var.detach().",
    );
  }
  if (value && dtypeInfo(tensor.dtype).kind !== 'float') {
    fail('requiresGrad', 'only Tensors of floating point dtype can require gradients');
  }
  if (!value && tensor.autograd === undefined) return;
  const meta = metaOf(tensor);
  if (value && meta.inference && !gradMode.inference) {
    fail(
      'requiresGrad',
      'Setting requires_grad=True on inference tensor outside InferenceMode is not allowed.',
    );
  }
  meta.requiresGrad = value;
}

const methods = {
  backward(this: Tensor, gradient?: Tensor | null, options?: BackwardOptions): void {
    backward(this, gradient, options);
  },
  requiresGrad_(this: Tensor, value: boolean = true): Tensor {
    setRequiresGrad(this, value);
    return this;
  },
  detach_(this: Tensor): Tensor {
    if (this.base !== undefined) {
      fail('detach_', "Can't detach views in-place. Use detach() instead.");
    }
    if (this.autograd !== undefined) {
      this.autograd.node = null;
      this.autograd.requiresGrad = false;
    }
    return this;
  },
  isInference(this: Tensor): boolean {
    return this.autograd?.inference ?? false;
  },
  retainGrad(this: Tensor): void {
    if (!requiresGrad(this)) fail('retainGrad', "can't retain_grad on Tensor that has requires_grad=False");
    const node = currentNode(this);
    const meta = metaOf(this);
    if (node !== null && meta.retained === undefined) retainGradient(meta, node);
  },
  registerHook(this: Tensor, hook: GradHook): HookHandle {
    const edge = edgeOf(this);
    if (edge === undefined) {
      fail('registerHook', "cannot register a hook on a tensor that doesn't require gradient");
    }
    return edge.node.addOutputHook(edge.output, hook);
  },
  registerPostAccumulateGradHook(this: Tensor, hook: (tensor: Tensor) => void): HookHandle {
    if (!requiresGrad(this)) {
      fail(
        'registerPostAccumulateGradHook',
        "cannot register a hook on a tensor that doesn't require gradient",
      );
    }
    if (currentNode(this) !== null) {
      fail(
        'registerPostAccumulateGradHook',
        'post accumulate grad hooks cannot be registered on non-leaf tensors',
      );
    }
    return accumulatorOf(this).addPostHook(hook);
  },
};

for (const [name, value] of Object.entries(methods)) {
  Object.defineProperty(Tensor.prototype, name, { value, configurable: true, writable: true });
}

function setGrad(this: Tensor, value: Tensor | null): void {
  if (value !== null) {
    if (value === this) fail('grad', "can't assign Variable as its own grad");
    if (value.dtype !== this.dtype) {
      fail(
        'grad',
        `attempting to assign a gradient with dtype '${value.dtype}' to a tensor with dtype '${this.dtype}'. The gradient must match the tensor's dtype`,
      );
    }
    if (!sameSizes(value.shape, this.shape)) {
      fail(
        'grad',
        `attempting to assign a gradient of size '${showSizes(value.shape)}' to a tensor of size '${showSizes(this.shape)}'. Please ensure that the gradient and the tensor are the same size`,
      );
    }
    keepFromScope(value);
  }
  metaOf(this).grad = value;
}

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

function setData(this: Tensor, value: Tensor): void {
  if (requiresGrad(this) && dtypeInfo(value.dtype).kind !== 'float') {
    fail('data', 'data set to a tensor that requires gradients must be floating point or complex dtype');
  }
  const meta = this.autograd;
  if (meta !== undefined && (value.dtype !== this.dtype || !sameSizes(value.shape, this.shape))) {
    meta.accumulator = null;
  }
  const self = this as Writable<Pick<Tensor, 'storage' | 'dtype' | 'shape' | 'strides' | 'offset'>>;
  self.storage = value.storage;
  self.dtype = value.dtype;
  self.shape = value.shape;
  self.strides = value.strides;
  self.offset = value.offset;
  keepFromScope(value);
}

Object.defineProperties(Tensor.prototype, {
  data: {
    get(this: Tensor): Tensor {
      return new Tensor(this.storage, this.dtype, this.shape, this.strides, this.offset);
    },
    set: setData,
    configurable: true,
  },
  requiresGrad: {
    get(this: Tensor): boolean {
      return requiresGrad(this);
    },
    set(this: Tensor, value: boolean): void {
      setRequiresGrad(this, value);
    },
    configurable: true,
  },
  grad: {
    get(this: Tensor): Tensor | null {
      return this.autograd?.grad ?? null;
    },
    set: setGrad,
    configurable: true,
  },
  gradFn: {
    get(this: Tensor): GradNode | null {
      return currentNode(this);
    },
    configurable: true,
  },
  isLeaf: {
    get(this: Tensor): boolean {
      return currentNode(this) === null;
    },
    configurable: true,
  },
  retainsGrad: {
    get(this: Tensor): boolean {
      return this.autograd?.retained !== undefined;
    },
    configurable: true,
  },
  _version: {
    get(this: Tensor): number {
      if (this.autograd?.inference) fail('_version', 'Inference tensors do not track version counter.');
      return this.storage.version;
    },
    configurable: true,
  },
  _base: {
    get(this: Tensor): Tensor | null {
      return this.base ?? null;
    },
    configurable: true,
  },
});
