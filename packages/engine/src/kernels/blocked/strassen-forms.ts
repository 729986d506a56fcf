// Strassen's product in Winograd's form: seven products of quarter matrices instead of eight. After Douglas, Heroux, Slishman
// and Smith, "GEMMW: A Portable Level 3 BLAS Winograd Variant of Strassen's Matrix-Matrix Multiply Algorithm" (1994).
//
// Pixels are the rows of the left matrix A, inputs (with all their taps) its columns and the rows of the weights B, outputs
// the columns of B. Products: A11 B11, A12 B21, A22 T4, S4 B22, S1 T1, S2 T2, S3 T3. The left operands of the first three are
// quarters of the image itself, where its pixels lie one after the other.

import type { KernelBuilder, Vector } from '@sconce/codegen';

/** Products of quarter matrices. */
export const STRASSEN_PRODUCTS = 7;

/** Products whose left operand is a quarter of the image as it is. */
export const PLAIN_PRODUCTS = 3;

/** Matrices of sums of inputs: of all products, or of those only that need sums. */
export const inputMatrices = (inPlace: boolean): number => STRASSEN_PRODUCTS - (inPlace ? PLAIN_PRODUCTS : 0);

type V = Vector<'f32'>;

/** The left operand of each product. */
export function sumInputs(k: KernelBuilder, a11: V, a12: V, a21: V, a22: V): V[] {
  const s1 = k.add(a21, a22);
  const s2 = k.sub(s1, a11);
  return [a11, a12, a22, k.sub(a12, s2), s1, s2, k.sub(a11, a21)];
}

/** The right operand of each product. */
export function sumWeights(k: KernelBuilder, b11: V, b12: V, b21: V, b22: V): V[] {
  const t1 = k.sub(b12, b11);
  const t2 = k.sub(b22, t1);
  return [b11, b21, k.sub(t2, b21), b22, t1, t2, k.sub(b22, b12)];
}

/** The quarters of the result: first pixels' first and second outputs, then second pixels'. */
export function sumProducts(k: KernelBuilder, p: readonly V[]): [V, V, V, V] {
  const [p1, p2, p4, p3, p5, p6, p7] = p as [V, V, V, V, V, V, V];
  const u2 = k.add(p1, p6);
  const u3 = k.add(u2, p7);
  return [k.add(p1, p2), k.add(k.add(u2, p5), p3), k.sub(u3, p4), k.add(u3, p5)];
}
