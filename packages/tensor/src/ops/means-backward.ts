/** The gradient of means of windows. */
import { type Expression, fusedElementwise } from '@sconce/engine';
import { cast, fillElements, materialize, newTensor, sliceOf } from '../access.ts';
import { defineOperator } from '../dispatcher.ts';
import { contiguousStrides, numelOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { computeDType } from './elementwise-core.ts';
import { flatFloats } from './plane-places.ts';
import { spreadMeans } from './pooling-loops.ts';
import type { AxisWindows } from './pooling-windows.ts';

/** Whether windows lie side by side, all of one size. What they leave out lies at the end. */
function areTiles(axes: readonly AxisWindows[]): boolean {
  return axes.every(({ start, end, step }) => {
    const size = (end[0] ?? 0) - (start[0] ?? 0);
    if (step !== 1) return false;
    for (let i = 0; i < start.length; i++) {
      if (start[i] !== i * size || end[i] !== (i + 1) * size) return false;
    }
    return true;
  });
}

/**
 * Tiles of up to so many elements are written element by element, all first ones, all second ones and so on: with their
 * gradient they are the 16 operands that a fused kernel takes.
 */
const smallTile = 15;

const share: Expression = { op: 'div', args: [{ input: 0 }, { parameter: 0 }] };

/** The share for each of so many outputs; the engine knows lists again that it has seen. */
const shares = Array.from({ length: smallTile + 1 }, (_, count) => new Array<Expression>(count).fill(share));

/** Gives each element of a tile its share of the tile's gradient. */
function spreadOverTiles(
  axes: readonly AxisWindows[],
  planes: number,
  from: Tensor,
  result: Tensor,
  divisor: number | null,
): void {
  const dtype = from.dtype as 'float32' | 'float64';
  const tile = axes.map(({ start, end }) => end[0]! - start[0]!);
  const counts = axes.map(({ start }) => start.length);
  if (from.numel() === 0 || axes.some(({ size }, d) => counts[d]! * tile[d]! < size)) fillElements(result, 0);
  if (from.numel() === 0) return;
  const steps = result.strides.slice(-axes.length);
  const [plane, tiles] = [numelOf(axes.map(({ size }) => size)), numelOf(counts)];
  const elements = numelOf(tile);
  const parameters = [divisor ?? elements];
  const dense = contiguousStrides(counts);
  const [x, y] = [sliceOf(from), sliceOf(result)];
  if (elements <= smallTile) {
    let shifts = [0];
    tile.forEach((length, d) => {
      shifts = shifts.flatMap((shift) => Array.from({ length }, (_, i) => shift + i * steps[d]!));
    });
    const strides = [plane, ...steps.map((step, d) => step * tile[d]!)];
    fusedElementwise({
      expressions: shares[elements]!,
      inputs: [{ ...x, strides: [tiles, ...dense], dtype }],
      outputs: shifts.map((shift) => ({ ...y, offset: y.offset + shift, strides, dtype })),
      shape: [planes, ...counts],
      parameters,
    });
    return;
  }
  fusedElementwise({
    expressions: shares[1]!,
    inputs: [{ ...x, strides: [tiles, ...dense.flatMap((stride) => [stride, 0])], dtype }],
    outputs: [{ ...y, strides: [plane, ...steps.flatMap((step, d) => [step * tile[d]!, step])], dtype }],
    shape: [planes, ...counts.flatMap((count, d) => [count, tile[d]!])],
    parameters,
  });
}

/**
 * The gradient of means of windows with respect to the input. Canonical: (grad, windows of each dimension, divisor or
 * null for what each window counts, the pooling).
 */
export const meansBackward: (
  grad: Tensor,
  axes: readonly AxisWindows[],
  divisor: number | null,
  pooling: (x: Tensor) => Tensor,
) => Tensor = defineOperator({
  name: 'meansBackward',
  forward: (
    grad: Tensor,
    axes: readonly AxisWindows[],
    divisor: number | null,
    _pooling: (x: Tensor) => Tensor,
  ) => {
    const from = materialize(cast(grad, computeDType(grad.dtype)));
    const outer = grad.shape.slice(0, grad.ndim - axes.length);
    const result = newTensor([...outer, ...axes.map(({ size }) => size)], from.dtype);
    const planes = numelOf(outer);
    if (areTiles(axes)) {
      spreadOverTiles(axes, planes, from, result, divisor);
      return cast(result, grad.dtype);
    }
    fillElements(result, 0);
    spreadMeans(axes, planes, flatFloats(from), flatFloats(result), divisor);
    return cast(result, grad.dtype);
  },
  derivatives: [(h, [, , , pooling]) => pooling(h)],
});
