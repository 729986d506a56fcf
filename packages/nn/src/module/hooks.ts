/** Functions that run before and after `forward` and around the saving and loading of state: what a module keeps of them. */
import type { HookHandle, Tensor } from '@sconce/tensor';
import type { HookedModule } from './hooked-module.ts';
import type { Module } from './module.ts';
import type { IncompatibleKeys, ModuleMetadata, ModuleState, StateDictLoad } from './state-dict.ts';

/** What a call gave besides its positional inputs: the object of named options at its end. */
export type KeywordInputs = Readonly<Record<string, unknown>>;

/** What `forward` of a module takes. */
export type HookInputs<M extends HookedModule> = number extends Parameters<M['forward']>['length']
  ? readonly unknown[]
  : Parameters<M['forward']>;

/** What `forward` of a module returns. */
export type HookOutput<M extends HookedModule> = ReturnType<M['forward']>;

/** Sees a module's positional inputs before `forward`; what it returns (a list, or a single input) replaces them. */
export type ForwardPreHook<M extends HookedModule = Module> = (module: M, inputs: HookInputs<M>) => unknown;

/** Sees all inputs before `forward`; what it returns, `[inputs, options]`, replaces them. */
export type ForwardPreHookWithKwargs<M extends HookedModule = Module> = (
  module: M,
  inputs: HookInputs<M>,
  options: KeywordInputs,
  // biome-ignore lint/suspicious/noConfusingVoidType: a hook may return nothing.
) => readonly [inputs: readonly unknown[], options: KeywordInputs] | null | undefined | void;

/** Sees what `forward` made of the positional inputs; what it returns replaces the output. */
export type ForwardHook<M extends HookedModule = Module> = (
  module: M,
  inputs: HookInputs<M>,
  output: HookOutput<M>,
) => unknown;

/** Sees what `forward` made of all inputs; what it returns replaces the output. */
export type ForwardHookWithKwargs<M extends HookedModule = Module> = (
  module: M,
  inputs: HookInputs<M>,
  options: KeywordInputs,
  output: HookOutput<M>,
) => unknown;

/** Gradients of inputs or outputs; null for what is no tensor or has none. */
export type ModuleGradients = readonly (Tensor | null)[];

/** Sees the gradients of a module's outputs before its backward pass; what it returns replaces them. */
export type BackwardPreHook<M extends HookedModule = Module> = (
  module: M,
  gradOutput: ModuleGradients,
  // biome-ignore lint/suspicious/noConfusingVoidType: a hook may return nothing.
) => ModuleGradients | null | undefined | void;

/** Sees the gradients of a module's inputs after its backward pass; what it returns replaces them. */
export type BackwardHook<M extends HookedModule = Module> = (
  module: M,
  gradInput: ModuleGradients,
  gradOutput: ModuleGradients,
  // biome-ignore lint/suspicious/noConfusingVoidType: a hook may return nothing.
) => ModuleGradients | null | undefined | void;

/** Runs before a module's state is collected. */
export type StateDictPreHook<M extends HookedModule = Module> = (
  module: M,
  prefix: string,
  keepVars: boolean,
) => void;

/** Runs when the state of a module and of all below it has been collected, and may change it. */
export type StateDictPostHook<M extends HookedModule = Module> = (
  module: M,
  state: ModuleState,
  prefix: string,
  metadata: ModuleMetadata,
) => void;

/** Runs before a module takes its part of a state dict, and may change that part. */
export type LoadStateDictPreHook<M extends HookedModule = Module> = (module: M, load: StateDictLoad) => void;

/** Runs when a module and all below it have been loaded, and may change which keys count as missing or unexpected. */
export type LoadStateDictPostHook<M extends HookedModule = Module> = (module: M, keys: MutableKeys) => void;

/** Keys that did not match, for hooks to change. */
export type MutableKeys = { -readonly [Key in keyof IncompatibleKeys]: string[] };

/** Options of forward hooks. */
export interface ForwardHookOptions {
  /** Whether it runs before the hooks that are there already (default false). */
  readonly prepend?: boolean;
  /** Whether it is given the named options of the call too (default false). */
  readonly withKwargs?: boolean;
  /** Whether it runs even when the call throws (default false). */
  readonly alwaysCall?: boolean;
}

/** Options of the other hooks. */
export type HookOptions = Pick<ForwardHookOptions, 'prepend'>;

/** A hook and how it wants to be called. */
export interface HookEntry<Hook> {
  readonly hook: Hook;
  readonly withKwargs: boolean;
  readonly alwaysCall: boolean;
}

/** Hooks of one kind in the order in which they run. */
export class HookList<Hook> {
  #entries: readonly HookEntry<Hook>[] = [];

  /** The hooks as they are now; later changes do not show in the returned list. */
  get entries(): readonly HookEntry<Hook>[] {
    return this.#entries;
  }

  /** The hooks alone. */
  get hooks(): readonly Hook[] {
    return this.#entries.map(({ hook }) => hook);
  }

  get size(): number {
    return this.#entries.length;
  }

  /** Adds a hook until the handle removes it. */
  add(hook: Hook, options: ForwardHookOptions = {}): HookHandle {
    const { prepend = false, withKwargs = false, alwaysCall = false } = options;
    const entry = { hook, withKwargs, alwaysCall };
    this.#entries = prepend ? [entry, ...this.#entries] : [...this.#entries, entry];
    return {
      remove: () => {
        this.#entries = this.#entries.filter((other) => other !== entry);
      },
    };
  }

  /** Removes a hook without its handle, as in a copy of a module. */
  remove(hook: Hook): void {
    this.#entries = this.#entries.filter((entry) => entry.hook !== hook);
  }

  /** Takes over the hooks of another list. */
  copyFrom(other: HookList<Hook>): void {
    this.#entries = other.#entries;
  }
}

/** Hooks that run when a module is called. Their types are those of hooks on any module. */
export class CallHooks {
  readonly forwardPre: HookList<ForwardPreHook | ForwardPreHookWithKwargs> = new HookList();
  readonly forward: HookList<ForwardHook | ForwardHookWithKwargs> = new HookList();
  readonly backwardPre: HookList<BackwardPreHook> = new HookList();
  readonly backward: HookList<BackwardHook> = new HookList();

  /** Whether there is none. */
  get empty(): boolean {
    return (
      this.forwardPre.size === 0 &&
      this.forward.size === 0 &&
      this.backwardPre.size === 0 &&
      this.backward.size === 0
    );
  }
}

/** All hooks of one module. */
export class ModuleHooks extends CallHooks {
  readonly statePre: HookList<StateDictPreHook> = new HookList();
  readonly statePost: HookList<StateDictPostHook> = new HookList();
  readonly loadPre: HookList<LoadStateDictPreHook> = new HookList();
  readonly loadPost: HookList<LoadStateDictPostHook> = new HookList();

  /** Takes over the hooks of another module. */
  copyFrom(other: ModuleHooks): void {
    for (const kind of Object.keys(this) as (keyof ModuleHooks)[]) {
      const list = this[kind];
      if (list instanceof HookList) list.copyFrom(other[kind] as never);
    }
  }
}
