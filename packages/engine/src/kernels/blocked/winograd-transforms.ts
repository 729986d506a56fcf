// Winograd's transforms for windows of 3x3, one dimension at a time: after Lavin and Gray, "Fast Algorithms for Convolutional
// Neural Networks" (2016), with the interpolation points 0, 1, -1. Tiles of four have points whose powers spread less than
// those of the usual 1, -1, 2, -2, so that less is lost to rounding (Barabasz, Anderson, Soodhalter and Gregg, "Error Analysis
// and Improving the Accuracy of Winograd Convolution for Deep Neural Networks", 2020). A stride of two is cut into even and
// odd inputs: the even ones are a convolution with two taps, to which F(2, 2) applies, the odd ones have one tap.

import type { KernelBuilder, Vector } from '@sconce/codegen';

type V = Vector<'f32'>;
type Transform = (k: KernelBuilder, values: readonly V[]) => V[];

/** Points of F(4, 3) beside 0 and infinity, with both signs; these and their products are exact. */
const [NEAR, FAR] = [5 / 8, 3 / 2];
const [NEAR_2, FAR_2] = [NEAR ** 2, FAR ** 2];

/** One dimension of a Winograd algorithm. */
export interface WinogradForm {
  /** Outputs of a tile: a power of two. */
  readonly outputs: 2 | 4;
  /** Inputs of a tile, as many as products. */
  readonly size: number;
  /** The convolution's stride. */
  readonly stride: 1 | 2;
  /** Of `size` inputs to `size`. */
  readonly input: Transform;
  /** Of three weights to `size`. */
  readonly weight: Transform;
  /** Of `size` products to `outputs`. */
  readonly output: Transform;
}

/** Methods of convolution that are Winograd's. */
export type WinogradMethod = 'winograd4' | 'winograd2' | 'winogradStrided';

/** The algorithms by the names of their methods. */
export const winogradForms: Readonly<Record<WinogradMethod, WinogradForm>> = {
  winograd2: {
    outputs: 2,
    size: 4,
    stride: 1,
    input: (k, d) => [k.sub(d[0]!, d[2]!), k.add(d[1]!, d[2]!), k.sub(d[2]!, d[1]!), k.sub(d[1]!, d[3]!)],
    weight: (k, g) => {
      const outer = k.mul(k.add(g[0]!, g[2]!), 0.5);
      const middle = k.mul(g[1]!, 0.5);
      return [g[0]!, k.add(outer, middle), k.sub(outer, middle), g[2]!];
    },
    output: (k, p) => [k.add(k.add(p[0]!, p[1]!), p[2]!), k.sub(k.sub(p[1]!, p[2]!), p[3]!)],
  },
  winograd4: {
    outputs: 4,
    size: 6,
    stride: 1,
    input: (k, d) => {
      const [nearEven, nearOdd] = [k.fma(d[2]!, -FAR_2, d[4]!), k.fma(d[1]!, -FAR_2, d[3]!)];
      const [farEven, farOdd] = [k.fma(d[2]!, -NEAR_2, d[4]!), k.fma(d[1]!, -NEAR_2, d[3]!)];
      return [
        k.fma(d[0]!, NEAR_2 * FAR_2, k.fma(d[2]!, -NEAR_2 - FAR_2, d[4]!)),
        k.fma(nearOdd, NEAR, nearEven),
        k.fma(nearOdd, -NEAR, nearEven),
        k.fma(farOdd, FAR, farEven),
        k.fma(farOdd, -FAR, farEven),
        k.fma(d[1]!, NEAR_2 * FAR_2, k.fma(d[3]!, -NEAR_2 - FAR_2, d[5]!)),
      ];
    },
    weight: (k, g) => {
      const at = (point: number, scale: number): [V, V] => {
        const even = k.fma(g[2]!, point * point * scale, k.mul(g[0]!, scale));
        const odd = k.mul(g[1]!, point * scale);
        return [k.add(even, odd), k.sub(even, odd)];
      };
      return [
        k.mul(g[0]!, 1 / (NEAR_2 * FAR_2)),
        ...at(NEAR, 1 / (2 * NEAR_2 * (NEAR_2 - FAR_2))),
        ...at(FAR, 1 / (2 * FAR_2 * (FAR_2 - NEAR_2))),
        g[2]!,
      ];
    },
    output: (k, p) => {
      const [nearEven, nearOdd] = [k.add(p[1]!, p[2]!), k.sub(p[1]!, p[2]!)];
      const [farEven, farOdd] = [k.add(p[3]!, p[4]!), k.sub(p[3]!, p[4]!)];
      return [
        k.add(k.add(p[0]!, nearEven), farEven),
        k.fma(farOdd, FAR, k.mul(nearOdd, NEAR)),
        k.fma(farEven, FAR_2, k.mul(nearEven, NEAR_2)),
        k.fma(farOdd, FAR * FAR_2, k.fma(nearOdd, NEAR * NEAR_2, p[5]!)),
      ];
    },
  },
  winogradStrided: {
    outputs: 2,
    size: 5,
    stride: 2,
    input: (k, d) => [k.sub(d[0]!, d[2]!), d[2]!, k.sub(d[4]!, d[2]!), d[1]!, d[3]!],
    weight: (k, g) => [g[0]!, k.add(g[0]!, g[2]!), g[2]!, g[1]!, g[1]!],
    output: (k, p) => [k.add(k.add(p[0]!, p[1]!), p[3]!), k.add(k.add(p[1]!, p[2]!), p[4]!)],
  },
};
