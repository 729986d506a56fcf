/** Sizes as PyTorch takes them: one number for every dimension, or one for each. */

/** A size in one dimension; PyTorch also takes a list of one. */
export type Size1 = number | readonly [number];
/** A size in height and width: `3` means `[3, 3]`. */
export type Size2 = number | readonly [height: number, width: number];
/** A size in depth, height and width: `3` means `[3, 3, 3]`. */
export type Size3 = number | readonly [depth: number, height: number, width: number];
/** Padding of a sequence's ends; one number for both. */
export type Padding1 = number | readonly [left: number, right: number];
/** Padding of an image's sides; one number for all four. */
export type Padding2 = number | readonly [left: number, right: number, top: number, bottom: number];
/** Padding of a volume's sides; one number for all six. */
export type Padding3 =
  | number
  | readonly [left: number, right: number, top: number, bottom: number, front: number, back: number];

/** The size for each of `count` dimensions. @throws {TypeError} for a list of another length */
export function expandSize(
  layer: string,
  name: string,
  size: number | readonly number[],
  count: number,
): number[] {
  const sizes = typeof size === 'number' ? new Array<number>(count).fill(size) : [...size];
  if (sizes.length !== count || !sizes.every(Number.isInteger)) {
    throw new TypeError(
      `${layer}: ${name}, expected an integer or ${count} of them, got ${JSON.stringify(size)}`,
    );
  }
  return sizes;
}
