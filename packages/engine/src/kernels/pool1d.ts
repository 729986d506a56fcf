// Pooling over windows of lines.

import type { Pool2dParameters } from '../types.ts';
import { pool2d } from './pool2d.ts';

/** Parameters of {@link pool1d}. */
export interface Pool1dParameters
  extends Pick<
    Pool2dParameters,
    'kind' | 'dtype' | 'x' | 'y' | 'indices' | 'inWidth' | 'outWidth' | 'countIncludePad' | 'divisor'
  > {
  /** Images times channels. */
  readonly lines: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: readonly [left: number, right: number];
  /** For `max` only; 1 by default. */
  readonly dilation?: number;
}

/**
 * Maximum or average over windows of each line: {@link pool2d} of planes of one row.
 *
 * @throws EngineError as `pool2d` does.
 */
export function pool1d({ lines, kernel, stride, padding, dilation = 1, ...p }: Pool1dParameters): void {
  pool2d({
    ...p,
    planes: lines,
    inHeight: 1,
    outHeight: 1,
    kernel: [1, kernel],
    stride: [1, stride],
    padding: [0, 0, ...padding],
    dilation: [1, dilation],
  });
}
