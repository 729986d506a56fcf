/** Boxes `[x1, y1, x2, y2]`: areas, overlaps, and non-maximum suppression. */
import { fromTypedArray, Tensor } from '@sconce/tensor';
import { VisionError } from './errors.ts';
import { toRows } from './tensor.ts';

/** Left, top, right and bottom edge in pixels. */
export type Box = readonly [x1: number, y1: number, x2: number, y2: number];

/** Area of a box; 0 for one that is inside out. */
export function boxArea([x1, y1, x2, y2]: Box): number {
  return Math.max(0, x2 - x1) * Math.max(0, y2 - y1);
}

/** Area that two boxes share. */
export function intersectionArea(a: Box, b: Box): number {
  return boxArea([Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])]);
}

/** Shared area over joint area, from 0 to 1; 0 for two boxes without area. */
export function boxIou(a: Box, b: Box): number {
  const shared = intersectionArea(a, b);
  const union = boxArea(a) + boxArea(b) - shared;
  return union > 0 ? shared / union : 0;
}

/** Checks that every row is a box of four finite numbers. */
export function checkBoxes(
  operation: string,
  boxes: Tensor | readonly (readonly number[])[],
): readonly Box[] {
  const rows = toRows(operation, boxes);
  for (const [i, row] of rows.entries()) {
    if (row.length !== 4 || !row.every(Number.isFinite)) {
      throw new VisionError(
        operation,
        `box ${i} is not valid, expected [x1, y1, x2, y2], got [${row.join(', ')}]`,
      );
    }
  }
  return rows as readonly Box[];
}

/**
 * Non-maximum suppression, as `torchvision.ops.nms`: from the highest score down a box is kept if it overlaps none of
 * those kept by more than `iouThreshold`. Equal scores go in the order given.
 *
 * @param boxes `[n, 4]`
 * @param scores `[n]`
 * @returns int64 tensor of the indices kept, by falling score
 * @throws {VisionError} when the shapes do not agree
 */
export function nms(
  boxes: Tensor | readonly (readonly number[])[],
  scores: Tensor | readonly number[],
  iouThreshold: number,
): Tensor {
  const rows = checkBoxes('nms', boxes);
  const values = scores instanceof Tensor ? Array.from(scores.toTypedArray(), Number) : scores;
  if (values.length !== rows.length) {
    throw new VisionError('nms', `expected as many scores as boxes, got ${values.length} and ${rows.length}`);
  }
  const order = values.map((_, i) => i).sort((a, b) => values[b]! - values[a]!);
  const kept = suppress(order, (a, b) => boxIou(rows[a]!, rows[b]!) > iouThreshold);
  return fromTypedArray(BigInt64Array.from(kept, BigInt), [kept.length]);
}

/** Goes through the candidates and keeps those that no kept one overlaps. */
export function suppress<T>(candidates: readonly T[], overlaps: (candidate: T, kept: T) => boolean): T[] {
  const kept: T[] = [];
  for (const candidate of candidates) {
    if (!kept.some((other) => overlaps(candidate, other))) kept.push(candidate);
  }
  return kept;
}
