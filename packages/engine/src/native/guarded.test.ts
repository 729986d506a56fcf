import { describe, expect, it } from 'vitest';
import { runChild } from '../testing/child.ts';
import { calls } from '../testing/kernel-calls.ts';
import { targets } from '../testing/targets.ts';
import { NativeExecutor } from './native-executor.ts';

const native = targets.flatMap(({ executor }) =>
  executor instanceof NativeExecutor ? [executor.target.name] : [],
);
/** The program that runs the kernels, as a module's address. */
const program = new URL('../testing/guarded-run.ts', import.meta.url).href;
const cases = native.flatMap((target) => (['end', 'start'] as const).map((end) => ({ target, end })));

describe('kernels between pages that may not be touched', () => {
  it.each(cases)('$target touches nothing beyond the $end of its operands', async ({ target, end }) => {
    const outcome = await runChild(`await import('${program}');`, {
      operands: [target, end],
    });
    expect(outcome).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(outcome.stdout.trim().split('\n')).toHaveLength(Object.keys(calls).length);
  });

  it.runIf(native.length > 0)('would notice: an access behind the end ends the process', async () => {
    const source = `
      import { loadKoffi } from './src/native/koffi.ts';
      import { openLibc } from './src/native/libc.ts';
      import { GuardedMemory } from './src/testing/guarded-memory.ts';
      const koffi = loadKoffi();
      const libc = openLibc(koffi);
      const { address } = new GuardedMemory(koffi, libc, 'end').allocate(100);
      libc.write(address, new Uint8Array(100));
      console.log('inside');
      libc.write(address, new Uint8Array(101));
      console.log('outside');
    `;
    const outcome = await runChild(source);
    expect(outcome).toMatchObject({ signal: 'SIGSEGV', stdout: 'inside\n' });
  });

  if (native.length === 0) it.skip('native targets (this host has none)', () => {});
});
