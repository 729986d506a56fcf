import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { referencePool2d } from '../../reference/pooling.ts';
import { withExecutor } from '../../runtime/executor.ts';
import { expectClose, numbers, operand, unusualNumbers } from '../../testing/operands.ts';
import { targets } from '../../testing/targets.ts';
import type { Padding } from '../../types.ts';
import { blockedGlobalAveragePool } from './global-average-pool.ts';
import { blockedLanes } from './image.ts';
import { fromBlocked } from './layout.ts';
import { type BlockedPool2dParameters, blockedPool2d } from './pool2d.ts';
import { expectPaddingZero, fencedImage } from './testing/images.ts';

interface Case extends Omit<BlockedPool2dParameters, 'x' | 'y'> {
  readonly batch: number;
  readonly channels: number;
  readonly size: readonly [number, number];
  readonly output: readonly [number, number];
  readonly border: Padding;
}

/** Windows as PyTorch allows them: padding at most half the kernel, the last window may hang over (ceil mode). */
function cases(extent: number, largestKernel: number): fc.Arbitrary<Case> {
  const upTo = (max: number, min = 1): fc.Arbitrary<number> => fc.integer({ min, max });
  return fc
    .record({
      kind: fc.constantFrom('max' as const, 'average' as const),
      batch: upTo(2),
      channels: upTo(2 * blockedLanes() + 1),
      size: fc.tuple(upTo(extent), upTo(extent)),
      kernel: fc.tuple(upTo(largestKernel), upTo(largestKernel)),
      stride: fc.tuple(upTo(3), upTo(3)),
      dilation: fc.tuple(upTo(2), upTo(2)),
      pads: fc.tuple(upTo(4, 0), upTo(4, 0), upTo(4, 0), upTo(4, 0)),
      border: fc.tuple(upTo(1, 0), upTo(1, 0), upTo(2, 0), upTo(1, 0)),
      ceilMode: fc.boolean(),
      countIncludePad: fc.boolean(),
      divisor: fc.option(upTo(5), { nil: undefined }),
    })
    .map(({ pads, ceilMode, divisor, ...c }) => {
      const dilation: [number, number] = c.kind === 'max' ? c.dilation : [1, 1];
      const padding = pads.map((p, side) => Math.min(p, Math.floor(c.kernel[side >> 1]! / 2)));
      const outputs = (axis: 0 | 1): number => {
        const before = padding[2 * axis]!;
        const reach = (c.kernel[axis] - 1) * dilation[axis] + 1;
        const spare = c.size[axis] + before + padding[2 * axis + 1]! - reach;
        if (spare < 0) return 0;
        const count = (ceilMode ? Math.ceil : Math.floor)(spare / c.stride[axis]) + 1;
        return (count - 1) * c.stride[axis] >= c.size[axis] + before ? count - 1 : count;
      };
      return {
        ...c,
        dilation,
        padding: padding as [number, number, number, number],
        output: [outputs(0), outputs(1)] as const,
        ...(divisor !== undefined && { divisor }),
      };
    });
}

function check(c: Case): void {
  const { batch, channels, size, output, border, ...p } = c;
  const values = unusualNumbers(7, batch * channels * size[0] * size[1]);
  const expected = new Float32Array(batch * channels * output[0] * output[1]);
  const sizes = { inHeight: size[0], inWidth: size[1], outHeight: output[0], outWidth: output[1] };
  referencePool2d({ ...p, ...sizes, planes: batch * channels, x: values, y: expected });
  const shape = { batch, channels, lanes: blockedLanes(), border };
  const x = fencedImage({ ...shape, height: size[0], width: size[1] }, values);
  const y = fencedImage({ ...shape, height: output[0], width: output[1] });
  blockedPool2d({ ...p, x, y });
  const plain = operand(expected.length);
  fromBlocked({ x: y, y: plain });
  expectClose(plain.read(), expected, 1e-6);
  expectPaddingZero(y);
  for (const each of [x.fenced, y.fenced, plain]) each.checkFences();
}

describe.each(targets)('blocked pooling on $name', ({ executor, small }) => {
  it('equals its definition for every geometry, NaN and infinities included', () => {
    withExecutor(executor, () => {
      const shapes = small ? cases(7, 4) : cases(21, 9);
      fc.assert(fc.property(shapes, check), { numRuns: small ? 30 : 200 });
    });
  });

  it('averages whole images', () => {
    withExecutor(executor, () => {
      const lanes = blockedLanes();
      for (const [height, width, channels] of [
        [1, 1, 1],
        [7, 7, 2 * lanes],
        [3, 10, lanes + 3],
        [0, 4, 2],
      ] as const) {
        const shape = { batch: 2, channels, lanes, border: [1, 0, 0, 1] } as const;
        const values = numbers(3, 2 * channels * height * width);
        const x = fencedImage({ ...shape, height, width }, values);
        const y = fencedImage({ ...shape, height: 1, width: 1 });
        blockedGlobalAveragePool({ x, y });
        const plain = operand(2 * channels);
        fromBlocked({ x: y, y: plain });
        const area = height * width;
        const expected = Float32Array.from({ length: 2 * channels }, (_, i) => {
          const sum = values.subarray(i * area, (i + 1) * area).reduce((total, value) => total + value, 0);
          return sum / area;
        });
        expectClose(plain.read(), expected, 1e-6);
        if (area > 0) expectPaddingZero(y);
        y.fenced.checkFences();
      }
    });
  });
});

describe('blocked pooling', () => {
  it('refuses what does not belong together', () => {
    const lanes = blockedLanes();
    const shape = { batch: 1, channels: 3, lanes, border: [0, 0, 0, 0], height: 4, width: 4 } as const;
    const [x, y] = [fencedImage(shape), fencedImage({ ...shape, height: 2, width: 2 })];
    const window = { kernel: [2, 2], stride: [2, 2], padding: [0, 0, 0, 0] } as const;
    const call = (change: object) => () => blockedPool2d({ ...window, kind: 'average', x, y, ...change });
    expect(call({ kernel: [9, 2] })).toThrow(/blockedPool2d: windows reach beyond the padded height/);
    expect(call({ dilation: [2, 1] })).toThrow(/averages take no dilation/);
    expect(call({ y: fencedImage({ ...shape, channels: 2 }) })).toThrow(
      /y has another channels, expected 3, got 2/,
    );
    expect(() => blockedGlobalAveragePool({ x, y })).toThrow(/y has another height, expected 1, got 2/);
  });
});
