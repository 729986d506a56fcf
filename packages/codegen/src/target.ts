/** What a kernel may ask about the machine it is recorded for. */

import { elementBytes, type LaneType } from './types.ts';

/** A machine as kernels see it: how long its vectors are and how many of them fit in registers. */
export interface Target {
  readonly name: string;
  /** Bytes of one vector register. */
  readonly vectorBytes: number;
  /** Vector registers that a kernel can keep live without spilling. */
  readonly vectorRegisters: number;
  readonly pointerBytes: 4 | 8;
  /** Whether a multiply-add is one instruction; otherwise each needs a register for its product. */
  readonly fusedMultiplyAdd: boolean;
  /** Whether conversions from and to float16 are instructions; otherwise they are recorded as integer arithmetic. */
  readonly float16: boolean;
  /** Whether lanes are multiplied by powers of two in one instruction. */
  readonly scale: boolean;
  /** Lanes of one vector. */
  lanes(type: LaneType): number;
}

/** Makes a target description from its register file. */
export function describeTarget(properties: Omit<Target, 'lanes'>): Target {
  return { ...properties, lanes: (type) => properties.vectorBytes / elementBytes[type] };
}
