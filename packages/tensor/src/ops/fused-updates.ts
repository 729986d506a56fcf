/**
 * Formulas that rewrite many groups of tensors in place, each in one pass over memory: what optimizers are made of. Nothing is
 * recorded, whether or not the tensors require gradients.
 */
import { type Expression, type FusedSpan, fusedElementwise, fusedSpans, type Slice } from '@sconce/engine';
import { sliceOf } from '../access.ts';
import { checkInferenceWrite } from '../autograd/views.ts';
import { defineOperator } from '../dispatcher.ts';
import { fail } from '../errors.ts';
import { elementReader, elementsOf } from '../memory.ts';
import { sameSizes } from '../shape.ts';
import type { Tensor } from '../tensor.ts';

/** An element's value inside of a formula, as the engine takes it. */
export type UpdateExpression = Expression;

/** What an update computes. Made once: the engine analyses the list of expressions while it stays the same object. */
export interface FusedUpdateFormula {
  readonly name: string;
  /** New values of a group's first tensors; `{ input: i }` is the old value of the group's tensor `i`. */
  readonly expressions: readonly UpdateExpression[];
}

/** One group: the tensors that are rewritten first, then those that are only read; and the values of `{ parameter }`. */
export interface UpdateGroup {
  readonly tensors: readonly Tensor[];
  readonly parameters: readonly number[];
}

/** Rewrites the first tensors of each group. */
export type FusedUpdate = (formula: FusedUpdateFormula, groups: readonly UpdateGroup[]) => void;

/**
 * Computes a formula for groups of tensors in place. The tensors of a group have one shape; all are float32 or all float64 (or
 * nothing is computed and it throws). Canonical: (formula, groups).
 *
 * @throws TensorError for tensors of other dtypes or shapes, and for inference tensors outside of inference mode
 */
export const _fusedUpdate_: FusedUpdate = defineOperator({
  name: '_fusedUpdate_',
  constant: true,
  forward: (formula: FusedUpdateFormula, groups: readonly UpdateGroup[]): void => {
    const written = formula.expressions.length;
    for (const group of groups) check(formula.name, group, written);
    const dtype = groups[0]?.tensors[0]?.dtype;
    if (dtype === undefined) return;
    const spans: FusedSpan[] = [];
    const others: UpdateGroup[] = [];
    for (const group of groups) {
      const { tensors, parameters } = group;
      if (tensors[0]!.dtype !== dtype) fail(formula.name, 'groups differ in dtype', dtype, tensors[0]!.dtype);
      if (isDense(tensors))
        spans.push({ operands: tensors as readonly Slice[], elements: tensors[0]!.numel(), parameters });
      else others.push(group);
    }
    const { expressions } = formula;
    fusedSpans({ expressions, dtype: dtype as 'float32' | 'float64', spans });
    for (const { tensors, parameters } of others) {
      const inputs = tensors.map(sliceOf);
      fusedElementwise({
        expressions,
        inputs,
        outputs: inputs.slice(0, written),
        shape: tensors[0]!.shape,
        parameters,
      });
    }
    for (const { tensors } of groups) for (let i = 0; i < written; i++) tensors[i]!.storage.version++;
  },
});

function check(name: string, { tensors }: UpdateGroup, written: number): void {
  const { dtype, shape } = tensors[0]!;
  if (dtype !== 'float32' && dtype !== 'float64') {
    fail(name, 'unsupported dtype', 'float32 or float64', dtype);
  }
  for (let i = 0; i < tensors.length; i++) {
    const tensor = tensors[i]!;
    sliceOf(tensor);
    if (tensor.dtype !== dtype)
      fail(name, `tensor ${i} has another dtype than tensor 0`, dtype, tensor.dtype);
    if (!sameSizes(tensor.shape, shape)) {
      fail(name, `tensor ${i} has another shape than tensor 0`, `[${shape}]`, `[${tensor.shape}]`);
    }
    if (i < written) checkInferenceWrite(name, tensor);
  }
}

/** Whether all lie in row-major order without gaps, so that shapes do not matter. */
function isDense(tensors: readonly Tensor[]): boolean {
  for (let i = 0; i < tensors.length; i++) if (!tensors[i]!.isContiguous()) return false;
  return true;
}

/** Values of tensors of one element. */
export type ScalarReader = (tensors: readonly Tensor[]) => number[];

/** Reads tensors of one element each: as `item()` of each, in one call. Canonical: (tensors). */
export const _items: ScalarReader = defineOperator({
  name: '_items',
  constant: true,
  forward: (tensors: readonly Tensor[]): number[] =>
    tensors.map((tensor) => {
      checkSingle('_items', tensor);
      const { dtype, offset } = tensor;
      // Steps are counted in float32.
      if (dtype === 'float32') return elementsOf(tensor)[offset] as number;
      return Number(elementReader(tensor)(offset));
    }),
});

/** Writes values into tensors of one element. */
export type ScalarWriter = (tensors: readonly Tensor[], values: readonly number[]) => void;

/** Writes a value, rounded to its dtype, into each of some float32 or float64 tensors of one element. Canonical: (tensors, values). */
export const _setItems_: ScalarWriter = defineOperator({
  name: '_setItems_',
  constant: true,
  forward: (tensors: readonly Tensor[], values: readonly number[]): void => {
    for (let i = 0; i < tensors.length; i++) {
      const tensor = tensors[i]!;
      checkSingle('_setItems_', tensor);
      if (tensor.dtype !== 'float32' && tensor.dtype !== 'float64')
        fail('_setItems_', 'unsupported dtype', 'float32 or float64', tensor.dtype);
      checkInferenceWrite('_setItems_', tensor);
      elementsOf(tensor)[tensor.offset] = values[i]!;
      tensor.storage.version++;
    }
  },
});

function checkSingle(name: string, tensor: Tensor): void {
  if (tensor.numel() !== 1) {
    fail(name, `a Tensor with ${tensor.numel()} elements cannot be converted to Scalar`);
  }
}
