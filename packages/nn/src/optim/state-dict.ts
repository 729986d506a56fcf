/** Optimizer state dicts: the structure and the names of PyTorch's, so that files of either are read by the other. */
import { keep, Tensor } from '@sconce/tensor';
import type { ParamGroup } from './param-groups.ts';
import { camelCase, entriesOf, type PythonDict, plainDict, plainValue, snakeCase } from './python-names.ts';

/** What an optimizer remembers of one parameter, under PyTorch's names (`exp_avg`, `momentum_buffer`). */
export type ParameterState = Record<string, unknown>;

/** A state dict as `stateDict()` gives it: `torch.save` of PyTorch's `optimizer.state_dict()` has the same content. */
export interface OptimizerStateDict {
  /** By the parameter's number, counted over all groups. */
  state: Record<string, ParameterState>;
  /** The options of each group under PyTorch's names (`weight_decay`), and the numbers of its parameters. */
  param_groups: Record<string, unknown>[];
}

/** What `loadStateDict` takes: what `stateDict` gives, or what `readTorch` of `@sconce/checkpoint` reads. */
export type LoadableOptimizerState = OptimizerStateDict | PythonDict;

/** Packs groups and state. */
export function packState(
  groups: readonly ParamGroup[],
  state: ReadonlyMap<Tensor, ParameterState>,
): OptimizerStateDict {
  const numbers = new Map<Tensor, number>();
  let start = 0;
  const packed = groups.map(({ params, ...options }) => {
    params.forEach((parameter, i) => {
      if (!numbers.has(parameter)) numbers.set(parameter, start + i);
    });
    start += params.length;
    const entries = Object.entries(options).map(([key, value]) => [snakeCase(key), value]);
    return { ...Object.fromEntries(entries), params: params.map((parameter) => numbers.get(parameter)) };
  });
  const states: Record<string, ParameterState> = {};
  for (const [parameter, own] of state) {
    const number = numbers.get(parameter);
    // State of what is no longer in a group cannot be named.
    if (number !== undefined) states[number] = own;
  }
  return { state: states, param_groups: packed };
}

/** A state dict for an optimizer's groups. */
export interface UnpackedState {
  readonly groups: ParamGroup[];
  readonly state: Map<Tensor, ParameterState>;
}

/**
 * Reads a state dict for the parameters of `groups`.
 * @throws {Error} in PyTorch's words when the groups do not match
 */
export function unpackState(given: LoadableOptimizerState, groups: readonly ParamGroup[]): UnpackedState {
  const parts = new Map(entriesOf(given, 'loadStateDict'));
  const list = parts.get('param_groups');
  if (!Array.isArray(list)) throw new TypeError("loadStateDict: the state dict has no list 'param_groups'");
  const saved = list.map((group, i) => plainDict(group, `loadStateDict: param_groups[${i}]`));
  if (groups.length !== saved.length) {
    throw new Error('loaded state dict has a different number of parameter groups');
  }
  const numbers = saved.map(({ params }, i) => {
    if (!Array.isArray(params)) throw new TypeError(`loadStateDict: param_groups[${i}] has no list 'params'`);
    return params as unknown[];
  });
  if (groups.some(({ params }, i) => params.length !== numbers[i]!.length)) {
    throw new Error(
      "loaded state dict contains a parameter group that doesn't match the size of optimizer's group",
    );
  }
  const owners = new Map<string, { readonly parameter: Tensor; readonly group: Record<string, unknown> }>();
  groups.forEach(({ params }, g) => {
    params.forEach((parameter, i) => {
      const number = String(numbers[g]![i]);
      owners.set(number, { parameter, group: owners.get(number)?.group ?? saved[g]! });
    });
  });
  const state = new Map<Tensor, ParameterState>();
  for (const [number, value] of entriesOf(parts.get('state'), "loadStateDict: 'state'")) {
    const owner = owners.get(number);
    if (owner === undefined) continue;
    const own = plainDict(value, `loadStateDict: state[${number}]`);
    state.set(owner.parameter, castState(own, owner) as ParameterState);
  }
  return { groups: saved.map((group, g) => unpackGroup(group, groups[g]!)), state };
}

function unpackGroup(saved: Readonly<Record<string, unknown>>, own: ParamGroup): ParamGroup {
  const entries = Object.entries(saved).map(([key, value]) => [camelCase(key), plainValue(value, key)]);
  const names = own.paramNames === undefined ? {} : { paramNames: own.paramNames };
  return { ...names, ...Object.fromEntries(entries), params: own.params } as ParamGroup;
}

interface Owner {
  readonly parameter: Tensor;
  readonly group: Readonly<Record<string, unknown>>;
}

/** State that is a number for a whole parameter. */
const numbers: ReadonlySet<string> = new Set(['eta', 'mu', 'mu_product']);

/** Tensors in the dtype of their parameter, but for steps, which keep theirs. */
function castState(value: unknown, owner: Owner, key?: string): unknown {
  if (value instanceof Tensor) {
    if (key === 'step') {
      return owner.group['capturable'] || owner.group['fused'] ? keep(value.to('float32')) : value;
    }
    // Numbers stay as exact as they were.
    if (key !== undefined && numbers.has(key)) return value;
    return owner.parameter.isFloatingPoint() ? keep(value.to(owner.parameter.dtype)) : value;
  }
  if (Array.isArray(value)) return value.map((item) => castState(item, owner));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, castState(item, owner, name)]),
  );
}
