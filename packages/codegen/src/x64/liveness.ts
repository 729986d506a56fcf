/**
 * When variables are needed: the positions at which each is read, and the blocks of the kernel. Blocks are structured, so one
 * pass finds what a loop carries from one round into the next.
 */

import type { Variable } from '../types.ts';
import { type Prepared, readsOf, writtenBy, type X64Operation } from './prepare.ts';

/** A loop, a branch of an `if`, or the whole kernel: operations from `start` to `end`, both included. */
export interface Block {
  readonly kind: 'kernel' | 'loop' | 'then' | 'else';
  readonly parent: Block | undefined;
  /** How many loops are around it, itself included. */
  readonly depth: number;
  readonly start: number;
  end: number;
  /** Variables (by id) that may be read in the block before it writes them. */
  readonly exposed: Set<number>;
  /** Variables (by id) that the block writes on every way through it. */
  readonly written: Set<number>;
  /** Of an `else`, the first branch. */
  readonly before: Block | undefined;
  /** Whether the block contains a loop. */
  hasLoop: boolean;
}

/** Where a variable is used. */
export interface Lifetime {
  readonly variable: Variable;
  /** Positions of reads in order; a loop that carries the variable into its next round reads it at its end. */
  readonly reads: number[];
  writes: number;
  first: number;
  /** The block in which all its uses stand directly, if there is one. */
  block: Block | undefined;
}

export interface Liveness {
  /** By variable id. */
  readonly lifetimes: readonly (Lifetime | undefined)[];
  /** For the positions of `loop`, `if` and `else`, the block that starts there. */
  readonly blocks: ReadonlyMap<number, Block>;
  /** Variables read by each operation, without repetition. */
  readonly reads: readonly (readonly Variable[])[];
}

export function analyse({ variables, operations }: Prepared): Liveness {
  const lifetimes: (Lifetime | undefined)[] = [];
  const blocks = new Map<number, Block>();
  const kernel = newBlock('kernel', 0);
  kernel.end = operations.length;
  for (const variable of variables) {
    lifetimes[variable.id] = { variable, reads: [], writes: 0, first: -1, block: undefined };
  }
  let block = kernel;

  const touch = (lifetime: Lifetime, at: number): void => {
    if (lifetime.first < 0) {
      lifetime.first = at;
      lifetime.block = block;
    } else if (lifetime.block !== block) lifetime.block = undefined;
  };
  const read = (variable: Variable, at: number): void => {
    const lifetime = lifetimes[variable.id]!;
    touch(lifetime, at);
    if (lifetime.reads.at(-1) !== at) lifetime.reads.push(at);
    if (!block.written.has(variable.id)) block.exposed.add(variable.id);
  };
  const write = (variable: Variable, at: number): void => {
    const lifetime = lifetimes[variable.id]!;
    touch(lifetime, at);
    lifetime.writes++;
    block.written.add(variable.id);
  };
  const open = (kind: Block['kind'], at: number, before?: Block): void => {
    block = newBlock(kind, at, block, before);
    blocks.set(at, block);
    if (kind !== 'loop') return;
    for (let outer = block.parent; outer && !outer.hasLoop; outer = outer.parent) outer.hasLoop = true;
  };
  /** What a closed block needs, its parent needs too, unless it has written it before. */
  const close = (at: number): Block => {
    const closed = block;
    closed.end = at;
    block = closed.parent!;
    for (const id of closed.exposed) if (!block.written.has(id)) block.exposed.add(id);
    return closed;
  };

  const all: (readonly Variable[])[] = [];
  operations.forEach((operation: X64Operation, at) => {
    const found = readsOf(operation);
    const distinct = found.length < 2 ? found : [...new Set(found)];
    all.push(distinct);
    for (const variable of distinct) read(variable, at);
    if (operation.code === 'loop') open('loop', at);
    else if (operation.code === 'if') open('then', at);
    else if (operation.code === 'else') {
      open('else', at, close(at));
    } else if (operation.code === 'end') {
      if (block.kind === 'loop') {
        const { counter } = operations[block.start] as Extract<X64Operation, { code: 'loop' }>;
        read(counter, at);
        write(counter, at);
        for (const id of block.exposed) {
          const { reads } = lifetimes[id]!;
          if (reads.at(-1) !== at) reads.push(at);
        }
        close(at);
      } else {
        const { before, written } = close(at);
        if (before) for (const id of written) if (before.written.has(id)) block.written.add(id);
      }
    } else {
      const written = writtenBy(operation);
      if (written) write(written, at);
    }
  });
  return { lifetimes, blocks, reads: all };
}

function newBlock(kind: Block['kind'], start: number, parent?: Block, before?: Block): Block {
  const depth = (parent?.depth ?? 0) + (kind === 'loop' ? 1 : 0);
  const [exposed, written] = [new Set<number>(), new Set<number>()];
  return { kind, parent, before, depth, start, end: -1, exposed, written, hasLoop: false };
}
