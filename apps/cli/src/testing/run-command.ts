/** Runs commands in this process, as tests meet them. */
import { vi } from 'vitest';
import { runProgram } from '../program.ts';

/** What came of a command. */
export interface Outcome {
  readonly status: number;
  /** What it wrote to standard output. */
  readonly out: string;
  /** What it wrote to standard error. */
  readonly err: string;
}

/** Runs the command and keeps what it writes. */
export async function sconce(...args: string[]): Promise<Outcome> {
  const written = { out: '', err: '' };
  const capture = (stream: 'out' | 'err') => (chunk: string | Uint8Array) => {
    written[stream] += String(chunk);
    return true;
  };
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation(capture('out')),
    vi.spyOn(process.stderr, 'write').mockImplementation(capture('err')),
  ];
  try {
    return { status: await runProgram(args), ...written };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
