/** `nn.utils.prune`: setting parts of a module's parameters to zero and keeping them there. */
import { onesLike, type Tensor } from '@sconce/tensor';
import { hooksOf } from '../module/hooked-module.ts';
import { type Module, registryOf } from '../module/module.ts';
import type { Parameter } from '../module/parameter.ts';
import { pythonSize } from '../module/python-text.ts';
import { parametersToVector } from './convert-parameters.ts';
import { HookTags } from './hook-tags.ts';
import { tensorsOf } from './members.ts';
import {
  type BasePruningMethod,
  CustomFromMask,
  Identity,
  L1Unstructured,
  LnStructured,
  type PruningAmount,
  PruningContainer,
  RandomStructured,
  RandomUnstructured,
} from './pruning-methods.ts';

export {
  BasePruningMethod,
  CustomFromMask,
  Identity,
  L1Unstructured,
  LnStructured,
  type PruningAmount,
  PruningContainer,
  type PruningType,
  RandomStructured,
  RandomUnstructured,
} from './pruning-methods.ts';

interface Pruning {
  readonly name: string;
  readonly method: BasePruningMethod;
}

const tags: HookTags<Pruning> = new HookTags();

/** Options of pruning by importance. */
export interface ImportanceOptions {
  /** What elements are judged by instead of their own values; of the parameter's shape. */
  readonly importanceScores?: Tensor | undefined;
}

function masked(module: Module, name: string): Tensor {
  const members = tensorsOf(module);
  const original = members[`${name}_orig`] as Tensor;
  return (members[`${name}_mask`] as Tensor).to(original.dtype).mul(original);
}

/**
 * Prunes a parameter by a method (PyTorch's `Method.apply(module, name, ...)`): `name` becomes `name_orig` with the buffer
 * `name_mask`, and is computed of them in each call. What was pruned before stays so.
 *
 * @throws {TypeError} for scores of another shape than the parameter
 */
export function applyMethod<M extends Module>(
  module: M,
  name: string,
  added: BasePruningMethod,
  { importanceScores }: ImportanceOptions = {},
): M {
  const members = tensorsOf(module);
  const before = tags.of(module).find((pruning) => pruning.name === name);
  const method = before === undefined ? added : after(before.method, added);
  const weight = members[name] as Tensor;
  if (importanceScores !== undefined && importanceScores.shape.join() !== weight.shape.join()) {
    throw new TypeError(
      `importance_scores should have the same shape as parameter ${name} of ${String(module)}, got ${pythonSize(importanceScores.shape)} vs ${pythonSize(weight.shape)}`,
    );
  }
  const soFar = before === undefined ? onesLike(weight.detach()) : (members[`${name}_mask`] as Tensor);
  const mask = method.computeMask(importanceScores ?? weight, soFar.detach().clone());
  if (before === undefined) {
    registryOf(module).remove('parameter', name);
    module.registerParameter(`${name}_orig`, weight as Parameter);
  } else tags.remove(module, before);
  module.registerBuffer(`${name}_mask`, mask);
  members[name] = masked(module, name);
  const hook = (self: Module): void => {
    tensorsOf(self)[name] = masked(self, name);
  };
  hooksOf(module).forwardPre.add(tags.mark(hook, { name, method }));
  return module;
}

function after(before: BasePruningMethod, added: BasePruningMethod): PruningContainer {
  return before instanceof PruningContainer
    ? new PruningContainer(...before, added)
    : new PruningContainer(before, added);
}

/** Makes a parameter one that can be pruned, without pruning it. */
export function identity<M extends Module>(module: M, name: string): M {
  return applyMethod(module, name, new Identity());
}

/** Prunes elements of a parameter at random. */
export function randomUnstructured<M extends Module>(module: M, name: string, amount: PruningAmount): M {
  return applyMethod(module, name, new RandomUnstructured(amount));
}

/** Prunes the elements of a parameter that have the smallest absolute value, or the smallest importance. */
export function l1Unstructured<M extends Module>(
  module: M,
  name: string,
  amount: PruningAmount,
  options: ImportanceOptions = {},
): M {
  return applyMethod(module, name, new L1Unstructured(amount), options);
}

/** Prunes slices of a parameter along a dimension at random. */
export function randomStructured<M extends Module>(
  module: M,
  name: string,
  amount: PruningAmount,
  dim: number,
): M {
  return applyMethod(module, name, new RandomStructured(amount, dim));
}

/** Prunes the slices of a parameter along a dimension that have the smallest n-norm. */
export function lnStructured<M extends Module>(
  module: M,
  name: string,
  amount: PruningAmount,
  n: number,
  dim: number,
  options: ImportanceOptions = {},
): M {
  return applyMethod(module, name, new LnStructured(amount, n, dim), options);
}

/** Prunes a parameter where a mask is zero. */
export function customFromMask<M extends Module>(module: M, name: string, mask: Tensor): M {
  return applyMethod(module, name, new CustomFromMask(mask));
}

/** Options of {@link globalUnstructured}. */
export interface GlobalPruningOptions {
  /** Of all parameters together. */
  readonly amount: PruningAmount;
  /** What elements are judged by instead of their own values: by module, then by name. */
  readonly importanceScores?: ReadonlyMap<Module, Readonly<Record<string, Tensor>>>;
}

/**
 * Prunes several parameters as if they were one.
 *
 * @throws {TypeError} for a method that does not judge single elements
 * @example
 * ```ts
 * prune.globalUnstructured([[conv, 'weight'], [fc, 'weight']], prune.L1Unstructured, { amount: 0.2 });
 * ```
 */
export function globalUnstructured(
  parameters: Iterable<readonly [module: Module, name: string]>,
  pruningMethod: new (amount: PruningAmount) => BasePruningMethod,
  options: GlobalPruningOptions,
): void {
  const list = [...parameters];
  const weights = list.map(([module, name]) => tensorsOf(module)[name] as Tensor);
  const scores = list.map(([module, name], i) =>
    (options.importanceScores?.get(module)?.[name] ?? (weights[i] as Tensor)).detach(),
  );
  const masks = list.map(
    ([module, name], i) => tensorsOf(module)[`${name}_mask`] ?? onesLike((weights[i] as Tensor).detach()),
  );
  const method = new pruningMethod(options.amount);
  if (method.pruningType !== 'unstructured') {
    throw new TypeError(
      `Only "unstructured" PRUNING_TYPE supported for the \`pruning_method\`. Found method ${pruningMethod.name} of type ${method.pruningType}`,
    );
  }
  const mask = new PruningContainer(method).computeMask(
    parametersToVector(scores),
    parametersToVector(masks),
  );
  let from = 0;
  for (const [i, [module, name]] of list.entries()) {
    const weight = weights[i] as Tensor;
    customFromMask(module, name, mask.narrow(0, from, weight.numel()).reshape(weight.shape));
    from += weight.numel();
  }
}

/** Makes pruning permanent: a plain parameter whose pruned elements are zero. @throws {TypeError} when it is not pruned */
export function remove<M extends Module>(module: M, name: string): M {
  const pruning = tags.of(module).find((each) => each.name === name);
  if (pruning === undefined) {
    throw new TypeError(
      `Parameter '${name}' of module ${String(module)} has to be pruned before pruning can be removed`,
    );
  }
  const members = tensorsOf(module);
  const weight = masked(module, name).detach();
  const original = members[`${name}_orig`] as Parameter;
  original.data = weight;
  Reflect.deleteProperty(module, name);
  registryOf(module).remove('parameter', `${name}_orig`);
  registryOf(module).remove('buffer', `${name}_mask`);
  module.registerParameter(name, original);
  tags.remove(module, pruning);
  return module;
}

/** Whether something in a module or below it is pruned. */
export function isPruned(module: Module): boolean {
  return module.modules().some((each) => tags.of(each).length > 0);
}
