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
  const known = new SpecTable<Launchable<Values<C>>>();
  return (spec) => {
    const entry = known.entry(spec as Readonly<Record<string, unknown>>);
    entry.value ??= {
      kernel: kernel(name + JSON.stringify(spec), contract, (k) => body(k, spec)) as unknown as Kernel,
    };
    return entry.value;
  };
}

/** What is known of specs that begin alike. */
interface SpecNode<V> {
  value: V | undefined;
  /** By the next field's name, then by its value. */
  readonly next: Map<string, Map<unknown, SpecNode<V>>>;
}

/** Values by spec, found field by field: launching a small kernel takes less time than turning its spec into text. */
class SpecTable<V> {
  readonly #root: SpecNode<V> = { value: undefined, next: new Map() };

  entry(spec: Readonly<Record<string, unknown>>): SpecNode<V> {
    let node = this.#root;
    for (const field in spec) {
      const value = spec[field];
      if (value === undefined) continue;
      const part = typeof value === 'object' ? JSON.stringify(value) : value;
      let byValue = node.next.get(field);
      if (byValue === undefined) {
        byValue = new Map();
        node.next.set(field, byValue);
      }
      let found = byValue.get(part);
      if (found === undefined) {
        found = { value: undefined, next: new Map() };
        byValue.set(part, found);
      }
      node = found;
    }
    return node;
  }
}
