// Calls of poolings, for tests that compare executors.

import { adaptivePool } from '../../kernels/adaptive-pool.ts';
import { blockedLanes } from '../../kernels/blocked/image.ts';
import { blockedPool2d } from '../../kernels/blocked/pool2d.ts';
import { pool2d } from '../../kernels/pool2d.ts';
import { pool3d } from '../../kernels/pool3d.ts';
import type { Slice } from '../../types.ts';
import { blockedImage, plainOf } from './blocked-images.ts';
import { fromOne, random, slice } from './operands.ts';

/** Calls of poolings. */
export const poolingCalls: Readonly<Record<string, () => Slice>> = {
  blockedPool: () => {
    const shape = { batch: fromOne(2), channels: fromOne(60), lanes: blockedLanes() };
    const size = fromOne(12);
    const x = blockedImage({ ...shape, height: size, width: size, border: [0, 0, 0, 0] }, true);
    const y = blockedImage({ ...shape, height: size, width: size, border: [0, 0, 0, 0] }, false);
    const kind = random(2) === 1 ? 'max' : 'average';
    blockedPool2d({ kind, x, y, kernel: [3, 3], stride: [1, 1], padding: [1, 1, 1, 1] });
    return plainOf(y);
  },
  pool2d: () => {
    const [planes, inHeight, inWidth] = [fromOne(4), 3 + random(20), 3 + random(40)];
    const [kernel, stride] = [fromOne(3), fromOne(3)];
    const out = (extent: number): number => Math.floor((extent - kernel) / stride) + 1;
    const y = slice(planes * out(inHeight) * out(inWidth));
    pool2d({
      kind: random(2) === 1 ? 'max' : 'average',
      planes,
      inHeight,
      inWidth,
      outHeight: out(inHeight),
      outWidth: out(inWidth),
      kernel: [kernel, kernel],
      stride: [stride, stride],
      padding: [0, 0, 0, 0],
      x: slice(planes * inHeight * inWidth),
      y,
    });
    return y;
  },
  pool3d: () => {
    const [volumes, size, kernel] = [fromOne(9), 3 + random(9), fromOne(3)];
    const extent = size - kernel + 1;
    const y = slice(volumes * extent ** 3);
    pool3d({
      kind: random(2) === 1 ? 'max' : 'average',
      volumes,
      inSize: [size, size, size],
      outSize: [extent, extent, extent],
      kernel: [kernel, kernel, kernel],
      stride: [1, 1, 1],
      padding: [0, 0, 0, 0, 0, 0],
      x: slice(volumes * size ** 3),
      y,
    });
    return y;
  },
  adaptivePool: () => {
    const [planes, inSize, outSize] = [fromOne(20), [fromOne(20), fromOne(40)], [fromOne(7), fromOne(7)]];
    const y = slice(planes * outSize[0]! * outSize[1]!);
    const x = slice(planes * inSize[0]! * inSize[1]!);
    adaptivePool({ kind: random(2) === 1 ? 'max' : 'average', planes, inSize, outSize, x, y });
    return y;
  },
};
