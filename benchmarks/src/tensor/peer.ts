// What the tensor benchmark asks of a side that it is compared with.

import type { Lane } from '../measure.ts';
import type { TensorCase } from './case.ts';

/** Elements of an operand. */
export type Elements = Float32Array | BigInt64Array;

/** A peer, ready for a case. */
export interface PreparedPeer {
  /** Calls it once more. @returns all results of the call, one behind the other */
  results(): Promise<Float32Array>;
  readonly lane: Lane;
  release(): void | Promise<void>;
}

/** A side to compare with. */
export interface TensorPeer {
  /** Its name in reports, for this case. */
  nameFor(one: TensorCase): string;
  /** Whether it takes the number of threads that it is told. */
  readonly usesThreads: boolean;
  /** Its versions, by name. */
  readonly versions: Readonly<Record<string, string>>;
  /** Makes the case ready on so many threads. */
  prepare(one: TensorCase, data: Readonly<Record<string, Elements>>, threads: number): Promise<PreparedPeer>;
}
