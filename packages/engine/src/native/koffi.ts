// Loads koffi, the optional dependency that calls machine code, at the moment it is first needed.

import { messageOf, nodeModule } from './host.ts';

/** A function of a library, or machine code at an address. */
export type NativeFunction = (...values: readonly unknown[]) => unknown;

/** A function that can be called on another thread as well. */
export interface AsyncFunction extends NativeFunction {
  /** Calls it there; the last value is told the error or the result. */
  readonly async: (...values: readonly unknown[]) => void;
}

/** A library that koffi has loaded. */
export interface Library {
  func(name: string, result: string, parameters: readonly string[]): NativeFunction;
}

/** The part of koffi that the engine uses. */
export interface Koffi {
  /** Loads a library by name; `null` is the process itself. */
  load(name: string | null): Library;
  /** The type of a function. */
  proto(result: string, parameters: readonly string[]): object;
  /** The function of the given type at an address. */
  decode(address: number, type: object): NativeFunction;
}

/**
 * Koffi, loaded synchronously.
 * @throws Error saying why there is none: another host, not installed, refused by `--permission`, or broken.
 */
export function loadKoffi(): Koffi {
  const module = nodeModule<typeof import('node:module')>('node:module');
  if (module === undefined) {
    throw new Error('this host has no process.getBuiltinModule, so koffi cannot be loaded');
  }
  const load = module.createRequire(import.meta.url);
  try {
    return load('koffi') as Koffi;
  } catch (error) {
    throw new Error(`koffi cannot be loaded: ${messageOf(error)}`, { cause: error });
  }
}
