/** What convolution and pooling share: reading padding in all its forms, and images with or without a batch dimension. */
import { cast, materialize, viewOf } from '../access.ts';
import { fail, showSizes } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { computeDType } from './elementwise-core.ts';

/** An integer for both directions, or [height, width]. */
export type Size2d = number | readonly [number, number] | readonly number[];

/** Padding of each side: [[top, bottom], [left, right]]. */
export type Sides = readonly [readonly [number, number], readonly [number, number]];

/**
 * Padding of an image: one number, [height, width], or, beyond PyTorch, [[top, bottom], [left, right]] as ONNX has it.
 */
export type Padding2d = number | readonly number[] | Sides;

/** [N, C, H, W]. */
type ImageShape = readonly [batch: number, channels: number, height: number, width: number];

/** Brings padding to its four sides. */
export function sidesOf(operator: string, padding: Padding2d): Sides {
  const list: readonly (number | readonly number[])[] = typeof padding === 'number' ? [padding] : padding;
  const wrong = (): never =>
    fail(
      operator,
      'invalid padding',
      'an integer, [height, width] or [[top, bottom], [left, right]]',
      JSON.stringify(padding),
    );
  if (list.length !== 1 && list.length !== 2) wrong();
  const [vertical, horizontal] = [list[0]!, list[list.length - 1]!].map((side) => {
    const pair = typeof side === 'number' ? [side, side] : side;
    if (pair.length !== 2 || !pair.every((value) => Number.isInteger(value) && value >= 0)) wrong();
    return [pair[0]!, pair[1]!] as const;
  }) as [readonly [number, number], readonly [number, number]];
  return [vertical, horizontal];
}

/** Top, bottom, left, right, as the engine takes them. */
export function flatSides(sides: Sides): readonly [number, number, number, number] {
  return [...sides[0], ...sides[1]];
}

/** Refuses pairs with a value below `least`. */
export function checkPair(
  operator: string,
  name: string,
  pair: readonly [number, number],
  least: number,
): void {
  if (!pair.every((value) => Number.isInteger(value) && value >= least)) {
    fail(operator, `invalid ${name}`, `integers >= ${least}`, showSizes(pair));
  }
}

/** An image tensor as [N, C, H, W]: without a batch dimension it gets one of size 1. */
function batched(operator: string, x: Tensor): Tensor {
  if (x.ndim === 4) return x;
  if (x.ndim === 3) return viewOf(x, [1, ...x.shape], [0, ...x.strides]);
  fail(
    operator,
    'Expected 3D (unbatched) or 4D (batched) input',
    '[N, C, H, W] or [C, H, W]',
    showSizes(x.shape),
  );
}

/** An image tensor as operators compute on it: [N, C, H, W], dense, 16-bit floats as float32. */
export function imageOf(operator: string, x: Tensor): Tensor & { readonly shape: ImageShape } {
  return materialize(batched(operator, cast(x, computeDType(x.dtype)))) as Tensor & {
    readonly shape: ImageShape;
  };
}

/** The result with the batch dimension removed again where the input had none. */
export function unbatched(input: Tensor, result: Tensor): Tensor {
  return input.ndim === 4 ? result : viewOf(result, result.shape.slice(1), result.strides.slice(1));
}
