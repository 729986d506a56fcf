// Strided copies of elements of any size: transposes, slices, expansions, and making views contiguous.

import { EngineError } from '../errors.ts';
import { checkShape, stridedRegionOf } from '../operands.ts';
import { executor } from '../runtime/executor.ts';
import { bytesOf, part, type Region } from '../runtime/region.ts';
import { forkNest, passTime } from '../threads/split.ts';
import type { CopyStridedParameters } from '../types.ts';
import { type CopySpec, copyKernel } from './copy-kernels.ts';
import { collapse, extent, KERNEL_RANK, overOuter, type StridedShape } from './strided.ts';

/**
 * Copies the elements of `shape` from one strided slice to another, bit for bit. A stride of 0 in `from` repeats
 * elements. The slices must not overlap.
 *
 * @throws EngineError when ranks differ, `to` repeats elements, or a slice is too small.
 */
export function copyStrided(p: CopyStridedParameters): void {
  checkShape('copyStrided', p.shape);
  const to = stridedRegionOf('copyStrided', 'to', p.to, p.shape, p.elementBytes);
  const from = stridedRegionOf('copyStrided', 'from', p.from, p.shape, p.elementBytes);
  if (p.shape.includes(0)) return;
  const repeated = p.shape.findIndex((size, d) => size > 1 && p.to.strides[d] === 0);
  if (repeated >= 0) throw new EngineError('copyStrided', `to repeats its elements in dimension ${repeated}`);
  const collapsed = collapse({ shape: p.shape, strides: [p.to.strides, p.from.strides] });
  const dense = collapsed.shape.length === 1 && collapsed.strides.every(([step]) => step === 1);
  const current = executor();
  if (dense && !current.defers) {
    // The host's own memory move is the fastest copy there is.
    bytesOf(to).set(bytesOf(from));
    return;
  }
  const { spec, operands } = chooseMode(
    inWords({ to: to.address, from: from.address, elementBytes: p.elementBytes }, collapsed),
    p.elementBytes,
  );
  overOuter(operands, KERNEL_RANK, (offsets, { shape, strides }) => {
    const [toStrides, fromStrides] = strides as [number[], number[]];
    const time = passTime(4 * shape.reduce((product, size) => product * size, 1));
    forkNest(shape, time, (dimension, first, sizes) => {
      const place = (operand: Region, offset: number, steps: readonly number[]) =>
        part(operand, offset + first * steps[dimension]!, extent(sizes, steps), spec.elementBytes);
      current.launch(copyKernel(spec), {
        to: place(to, offsets[0]!, toStrides),
        from: place(from, offsets[1]!, fromStrides),
        n0: sizes[3]!,
        n1: sizes[2]!,
        n2: sizes[1]!,
        n3: sizes[0]!,
        to0: toStrides[3]!,
        to1: toStrides[2]!,
        to2: toStrides[1]!,
        to3: toStrides[0]!,
        from0: fromStrides[3]!,
        from1: fromStrides[2]!,
        from2: fromStrides[1]!,
        from3: fromStrides[0]!,
      });
    });
  });
}

/** Runs of whole, aligned 4-byte words are copied as such, whatever their elements are. */
function inWords(
  p: { to: number; from: number; elementBytes: number },
  collapsed: StridedShape,
): { shape: StridedShape; words: boolean } {
  const last = collapsed.shape.length - 1;
  const scaled = (count: number): number => (count * p.elementBytes) / 4;
  const run = collapsed.strides.every((steps) => steps[last] === 1);
  const others = collapsed.strides.flatMap((steps) => steps.slice(0, last));
  const whole = [scaled(collapsed.shape[last]!), ...others.map(scaled), p.to / 4, p.from / 4];
  if (!run || !whole.every(Number.isInteger)) return { shape: collapsed, words: false };
  const shape = collapsed.shape.map((size, d) => (d === last ? scaled(size) : size));
  const strides = collapsed.strides.map((steps) => steps.map((step, d) => (d === last ? 1 : scaled(step))));
  return { shape: { shape, strides }, words: true };
}

/** The mode of the kernel, and the operands in the order of dimensions that it wants. */
function chooseMode(
  { shape: operands, words }: { shape: StridedShape; words: boolean },
  elementBytes: CopySpec['elementBytes'],
): { spec: CopySpec; operands: StridedShape } {
  if (words) return { spec: { mode: 'run', elementBytes: 4 }, operands };
  const [toSteps, fromSteps] = operands.strides as [number[], number[]];
  const last = operands.shape.length - 1;
  const across = fromSteps.findIndex((step, d) => step === 1 && d !== last);
  if (elementBytes !== 4 || toSteps[last] !== 1 || across < 0)
    return { spec: { mode: 'element', elementBytes }, operands };
  const order = [...operands.shape.keys()].filter((d) => d !== across && d !== last);
  order.push(across, last);
  const reorder = (values: readonly number[]): number[] => order.map((d) => values[d]!);
  const transposed = { shape: reorder(operands.shape), strides: operands.strides.map(reorder) };
  return { spec: { mode: 'transpose', elementBytes }, operands: transposed };
}
