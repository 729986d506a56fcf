// Recurrent layers in scalar code, for tests: what each step adds can be shifted, so that gradients follow from differences.

import type { RecurrentShape } from '../kernels/recurrent.ts';

/** Numbers of a layer, as the engine takes them; `hiddenShift` and `stateShift` are added to what the products with the state and the projection give. */
export interface ReferenceLayer extends RecurrentShape {
  readonly gates: readonly number[];
  readonly weight: readonly number[];
  readonly bias?: readonly number[] | undefined;
  readonly projection?: readonly number[] | undefined;
  readonly h: readonly number[];
  readonly c: readonly number[];
  readonly hiddenShift?: readonly number[];
  readonly stateShift?: readonly number[];
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** The results of all steps, and the last states. */
export function recurrent(p: ReferenceLayer): { y: number[]; h: number[]; c: number[] } {
  const { kind, hidden, batchSizes } = p;
  const count = { lstm: 4, gru: 3, tanh: 1, relu: 1 }[kind];
  const [width, state] = [count * hidden, p.projected ?? hidden];
  const [h, c] = [[...p.h], [...p.c]];
  const all = batchSizes.reduce((sum, rows) => sum + rows, 0);
  const y = new Array<number>(all * state).fill(0);
  let at = 0;
  const steps = batchSizes.map((rows) => {
    at += rows;
    return { rows, at: at - rows };
  });
  for (const step of p.reverse ? steps.reverse() : steps) {
    for (let b = 0; b < step.rows; b++) {
      const row = step.at + b;
      const own = Array.from({ length: width }, (_, g) => {
        let sum = (p.bias?.[g] ?? 0) + (p.hiddenShift?.[row * width + g] ?? 0);
        for (let s = 0; s < state; s++) sum += h[b * state + s]! * p.weight[g * state + s]!;
        return sum;
      });
      const x = (gate: number, j: number): number => p.gates[row * width + gate * hidden + j]!;
      const of = (gate: number, j: number): number => own[gate * hidden + j]!;
      const raw = Array.from({ length: hidden }, (_, j) => {
        if (kind === 'tanh') return Math.tanh(x(0, j) + of(0, j));
        if (kind === 'relu') return Math.max(0, x(0, j) + of(0, j));
        if (kind === 'gru') {
          const fresh = Math.tanh(x(2, j) + sigmoid(x(0, j) + of(0, j)) * of(2, j));
          return fresh + sigmoid(x(1, j) + of(1, j)) * (h[b * state + j]! - fresh);
        }
        const [i, f, o] = [0, 1, 3].map((gate) => sigmoid(x(gate, j) + of(gate, j))) as [
          number,
          number,
          number,
        ];
        const cell = f * c[b * hidden + j]! + i * Math.tanh(x(2, j) + of(2, j));
        c[b * hidden + j] = cell;
        return o * Math.tanh(cell);
      });
      for (let s = 0; s < state; s++) {
        let value = raw[s]!;
        if (p.projection !== undefined) {
          value = 0;
          for (let j = 0; j < hidden; j++) value += raw[j]! * p.projection[s * hidden + j]!;
        }
        value += p.stateShift?.[row * state + s] ?? 0;
        h[b * state + s] = value;
        y[row * state + s] = value;
      }
    }
  }
  return { y, h, c };
}
