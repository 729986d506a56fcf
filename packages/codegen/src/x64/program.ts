/** Programs: kernels one after the other in one function, each over its own argument block, with barriers between threads. */

import { type Kernel, record } from '../kernel.ts';
import { Assembler } from './assembler.ts';
import { ConstantPool } from './constant-pool.ts';
import { Frame } from './frame.ts';
import { writeBody } from './lower.ts';
import { Label, memory, r32, r64, rax, rdi, rdx, rsi, rsp } from './operands.ts';
import type { MachineCode, X64Target } from './target.ts';

/**
 * What a program does next: a kernel over the argument block at `block` bytes, waiting for the other threads, or storing the
 * time stamp counter at `clock` bytes.
 */
export type ProgramStep =
  | { readonly kernel: Kernel; readonly block: number }
  | { readonly clock: number }
  | 'barrier';

/** Where a program finds what it shares with other threads: 64-bit slots at the start of the block that it is called with. */
export const programSlots = {
  /** Address of the control words. */
  control: 0,
  /** How many threads meet at each barrier. */
  threads: 1,
  /** Ticks of the time stamp counter that a thread waits at one barrier before it gives up. */
  patience: 2,
} as const;

/** 32-bit control words, on cache lines of their own; offsets in bytes. */
export const controlWords = {
  /** How often threads have arrived at barriers; zero before the threads start. */
  arrived: 0,
  /** Anything but zero makes every thread return at the barrier where it waits or that it reaches. */
  abort: 64,
} as const;

/** Bytes of the control words. */
export const controlBytes = 128;

/** What a program returns. */
export const programStatus = { done: 0, aborted: 1, expired: 2 } as const;

/** Rounds of spinning before a waiting thread offers its core to others. */
const spins = 2000;

const SCHED_YIELD = 24;

// the first line of the frame, behind the caller's stack pointer
const savedBase = memory(rsp, 8);
const returnTo = memory(rsp, 16);
const expected = memory(rsp, 24, { bits: 32 });

const [eax, edx, r8, r10] = [r32[0]!, r32[2]!, r64[8]!, r64[10]!];

/** Programs that share the code of their kernels. */
export interface ProgramCode extends MachineCode {
  /** Where each program starts, in bytes. */
  readonly entries: readonly number[];
}

/**
 * Compiles programs, as for the threads that work on one thing, to functions `int64_t program(void *base)`, which return a
 * {@link programStatus}. `base` points to the {@link programSlots}, and argument blocks lie as many bytes behind it as steps
 * say. Each kernel's code is there once, however many steps of all programs use it. A thread that gives up waiting sets the
 * abort word, so that no other waits for it.
 */
export function compilePrograms(
  programs: readonly (readonly ProgramStep[])[],
  target: X64Target,
): ProgramCode {
  const [code, pool, frame] = [new Assembler(), new ConstantPool(), new Frame()];
  const bodies = new Map<Kernel, Label>();
  const [done, leave, aborted, wait] = [new Label(), new Label(), new Label(), new Label()];
  const entries = programs.map((steps) => {
    code.align(64);
    const entry = code.length;
    frame.enter(code);
    code.emit('mov', savedBase, rdi);
    code.emit('mov', expected, 0);
    for (const step of steps) {
      if (step !== 'barrier' && 'clock' in step) {
        writeTicks(code);
        code.emit('mov', rdi, savedBase);
        code.emit('mov', memory(rdi, step.clock, { bits: 64 }), rax);
        continue;
      }
      const behind = new Label();
      code.emit('lea', rax, memory(behind));
      code.emit('mov', returnTo, rax);
      if (step !== 'barrier') {
        code.emit('mov', rdi, savedBase);
        code.emit('add', rdi, step.block);
        const body = bodies.get(step.kernel) ?? new Label();
        bodies.set(step.kernel, body);
        code.emit('jmp', body);
      } else code.emit('jmp', wait);
      code.bind(behind);
    }
    code.emit('jmp', done);
    return entry;
  });

  for (const [kernel, label] of bodies) {
    code.align(64);
    code.bind(label);
    writeBody(code, pool, frame, target.name, record(kernel, target));
    code.emit('jmp_indirect', returnTo);
  }
  if (programs.some((steps) => steps.includes('barrier'))) {
    code.bind(wait);
    writeBarrier(code, aborted, leave);
    code.bind(aborted);
    code.emit('mov', eax, programStatus.aborted);
    code.emit('jmp', leave);
  }
  code.bind(done);
  code.emit('mov', eax, programStatus.done);
  code.bind(leave);
  frame.leave(code);
  frame.finish(code);
  const instructionBytes = code.length;
  pool.write(code);
  return { code: code.finish(), instructionBytes, entries };
}

/** As {@link compilePrograms}, for one thread; the function starts at the first byte. */
export function compileProgram(steps: readonly ProgramStep[], target: X64Target): MachineCode {
  return compilePrograms([steps], target);
}

/** The time stamp counter in rax; changes rdx. */
function writeTicks(code: Assembler): void {
  code.emit('rdtsc');
  code.emit('shl', rdx, 32);
  code.emit('or', rax, rdx);
}

/** Arrives, then waits until all threads have: spinning first, then yielding, until the deadline. */
function writeBarrier(code: Assembler, aborted: Label, leave: Label): void {
  const [spin, yielding, passed] = [new Label(), new Label(), new Label()];
  const arrived = memory(rsi, controlWords.arrived);
  const abort = memory(rsi, controlWords.abort, { bits: 32 });
  const look = (): void => {
    code.emit('cmp', abort, 0);
    code.emit('jne', aborted);
    code.emit('mov', eax, arrived);
    code.emit('cmp', eax, expected);
    code.emit('jge', passed);
  };
  code.emit('mov', rdi, savedBase);
  code.emit('mov', rsi, memory(rdi, 8 * programSlots.control));
  code.emit('mov', edx, memory(rdi, 8 * programSlots.threads));
  code.emit('add', expected, edx);
  code.emit('mov', eax, 1);
  code.emit('lock_xadd', arrived, eax);
  code.emit('mov', r10, spins);
  code.bind(spin);
  look();
  code.emit('pause');
  code.emit('dec', r10);
  code.emit('jne', spin);

  writeTicks(code);
  code.emit('mov', r8, memory(rdi, 8 * programSlots.patience));
  code.emit('add', r8, rax);
  code.bind(yielding);
  code.emit('mov', eax, SCHED_YIELD);
  code.emit('syscall');
  look();
  writeTicks(code);
  code.emit('cmp', rax, r8);
  code.emit('jb', yielding);

  code.emit('mov', abort, 1);
  code.emit('mov', eax, programStatus.expired);
  code.emit('jmp', leave);
  code.bind(passed);
  code.emit('jmp_indirect', returnTo);
}
