/** Derives in-place operators from those that return new tensors. */
import { castInto } from '../access.ts';
import { checkTensor } from '../arguments.ts';
import { defineOperator, definitionOf, type OperatorDefinition } from '../dispatcher.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail, showSizes } from '../errors.ts';
import { canCast } from '../promotion.ts';
import { denseStrides } from '../shape.ts';
import { Tensor } from '../tensor.ts';

/** What {@link inPlaceOf} makes of an operator: where the first argument could be a number it must be a tensor. */
export type InPlaceOperator<Operator> = Operator extends (first: number, ...rest: infer Rest) => Tensor
  ? (x: Tensor, ...rest: Rest) => Tensor
  : Operator;

/** The methods of the in-place forms of `Names`: each takes what the method without the underscore takes. */
export type InPlaceForms<Methods, Names extends keyof Methods & string> = {
  [Name in Names as `${Name}_`]: Methods[Name];
};

/**
 * The in-place form of an operator of one result: it writes the result into its first argument, converted to that
 * one's dtype, and returns it. Arguments, derivatives and the name in the graph are the operator's own.
 *
 * Where the operator has `forwardInto`, the result is computed in place, else it is copied. The operator it makes
 * throws a TensorError where the result does not have the first argument's shape, or is of a higher category of dtype.
 */
export function inPlaceOf<Operator extends (first: never, ...rest: never[]) => Tensor>(
  operator: Operator,
): InPlaceOperator<Operator> {
  // The operator's own types tie definition and result together.
  const definition = definitionOf<[Tensor, ...unknown[]], Tensor>(operator);
  const { name, composite, constant, derivatives, backwardName } = definition;
  const own = `${name}_`;
  const made = defineOperator<unknown[], [Tensor, ...unknown[]], Tensor>({
    name: own,
    normalize: normalizerOf(own, definition),
    forward: composite
      ? (...args) => overwrite(own, definition, args)
      : (...args) => write(own, definition, args),
    ...(composite
      ? { composite }
      : { inPlace: true, derivatives: derivatives ?? (constant ? [() => null] : undefined) }),
    ...(backwardName === undefined ? {} : { backwardName }),
  } as OperatorDefinition<unknown[], [Tensor, ...unknown[]], Tensor> & {
    normalize: (...args: unknown[]) => [Tensor, ...unknown[]];
  });
  return made as InPlaceOperator<Operator>;
}

type Definition = OperatorDefinition<never[], [Tensor, ...unknown[]], Tensor>;

function normalizerOf(
  own: string,
  { normalize }: Definition,
): (...args: unknown[]) => [Tensor, ...unknown[]] {
  return (...args) => {
    checkTensor(own, 'input', args[0]);
    checkOverlap(own, args[0]);
    for (let i = 1; i < args.length; i++) {
      if (args[i] instanceof Tensor) checkPartialOverlap(own, args[0], args[i] as Tensor);
    }
    return normalize === undefined ? (args as [Tensor, ...unknown[]]) : normalize(...(args as never[]));
  };
}

function write(own: string, definition: Definition, args: [Tensor, ...unknown[]]): Tensor {
  const [x] = args;
  const { forward, forwardInto } = definition;
  const result =
    forwardInto !== undefined && staysInPlace(x, args) ? forwardInto(x, ...args) : forward(...args);
  if (result === x) return x;
  checkFits(own, x, result);
  castInto(result, x);
  return x;
}

/** The in-place form of an operator that is made of others: the copy is what is recorded last. */
function overwrite(own: string, definition: Definition, args: [Tensor, ...unknown[]]): Tensor {
  const [x] = args;
  const result = definition.forward(...args);
  checkFits(own, x, result);
  return x.copy_(result);
}

function checkFits(own: string, x: Tensor, result: Tensor): void {
  if (result.shape.join() !== x.shape.join()) {
    fail(
      own,
      `output with shape ${showSizes(x.shape)} doesn't match the broadcast shape ${showSizes(result.shape)}`,
    );
  }
  if (!canCast(result.dtype, x.dtype)) {
    const [from, to] = [result, x].map(({ dtype }) => dtypeInfo(dtype).scalarName);
    fail(own, `result type ${from} can't be cast to the desired output type ${to}`);
  }
}

/** Refuses to write into a tensor that shows one place of memory as several elements. */
export function checkOverlap(operator: string, x: Tensor): void {
  for (let d = 0; d < x.ndim; d++) {
    if (x.strides[d] === 0 && x.shape[d]! > 1) {
      fail(
        operator,
        'unsupported operation: more than one element of the written-to tensor refers to a single memory location. Please clone() the tensor before performing the operation.',
      );
    }
  }
}

/** Refuses to read memory that is in part, or in another order, that of the tensor that is written to (PyTorch's check for dense tensors). */
export function checkPartialOverlap(operator: string, x: Tensor, other: Tensor): void {
  if (other.storage !== x.storage || other === x || !isDense(x) || !isDense(other)) return;
  const [start, end] = [x.offset, x.offset + x.numel()];
  const [otherStart, otherEnd] = [other.offset, other.offset + other.numel()];
  if (start >= otherEnd || otherStart >= end) return;
  if (start === otherStart && end === otherEnd && x.strides.join() === other.strides.join()) return;
  fail(
    operator,
    'unsupported operation: some elements of the input tensor and the written-to tensor refer to a single memory location. Please clone() the tensor before performing the operation.',
  );
}

/** Whether a tensor's elements fill a run of memory, in any order of dimensions. */
function isDense(x: Tensor): boolean {
  return x.isContiguous() || x.strides.join() === denseStrides(x.shape, x.strides).join();
}

/** Whether elements of the other arguments are read before the same places are written to. */
function staysInPlace(x: Tensor, args: readonly unknown[]): boolean {
  for (let i = 1; i < args.length; i++) {
    const arg = args[i];
    if (!(arg instanceof Tensor) || arg === x || arg.storage !== x.storage) continue;
    const same =
      arg.dtype === x.dtype &&
      arg.offset === x.offset &&
      arg.shape.join() === x.shape.join() &&
      arg.strides.join() === x.strides.join();
    if (!same) return false;
  }
  return true;
}
