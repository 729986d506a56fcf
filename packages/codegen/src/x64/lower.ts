/** Turns a recording into x86-64 code, operation by operation. */

import type { Recording } from '../kernel.ts';
import type { Assembler } from './assembler.ts';
import type { ConstantPool } from './constant-pool.ts';
import type { Frame } from './frame.ts';
import { type Family, FunctionWriter, type RegisterLimits } from './function-writer.ts';
import type { X64Handlers } from './handlers.ts';
import { avx2Handlers } from './lower-avx2.ts';
import { avx512Handlers } from './lower-avx512.ts';
import { controlHandlers } from './lower-control.ts';
import { memoryHandlers } from './lower-memory.ts';
import { scalarHandlers } from './lower-scalar.ts';
import { vectorHandlers } from './lower-vector.ts';
import { prepare, type X64Operation } from './prepare.ts';

const common = { ...controlHandlers, ...scalarHandlers, ...memoryHandlers, ...vectorHandlers };

const handlers: Readonly<Record<Family, X64Handlers<X64Operation>>> = {
  avx512: { ...common, ...avx512Handlers },
  avx2: { ...common, ...avx2Handlers },
};

/**
 * Writes the body of a kernel: rdi holds the address of its argument block and keeps it, rsp the frame; every other register
 * is the body's own.
 */
export function writeBody(
  code: Assembler,
  pool: ConstantPool,
  frame: Frame,
  family: Family,
  recording: Recording,
  limits?: RegisterLimits,
): void {
  const prepared = prepare(recording, family === 'avx512');
  const writer = new FunctionWriter(code, pool, frame, family, prepared, recording.constants, limits);
  const { allocator, liveness } = writer;
  const table = handlers[family];
  prepared.operations.forEach((operation, at) => {
    allocator.begin(at);
    const handler = table[operation.code] as (w: FunctionWriter, operation: X64Operation, at: number) => void;
    handler(writer, operation, at);
    allocator.finish();
    for (const variable of liveness.reads[at]!) {
      if (allocator.nextRead(allocator.value(variable), at + 1) === Infinity) writer.leavePlace(variable);
    }
  });
  // stores around the caches are not ordered with others before this
  if (recording.operations.some((operation) => operation.code === 'store' && operation.streaming)) {
    code.emit('sfence');
  }
  frame.reset();
}
