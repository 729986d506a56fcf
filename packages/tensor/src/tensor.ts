/**
 * The Tensor: a view of a storage with shape, strides, offset and dtype.
 *
 * This file knows no operator. Operators are functions under `ops/`; the same functions become methods in
 * `methods.ts`, which also declares their types.
 */
import type { Storage } from '@sconce/engine';
import type { AutogradMembers } from './autograd/members.ts';
import { type AutogradMeta, metaOf } from './autograd/meta.ts';
import { gradMode } from './autograd/mode.ts';
import { type DType, dtypeInfo, type TypedArray } from './dtype.ts';
import { fail, TensorError } from './errors.ts';
import { copyOut, elementReader } from './memory.ts';
import type { TensorMethods } from './methods.ts';
import type { TransposedMembers } from './ops/transposed.ts';
import { printTensor } from './printing.ts';
import { contiguousStrides, isContiguousLayout, numelOf, wrapDim } from './shape.ts';

/** A number, or lists of lists of numbers: what `tolist` returns and `tensor` takes. */
export type NestedArray = number | boolean | bigint | readonly NestedArray[];

/** An n-dimensional array with PyTorch's semantics. Views share their storage. */
export interface Tensor extends TensorMethods, AutogradMembers, TransposedMembers {}

// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: methods.ts implements each declared method, checked by its type
export class Tensor {
  /** Size of each dimension; empty for a 0-dim tensor. */
  readonly shape: readonly number[];
  /** Steps between neighbours along each dimension, in elements; 0 where a dimension is expanded. */
  readonly strides: readonly number[];
  /** Where the first element lies in the storage, in elements. */
  readonly offset: number;
  readonly dtype: DType;
  /** The memory, shared by all views of it. */
  readonly storage: Storage;
  /** What autograd knows about the tensor. Its members are `requiresGrad`, `grad`, `gradFn` and so on. */
  autograd: AutogradMeta | undefined = undefined;
  /** The tensor that this one is a view of, which itself is a view of none. */
  base: Tensor | undefined = undefined;

  /**
   * Makes a view of a storage. Users make tensors with `tensor`, `zeros`, `fromTypedArray` and so on.
   * @param strides row-major if left out
   */
  constructor(
    storage: Storage,
    dtype: DType,
    shape: readonly number[],
    strides: readonly number[] = contiguousStrides(shape),
    offset: number = 0,
  ) {
    this.storage = storage;
    this.dtype = dtype;
    this.shape = shape;
    this.strides = strides;
    this.offset = offset;
    if (gradMode.inference) metaOf(this).inference = true;
  }

  /** Number of dimensions. */
  get ndim(): number {
    return this.shape.length;
  }

  /** Number of dimensions (PyTorch's `dim()`). */
  dim(): number {
    return this.shape.length;
  }

  /** Number of elements. */
  numel(): number {
    return numelOf(this.shape);
  }

  /** The shape, or the size of one dimension, which may be counted from the end. */
  size(): readonly number[];
  size(dim: number): number;
  size(dim?: number): number | readonly number[] {
    return dim === undefined ? this.shape : this.shape[wrapDim('size', dim, this.ndim)]!;
  }

  /** The strides in elements, or the stride of one dimension. */
  stride(): readonly number[];
  stride(dim: number): number;
  stride(dim?: number): number | readonly number[] {
    return dim === undefined ? this.strides : this.strides[wrapDim('stride', dim, this.ndim)]!;
  }

  /** Whether the elements lie in row-major order without gaps. */
  isContiguous(): boolean {
    return isContiguousLayout(this.shape, this.strides);
  }

  /** Whether the dtype is one of the floating-point types. */
  isFloatingPoint(): boolean {
    return dtypeInfo(this.dtype).kind === 'float';
  }

  /**
   * The elements in row-major order, copied: BigInt64Array for int64, Uint8Array for bool, Float32Array for
   * float16 and bfloat16.
   */
  toTypedArray(): TypedArray {
    const elements = copyOut(this);
    const { codec } = dtypeInfo(this.dtype);
    return codec === undefined
      ? (elements as TypedArray)
      : Float32Array.from(elements as Uint16Array, codec.decode);
  }

  /** The elements' bytes in row-major order, little endian, copied (what checkpoints hold). */
  toBytes(): Uint8Array {
    return new Uint8Array(copyOut(this).buffer);
  }

  /** Nested lists of numbers (booleans for bool). int64 values are numbers where exact, else bigints. */
  tolist(): NestedArray {
    const read = elementReader(this);
    const visit = (dim: number, at: number): NestedArray => {
      if (dim === this.ndim) return read(at);
      const step = this.strides[dim]!;
      return Array.from({ length: this.shape[dim]! }, (_, i) => visit(dim + 1, at + i * step));
    };
    return visit(0, this.offset);
  }

  /** The value of a tensor of one element. @throws TensorError for any other number of elements */
  item(): number | boolean | bigint {
    const count = this.numel();
    if (count !== 1) fail('item', `a Tensor with ${count} elements cannot be converted to Scalar`);
    return elementReader(this)(this.offset);
  }

  /** What PyTorch's `print` prints, letter for letter. */
  toString(): string {
    const node = nodeOf(this);
    const graph =
      node !== undefined ? [`grad_fn=<${node}>`] : this.requiresGrad ? ['requires_grad=True'] : [];
    return printTensor(this, elementReader(this), graph);
  }

  /**
   * Frees the storage now, for this tensor and all views of it; using one of them afterwards is an error.
   * Seldom needed: unreachable tensors free their memory by themselves. On WebAssembly they do so between tasks only,
   * which a long loop that never yields does not reach.
   */
  dispose(): void {
    this.storage.dispose();
  }

  /** Lets `using x = ...` free the storage at the end of the block. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  // Node's `console.log` looks for this symbol, and so prints tensors as PyTorch does.
  static {
    Object.defineProperty(Tensor.prototype, Symbol.for('nodejs.util.inspect.custom'), {
      value(this: Tensor): string {
        return this.toString();
      },
      configurable: true,
    });
  }
}

/** The name of the node that computed a tensor; `Invalid` where asking for it is an error. */
function nodeOf(tensor: Tensor): string | undefined {
  try {
    return tensor.gradFn?.name;
  } catch (error) {
    if (error instanceof TensorError) return 'Invalid';
    throw error;
  }
}
