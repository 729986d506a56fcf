// Concatenation: each input is a strided copy into its part of the output.

import { EngineError } from '../errors.ts';
import { checkSizes, regionOf } from '../operands.ts';
import type { ConcatParameters } from '../types.ts';
import { copyStrided } from './copy-strided.ts';

/**
 * Joins `x[outer, size, inner]` of each input along `size`, bit for bit. The output must not overlap an input.
 *
 * @throws EngineError when there is no input, a size is invalid or a slice too small, before anything is written.
 */
export function concat(p: ConcatParameters): void {
  const { outer, inner, elementBytes } = p;
  checkSizes('concat', { outer, inner });
  if (p.inputs.length === 0) throw new EngineError('concat', 'nothing to join', 'at least one input', 0);
  p.inputs.forEach(({ x, size }, i) => {
    checkSizes('concat', { [`size of input ${i}`]: size });
    regionOf('concat', `input ${i}`, x, outer * size * inner, elementBytes);
  });
  const row = p.inputs.reduce((sum, { size }) => sum + size, 0) * inner;
  regionOf('concat', 'y', p.y, outer * row, elementBytes);
  if (outer === 0) return;
  let offset = p.y.offset;
  for (const { x, size } of p.inputs) {
    const run = size * inner;
    if (run === 0) continue;
    copyStrided({
      from: { ...x, strides: [run, 1] },
      to: { storage: p.y.storage, offset, strides: [row, 1] },
      shape: [outer, run],
      elementBytes,
    });
    offset += run;
  }
}
