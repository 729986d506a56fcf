/** What optimizers are given: parameters, alone, with names, or in groups that have options of their own. */
import { Tensor } from '@sconce/tensor';
import { isOptions } from '../module/options.ts';

/** A parameter and its name, as `model.namedParameters()` gives them. */
export type NamedTensor = readonly [name: string, parameter: Tensor];

/** Parameters, all of them with names or none. */
export type ParameterList = Iterable<Tensor> | Iterable<NamedTensor>;

/** A group as it is given: the options that are left out are the optimizer's. */
export type GroupInput<Options extends object> = {
  readonly params: Tensor | ParameterList;
} & Partial<Options>;

/** What an optimizer's first argument is: parameters, or groups of them. */
export type Params<Options extends object = object> = ParameterList | Iterable<GroupInput<Options>>;

/** A group of parameters and its options, under PyTorch's names in camelCase. Schedulers add to them (`initialLr`). */
export interface ParamGroup {
  params: Tensor[];
  /** The names of the parameters, where they were given with names. */
  paramNames?: string[];
  /** Learning rate; a tensor of one element is written to by schedulers. */
  lr: number | Tensor;
  [option: string]: unknown;
}

/** Parameters as a list, and their names if they have any. @throws {Error} in PyTorch's words */
export function readParameters(params: unknown): { params: Tensor[]; names: string[] } {
  if (params instanceof Set) {
    throw new TypeError(
      'optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets will change between runs. Please use a list instead.',
    );
  }
  const items: unknown[] = params instanceof Tensor ? [params] : [...listOf(params)];
  const names: string[] = [];
  const tensors = items.map((item): unknown => {
    if (!Array.isArray(item)) return item;
    names.push(String(item[0]));
    return item[1] as unknown;
  });
  if (names.length !== 0 && names.length !== tensors.length) {
    throw new Error('all optimizer params should be with/without names. Some param names are missing');
  }
  for (const tensor of tensors) {
    if (tensor instanceof Tensor) continue;
    throw new TypeError(`optimizer can only optimize Tensors, but one of the params is ${describe(tensor)}`);
  }
  return { params: tensors as Tensor[], names };
}

/** The groups that an optimizer is made of. @throws {Error} in PyTorch's words */
export function readGroups(params: unknown): Readonly<Record<string, unknown>>[] {
  if (params instanceof Tensor) {
    throw new TypeError(
      'params argument given to the optimizer should be an iterable of Tensors or dicts, but got Tensor',
    );
  }
  const groups = [...listOf(params)];
  if (groups.length === 0) throw new Error('optimizer got an empty parameter list');
  if (!isOptions(groups[0])) return [{ params: groups }];
  for (const group of groups) {
    if (!isOptions(group)) throw new TypeError(`param_group must be a dict, but got ${describe(group)}`);
  }
  return groups as Readonly<Record<string, unknown>>[];
}

function listOf(params: unknown): Iterable<unknown> {
  if (typeof params === 'object' && params !== null && Symbol.iterator in params) {
    return params as Iterable<unknown>;
  }
  if (typeof params === 'string') return params;
  throw new TypeError(
    `params argument given to the optimizer should be an iterable of Tensors or dicts, but got ${describe(params)}`,
  );
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value !== 'object' && typeof value !== 'function') return typeof value;
  return value.constructor?.name ?? 'object';
}
