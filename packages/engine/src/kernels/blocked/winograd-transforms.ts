// Winograd's transforms for windows of 3x3, one dimension at a time: after Lavin and Gray, "Fast Algorithms for Convolutional
// Neural Networks" (2016), with the interpolation points 0, 1, -1 (and 2, -2 for tiles of four). A stride of two is cut into
// even and odd inputs: the even ones are a convolution with two taps, to which F(2, 2) applies, the odd ones have one tap.

import type { KernelBuilder, Vector } from '@sconce/codegen';

type V = Vector<'f32'>;
type Transform = (k: KernelBuilder, values: readonly V[]) => V[];

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
      const [even, odd] = [k.fma(d[2]!, -4, d[4]!), k.fma(d[1]!, -4, d[3]!)];
      const [p, q] = [k.sub(d[4]!, d[2]!), k.sub(d[3]!, d[1]!)];
      return [
        k.fma(d[0]!, 4, k.fma(d[2]!, -5, d[4]!)),
        k.add(even, odd),
        k.sub(even, odd),
        k.fma(q, 2, p),
        k.fma(q, -2, p),
        k.fma(d[1]!, 4, k.fma(d[3]!, -5, d[5]!)),
      ];
    },
    weight: (k, g) => {
      const outer = k.mul(k.add(g[0]!, g[2]!), -1 / 6);
      const middle = k.mul(g[1]!, 1 / 6);
      const wide = k.fma(g[2]!, 1 / 6, k.mul(g[0]!, 1 / 24));
      const half = k.mul(g[1]!, 1 / 12);
      return [
        k.mul(g[0]!, 1 / 4),
        k.sub(outer, middle),
        k.add(outer, middle),
        k.add(wide, half),
        k.sub(wide, half),
        g[2]!,
      ];
    },
    output: (k, p) => {
      const [a, b] = [k.add(p[1]!, p[2]!), k.sub(p[1]!, p[2]!)];
      const [c, e] = [k.add(p[3]!, p[4]!), k.sub(p[3]!, p[4]!)];
      return [k.add(k.add(p[0]!, a), c), k.fma(e, 2, b), k.fma(c, 4, a), k.fma(e, 8, k.add(b, p[5]!))];
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
