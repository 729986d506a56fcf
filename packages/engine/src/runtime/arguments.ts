// Argument blocks: how the values of a launch become the 64-bit slots that a kernel reads.

import { argumentBytes, type Kernel, type LaneType } from '@sconce/codegen';
import { EngineError } from '../errors.ts';
import type { Region } from './region.ts';

/** Bytes that the argument block of a kernel has at most. */
export const ARGUMENT_BYTES = 1024;

/** An argument: its name, what it is written as, and which slot it has. */
interface Slot {
  readonly name: string;
  readonly kind: 'pointer' | 'integer' | LaneType;
  readonly index: number;
}

/** The slots of a kernel. */
export interface Slots {
  readonly name: string;
  readonly length: number;
  readonly byName: ReadonlyMap<string, Slot>;
  /** In the order in which callers give values, as the last call had it: names need no looking up as long as it stays. */
  readonly given: Slot[];
}

/** The same slots as integers and as numbers. */
export interface ArgumentViews {
  readonly i32: Int32Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
}

/** Views of `bytes` bytes of a buffer. */
export function viewArguments(buffer: ArrayBufferLike, offset: number, bytes: number): ArgumentViews {
  return {
    i32: new Int32Array(buffer, offset, bytes / 4),
    f32: new Float32Array(buffer, offset, bytes / 4),
    f64: new Float64Array(buffer, offset, bytes / 8),
  };
}

/** The slots of a kernel. @throws EngineError when there are too many. */
export function slotsOf({ name, contract }: Kernel): Slots {
  const entries = Object.entries(contract);
  if (argumentBytes(contract) > ARGUMENT_BYTES) {
    throw new EngineError(name, 'internal: too many arguments', ARGUMENT_BYTES / 8, entries.length);
  }
  const named = entries.map(([argument, description]) => {
    const kind = description.kind === 'scalar' ? description.type : description.kind;
    return { name: argument, kind };
  });
  return makeSlots(name, named);
}

/** Slots one after the other. */
export function makeSlots(name: string, list: readonly Omit<Slot, 'index'>[]): Slots {
  const given = list.map((argument, index): Slot => ({ ...argument, index }));
  return { name, length: given.length, byName: new Map(given.map((slot) => [slot.name, slot])), given };
}

/**
 * Writes arguments into their slots, from slot `first` on.
 * @throws EngineError unless there is a value for each and no other one.
 */
export function writeArguments(views: ArgumentViews, first: number, slots: Slots, values: unknown): void {
  const { i32, f32, f64 } = views;
  const { given, length } = slots;
  const named = values as Readonly<Record<string, Region | number | bigint>>;
  let count = 0;
  for (const name in named) {
    const next = given[count];
    const { kind, index } = next !== undefined && next.name === name ? next : learn(slots, count, name);
    const at = first + index;
    const value = named[name]!;
    if (kind === 'f32') f32[2 * at] = value as number;
    else if (kind === 'f64') f64[at] = value as number;
    else if (typeof value === 'bigint') {
      i32[2 * at] = Number(BigInt.asIntN(32, value));
      i32[2 * at + 1] = Number(BigInt.asIntN(32, value >> 32n));
    } else {
      // Addresses and sizes are exact below 2 ** 53; storing a number in an Int32Array keeps its lower 32 bits.
      const whole = kind === 'pointer' ? (value as Region).address : (value as number);
      i32[2 * at] = whole;
      i32[2 * at + 1] = whole >= 0 && whole < 0x1_0000_0000 ? 0 : Math.floor(whole / 0x1_0000_0000);
    }
    count++;
  }
  if (count !== length) throw new EngineError(slots.name, 'internal: arguments are missing', length, count);
}

/** Notes that callers give the argument of this name at this place. */
function learn(slots: Slots, place: number, name: string): Slot {
  const slot = slots.byName.get(name);
  if (slot === undefined) throw new EngineError(slots.name, `internal: it has no argument ${name}`);
  slots.given[place] = slot;
  return slot;
}
