// Layouts of operands in memory, drawn at random: dimensions in any order, with gaps, some of them repeating.

import fc from 'fast-check';

/** How an operand lies in memory. */
export interface Layout {
  /** The dimensions, the fastest first. */
  readonly order: readonly number[];
  /** Stride of the fastest one. */
  readonly gap: number;
  /** Which dimensions repeat, where the operand may. */
  readonly repeat: readonly boolean[];
}

/** Layouts of so many dimensions. */
export function layouts(rank: number): fc.Arbitrary<Layout> {
  return fc.record({
    order: fc.shuffledSubarray([...Array(rank).keys()], { minLength: rank }),
    gap: fc.constantFrom(1, 1, 1, 2),
    repeat: fc.array(fc.boolean(), { minLength: rank, maxLength: rank }),
  });
}

/** Strides of a layout and the elements that it spans. */
export function stridesOf(
  shape: readonly number[],
  layout: Layout,
  mayRepeat: boolean,
): { strides: number[]; span: number } {
  const strides = shape.map(() => 0);
  let span = 1;
  layout.order.forEach((d, i) => {
    if (mayRepeat && layout.repeat[d]) return;
    strides[d] = i === 0 ? span * layout.gap : span;
    span = strides[d]! * Math.max(1, shape[d]!);
  });
  return { strides, span };
}
