// Kernels that nobody has asked for before: chains of elementwise operations with a constant of their own each.

import { allocate, type Expression, fusedElementwise, type StridedSlice } from '@sconce/engine';

const ELEMENTS = 16;

let made = 0;

/** Makes a kernel of a chain of operations that is new to the engine; gives a call of it, the first of which makes it. */
export function newChain(x: StridedSlice, y: StridedSlice): () => void {
  const scaled: Expression = { op: 'mul', args: [{ input: 0 }, 1 + ++made / 4096] };
  const expressions: Expression[] = [
    {
      op: 'maximum',
      args: [
        { op: 'add', args: [scaled, { input: 0 }] },
        { op: 'neg', args: [scaled] },
      ],
    },
  ];
  const call = { expressions, inputs: [x], outputs: [y], shape: [ELEMENTS] };
  return () => fusedElementwise(call);
}

/** An operand for {@link newChain}. */
export function chainOperand(): StridedSlice {
  return { storage: allocate(ELEMENTS * 4), offset: 0, strides: [1] };
}

/** Makes so many kernels; gives what each took, less a call of it when it is there. */
export function makeChains(count: number): number[] {
  const [x, y] = [chainOperand(), chainOperand()];
  try {
    return Array.from({ length: count }, () => {
      const call = newChain(x, y);
      const first = timed(call);
      return Math.max(0, first - Math.min(timed(call), timed(call)));
    });
  } finally {
    x.storage.dispose();
    y.storage.dispose();
  }
}

/** Milliseconds that a call takes. */
export function timed(call: () => void): number {
  const start = performance.now();
  call();
  return performance.now() - start;
}
