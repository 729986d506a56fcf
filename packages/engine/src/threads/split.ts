// How kernels divide their work: ranges of outputs, so that the arithmetic of each is the same however many there are.

import { executor } from '../runtime/executor.ts';

/**
 * Calls `body` for ranges that make up `[0, units)`: one, or as many as the work repays, which run side by side. Ranges start
 * at multiples of `align`.
 *
 * What `body` launches has not run when it returns, so it must neither look at results nor give memory back that it did not
 * get from `withScratch`; and no range may write what another one touches.
 *
 * @param nanoseconds - about how long all of it takes on one thread.
 */
export function forkRanges(
  units: number,
  nanoseconds: number,
  body: (first: number, count: number) => void,
  align: number = 1,
): void {
  const current = executor();
  const groups = Math.ceil(units / align);
  const parts = Math.min(groups, current.partsFor(nanoseconds));
  if (parts <= 1) {
    body(0, units);
    return;
  }
  current.fork(parts, (part) => {
    const first = Math.floor((part * groups) / parts) * align;
    const end = Math.min(units, Math.floor(((part + 1) * groups) / parts) * align);
    body(first, end - first);
  });
}

/** Elements of a cache line: ranges of neighbours start at multiples of it, so that threads do not write the same line. */
export const LINE_ELEMENTS = 16;

/**
 * As {@link forkRanges}, for nested loops over `shape`: the outermost dimension that has enough for all threads is divided, or
 * the longest. `body` is given that dimension, where its range starts, and the shape that is left.
 */
export function forkNest(
  shape: readonly number[],
  nanoseconds: number,
  body: (dimension: number, first: number, shape: readonly number[]) => void,
): void {
  const enough = shape.findIndex((size) => size >= 2 * executor().threads);
  const dimension = enough >= 0 ? enough : shape.indexOf(Math.max(...shape));
  const align = dimension === shape.length - 1 ? LINE_ELEMENTS : 1;
  forkRanges(
    shape[dimension]!,
    nanoseconds,
    (first, count) =>
      body(dimension, first, count === shape[dimension] ? shape : shape.with(dimension, count)),
    align,
  );
}

/** Nanoseconds that so many multiply-adds take, about. */
export function productTime(multiplyAdds: number): number {
  return multiplyAdds / 60;
}

/** Nanoseconds that reading or writing so many float32 elements takes, about. */
export function passTime(elements: number): number {
  return elements / 5;
}
