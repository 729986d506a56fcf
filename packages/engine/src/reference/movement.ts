// The judges of the kernels that move or scale data: strided copies and the affine map of a channel.

import type { Activation } from '../types.ts';
import { activationOf } from './elementwise.ts';

/** A typed array read or written with strides; all counts are in its elements. */
export interface StridedArray {
  data: Uint8Array | Uint16Array | Uint32Array | BigUint64Array;
  offset: number;
  strides: readonly number[];
}

/** {@link copyStrided} over plain arrays of the element's size. */
export function referenceCopyStrided(p: {
  from: StridedArray;
  to: StridedArray;
  shape: readonly number[];
}): void {
  const visit = (d: number, from: number, to: number): void => {
    if (d === p.shape.length) {
      p.to.data[to] = p.from.data[from]!;
      return;
    }
    for (let i = 0; i < p.shape[d]!; i++) {
      visit(d + 1, from + i * p.from.strides[d]!, to + i * p.to.strides[d]!);
    }
  };
  visit(0, p.from.offset, p.to.offset);
}

/** {@link channelAffine} over plain arrays. */
export function referenceChannelAffine(p: {
  x: Float32Array;
  scale: Float32Array;
  shift: Float32Array;
  y: Float32Array;
  batch: number;
  channels: number;
  inner: number;
  activation?: Activation | undefined;
}): void {
  const activate = activationOf(p.activation);
  for (let n = 0; n < p.batch * p.channels * p.inner; n++) {
    const channel = Math.floor(n / p.inner) % p.channels;
    p.y[n] = activate(Math.fround(p.x[n]! * p.scale[channel]! + p.shift[channel]!));
  }
}
