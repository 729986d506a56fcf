/** Operators that rearrange, cut and join without computing. */

import type { Tensor } from '@sconce/tensor';
import * as t from '@sconce/tensor';
import { attribute } from '../attributes.ts';
import { type Call, defineOperator, type OperatorDefinition } from '../operator.ts';
import { checkShape, count, int64Vector, optionalIntegers, toAxes, toAxis, toIntegers } from './helpers.ts';

/** The shape that Reshape's second input asks for: 0 copies a size, -1 is what is left. */
function resolveReshape(call: Call<{ allowzero: boolean }>, x: Tensor, wanted: readonly number[]): number[] {
  const shape = wanted.map((size, axis) => {
    if (size !== 0 || call.attributes.allowzero) return size;
    return (
      x.shape[axis] ??
      call.fail(`shape: expected 0 within the input's ${x.ndim} dimensions, got [${wanted.join(', ')}]`)
    );
  });
  const inferred = shape.indexOf(-1);
  if (shape.some((size) => size < -1) || shape.lastIndexOf(-1) !== inferred)
    call.fail(`shape: expected sizes of at least 0 and at most one -1, got [${wanted.join(', ')}]`);
  if (inferred >= 0) {
    const known = count(shape.filter((_size, axis) => axis !== inferred));
    if (known === 0 && x.numel() === 0) shape[inferred] = 0;
    else shape[inferred] = x.numel() / known;
  }
  if (count(shape) !== x.numel() || !shape.every(Number.isInteger))
    call.fail(
      `shape: expected one for ${x.numel()} elements (input [${x.shape.join(', ')}]), got [${wanted.join(', ')}]`,
    );
  return shape;
}

function flattenTo2d(call: Call<{ axis: number }>, x: Tensor): Tensor {
  const { axis } = call.attributes;
  if (axis < -x.ndim || axis > x.ndim)
    call.fail(`attribute 'axis': expected a number from ${-x.ndim} to ${x.ndim}, got ${axis}`);
  const split = axis < 0 ? axis + x.ndim : axis;
  return x.reshape([count(x.shape.slice(0, split)), count(x.shape.slice(split))]);
}

/** Sizes of Split's parts: stated, or as even as they go with a smaller last one. */
function splitSizes(
  call: Call<{ num_outputs: number | undefined }>,
  size: number,
  given: number[] | undefined,
): number[] {
  if (given) {
    if (
      given.length !== call.node.outputs.length ||
      given.some((part) => part < 0) ||
      given.reduce((a, b) => a + b, 0) !== size
    )
      call.fail(
        `split: expected ${call.node.outputs.length} sizes that add up to ${size}, got [${given.join(', ')}]`,
      );
    return given;
  }
  const parts = call.attributes.num_outputs ?? call.node.outputs.length;
  if (parts !== call.node.outputs.length)
    call.fail(
      `attribute 'num_outputs': expected ${call.node.outputs.length}, the number of outputs, got ${parts}`,
    );
  const part = Math.ceil(size / parts);
  return Array.from({ length: parts }, (_, index) => Math.max(Math.min(part, size - index * part), 0));
}

/** The common shape of two under multidirectional broadcasting. */
function broadcastShape(
  call: Pick<Call<unknown>, 'fail'>,
  a: readonly number[],
  b: readonly number[],
): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const [left, right] = [a[axis - rank + a.length] ?? 1, b[axis - rank + b.length] ?? 1];
    if (left !== right && left !== 1 && right !== 1)
      call.fail(`expected shapes that broadcast, got [${a.join(', ')}] and [${b.join(', ')}]`);
    return left === 1 ? right : left;
  });
}

/** Source index of every place of a padded axis, for the modes that repeat elements. */
function paddedIndices(
  mode: 'reflect' | 'edge' | 'wrap',
  size: number,
  begin: number,
  end: number,
): number[] {
  return Array.from({ length: size + begin + end }, (_, place) => {
    const index = place - begin;
    if (mode === 'edge') return Math.min(Math.max(index, 0), size - 1);
    if (mode === 'wrap') return ((index % size) + size) % size;
    const period = Math.max(2 * (size - 1), 1);
    const phase = ((index % period) + period) % period;
    return phase < size ? phase : period - phase;
  });
}

function depthBlocks(x: Tensor, block: number, order: number[], shape: (c: number) => number[]): Tensor {
  const [batch, channels, height, width] = x.shape as [number, number, number, number];
  const depth = channels / (block * block);
  return x
    .reshape(shape(depth))
    .permute(order)
    .reshape([batch, depth, height * block, width * block]);
}

export const shape: readonly OperatorDefinition[] = [
  defineOperator('Reshape', {
    inputs: 2,
    attributes: { allowzero: attribute.flag.default(false) },
    run: (call, x: Tensor, wanted: Tensor) =>
      x.reshape(resolveReshape(call, x, toIntegers(call, 'shape', wanted))),
  }),
  defineOperator('Flatten', { inputs: 1, attributes: { axis: attribute.int.default(1) }, run: flattenTo2d }),
  defineOperator('Transpose', {
    inputs: 1,
    attributes: { perm: attribute.ints.optional() },
    run(call, x: Tensor) {
      const perm = call.attributes.perm ?? x.shape.map((_size, axis) => x.ndim - 1 - axis);
      call.expectCount('perm', perm, x.ndim);
      return x.permute(toAxes(call, perm, x.ndim));
    },
  }),
  defineOperator('Squeeze', {
    inputs: [1, 2],
    run(call, x: Tensor, axesInput?: Tensor) {
      const axes = axesInput && toAxes(call, toIntegers(call, 'axes', axesInput), x.ndim);
      for (const axis of axes ?? [])
        if (x.shape[axis] !== 1)
          call.fail(`axes: expected axes of size 1, got ${axis} of shape [${x.shape.join(', ')}]`);
      return x.reshape(x.shape.filter((size, axis) => (axes ? !axes.includes(axis) : size !== 1)));
    },
  }),
  defineOperator('Unsqueeze', {
    inputs: 2,
    run(call, x: Tensor, axesInput: Tensor) {
      const given = toIntegers(call, 'axes', axesInput);
      const axes = toAxes(call, given, x.ndim + given.length);
      return [...axes].sort((a, b) => a - b).reduce((value, axis) => t.unsqueeze(value, axis), x);
    },
  }),
  defineOperator('Concat', {
    inputs: [1, Infinity],
    attributes: { axis: attribute.int.required() },
    run(call, ...inputs: Tensor[]) {
      const axis = toAxis(call, call.attributes.axis, inputs[0]!.ndim);
      for (const input of inputs)
        if (
          input.ndim !== inputs[0]!.ndim ||
          input.shape.some((size, i) => i !== axis && size !== inputs[0]!.shape[i])
        )
          call.fail(
            `expected shapes that differ in axis ${axis} only, got ${inputs.map((x) => `[${x.shape.join(', ')}]`).join(', ')}`,
          );
      return inputs.length === 1 ? inputs[0]! : t.cat(inputs, axis);
    },
  }),
  defineOperator('Split', {
    inputs: [1, 2],
    outputs: [1, Infinity],
    attributes: { axis: attribute.int.default(0), num_outputs: attribute.int.optional() },
    run(call, x: Tensor, split?: Tensor) {
      const axis = toAxis(call, call.attributes.axis, x.ndim);
      const sizes = splitSizes(call, x.shape[axis]!, optionalIntegers(call, 'split', split));
      let start = 0;
      return sizes.map((size) => {
        start += size;
        return t.narrow(x, axis, start - size, size);
      });
    },
  }),
  defineOperator('Pad', {
    inputs: [2, 4],
    attributes: { mode: attribute.oneOf(['constant', 'reflect', 'edge', 'wrap']).default('constant') },
    run(call, x: Tensor, padsInput: Tensor, value?: Tensor, axesInput?: Tensor) {
      const { mode } = call.attributes;
      const axes = axesInput
        ? toAxes(call, toIntegers(call, 'axes', axesInput), x.ndim)
        : x.shape.map((_s, axis) => axis);
      const pads = toIntegers(call, 'pads', padsInput);
      if (pads.length !== 2 * axes.length)
        call.fail(`pads: expected ${2 * axes.length} integers, got ${pads.length}`);
      const perAxis = x.shape.map((_size, axis): [number, number] => {
        const place = axes.indexOf(axis);
        return place < 0 ? [0, 0] : [pads[place]!, pads[place + axes.length]!];
      });
      checkShape(
        call,
        x.shape.map((size, axis) => size + perAxis[axis]![0] + perAxis[axis]![1]),
      );
      if (mode === 'constant')
        return t.pad(x, [...perAxis].reverse().flat(), { value: value ? Number(value.item()) : 0 });
      return perAxis.reduce((result, [begin, end], axis) => {
        if (begin === 0 && end === 0) return result;
        const size = x.shape[axis]!;
        if (size === 0) call.fail(`expected elements to repeat, got shape [${x.shape.join(', ')}]`);
        return t.indexSelect(result, axis, int64Vector(paddedIndices(mode, size, begin, end)));
      }, x);
    },
  }),
  defineOperator('Expand', {
    inputs: 2,
    run(call, x: Tensor, wanted: Tensor) {
      const target = broadcastShape(call, x.shape, toIntegers(call, 'shape', wanted));
      checkShape(call, target);
      return t.broadcastTo(x, target);
    },
  }),
  defineOperator('Tile', {
    inputs: 2,
    run(call, x: Tensor, repeats: Tensor) {
      const counts = toIntegers(call, 'repeats', repeats);
      if (counts.length !== x.ndim) call.fail(`repeats: expected ${x.ndim} integers, got ${counts.length}`);
      checkShape(
        call,
        x.shape.map((size, axis) => size * counts[axis]!),
      );
      return t.tile(x, counts);
    },
  }),
  defineOperator('DepthToSpace', {
    inputs: 1,
    attributes: { blocksize: attribute.int.required(), mode: attribute.oneOf(['DCR', 'CRD']).default('DCR') },
    run(call, x: Tensor) {
      const { blocksize: block, mode } = call.attributes;
      if (x.ndim !== 4 || block < 1 || x.shape[1]! % (block * block) !== 0)
        call.fail(
          `expected 4 dimensions and channels divisible by ${block * block}, got shape [${x.shape.join(', ')}]`,
        );
      const [batch, , height, width] = x.shape as [number, number, number, number];
      return mode === 'DCR'
        ? depthBlocks(x, block, [0, 3, 4, 1, 5, 2], (depth) => [batch, block, block, depth, height, width])
        : depthBlocks(x, block, [0, 1, 4, 2, 5, 3], (depth) => [batch, depth, block, block, height, width]);
    },
  }),
  defineOperator('SpaceToDepth', {
    inputs: 1,
    attributes: { blocksize: attribute.int.required(), mode: attribute.oneOf(['DCR', 'CRD']).default('DCR') },
    run(call, x: Tensor) {
      const { blocksize: block, mode } = call.attributes;
      if (x.ndim !== 4 || block < 1 || x.shape[2]! % block !== 0 || x.shape[3]! % block !== 0)
        call.fail(
          `expected 4 dimensions, height and width divisible by ${block}, got shape [${x.shape.join(', ')}]`,
        );
      const [batch, channels, height, width] = x.shape as [number, number, number, number];
      const cells = x.reshape([batch, channels, height / block, block, width / block, block]);
      const order = mode === 'DCR' ? [0, 3, 5, 1, 2, 4] : [0, 1, 3, 5, 2, 4];
      return cells.permute(order).reshape([batch, channels * block * block, height / block, width / block]);
    },
  }),
];
