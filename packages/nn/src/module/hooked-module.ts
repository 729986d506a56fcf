/** What runs around a module's `forward` and around the saving and loading of its state. */
import type { HookHandle } from '@sconce/tensor';
import { Callable } from './callable.ts';
import { globalHooks } from './global-hooks.ts';
import { callWithHooks } from './hooked-call.ts';
import {
  type BackwardHook,
  type BackwardPreHook,
  type ForwardHook,
  type ForwardHookOptions,
  type ForwardHookWithKwargs,
  type ForwardPreHook,
  type ForwardPreHookWithKwargs,
  type HookOptions,
  type LoadStateDictPostHook,
  type LoadStateDictPreHook,
  ModuleHooks,
  type StateDictPostHook,
  type StateDictPreHook,
} from './hooks.ts';

/** The hooks of a module; for the parts of this package that add and remove their own. */
export let hooksOf: (module: HookedModule) => ModuleHooks;

/** The hooks of a module, undefined if it never had one. */
export let existingHooksOf: (module: HookedModule) => ModuleHooks | undefined;

/** Gives a module the hooks of another one. */
export function copyHooks(from: HookedModule, to: HookedModule): void {
  const hooks = existingHooksOf(from);
  if (hooks !== undefined) hooksOf(to).copyFrom(hooks);
}

/** A module as far as hooks are concerned; the base of `Module`, which is the only class that extends it. */
export abstract class HookedModule extends Callable {
  static {
    hooksOf = (module) => module.#own;
    existingHooksOf = (module) => module.#hooks;
  }

  // Hooks are kept with the type of hooks on any module: what they are called with is this one.
  /** Made with the first hook, so that calls of modules without hooks have one thing to look at. */
  #hooks: ModuleHooks | undefined;

  /** What the module computes. Call the module itself, not this method. */
  abstract forward(...inputs: never[]): unknown;

  static readonly #run = (module: Callable, inputs: never[]): unknown => {
    const self = module as HookedModule;
    const hooks = self.#hooks;
    return globalHooks.empty && (hooks === undefined || hooks.empty)
      ? self.forward(...inputs)
      : callWithHooks(self, hooks, inputs);
  };

  constructor() {
    super(HookedModule.#run);
  }

  /**
   * Runs a hook before each `forward`; what it returns replaces the inputs.
   *
   * @example
   * ```ts
   * const handle = model.conv1.registerForwardPreHook((conv, [x]) => console.log(x.shape));
   * handle.remove();
   * ```
   */
  registerForwardPreHook(
    hook: ForwardPreHookWithKwargs<this>,
    options: Omit<ForwardHookOptions, 'alwaysCall'> & { readonly withKwargs: true },
  ): HookHandle;
  registerForwardPreHook(
    hook: ForwardPreHook<this>,
    options?: Omit<ForwardHookOptions, 'alwaysCall'>,
  ): HookHandle;
  registerForwardPreHook(
    hook: ForwardPreHook<this> | ForwardPreHookWithKwargs<this>,
    options: Omit<ForwardHookOptions, 'alwaysCall'> = {},
  ): HookHandle {
    return this.#own.forwardPre.add(hook as never, options);
  }

  /** Runs a hook after each `forward`; what it returns replaces the output. */
  registerForwardHook(
    hook: ForwardHookWithKwargs<this>,
    options: ForwardHookOptions & { readonly withKwargs: true },
  ): HookHandle;
  registerForwardHook(hook: ForwardHook<this>, options?: ForwardHookOptions): HookHandle;
  registerForwardHook(
    hook: ForwardHook<this> | ForwardHookWithKwargs<this>,
    options: ForwardHookOptions = {},
  ): HookHandle {
    return this.#own.forward.add(hook as never, options);
  }

  /** Runs a hook in each backward pass before the module's gradients are computed. */
  registerFullBackwardPreHook(hook: BackwardPreHook<this>, options: HookOptions = {}): HookHandle {
    return this.#own.backwardPre.add(hook as never, options);
  }

  /** Runs a hook in each backward pass when the gradients of the module's inputs are known. */
  registerFullBackwardHook(hook: BackwardHook<this>, options: HookOptions = {}): HookHandle {
    return this.#own.backward.add(hook as never, options);
  }

  /** Runs a hook before the module's state is collected. */
  registerStateDictPreHook(hook: StateDictPreHook<this>): HookHandle {
    return this.#own.statePre.add(hook as never);
  }

  /** Runs a hook when the state of the module and of all below it has been collected. */
  registerStateDictPostHook(hook: StateDictPostHook<this>): HookHandle {
    return this.#own.statePost.add(hook as never);
  }

  /** Runs a hook before the module takes its part of a state dict. */
  registerLoadStateDictPreHook(hook: LoadStateDictPreHook<this>): HookHandle {
    return this.#own.loadPre.add(hook as never);
  }

  /** Runs a hook when the module and all below it have been loaded. */
  registerLoadStateDictPostHook(hook: LoadStateDictPostHook<this>): HookHandle {
    return this.#own.loadPost.add(hook as never);
  }

  get #own(): ModuleHooks {
    this.#hooks ??= new ModuleHooks();
    return this.#hooks;
  }
}
