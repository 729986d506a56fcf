/** Layers without their first values, for weights that are loaded anyway. */
import { defaultGenerator } from '@sconce/tensor';
import { initialization } from '../module/initialization.ts';
import type { Module } from '../module/module.ts';

/**
 * Constructs a module whose parameters and buffers hold no values yet, which saves the time of drawing them and leaves
 * the default generator as it was (`torch.nn.utils.skip_init`).
 *
 * @example
 * ```ts
 * const layer = nn.utils.skipInit(nn.Linear, 3, 4);
 * layer.loadStateDict(state);
 * ```
 */
export function skipInit<M extends Module, Args extends readonly unknown[]>(
  moduleClass: new (...args: Args) => M,
  ...args: Args
): M {
  const before = initialization.skipped;
  const state = defaultGenerator.getState();
  initialization.skipped = true;
  try {
    return new moduleClass(...args);
  } finally {
    initialization.skipped = before;
    defaultGenerator.setState(state);
  }
}
