/** Hooks that run for every module, for looking into programs as they run. */
import type { HookHandle, Tensor } from '@sconce/tensor';
import {
  type BackwardHook,
  type BackwardPreHook,
  CallHooks,
  type ForwardHook,
  type ForwardHookOptions,
  type ForwardHookWithKwargs,
  type ForwardPreHook,
  HookList,
} from './hooks.ts';
import type { Module } from './module.ts';
import type { Parameter } from './parameter.ts';

/** The hooks on all modules. They run before a module's own. */
export const globalHooks: CallHooks = new CallHooks();

/** Runs a hook before the `forward` of every module (`register_module_forward_pre_hook`). */
export function registerModuleForwardPreHook(hook: ForwardPreHook): HookHandle {
  return globalHooks.forwardPre.add(hook);
}

/** Runs a hook after the `forward` of every module (`register_module_forward_hook`). */
export function registerModuleForwardHook(
  hook: ForwardHookWithKwargs,
  options: Omit<ForwardHookOptions, 'prepend'> & { readonly withKwargs: true },
): HookHandle;
export function registerModuleForwardHook(
  hook: ForwardHook,
  options?: Omit<ForwardHookOptions, 'prepend'>,
): HookHandle;
export function registerModuleForwardHook(
  hook: ForwardHook | ForwardHookWithKwargs,
  options: Omit<ForwardHookOptions, 'prepend'> = {},
): HookHandle {
  return globalHooks.forward.add(hook, options);
}

/** Runs a hook before the backward pass of every module (`register_module_full_backward_pre_hook`). */
export function registerModuleFullBackwardPreHook(hook: BackwardPreHook): HookHandle {
  return globalHooks.backwardPre.add(hook);
}

/** Runs a hook after the backward pass of every module (`register_module_full_backward_hook`). */
export function registerModuleFullBackwardHook(hook: BackwardHook): HookHandle {
  return globalHooks.backward.add(hook);
}

/** Sees what is registered with a module under a name; what it returns is registered instead. */
export type RegistrationHook<T> = (
  module: Module,
  name: string,
  value: T | null,
  // biome-ignore lint/suspicious/noConfusingVoidType: a hook may return nothing.
) => T | null | undefined | void;

/** The hooks on registrations, by what is registered. */
export const registrationHooks: Readonly<{
  buffer: HookList<RegistrationHook<Tensor>>;
  module: HookList<RegistrationHook<Module>>;
  parameter: HookList<RegistrationHook<Parameter>>;
}> = { buffer: new HookList(), module: new HookList(), parameter: new HookList() };

/** Runs a hook when a buffer is registered (`register_module_buffer_registration_hook`). */
export function registerModuleBufferRegistrationHook(hook: RegistrationHook<Tensor>): HookHandle {
  return registrationHooks.buffer.add(hook);
}

/**
 * Runs a hook when a child is registered (`register_module_module_registration_hook`). Properties are registered when
 * their module is next looked at.
 */
export function registerModuleModuleRegistrationHook(hook: RegistrationHook<Module>): HookHandle {
  return registrationHooks.module.add(hook);
}

/**
 * Runs a hook when a parameter is registered (`register_module_parameter_registration_hook`). Properties are registered
 * when their module is next looked at.
 */
export function registerModuleParameterRegistrationHook(hook: RegistrationHook<Parameter>): HookHandle {
  return registrationHooks.parameter.add(hook);
}
