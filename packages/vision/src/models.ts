/** What this package needs of a model: modules of `@sconce/nn` have it. */
import type { Tensor } from '@sconce/tensor';

/** A layer that tells what it gives. */
export interface HookedModule {
  readonly training: boolean;
  registerForwardHook(hook: (module: unknown, inputs: unknown, output: unknown) => unknown): {
    remove(): void;
  };
}

/** A model that can be called and whose layers are found by path. */
export interface HookedModel extends HookedModule {
  (input: Tensor): unknown;
  getSubmodule(path: string): HookedModule;
  modules(): readonly HookedModule[];
  eval(): unknown;
}
