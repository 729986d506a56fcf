// Regions: what kernels are given. Each carries the storage that its address belongs to, since an address alone would
// not keep the collector from the bytes.

import { beforeView, type EngineStorage } from '../memory/storage.ts';

/** Bytes that a kernel may touch through one of its pointers. */
export interface Region {
  /** Holds the bytes; absent only where there are none. */
  readonly storage: EngineStorage | undefined;
  readonly address: number;
  readonly bytes: number;
}

/** The region of an argument that a kernel of this spec does not touch. */
export const nothing: Region = { storage: undefined, address: 0, bytes: 0 };

/** All bytes of a storage. */
export function wholeOf(storage: EngineStorage): Region {
  return { storage, address: storage.address, bytes: storage.byteLength };
}

/**
 * `elements` elements of a region from its element `first` on, all the rest unless given. It may reach behind the
 * region's end as long as it stays inside the storage: whoever asks has checked that.
 */
export function part(
  { storage, address, bytes }: Region,
  first: number,
  elements?: number,
  elementBytes: number = 4,
): Region {
  const offset = first * elementBytes;
  return {
    storage,
    address: address + offset,
    bytes: elements === undefined ? bytes - offset : elements * elementBytes,
  };
}

/** The elements right behind a region, in the same storage: how a block of scratch is divided. */
export function after(
  { storage, address, bytes }: Region,
  elements: number,
  elementBytes: number = 4,
): Region {
  return { storage, address: address + bytes, bytes: elements * elementBytes };
}

// ---- views, valid until the next allocation

/** A region's bytes. */
export function bytesOf({ storage, address, bytes }: Region): Uint8Array {
  if (storage === undefined) return new Uint8Array(0);
  beforeView(storage, 'kernel');
  return new Uint8Array(storage.buffer, storage.byteOffset + address - storage.address, bytes);
}

/** A region as float32 elements. */
export function floatsOf({ storage, address, bytes }: Region): Float32Array {
  if (storage === undefined) return new Float32Array(0);
  beforeView(storage, 'kernel');
  return new Float32Array(storage.buffer, storage.byteOffset + address - storage.address, bytes / 4);
}

/** A region as 32-bit integers. */
export function integersOf({ storage, address, bytes }: Region): Int32Array {
  if (storage === undefined) return new Int32Array(0);
  beforeView(storage, 'kernel');
  return new Int32Array(storage.buffer, storage.byteOffset + address - storage.address, bytes / 4);
}
