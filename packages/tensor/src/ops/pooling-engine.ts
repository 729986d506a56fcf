/** Poolings of float32 and float64 on the engine. */
import { pool2d, pool3d, type Triple } from '@sconce/engine';
import { sliceOf } from '../access.ts';
import type { Tensor } from '../tensor.ts';
import type { PoolWindow } from './pooling-windows.ts';

/** What the two kinds of pooling have besides windows. */
interface PoolDetails {
  readonly dilation?: readonly number[];
  readonly countIncludePad?: boolean;
  readonly divisorOverride?: number | null;
}

const pair = (values: readonly number[]): readonly [number, number] =>
  values.length === 1 ? [1, values[0]!] : [values[0]!, values[1]!];
const triple = (values: readonly number[]): Triple => [values[0]!, values[1]!, values[2]!];

/** Pools a dense input [N, C, ...size] of floats into an output of the size that follows from the windows. */
export function poolOnEngine(
  kind: 'max' | 'average',
  image: Tensor,
  output: Tensor,
  { kernelSize, stride, padding, dilation, countIncludePad, divisorOverride }: PoolWindow & PoolDetails,
): void {
  const [inSize, outSize] = [image.shape.slice(2), output.shape.slice(2)];
  const planes = image.shape[0]! * image.shape[1]!;
  const common = {
    kind,
    x: sliceOf(image),
    y: sliceOf(output),
    dtype: image.dtype as 'float32' | 'float64',
    ...(countIncludePad === undefined ? {} : { countIncludePad }),
    ...(divisorOverride == null ? {} : { divisor: divisorOverride }),
  };
  if (inSize.length === 3) {
    pool3d({
      ...common,
      volumes: planes,
      inSize: triple(inSize),
      outSize: triple(outSize),
      kernel: triple(kernelSize),
      stride: triple(stride),
      padding: padding.flat() as [number, number, number, number, number, number],
      ...(dilation && { dilation: triple(dilation) }),
    });
    return;
  }
  const [[inHeight, inWidth], [outHeight, outWidth]] = [pair(inSize), pair(outSize)];
  const [vertical, horizontal] = padding.length === 1 ? [[0, 0] as const, padding[0]!] : padding;
  pool2d({
    ...common,
    planes,
    inHeight,
    inWidth,
    outHeight,
    outWidth,
    kernel: pair(kernelSize),
    stride: pair(stride),
    padding: [...vertical!, ...horizontal!],
    ...(dilation && { dilation: pair(dilation) }),
  });
}
