/** Modules that learn the sizes of their weights from their first input. */
import { Tensor } from '@sconce/tensor';
import { hooksOf } from './hooked-module.ts';
import type { ForwardPreHookWithKwargs } from './hooks.ts';
import { type Module, registryOf } from './module.ts';
import { isUninitialized } from './uninitialized.ts';

/**
 * A module that is lazy. Its class has a static property `clsToBecome`, the class that it extends and whose instance it is
 * after its first call.
 */
export interface LazyModule extends Module {
  /** Gives its parameters and buffers their shapes and first values, by the inputs of the first call. */
  initializeParameters(...inputs: readonly unknown[]): void;
}

/** The class of a lazy module. */
interface LazyClass {
  readonly clsToBecome: { readonly prototype: Module };
}

/** Whether a parameter or buffer of the module's own is not initialized yet (`has_uninitialized_params`). */
export function hasUninitializedParameters(module: Module): boolean {
  const registry = registryOf(module);
  return [...registry.entries('parameter'), ...registry.entries('buffer')].some(([, value]) =>
    isUninitialized(value),
  );
}

/** Makes a module lazy: its first call initializes it. To be called at the end of its constructor. */
export function becomeLazy(module: LazyModule): void {
  hooksOf(module).forwardPre.add(inferParameters, { withKwargs: true });
}

const inferParameters: ForwardPreHookWithKwargs = (module, inputs, options) => {
  const lazy = module as LazyModule;
  lazy.initializeParameters(...inputs, ...(Object.keys(options).length > 0 ? [options] : []));
  if (hasUninitializedParameters(lazy)) {
    throw new Error(`module ${lazy.getName()} has not been fully initialized`);
  }
  hooksOf(lazy).forwardPre.remove(inferParameters);
  Object.setPrototypeOf(lazy, (lazy.constructor as unknown as LazyClass).clsToBecome.prototype);
};

/** The input that sizes are taken from. @throws {TypeError} when it is no tensor */
export function sizedInput(layer: Module, input: unknown): Tensor {
  if (input instanceof Tensor) return input;
  throw new TypeError(`${layer.getName()}: expected a Tensor as input, got ${typeof input}`);
}

/** Sets properties of a module that are read-only to its users. */
export function define<M extends Module, Key extends keyof M>(module: M, values: Pick<M, Key>): void {
  Object.assign(module, values);
}
