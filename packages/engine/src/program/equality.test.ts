import { afterAll, describe, expect, it } from 'vitest';
import { type Executor, withExecutor } from '../runtime/executor.ts';
import { calls, seedCalls } from '../testing/kernel-calls.ts';
import { closeProgramTargets, makeProgramTargets } from '../testing/program-targets.ts';
import type { Slice } from '../types.ts';
import { Recorder } from './recorder.ts';

const ROUNDS = 6;

const made = makeProgramTargets();
afterAll(() => closeProgramTargets(made));

const bytesOf = ({ storage }: Slice): Buffer => Buffer.from(storage.bytes().slice());

/** What a call gives when it is run as a program, and when that program is run once more. */
function recorded(executor: Executor, threads: number, call: () => Slice): Buffer[] {
  // Small calls are divided too.
  const recorder = new Recorder(executor, threads, 0);
  const result = withExecutor(recorder, call);
  const before = result.storage.bytes().slice();
  const program = executor.program(recorder.finish());
  try {
    return [0, 1].map(() => {
      result.storage.bytes().set(before);
      program.run();
      return bytesOf(result);
    });
  } finally {
    program.dispose();
  }
}

describe.each(made)('recorded on $name', ({ executor, threads }) => {
  it.each(Object.keys(calls))('%s gives the bits that it gives when it is called, in every run', (name) => {
    for (let round = 0; round < ROUNDS; round++) {
      const seed = round * 7919 + 17;
      const call = (): Slice => {
        seedCalls(seed);
        return calls[name]!();
      };
      const direct = withExecutor(executor, () => bytesOf(call()));
      for (const [run, got] of recorded(executor, threads, call).entries()) {
        if (!got.equals(direct)) expect.fail(`round ${round}, run ${run} gave other bits`);
      }
    }
  });
});
