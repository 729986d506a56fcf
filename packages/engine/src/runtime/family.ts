// Kernels come in families: one body, recorded anew for each spec (tile, epilogue, modes) and kept by it.

import {
  type Contract,
  type Kernel,
  type KernelBuilder,
  kernel,
  type PointerArgument,
} from '@sconce/codegen';
import type { Region } from './region.ts';

export type { Region } from './region.ts';

/** A value for every argument of a contract: a region for a pointer, a number for the rest. */
export type Values<C extends Contract> = {
  readonly [N in keyof C]: C[N] extends PointerArgument ? Region : number;
};

/** A kernel together with the type of the values it takes. */
export interface Launchable<V> {
  readonly kernel: Kernel;
  /** Carries the type only; never set. */
  readonly takes?: (values: V) => void;
}

/** The kernels of one family, by spec. */
export type Family<S extends object, V> = (spec: S) => Launchable<V>;

/**
 * Defines a family of kernels.
 * @param body records the kernel for one spec; it must depend on nothing but the spec and the target.
 * @returns the kernel of a spec, the same object each time.
 */
export function family<S extends object, const C extends Contract>(
  name: string,
  contract: C,
  body: (k: KernelBuilder<C>, spec: S) => void,
): Family<S, Values<C>> {
  const known = new Map<string, Launchable<Values<C>>>();
  return (spec) => {
    const key = JSON.stringify(spec);
    let found = known.get(key);
    if (found === undefined) {
      found = { kernel: kernel(name + key, contract, (k) => body(k, spec)) as unknown as Kernel };
      known.set(key, found);
    }
    return found;
  };
}
