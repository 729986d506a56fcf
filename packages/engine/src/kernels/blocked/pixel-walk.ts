// Visits the pixels of an image in their order, from row to row, by pointers that move together.

import type { Integer, KernelBuilder, Pointer } from '@sconce/codegen';

/** Pixels that are visited one after the other, by pointers that move together. */
export interface Walk {
  readonly pointers: readonly Pointer<'f32'>[];
  readonly left: Integer;
}

/** Moves on to the next pixel, which may stand in the next row. */
export function step(
  k: KernelBuilder,
  { pointers, left }: Walk,
  pixel: number | Integer,
  columns: Integer,
  gap: Integer,
): void {
  for (const pointer of pointers) k.advance(pointer, pixel);
  k.increment(left, -1);
  k.when(left, '==', 0, () => {
    for (const pointer of pointers) k.advance(pointer, gap);
    k.assign(left, columns);
  });
}
