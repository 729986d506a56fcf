/** Reads arguments that may come by position or, as Python's keyword arguments, in one options object at the end. */
import { dtypeInfo } from './dtype.ts';
import { fail } from './errors.ts';
import { Tensor } from './tensor.ts';

/** Whether a value is an options object: a plain object, not a tensor or list. */
export function isOptions(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !ArrayBuffer.isView(value) &&
    !(value instanceof Tensor)
  );
}

/**
 * Gives names to arguments. `args` follow the operator's tensors: positional values in the order of `names`, then
 * perhaps an options object. The face's types say which values each name takes.
 * @throws TensorError for a keyword that is not in `names`, or one given twice
 */
export function bindArguments<T extends object>(
  operator: string,
  names: readonly (keyof T & string)[],
  args: readonly unknown[],
): Partial<T> {
  const bound: Record<string, unknown> = {};
  args.forEach((value, i) => {
    if (i === args.length - 1 && isOptions(value)) {
      for (const [key, option] of Object.entries(value)) {
        if (!names.includes(key as keyof T & string)) {
          fail(operator, `got an unexpected keyword argument '${key}'`, names.join(', '));
        }
        if (option === undefined) continue;
        if (bound[key] !== undefined) fail(operator, `got multiple values for argument '${key}'`);
        bound[key] = option;
      }
    } else if (i < names.length) {
      if (value !== undefined) bound[names[i]!] = value;
    } else {
      fail(operator, `takes ${names.length} arguments after the tensor but ${args.length} were given`);
    }
  });
  return bound as Partial<T>;
}

/** A list given as one array or spread over the arguments: `reshape(x, [2, 3])` and `reshape(x, 2, 3)`. */
function listArgument(args: readonly (number | readonly number[])[]): readonly number[] {
  const [first] = args;
  return Array.isArray(first) && args.length === 1
    ? (first as readonly number[])
    : (args as readonly number[]);
}

/** {@link listArgument}, or the list as the keyword `name` of an options object. */
export function namedListArgument(
  operator: string,
  name: string,
  args: readonly unknown[],
): readonly number[] {
  const [first] = args;
  if (args.length !== 1 || !isOptions(first)) return listArgument(args as (number | readonly number[])[]);
  const list = bindArguments<Record<string, number | readonly number[]>>(operator, [name], args)[name];
  if (list === undefined) fail(operator, `missing argument '${name}'`);
  return typeof list === 'number' ? [list] : list;
}

/** Checks that a value is a tensor, for callers without types. */
export function checkTensor(operator: string, name: string, value: unknown): asserts value is Tensor {
  if (!(value instanceof Tensor)) {
    const got = value === null ? 'null' : Array.isArray(value) ? 'an array' : typeof value;
    fail(operator, `argument '${name}' must be Tensor`, 'Tensor', got);
  }
}

/** Refuses what is not a list of at least one tensor. */
export function checkTensors(operator: string, tensors: readonly Tensor[], empty: string): void {
  if (!Array.isArray(tensors)) {
    fail(
      operator,
      "argument 'tensors' (position 1) must be tuple of Tensors",
      'an array of Tensors',
      typeof tensors,
    );
  }
  if (tensors.length === 0) fail(operator, empty);
  tensors.forEach((tensor: unknown, i) => {
    if (tensor instanceof Tensor) return;
    const got = tensor === null || tensor === undefined ? 'None' : typeof tensor;
    fail(operator, `expected Tensor as element ${i} in argument 0, but got ${got}`);
  });
}

/** Refuses what is not a tensor of a floating-point dtype. */
export function requireFloat(operator: string, x: Tensor): void {
  checkTensor(operator, 'input', x);
  const { kind, scalarName } = dtypeInfo(x.dtype);
  if (kind !== 'float') {
    fail(operator, `"${operator}" not implemented for '${scalarName}'`, 'a floating-point dtype', x.dtype);
  }
}
