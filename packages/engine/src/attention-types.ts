// Operands and parameters of attention, forward and backward.

import type { Slice, StridedSlice } from './types.ts';

/** A matrix for each head, whose rows are neighbours in memory. */
export interface HeadsSlice extends Slice {
  /** Elements from one batch, head and row to the next; dense as [batch, heads, rows, columns] if left out. */
  readonly strides?: readonly [batch: number, head: number, row: number];
}

/** Sizes and masks of attention, forward and backward. */
export interface AttentionShape {
  /** `[batch, heads, queries, depth]`. */
  readonly q: HeadsSlice;
  /** `[batch, heads, keys, depth]`. */
  readonly k: HeadsSlice;
  /** `[batch, heads, keys, valueDepth]`. */
  readonly v: HeadsSlice;
  readonly batch: number;
  /** 1 by default. */
  readonly heads?: number;
  readonly queries: number;
  readonly keys: number;
  readonly depth: number;
  readonly valueDepth: number;
  /** Added to the scaled scores; strides over `[batch, heads, queries, keys]`, 0 repeats. */
  readonly mask?: StridedSlice;
  /** Dropout: weights are multiplied by these after the softmax; strides as those of the mask. */
  readonly keep?: StridedSlice;
  /** Factor of `keep`: 1 by default. */
  readonly keepScale?: number;
  /** Whether query i sees the keys 0 to i only. */
  readonly causal?: boolean;
  /** Factor of the scores; `1 / sqrt(depth)` by default. */
  readonly scale?: number;
}

/** Parameters of {@link scaledDotProductAttention}. */
export interface AttentionParameters extends AttentionShape {
  /** `[batch, heads, queries, valueDepth]`; must not overlap an input. */
  readonly y: HeadsSlice;
  /** `[batch, heads, queries]`: set to the logarithms of the sums of the scores' exponentials, plus infinity for a query that sees no key. */
  readonly logSums?: Slice;
}

/** Parameters of {@link scaledDotProductAttentionBackward}. */
export interface AttentionBackwardParameters extends AttentionShape {
  /** The forward's result. */
  readonly y: HeadsSlice;
  /** The gradient of the result. */
  readonly dy: HeadsSlice;
  /** What the forward gave out. */
  readonly logSums: Slice;
  /** Gradients of q, k and v; must not overlap anything else. */
  readonly dq: HeadsSlice;
  readonly dk: HeadsSlice;
  readonly dv: HeadsSlice;
}
