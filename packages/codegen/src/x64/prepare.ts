/** Rewrites a recording for x86-64: partial accesses take a mask, made once from their count. */

import type { Recording } from '../kernel.ts';
import {
  type Address,
  type MemoryOperation,
  type Operation,
  reads,
  type ScalarOperation,
  type VectorOperation,
  writes,
} from '../operations.ts';
import { type Integer, laneBits, type Mask, type Variable, type Vector } from '../types.ts';

/** What the lowering handles instead of partial accesses by count. */
export type MaskedOperation =
  /** Holds in the lanes below the count. */
  | { code: 'countMask'; to: Mask; count: Integer }
  | { code: 'maskedLoad'; to: Vector; at: Address; mask: Mask; fill: Vector }
  | { code: 'maskedStore'; from: Vector; at: Address; mask: Mask };

/** Accesses to narrow elements, with the mask instead of the count where the instruction set takes one. */
export type NarrowOperation = Extract<MemoryOperation, { code: 'loadWide' | 'storeNarrow' }> & {
  readonly mask: Mask | undefined;
};

export type X64MemoryOperation =
  | Exclude<MemoryOperation, { code: 'loadPartial' | 'storePartial' | 'loadWide' | 'storeNarrow' }>
  | MaskedOperation
  | NarrowOperation;

export type X64Operation = ScalarOperation | X64MemoryOperation | VectorOperation;

/** A recording after rewriting. */
export interface Prepared {
  readonly variables: readonly Variable[];
  readonly operations: readonly X64Operation[];
}

/**
 * Counts that get their value once keep their mask; of others it is made anew for every access.
 * @param narrowMasks whether narrow elements are accessed under masks too.
 */
export function prepare({ variables, operations }: Recording, narrowMasks: boolean): Prepared {
  const counts = partialCounts(operations, narrowMasks);
  if (counts.size === 0) return { variables, operations: operations as readonly X64Operation[] };
  const written = new Map<Variable, number>();
  for (const operation of operations) {
    const variable = writes(operation);
    if (variable) written.set(variable, (written.get(variable) ?? 0) + 1);
  }
  const all = [...variables];
  let nextId = Math.max(...variables.map(({ id }) => id)) + 1;
  const masks = new Map<string, Mask>();
  const result: X64Operation[] = [];

  const make = (count: Integer, bits: 32 | 64): Mask => {
    const mask: Mask = { kind: 'mask', id: nextId++, bits };
    all.push(mask);
    result.push({ code: 'countMask', to: mask, count });
    return mask;
  };
  const maskOf = (count: Integer, bits: 32 | 64): Mask =>
    masks.get(`${count.id} ${bits}`) ?? make(count, bits);

  for (const operation of operations) {
    if (operation.code === 'loadPartial') {
      const { to, at, count, fill } = operation;
      result.push({ code: 'maskedLoad', to, at, fill, mask: maskOf(count, laneBits(to.type)) });
    } else if (operation.code === 'storePartial') {
      const { from, at, count } = operation;
      const mask = maskOf(count, laneBits(from.type));
      result.push({ code: 'maskedStore', from, at, mask });
    } else if (operation.code === 'loadWide' || operation.code === 'storeNarrow') {
      const { count } = operation;
      const mask = narrowMasks && count ? maskOf(count, 32) : undefined;
      result.push({ ...operation, count: mask ? undefined : count, mask });
    } else {
      result.push(operation);
      const variable = writes(operation);
      if (!variable || operation.code === 'loop' || written.get(variable) !== 1) continue;
      for (const bits of counts.get(variable) ?? []) {
        masks.set(`${variable.id} ${bits}`, make(variable as Integer, bits));
      }
    }
  }
  return { variables: all, operations: result };
}

/** The counts of partial accesses, each with the lane widths that it is used for. */
function partialCounts(operations: readonly Operation[], narrowMasks: boolean): Map<Variable, Set<32 | 64>> {
  const counts = new Map<Variable, Set<32 | 64>>();
  const add = (count: Integer, bits: 32 | 64): void => {
    const widths = counts.get(count) ?? new Set();
    counts.set(count, widths.add(bits));
  };
  for (const operation of operations) {
    if (operation.code === 'loadPartial') add(operation.count, laneBits(operation.to.type));
    else if (operation.code === 'storePartial') add(operation.count, laneBits(operation.from.type));
    else if (operation.code === 'loadWide' || operation.code === 'storeNarrow') {
      if (narrowMasks && operation.count) add(operation.count, 32);
    }
  }
  return counts;
}

/** The variables that an operation reads. */
export function readsOf(operation: X64Operation): Variable[] {
  return reads(operation as Operation);
}

/** The variable that an operation writes, if any. */
export function writtenBy(operation: X64Operation): Variable | undefined {
  return writes(operation as Operation);
}
