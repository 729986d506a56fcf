// A native memory under a collector that runs at every allocation: what nobody holds is freed at once and written over.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { NativeMemory, type nodeHost } from '../native/native-memory.ts';

/** Bytes of the blocks that are written over: sizes that freed storages had. */
const SIZES = [1024, 2048, 4096, 8192, 16384, 65536, 131072] as const;

/** See the file's head; {@link churn} does it between allocations too. */
export class ChurningMemory extends NativeMemory {
  readonly #host: ReturnType<typeof nodeHost>;
  readonly #gc: () => void;
  /** How often the collector has run. */
  churns = 0;

  constructor(host: ReturnType<typeof nodeHost>) {
    super(host);
    setFlagsFromString('--expose-gc');
    this.#gc = runInNewContext('gc') as () => void;
    this.#host = host;
  }

  /** Frees all that is not held, and writes over it. */
  churn(): void {
    this.#gc();
    this.churns++;
    for (const bytes of SIZES) {
      for (let i = 0; i < 8; i++) new Uint8Array(this.#host.newBuffer(bytes)).fill(0xff);
    }
  }

  override allocate(byteLength: number): ReturnType<NativeMemory['allocate']> {
    this.churn();
    return super.allocate(byteLength);
  }
}
