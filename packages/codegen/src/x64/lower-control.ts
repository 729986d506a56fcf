/** Loops and branches: jumps, and every value where both ways to a place have it. */

import type { Comparison, ScalarOperation } from '../operations.ts';
import type { X64Handlers } from './handlers.ts';
import type { Block } from './liveness.ts';
import { Label } from './operands.ts';

/** Innermost loops start at multiples of this many bytes. */
const loopAlignment = 32;

/** The jump that is taken when a comparison does not hold. */
const jumpUnless = {
  '==': 'jne',
  '!=': 'je',
  '<': 'jge',
  '<=': 'jg',
  '>': 'jle',
  '>=': 'jl',
} as const satisfies Record<Comparison, string>;

type ControlOperation = Extract<ScalarOperation, { code: 'loop' | 'if' | 'else' | 'end' }>;

export const controlHandlers: X64Handlers<ControlOperation> = {
  loop(w, { counter }, at) {
    const block = w.liveness.blocks.get(at)!;
    const { allocator } = w;
    allocator.enterLoop(block);
    const [start, exit] = [new Label(), new Label()];
    if (w.isInRegister(counter)) {
      const register = w.readGeneral(counter);
      w.emit('test', register, register);
    } else w.emit('cmp', w.spilled(counter), 0);
    w.emit('jle', exit);
    if (!block.hasLoop) w.code.align(loopAlignment);
    w.code.bind(start);
    allocator.loop = block;
    w.open.push({ block, start, exit, places: allocator.snapshot() });
  },
  if(w, { a, comparison, b }, at) {
    const left = w.readGeneral(a);
    if (typeof b === 'number') w.emit('cmp', left, b);
    else w.emit('cmp', left, w.readGeneral(b));
    const exit = new Label();
    w.emit(jumpUnless[comparison], exit);
    const block = w.liveness.blocks.get(at)!;
    w.open.push({ block, start: exit, exit, places: w.allocator.snapshot() });
  },
  else(w, _, at) {
    const open = w.open.at(-1)!;
    const { allocator } = w;
    const exit = new Label();
    w.emit('jmp', exit);
    w.code.bind(open.exit);
    open.exit = exit;
    const before = open.places;
    open.places = allocator.snapshot();
    allocator.restore(before, at);
  },
  end(w, _, at) {
    const { block, start, exit, places } = w.open.pop()!;
    const { allocator } = w;
    allocator.reconcile(places, at);
    if (block.kind === 'loop') {
      const { counter } = w.operations[block.start] as Extract<ControlOperation, { code: 'loop' }>;
      if (w.isInRegister(counter)) w.emit('dec', w.readGeneral(counter));
      else w.emit('dec', w.spilled(counter));
      w.emit('jne', start);
      allocator.loop = enclosingLoop(block);
    }
    w.code.bind(exit);
    allocator.restore(places, at + 1);
  },
};

function enclosingLoop(block: Block): Block | undefined {
  let outer = block.parent;
  while (outer && outer.kind !== 'loop') outer = outer.parent;
  return outer;
}
