/**
 * Operators that change the shape of a tensor itself: PyTorch's in-place forms of the view operators, and `resize_`.
 * Memory is not written to; other tensors that show it stay as they are.
 */
import type { Storage } from '@sconce/engine';
import { newTensor, viewOf } from '../access.ts';
import { checkTensor, namedListArgument } from '../arguments.ts';
import { metaOf, requiresGrad } from '../autograd/meta.ts';
import { nodeName } from '../autograd/operator-node.ts';
import { checkWrite } from '../autograd/views.ts';
import { defineOperator, definitionOf } from '../dispatcher.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail } from '../errors.ts';
import { checkSizes, contiguousStrides, numelOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { asStrided } from './as-strided.ts';
import { type SizesMethod, type SizesOperator, squeeze, t, transpose, unsqueeze } from './shape.ts';

/** What a tensor shows of which memory. */
interface Geometry {
  readonly storage: Storage;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

/** Makes a tensor show something else. These are the only writes to fields that are read-only for everyone. */
function setGeometry(x: Tensor, { storage, shape, strides, offset }: Geometry): void {
  Object.assign(x, { storage, shape, strides, offset });
}

/**
 * Makes the in-place form of a view operator.
 * @param forms how many forms of the operator PyTorch's names of nodes count before the in-place ones
 */
function reshaping<View extends (x: Tensor, ...rest: never[]) => Tensor>(
  view: View,
  forms: number = 1,
  name: string = `${view.name}_`,
): View {
  const definition = definitionOf<[Tensor, ...unknown[]], Tensor>(view);
  const recorded = defineOperator({
    ...definition,
    normalize: definition.normalize as unknown as (...args: unknown[]) => [Tensor, ...unknown[]],
    backwardName: (...args: [Tensor, ...unknown[]]) => {
      const own = nodeName(definition, args);
      return own.replace(/\d+$/, (form) => String(Number(form) + forms));
    },
  });
  const operator = defineOperator<unknown[], [Tensor, ...unknown[]], Tensor>({
    name,
    normalize: (...args) => {
      checkTensor(name, 'input', args[0]);
      return args as [Tensor, ...unknown[]];
    },
    composite: true,
    forward: (x, ...rest) => {
      if (requiresGrad(x)) checkWrite(name, x);
      const shown = recorded(x, ...rest);
      setGeometry(x, shown);
      x.storage.version++;
      follow(x, shown);
      return x;
    },
  });
  // It takes and returns what the view operator does.
  return operator as unknown as View;
}

/** Lets gradients of the tensor go the way that those of the view it became would go. */
function follow(x: Tensor, shown: Tensor): void {
  if (x.autograd === undefined && shown.autograd === undefined) return;
  const meta = metaOf(x);
  if (x.base !== undefined) {
    // A view's node is computed from its base when it is asked for.
    meta.node = null;
    meta.nodeVersion = -1;
  } else if (shown.autograd !== undefined && shown.autograd.node !== null) {
    meta.node = shown.autograd.node;
    meta.output = shown.autograd.output;
  }
}

/** In-place form of {@link squeeze}. */
export const squeeze_: typeof squeeze = reshaping(squeeze, 3);
/** In-place form of {@link unsqueeze}. */
export const unsqueeze_: typeof unsqueeze = reshaping(unsqueeze);
/** In-place form of {@link t}. */
export const t_: typeof t = reshaping(t);
/** In-place form of {@link transpose}. */
export const transpose_: typeof transpose = reshaping(transpose);
/** {@link transpose_} under NumPy's name. */
export const swapaxes_: typeof transpose = reshaping(transpose, 1, 'swapaxes_');
/** {@link transpose_} under another name. */
export const swapdims_: typeof transpose = reshaping(transpose, 1, 'swapdims_');
/** In-place form of {@link asStrided}. */
export const asStrided_: typeof asStrided = reshaping(asStrided);

/**
 * Gives the tensor itself another shape, row-major, with as many elements as that takes: elements keep their places in
 * memory, new ones hold whatever it held. Where the memory is too small the tensor gets a larger one, with the elements
 * in it, which its views do not share. Canonical: (x, size).
 * @throws TensorError where the tensor requires a gradient
 */
export const resize_: SizesOperator<'size'> = defineOperator({
  name: 'resize_',
  normalize: (x: Tensor, ...size: unknown[]): [Tensor, readonly number[]] => {
    checkTensor('resize_', 'input', x);
    const target = namedListArgument('resize_', 'size', size);
    checkSizes('resize_', target);
    if (requiresGrad(x)) fail('resize_', 'cannot resize variables that require grad');
    return [x, target];
  },
  composite: true,
  forward: (x: Tensor, size: readonly number[]) => {
    const end = x.offset + numelOf(size);
    setGeometry(x, {
      storage: end * dtypeInfo(x.dtype).bytes <= x.storage.byteLength ? x.storage : grown(x, end),
      shape: [...size],
      strides: contiguousStrides(size),
      offset: x.offset,
    });
    x.storage.version++;
    return x;
  },
});

/** A larger storage that starts with the tensor's own. */
function grown(x: Tensor, elements: number): Storage {
  const before = Math.floor(x.storage.byteLength / dtypeInfo(x.dtype).bytes);
  const memory = newTensor([elements], x.dtype);
  viewOf(memory, [before], [1]).copy_(viewOf(x, [before], [1], 0));
  return memory.storage;
}

/** {@link resize_} to another tensor's shape. Canonical: (x, other). */
export const resizeAs_: (x: Tensor, other: Tensor) => Tensor = defineOperator({
  name: 'resizeAs_',
  composite: true,
  forward: (x: Tensor, other: Tensor) => {
    checkTensor('resizeAs_', 'other', other);
    return x.resize_(other.shape);
  },
});

/** Changing a tensor's own shape, as methods; each returns the tensor itself. */
export interface GeometryMethods {
  /** In-place form of `squeeze`. */
  squeeze_(dim?: number | readonly number[]): Tensor;
  /** In-place form of `unsqueeze`. */
  unsqueeze_(dim: number): Tensor;
  /** In-place form of `t`. */
  t_(): Tensor;
  /** In-place form of `transpose`. */
  transpose_(dim0: number, dim1: number): Tensor;
  /** In-place form of `swapaxes`. */
  swapaxes_(axis0: number, axis1: number): Tensor;
  /** In-place form of `swapdims`. */
  swapdims_(dim0: number, dim1: number): Tensor;
  /** In-place form of `asStrided`. */
  asStrided_(size: readonly number[], stride: readonly number[], storageOffset?: number | null): Tensor;
  /**
   * Gives the tensor itself another shape, row-major, with as many elements as that takes; new ones hold whatever the
   * memory held.
   */
  resize_: SizesMethod<'size'>;
  /** `resize_` to another tensor's shape. */
  resizeAs_(other: Tensor): Tensor;
}
