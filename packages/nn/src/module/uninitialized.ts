/** Parameters and buffers whose shape is known only when a lazy module has seen its first input. */
import { type DType, empty, float32, type Tensor } from '@sconce/tensor';
import { Buffer, Parameter } from './parameter.ts';

/** Options of parameters and buffers that are not initialized yet. */
export interface UninitializedOptions {
  /** Default `'float32'`. */
  readonly dtype?: DType;
}

/** A parameter without a shape (`torch.nn.UninitializedParameter`). It can only be converted and materialized. */
export class UninitializedParameter extends Parameter {
  constructor(requiresGrad: boolean = true, options: UninitializedOptions = {}) {
    super(empty([0], { dtype: options.dtype ?? float32 }), requiresGrad);
    hideShape(this);
  }

  /** Gives it a shape and memory; from then on it is a plain {@link Parameter}. */
  materialize(shape: readonly number[], options: UninitializedOptions = {}): void {
    materialize(this, shape, options, Parameter.prototype);
  }

  override toString(): string {
    return '<UninitializedParameter>';
  }
}

/** A buffer without a shape (`torch.nn.UninitializedBuffer`). It can only be converted and materialized. */
export class UninitializedBuffer extends Buffer {
  constructor(options: UninitializedOptions = {}) {
    super(empty([0], { dtype: options.dtype ?? float32 }));
    hideShape(this);
  }

  /** Gives it a shape and memory; from then on it is a plain {@link Buffer}. */
  materialize(shape: readonly number[], options: UninitializedOptions = {}): void {
    materialize(this, shape, options, Buffer.prototype);
  }

  override toString(): string {
    return '<UninitializedBuffer>';
  }
}

/** Whether a value is a parameter or buffer that is not initialized yet. */
export function isUninitialized(value: unknown): value is UninitializedParameter | UninitializedBuffer {
  return value instanceof UninitializedParameter || value instanceof UninitializedBuffer;
}

/** Gives it the dtype that a conversion gives; it still has no shape. */
export function convertUninitialized(
  tensor: UninitializedParameter | UninitializedBuffer,
  convert: (tensor: Tensor) => Tensor,
): void {
  showShape(tensor);
  tensor.data = convert(tensor.data);
  hideShape(tensor);
}

/** Asking for the shape is an error, and so is every operator, since all of them do. */
function hideShape(tensor: Tensor): void {
  Object.defineProperty(tensor, 'shape', {
    get(): never {
      throw new Error(
        "Can't access the shape of an uninitialized parameter or buffer. This error usually happens in `loadStateDict` when trying to load an uninitialized parameter into an initialized one. Call `forward` to initialize the parameters before accessing their attributes.",
      );
    },
    configurable: true,
    enumerable: true,
  });
}

function materialize(
  tensor: Tensor,
  shape: readonly number[],
  options: UninitializedOptions,
  prototype: object,
): void {
  showShape(tensor);
  tensor.data = empty(shape, { dtype: options.dtype ?? tensor.dtype });
  Object.setPrototypeOf(tensor, prototype);
}

function showShape(tensor: Tensor): void {
  Object.defineProperty(tensor, 'shape', {
    value: [0],
    writable: true,
    configurable: true,
    enumerable: true,
  });
}
