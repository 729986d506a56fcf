import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocate } from '../memory/allocate.ts';
import { referencePool2d } from '../reference/pooling.ts';
import { withExecutor } from '../runtime/executor.ts';
import { expectClose, operand, unusualNumbers } from '../testing/operands.ts';
import { targets } from '../testing/targets.ts';
import type { Pool2dParameters } from '../types.ts';
import { pool2d } from './pool2d.ts';

type Case = Omit<Pool2dParameters, 'x' | 'y' | 'indices'>;

/** Windows as PyTorch allows them: padding at most half the kernel, the last window may hang over (ceil mode). */
function cases(extent: number, largestKernel: number): fc.Arbitrary<Case> {
  const small = (min: number, max: number): fc.Arbitrary<number> => fc.integer({ min, max });
  return fc
    .record({
      kind: fc.constantFrom('max' as const, 'average' as const),
      planes: small(0, 3),
      size: fc.tuple(small(1, extent), small(1, extent)),
      kernel: fc.tuple(small(1, largestKernel), small(1, largestKernel)),
      stride: fc.tuple(small(1, 3), small(1, 3)),
      dilation: fc.tuple(small(1, 2), small(1, 2)),
      pads: fc.tuple(small(0, 4), small(0, 4), small(0, 4), small(0, 4)),
      ceilMode: fc.boolean(),
      countIncludePad: fc.boolean(),
      divisor: fc.option(small(1, 5), { nil: undefined }),
    })
    .map(({ size, pads, ceilMode, divisor, ...c }) => {
      const dilation: [number, number] = c.kind === 'max' ? c.dilation : [1, 1];
      const padding = pads.map((p, side) => Math.min(p, Math.floor(c.kernel[side >> 1]! / 2)));
      const out = (axis: 0 | 1): number => {
        const before = padding[2 * axis]!;
        const reach = (c.kernel[axis] - 1) * dilation[axis] + 1;
        const spare = size[axis] + before + padding[2 * axis + 1]! - reach;
        if (spare < 0) return 0;
        const count = (ceilMode ? Math.ceil : Math.floor)(spare / c.stride[axis]) + 1;
        return (count - 1) * c.stride[axis] >= size[axis] + before ? count - 1 : count;
      };
      return {
        ...c,
        dilation,
        padding: padding as [number, number, number, number],
        inHeight: size[0],
        inWidth: size[1],
        outHeight: out(0),
        outWidth: out(1),
        ...(divisor !== undefined && { divisor }),
      };
    });
}

function check(c: Case): void {
  const x = unusualNumbers(7, c.planes * c.inHeight * c.inWidth);
  const count = c.planes * c.outHeight * c.outWidth;
  const expected = new Float32Array(count);
  const expectedIndices = new BigInt64Array(count);
  referencePool2d({ ...c, x, y: expected, ...(c.kind === 'max' && { indices: expectedIndices }) });
  const y = operand(count);
  pool2d({ ...c, x: operand(x), y });
  expectClose(y.read(), expected, 1e-6);
  y.checkFences();
  if (c.kind === 'average') return;
  const indices = allocate(count * 8);
  const again = operand(count);
  pool2d({ ...c, x: operand(x), y: again, indices: { storage: indices, offset: 0 } });
  expectClose(again.read(), expected, 0);
  expect(new BigInt64Array(indices.bytes().slice().buffer)).toEqual(expectedIndices);
}

describe.each(targets)('pool2d on $name', ({ executor, small }) => {
  it('equals its definition for every geometry, NaN and infinities included', () => {
    const shapes = small ? cases(8, 4) : cases(23, 9);
    withExecutor(executor, () => fc.assert(fc.property(shapes, check), { numRuns: small ? 40 : 400 }));
  });

  it('gives NaN where a window holds one, and the largest of negative values beside padding', () => {
    withExecutor(executor, () => {
      const y = operand(2);
      const shape = { kind: 'max', planes: 1, inHeight: 1, inWidth: 2, outHeight: 1, outWidth: 2 } as const;
      const window = { kernel: [1, 2], stride: [1, 1], padding: [0, 0, 1, 0] } as const;
      pool2d({ ...shape, ...window, x: operand([-3, Number.NaN]), y });
      expect([...y.read()]).toEqual([-3, Number.NaN]);
    });
  });
});

describe('pool2d', () => {
  it('refuses windows far outside and indices of averages', () => {
    const x = operand(4);
    const shape = {
      planes: 1,
      inHeight: 2,
      inWidth: 2,
      outHeight: 1,
      outWidth: 1,
      stride: [1, 1],
      padding: [0, 0, 0, 0],
    } as const;
    expect(() => pool2d({ ...shape, kind: 'max', kernel: [3, 3], x, y: x })).toThrow(
      /pool2d: windows reach beyond/,
    );
    const indices = { storage: allocate(8), offset: 0 };
    expect(() => pool2d({ ...shape, kind: 'average', kernel: [2, 2], x, y: x, indices })).toThrow(
      /only maxima/,
    );
  });
});
