/** Members of modules by names that only the program knows. */
import type { Tensor } from '@sconce/tensor';
import type { Module } from '../module/module.ts';

/** A module's properties, those that hold tensors in mind. */
export function tensorsOf(module: Module): Record<string, Tensor | null | undefined> {
  return module as unknown as Record<string, Tensor | null | undefined>;
}
