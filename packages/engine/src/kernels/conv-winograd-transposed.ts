// The transposes of Winograd's transforms, which gradients with respect to weights take. They are derived from the forward's
// transforms, so that whatever points those are made of, both stay each other's transposes.

import type { KernelBuilder, Vector } from '@sconce/codegen';
import { type WinogradForm, type WinogradMethod, winogradForms } from './blocked/winograd-transforms.ts';

type V = Vector<'f32'>;
type Transform = (k: KernelBuilder, values: readonly V[]) => V[];

/** One dimension of the transposed transforms of a method. */
export interface TransposedForm {
  /** Of as many gradients as outputs of a tile to as many as products. */
  readonly gradient: Transform;
  /** Of products to three weights. */
  readonly weight: Transform;
}

/** What transforms do, on numbers instead of vectors. */
const numbers = {
  add: (a: number, b: number): number => a + b,
  sub: (a: number, b: number): number => a - b,
  mul: (a: number, b: number): number => a * b,
  neg: (a: number): number => -a,
  fma: (a: number, b: number, c: number): number => a * b + c,
};

/** The matrix of a linear transform of `size` values: its columns are what it makes of unit vectors. */
function columnsOf(transform: Transform, size: number): number[][] {
  const run = transform as unknown as (k: typeof numbers, values: readonly number[]) => number[];
  return Array.from({ length: size }, (_, i) =>
    run(
      numbers,
      Array.from({ length: size }, (__, j) => (i === j ? 1 : 0)),
    ),
  );
}

/** A transform by a matrix. Two rows that differ in the signs of their odd or even columns only share their sums. */
function linear(rows: readonly (readonly number[])[]): Transform {
  return (k, values) => {
    const done: (V | undefined)[] = rows.map(() => undefined);
    for (const [i, row] of rows.entries()) {
      if (done[i]) continue;
      const twin = rows.findIndex((other, j) => j > i && !done[j] && mirrored(row, other));
      if (twin < 0) {
        done[i] = combine(k, row, values)!;
        continue;
      }
      const same = combine(
        k,
        row.map((x, c) => (x === rows[twin]![c] ? x : 0)),
        values,
      )!;
      const opposite = combine(
        k,
        row.map((x, c) => (x === rows[twin]![c] ? 0 : x)),
        values,
      )!;
      done[i] = k.add(same, opposite);
      done[twin] = k.sub(same, opposite);
    }
    return done as V[];
  };
}

/** Whether rows differ in signs only, in at least one column, and agree in at least one that is not zero. */
function mirrored(a: readonly number[], b: readonly number[]): boolean {
  const same = a.some((x, c) => x !== 0 && x === b[c]);
  const opposite = a.some((x, c) => x !== 0 && x === -b[c]!);
  return same && opposite && a.every((x, c) => Math.abs(x) === Math.abs(b[c]!));
}

/** The sum of values times coefficients; nothing where all are zero. */
function combine(k: KernelBuilder, coefficients: readonly number[], values: readonly V[]): V | undefined {
  let sum: V | undefined;
  for (const [i, factor] of coefficients.entries()) {
    const value = values[i]!;
    if (factor === 0) continue;
    if (sum === undefined) sum = factor === 1 ? k.variable(value) : k.mul(value, factor);
    else if (factor === 1) sum = k.add(sum, value);
    else if (factor === -1) sum = k.sub(sum, value);
    else sum = k.fma(value, factor, sum);
  }
  return sum;
}

function transposed({ output, weight, size }: WinogradForm): TransposedForm {
  return { gradient: linear(columnsOf(output, size)), weight: linear(columnsOf(weight, 3)) };
}

/** The transposed transforms by the names of their methods. */
export const transposedForms: Readonly<Record<WinogradMethod, TransposedForm>> = {
  winograd2: transposed(winogradForms.winograd2),
  winograd4: transposed(winogradForms.winograd4),
  winogradStrided: transposed(winogradForms.winogradStrided),
};
