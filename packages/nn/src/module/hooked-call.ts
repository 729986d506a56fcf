/** A call of a module that has hooks, or of any module while there are hooks on all of them. */
import { BackwardWatch } from './backward-hooks.ts';
import { globalHooks } from './global-hooks.ts';
import type { HookedModule } from './hooked-module.ts';
import type {
  CallHooks,
  ForwardHook,
  ForwardHookWithKwargs,
  ForwardPreHook,
  ForwardPreHookWithKwargs,
  HookEntry,
  KeywordInputs,
} from './hooks.ts';
import type { Module } from './module.ts';
import { isOptions } from './options.ts';

type AfterForward = HookEntry<ForwardHook | ForwardHookWithKwargs>;

/** Runs `forward` with the hooks on all modules and the module's own around it, in PyTorch's order. */
export function callWithHooks(
  module: HookedModule,
  own: CallHooks | undefined,
  given: readonly unknown[],
): unknown {
  return new HookedCall(module as Module, own, given).run();
}

class HookedCall {
  readonly #module: Module;
  readonly #own: CallHooks | undefined;
  readonly #called: Set<AfterForward> = new Set();
  #inputs: readonly unknown[];
  #options: KeywordInputs | undefined;
  #result: unknown;

  constructor(module: Module, own: CallHooks | undefined, given: readonly unknown[]) {
    this.#module = module;
    this.#own = own;
    // An object alone is what the module works on; behind other inputs it holds the named ones.
    const last = given.at(-1);
    const named = given.length > 1 && isOptions(last);
    this.#inputs = named ? given.slice(0, -1) : given;
    this.#options = named ? last : undefined;
  }

  run(): unknown {
    try {
      this.#before();
      const hooks = this.#all((hooks) => hooks.backward.hooks);
      const preHooks = this.#all((hooks) => hooks.backwardPre.hooks);
      const watch =
        hooks.length + preHooks.length > 0 ? new BackwardWatch(this.#module, hooks, preHooks) : undefined;
      if (watch !== undefined) this.#inputs = watch.watchInputs(this.#inputs);
      const forward = this.#module.forward as unknown as (...inputs: readonly unknown[]) => unknown;
      const rest = this.#options === undefined ? [] : [this.#options];
      this.#result = forward.call(this.#module, ...this.#inputs, ...rest);
      for (const entry of this.#all((hooks) => hooks.forward.entries)) this.#after(entry);
      return watch === undefined ? this.#result : watch.watchOutput(this.#result);
    } catch (error) {
      this.#afterFailure();
      throw error;
    }
  }

  #before(): void {
    for (const { hook, withKwargs } of this.#all((hooks) => hooks.forwardPre.entries)) {
      if (withKwargs) {
        const withOptions = hook as ForwardPreHookWithKwargs;
        const changed = withOptions(this.#module, this.#inputs, this.#options ?? {});
        if (!changed) continue;
        if (!Array.isArray(changed) || changed.length !== 2 || !Array.isArray(changed[0])) {
          throw new TypeError(
            `forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got ${String(changed)}.`,
          );
        }
        const [inputs, options] = changed;
        this.#inputs = inputs;
        if (this.#options !== undefined || Object.keys(options).length > 0) this.#options = options;
      } else {
        const changed = (hook as ForwardPreHook)(this.#module, this.#inputs);
        if (changed === undefined || changed === null) continue;
        this.#inputs = Array.isArray(changed) ? changed : [changed];
      }
    }
  }

  #after(entry: AfterForward): void {
    if (entry.alwaysCall) this.#called.add(entry);
    const changed = entry.withKwargs
      ? (entry.hook as ForwardHookWithKwargs)(this.#module, this.#inputs, this.#options ?? {}, this.#result)
      : (entry.hook as ForwardHook)(this.#module, this.#inputs, this.#result);
    if (changed !== undefined && changed !== null) this.#result = changed;
  }

  /** Runs the hooks that always run and have not yet. */
  #afterFailure(): void {
    for (const entry of this.#all((hooks) => hooks.forward.entries)) {
      if (!entry.alwaysCall || this.#called.has(entry)) continue;
      try {
        this.#after(entry);
      } catch (error) {
        console.warn(
          `module forward hook with \`alwaysCall: true\` raised an exception that was silenced as another error was raised in forward: ${String(error)}`,
        );
      }
    }
  }

  /** Of the hooks on all modules, then of the module's own. */
  #all<T>(choose: (hooks: CallHooks) => readonly T[]): readonly T[] {
    return this.#own === undefined ? choose(globalHooks) : [...choose(globalHooks), ...choose(this.#own)];
  }
}
