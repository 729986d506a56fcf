/** The checking interpreter: runs a kernel operation by operation and refuses whatever a kernel must not do. */

import type { Contract, IntegerArgument, PointerArgument, ScalarArgument } from '../contract.ts';
import { type Kernel, type Recording, record } from '../kernel.ts';
import { type Handlers, handle, type Operation } from '../operations.ts';
import { describeTarget, type Target } from '../target.ts';
import type { LaneValue } from '../types.ts';
import { Machine } from './machine.ts';
import { scalarHandlers } from './scalar.ts';
import { vectorHandlers } from './vector.ts';
import { memoryHandlers } from './vector-memory.ts';

/** A buffer for a pointer argument; the pointer starts at `byteOffset` in it. */
export interface BufferValue {
  readonly view: ArrayBufferView;
  readonly byteOffset: number;
}

/** Values for the arguments of a contract: views for pointers, numbers for integers and scalars. */
export type KernelArguments<C extends Contract> = {
  readonly [N in keyof C]: C[N] extends PointerArgument
    ? ArrayBufferView | BufferValue
    : C[N] extends IntegerArgument
      ? number
      : C[N] extends ScalarArgument<infer T>
        ? T extends 'i64'
          ? LaneValue
          : number
        : ArrayBufferView | BufferValue | LaneValue;
};

export interface InterpreterOptions {
  /** Bytes of a vector: 16 (as WebAssembly, the default), 32 or 64. */
  readonly vectorBytes?: 16 | 32 | 64;
  /** Vector registers that the kernel is told of; 16 unless given. */
  readonly vectorRegisters?: number;
}

/** What a run did. */
export interface InterpreterReport {
  /** Operations carried out. */
  readonly operations: number;
  /** Loads and stores, each checked. */
  readonly accesses: number;
  /** For each output buffer, the number of bytes that were never written. */
  readonly unwritten: Readonly<Record<string, number>>;
}

const handlers: Handlers<Operation, Machine> = { ...scalarHandlers, ...memoryHandlers, ...vectorHandlers };

/** Recordings of kernels that have run, by vector size and registers. */
const recordings = new WeakMap<Kernel, Map<string, Recording>>();

/**
 * Runs a kernel over the given views themselves; it may touch nothing else. Outputs count as unwritten at the start. Two
 * arguments may be given the same view (in-place kernels).
 * @throws InterpreterError on an access outside the buffer that the pointer came from, a store to an input, a read of a
 * byte or a variable that was never written, a misaligned aligned access, an integer beyond 32 bits.
 * @example
 * interpret(addRelu, { x: Float32Array.of(1, 2), y: Float32Array.of(3, 4), sum, n: 2 });
 */
export function interpret<C extends Contract>(
  kernel: Kernel<C>,
  values: KernelArguments<C>,
  options: InterpreterOptions = {},
): InterpreterReport {
  const { vectorBytes = 16, vectorRegisters = 16 } = options;
  const target = describeTarget({
    name: 'interpreter',
    vectorBytes,
    vectorRegisters,
    pointerBytes: 8,
    fusedMultiplyAdd: true,
    float16: true,
    scale: true,
  });
  const lineOf = (operation: number): string =>
    record(kernel, target, { lines: true }).lines?.[operation] ?? '';
  const machine = new Machine(recordOnce(kernel, target), lineOf);
  bind(machine, values);
  return run(machine);
}

function recordOnce(kernel: Kernel, target: Target): Recording {
  const known = recordings.get(kernel) ?? new Map<string, Recording>();
  recordings.set(kernel, known);
  const key = `${target.vectorBytes} ${target.vectorRegisters}`;
  const recording = known.get(key) ?? record(kernel, target);
  known.set(key, recording);
  return recording;
}

/** Fills the argument block. */
function bind(
  machine: Machine,
  values: Readonly<Record<string, ArrayBufferView | BufferValue | LaneValue>>,
): void {
  for (const [name, argument] of Object.entries(machine.recording.contract)) {
    const value = values[name];
    if (argument.kind === 'pointer') {
      if (typeof value !== 'object') machine.fail(`argument ${name}: expected a buffer, got ${value}`);
      const { view, byteOffset } = 'view' in value ? value : { view: value, byteOffset: 0 };
      const buffer = machine.memory.add(name, argument.access, view);
      machine.slots.push({ buffer, address: buffer.base + byteOffset });
    } else if (typeof value === 'bigint' && argument.kind === 'scalar') machine.slots.push(value);
    else {
      if (typeof value !== 'number') machine.fail(`argument ${name}: expected a number, got ${value}`);
      machine.slots.push(argument.kind === 'integer' ? machine.checkInteger(value) : value);
    }
  }
}

function run(machine: Machine): InterpreterReport {
  const { operations } = machine.recording;
  let count = 0;
  for (machine.at = 0; machine.at < operations.length; machine.at++) {
    count++;
    handle(handlers, machine, operations[machine.at]!);
  }
  const outputs = machine.memory.buffers.filter(({ written }) => written);
  const missing = (written: Uint8Array): number => written.reduce((sum, byte) => sum + 1 - byte, 0);
  return {
    operations: count,
    accesses: machine.accesses,
    unwritten: Object.fromEntries(outputs.map(({ name, written }) => [name, missing(written!)])),
  };
}
