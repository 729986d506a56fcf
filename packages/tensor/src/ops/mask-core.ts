/** Reads masks: where a bool tensor holds. */
import { cast, flatElements, materialize } from '../access.ts';
import type { Tensor } from '../tensor.ts';

/** Places, in row-major order, where a tensor is not zero. */
export function maskPlaces(x: Tensor): Int32Array {
  const flags = flatElements(materialize(cast(x, 'bool'))) as Uint8Array;
  let count = 0;
  for (let i = 0; i < flags.length; i++) count += flags[i]!;
  const places = new Int32Array(count);
  let next = 0;
  for (let i = 0; i < flags.length; i++) if (flags[i] !== 0) places[next++] = i;
  return places;
}
