// Shapes with strides, simplified: kernels loop over few dimensions, the innermost as long as can be.

/** A shape and the strides of each operand over it. The first operand is the output. */
export interface StridedShape {
  readonly shape: readonly number[];
  readonly strides: readonly (readonly number[])[];
}

/**
 * The same elements with fewer dimensions: those of size 1 go, the rest are ordered by the output's strides, and
 * neighbours that every operand walks through evenly become one. At least one dimension is left.
 */
export function collapse({ shape, strides }: StridedShape): StridedShape {
  const dimensions = shape
    .map((size, d) => ({ size, steps: strides.map((operand) => operand[d]!) }))
    .filter(({ size }) => size !== 1)
    .sort((a, b) => b.steps[0]! - a.steps[0]!);
  const merged: { size: number; steps: number[] }[] = [];
  for (const { size, steps } of dimensions) {
    const outer = merged.at(-1);
    if (outer?.steps.every((step, i) => step === steps[i]! * size)) {
      merged[merged.length - 1] = { size: outer.size * size, steps };
    } else merged.push({ size, steps });
  }
  if (merged.length === 0) merged.push({ size: 1, steps: strides.map(() => 1) });
  return {
    shape: merged.map(({ size }) => size),
    strides: strides.map((_, i) => merged.map(({ steps }) => steps[i]!)),
  };
}

/** Loops that a kernel has: the innermost and those around it. */
export const KERNEL_RANK = 4;

/**
 * Calls `visit` for every position of the dimensions that exceed `rank`, with each operand's offset in elements and
 * the innermost `rank` dimensions (filled up with size 1 on the outside).
 */
export function overOuter(
  { shape, strides }: StridedShape,
  rank: number,
  visit: (offsets: readonly number[], inner: StridedShape) => void,
): void {
  const outer = Math.max(0, shape.length - rank);
  const missing = Math.max(0, rank - shape.length);
  const inner: StridedShape = {
    shape: [...Array<number>(missing).fill(1), ...shape.slice(outer)],
    strides: strides.map((operand) => [...Array<number>(missing).fill(0), ...operand.slice(outer)]),
  };
  const walk = (d: number, offsets: readonly number[]): void => {
    if (d === outer) {
      visit(offsets, inner);
      return;
    }
    for (let i = 0; i < shape[d]!; i++) {
      walk(
        d + 1,
        offsets.map((offset, o) => offset + i * strides[o]![d]!),
      );
    }
  };
  walk(
    0,
    strides.map(() => 0),
  );
}

/** Elements from the first to the last that an operand with these strides touches. */
export function extent(shape: readonly number[], strides: readonly number[]): number {
  return shape.reduce((last, size, d) => last + (size - 1) * strides[d]!, 1);
}
