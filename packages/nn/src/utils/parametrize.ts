/** `nn.utils.parametrize`: tensors of a module that are computed from others. */
import { noGrad, Tensor } from '@sconce/tensor';
import { ModuleDict, type ModuleDictModule } from '../containers/module-dict.ts';
import { callModule, type Module, registryOf } from '../module/module.ts';
import { Parameter } from '../module/parameter.ts';
import { pythonSize } from '../module/python-text.ts';
import { tensorsOf } from './members.ts';
import {
  NotImplementedError,
  type Parametrization,
  ParametrizationList,
  registerTensor,
  replaceValues,
} from './parametrization-list.ts';

export { NotImplementedError, type Parametrization, ParametrizationList };

/** Results of parametrizations by module and name, kept while {@link cached} runs. */
let cache: Map<Module, Map<string, Tensor>> | undefined;

/** Computes each parametrized tensor at most once while `body` runs, and returns what `body` returns. */
export function cached<T>(body: () => T): T {
  if (cache !== undefined) return body();
  cache = new Map();
  try {
    return body();
  } finally {
    cache = undefined;
  }
}

/**
 * Computes a parameter or buffer of a module by another module, whose `forward` takes what is learned instead and which may
 * have a `rightInverse` (`torch.nn.utils.parametrize.register_parametrization`). A second one is applied to what the first
 * one gives. The module becomes an instance of a class `Parametrized...` of its own.
 *
 * @param options `unsafe: true` allows results of another shape or dtype
 * @throws {TypeError} for a name that is neither, or results that do not fit
 * @example
 * ```ts
 * class Symmetric extends nn.Module {
 *   override forward(x: Tensor): Tensor {
 *     return x.triu().add(x.triu(1).mT);
 *   }
 * }
 * nn.utils.parametrize.registerParametrization(layer, 'weight', new Symmetric());
 * ```
 */
export function registerParametrization<M extends Module>(
  module: M,
  name: string,
  parametrization: Parametrization,
  options: { readonly unsafe?: boolean } = {},
): M {
  const { unsafe = false } = options;
  parametrization.train(module.training);
  const list = listFor(module, name);
  if (list !== undefined) {
    if (!unsafe) checkNext(module, name, parametrization);
    list.append(parametrization);
    list.unsafe ||= unsafe;
    return module;
  }
  const registry = registryOf(module);
  const kind = (['parameter', 'buffer'] as const).find((each) =>
    registry.entries(each).some(([own, value]) => own === name && value !== null),
  );
  if (kind === undefined) {
    throw new TypeError(
      `Module '${String(module)}' does not have a parameter, a buffer, or a parametrized element with name '${name}'`,
    );
  }
  const original = tensorsOf(module)[name] as Tensor;
  const created = new ParametrizationList([parametrization], original, { unsafe });
  registry.remove(kind, name);
  if (!isParametrized(module)) {
    injectClass(module);
    module.addModule('parametrizations', new ModuleDict());
  }
  injectProperty(module, name);
  (parametrizationsOf(module) as ModuleDictModule).set(name, created);
  return module;
}

/** Whether a module has parametrized tensors, or one with a name. */
export function isParametrized(module: Module, name?: string): boolean {
  const all = parametrizationsOf(module);
  if (all === undefined) return false;
  return name === undefined ? all.size > 0 : all.has(name);
}

/**
 * Makes a plain parameter or buffer of a parametrized tensor.
 *
 * @param options `leaveParametrized: false` leaves the original in its place, not what was computed of it
 * @throws {TypeError} when it is not parametrized, or an original of several tensors is to be left
 */
export function removeParametrizations<M extends Module>(
  module: M,
  name: string,
  options: { readonly leaveParametrized?: boolean } = {},
): M {
  const { leaveParametrized = true } = options;
  const list = listFor(module, name);
  if (list === undefined) {
    throw new TypeError(`Module ${String(module)} does not have a parametrization on ${name}`);
  }
  let original: Tensor;
  if (list.isTensor) {
    original = list.original;
    if (leaveParametrized) {
      const value = noGrad(() => tensorsOf(module)[name] as Tensor);
      replaceValues(original, value);
    }
  } else if (leaveParametrized) {
    const value = tensorsOf(module)[name] as Tensor;
    original = value.requiresGrad ? new Parameter(value.detach()) : value;
  } else {
    throw new TypeError(
      'Cannot leave unparametrized (`leaveParametrized: false`) a tensor that is parametrized in terms of a sequence of tensors.',
    );
  }
  const prototype: object = Object.getPrototypeOf(module);
  Reflect.deleteProperty(prototype, name);
  (parametrizationsOf(module) as ModuleDictModule).delete(name);
  registerTensor(module, name, original);
  if (!isParametrized(module)) {
    registryOf(module).remove('module', 'parametrizations');
    Object.setPrototypeOf(module, Object.getPrototypeOf(prototype));
  }
  return module;
}

/** The class that a module had before it was parametrized. */
export function typeBeforeParametrizations(module: Module): unknown {
  const prototype: object = Object.getPrototypeOf(module);
  return (isParametrized(module) ? Object.getPrototypeOf(prototype) : prototype).constructor;
}

/**
 * Gives a module the parametrizations of another one, and its originals.
 *
 * @param name of the only tensor to do so for
 */
export function transferParametrizationsAndParams<M extends Module>(from: Module, to: M, name?: string): M {
  for (const key of name === undefined ? (parametrizationsOf(from)?.keys() ?? []) : [name]) {
    const list = listFor(from, key);
    if (list === undefined) continue;
    if (!(key in to)) to.registerParameter(key, new Parameter((tensorsOf(from)[key] as Tensor).detach()));
    for (const parametrization of list) registerParametrization(to, key, parametrization);
    const own = tensorsOf(listFor(to, key) as ParametrizationList);
    for (const [original, tensor] of list.namedParameters({ recurse: false })) own[original] = tensor;
  }
  return to;
}

function parametrizationsOf(module: Module): ModuleDictModule | undefined {
  const all: unknown = 'parametrizations' in module ? module.parametrizations : undefined;
  return all instanceof ModuleDict ? (all as ModuleDictModule) : undefined;
}

function listFor(module: Module, name: string): ParametrizationList | undefined {
  return parametrizationsOf(module)?.get(name) as ParametrizationList | undefined;
}

/** Makes the module an instance of a class of its own, on which parametrized tensors are properties. */
function injectClass(module: Module): void {
  const before = module.constructor as unknown as new () => object;
  const Parametrized = class extends before {};
  Object.defineProperty(Parametrized, 'className', { value: `Parametrized${module.getName()}` });
  Object.setPrototypeOf(module, Parametrized.prototype);
}

function injectProperty(module: Module, name: string): void {
  Object.defineProperty(Object.getPrototypeOf(module), name, {
    get(this: Module): Tensor {
      const list = listFor(this, name) as ParametrizationList;
      const compute = list as unknown as () => Tensor;
      if (cache === undefined) return compute();
      const results = cache.get(this) ?? new Map<string, Tensor>();
      cache.set(this, results);
      const value = results.get(name) ?? compute();
      results.set(name, value);
      return value;
    },
    set(this: Module, value: Tensor) {
      (listFor(this, name) as ParametrizationList).rightInverse(value);
    },
    configurable: true,
  });
}

/** Checks that another parametrization fits what the tensor is now. */
function checkNext(module: Module, name: string, parametrization: Parametrization): void {
  const before = tensorsOf(module)[name] as Tensor;
  const after = callModule(parametrization, before);
  if (!(after instanceof Tensor)) {
    throw new TypeError(`A parametrization must return a tensor. Got ${typeof after}.`);
  }
  const unless = 'unless the `unsafe` flag is enabled.';
  if (after.dtype !== before.dtype) {
    throw new TypeError(
      `Registering a parametrization may not change the dtype of the tensor, ${unless}\nmodule.${name}.dtype: torch.${before.dtype}\nparametrization(module.${name}).dtype: torch.${after.dtype}`,
    );
  }
  if (after.shape.join() !== before.shape.join()) {
    throw new TypeError(
      `Registering a parametrization may not change the shape of the tensor, ${unless}\nmodule.${name}.shape: ${pythonSize(before.shape)}\nparametrization(module.${name}).shape: ${pythonSize(after.shape)}`,
    );
  }
  let inverse: unknown;
  try {
    inverse = parametrization.rightInverse?.(after);
  } catch (error) {
    if (!(error instanceof NotImplementedError)) throw error;
  }
  if (inverse === undefined) return;
  if (!(inverse instanceof Tensor)) {
    throw new TypeError(`parametrization.right_inverse must return a tensor. Got: ${typeof inverse}`);
  }
  if (inverse.dtype !== before.dtype) {
    throw new TypeError(
      `The tensor returned by parametrization.right_inverse must have the same dtype as module.${name}, ${unless}\nmodule.${name}.dtype: torch.${before.dtype}\nreturned dtype: torch.${inverse.dtype}`,
    );
  }
  if (inverse.shape.join() !== before.shape.join()) {
    throw new TypeError(
      `The tensor returned by parametrization.right_inverse must have the same shape as module.${name}, ${unless}\nmodule.${name}.shape: ${pythonSize(before.shape)}\nreturned shape: ${pythonSize(inverse.shape)}`,
    );
  }
}
