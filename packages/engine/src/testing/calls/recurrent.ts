// Calls of recurrent layers and their gradients, for tests that compare executors.

import { type RecurrentShape, recurrentBackward, recurrentForward } from '../../kernels/recurrent.ts';
import type { Slice } from '../../types.ts';
import { fromOne, random, slice } from './operands.ts';

const gateCounts = { lstm: 4, gru: 3, tanh: 1, relu: 1 };

/** A layer on sequences of lengths at random. */
function layer(kind: RecurrentShape['kind'], projects: boolean) {
  const [hidden, reverse] = [fromOne(40) + 1, random(2) === 1];
  const batchSizes = Array.from({ length: fromOne(4) }, () => fromOne(40)).sort((a, b) => b - a);
  const all = batchSizes.reduce((sum, rows) => sum + rows, 0);
  const width = gateCounts[kind] * hidden;
  const state = projects ? fromOne(hidden - 1) : hidden;
  const [batch] = batchSizes as [number];
  const weights = {
    weight: slice(width * state),
    ...(projects && { projection: slice(state * hidden), projected: state }),
  };
  const kept = { gates: slice(all * width), former: slice(all * hidden), news: slice(all * hidden) };
  return { ...{ kind, hidden, batchSizes, reverse, ...weights, ...kept }, all, width, state, batch };
}

/** Slices of one storage, the result: whatever a call changes has to be set back before it runs again. */
function together<N extends string>(sizes: Readonly<Record<N, number>>): Readonly<Record<N | 'all', Slice>> {
  const entries = Object.entries<number>(sizes);
  const all = slice(entries.reduce((sum, [, size]) => sum + size, 0));
  let offset = 0;
  const slices = entries.map(([name, size]) => {
    offset += size;
    return [name, { ...all, offset: offset - size }];
  });
  return { all, ...Object.fromEntries(slices) };
}

function forward(kind: RecurrentShape['kind'], projects: boolean): Slice {
  const { all: rows, width, state, batch, ...shape } = layer(kind, projects);
  const sizes = { y: rows * state, h: batch * state, c: batch * shape.hidden, gates: rows * width };
  const { all, ...changed } = together(sizes);
  recurrentForward({ ...shape, ...changed, bias: slice(width), yStep: state, save: random(2) === 1 });
  return all;
}

function backward(kind: RecurrentShape['kind'], projects: boolean): Slice {
  const { all: rows, width, state, batch, ...shape } = layer(kind, projects);
  const { all, ...changed } = together({
    dgates: rows * width,
    dh: batch * state,
    dc: batch * shape.hidden,
    dhidden: rows * width,
    dstates: rows * state,
    raw: rows * shape.hidden,
  });
  recurrentBackward({ ...shape, ...changed, ...(random(2) === 1 && { dy: slice(rows * state) }) });
  return all;
}

/** Calls of recurrent layers and their gradients. */
export const recurrentCalls: Readonly<Record<string, () => Slice>> = {
  lstm: () => forward('lstm', false),
  lstmProjected: () => forward('lstm', true),
  gru: () => forward('gru', false),
  elman: () => forward(random(2) === 1 ? 'tanh' : 'relu', false),
  lstmBackward: () => backward('lstm', false),
  lstmProjectedBackward: () => backward('lstm', true),
  gruBackward: () => backward('gru', false),
  elmanBackward: () => backward(random(2) === 1 ? 'tanh' : 'relu', false),
};
