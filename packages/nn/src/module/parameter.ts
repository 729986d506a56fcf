/** Tensors that a module learns or keeps, as opposed to plain tensors. */
import { Tensor } from '@sconce/tensor';

/**
 * A tensor that counts as a parameter of the module it is assigned to (`torch.nn.Parameter`).
 *
 * @example
 * ```ts
 * class Scale extends nn.Module {
 *   scale = new nn.Parameter(ones([1]));
 *   override forward(x: Tensor): Tensor { return x.mul(this.scale); }
 * }
 * ```
 */
export class Parameter extends Tensor {
  /**
   * @param data the values; the parameter shares their storage
   * @param requiresGrad whether it is learned
   */
  constructor(data: Tensor, requiresGrad: boolean = true) {
    super(data.storage, data.dtype, data.shape, data.strides, data.offset);
    if (requiresGrad) this.requiresGrad_();
  }

  /** Tells parameters from plain tensors, in types too. */
  get isParameter(): true {
    return true;
  }

  override toString(): string {
    return `Parameter containing:\n${super.toString()}`;
  }
}

/**
 * A tensor that counts as a buffer of the module it is assigned to (`torch.nn.Buffer`): part of its state, not learned.
 * `registerBuffer` does the same for plain tensors.
 */
export class Buffer extends Tensor {
  /** Whether state dicts hold it. */
  readonly persistent: boolean;

  /**
   * @param data the values; the buffer shares their storage
   * @param options `persistent: false` keeps it out of the state dict
   */
  constructor(data: Tensor, options: { readonly persistent?: boolean } = {}) {
    super(data.storage, data.dtype, data.shape, data.strides, data.offset);
    this.persistent = options.persistent ?? true;
  }
}
