import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NativeCode } from '../native/native-code.ts';
import { NativeExecutor } from '../native/native-executor.ts';
import { NativeMemory, nodeHost } from '../native/native-memory.ts';
import { type Executor, withExecutor } from '../runtime/executor.ts';
import { calls, seedCalls } from '../testing/kernel-calls.ts';
import { nativeBasis } from '../testing/native-basis.ts';
import { targets } from '../testing/targets.ts';
import type { Work } from './pool.ts';
import { defaultPolicy, type ThreadTeam } from './team.ts';

const basis = nativeBasis();
const native = targets.flatMap(({ name, executor }) =>
  executor instanceof NativeExecutor ? [{ name, executor }] : [],
);
const names = Object.keys(calls);
const ROUNDS = 25;

function resultOf(executor: Executor, name: string, round: number): Buffer {
  seedCalls(round * 7919 + 17);
  return withExecutor(executor, () => Buffer.from(calls[name]!().storage.bytes().slice()));
}

function expectSame(executor: Executor, other: Executor, name: string): void {
  for (let round = 0; round < ROUNDS; round++) {
    const same = resultOf(executor, name, round).equals(resultOf(other, name, round));
    if (!same) expect.fail(`round ${round} gave other bits`);
  }
}

/** An executor on its own memory that divides all work into so many parts and runs them on this thread, the last or first first. */
function divider(target: NativeExecutor['target'], parts: number, backwards: boolean): NativeExecutor {
  if (typeof basis === 'string') throw new Error(basis);
  const team = {
    count: parts,
    reason: 'for a test',
    partsFor: () => parts,
    run: (work: Work) => {
      for (let i = 0; i < work.parts; i++) work.runPart(backwards ? work.parts - 1 - i : i);
    },
  };
  const code = new NativeCode(basis.koffi, basis.libc);
  const memory = new NativeMemory(nodeHost(code.addressFunction(), basis.libc.trim));
  return new NativeExecutor(target, code, memory, team as unknown as ThreadTeam);
}

describe.each(native)('work that is divided on $name', ({ executor }) => {
  const alone = divider(executor.target, 1, false);
  const divided = ([2, 3, 7] as const).map((parts) => divider(executor.target, parts, parts !== 3));
  afterAll(() => {
    for (const one of [alone, ...divided]) one.dispose();
  });

  it.each(names)('%s gives the same bits however it is divided, in whatever order parts run', (name) => {
    for (const other of divided) expectSame(other, alone, name);
  });
});

describe.each(native)('threads on $name', ({ executor }) => {
  const team = executor.team!;
  const before = team.count;
  beforeAll(() => {
    team.setPolicy({ divide: 0, wake: 0 });
  });
  afterAll(() => {
    team.setPolicy(defaultPolicy);
    team.setCount(before, 'as before');
  });

  it.each([2, 3])('%i threads give the same bits as one, for every kernel', (threads) => {
    const alone = divider(executor.target, 1, false);
    team.setCount(threads, 'asked for by a test');
    expect(team.pool().waitUntilReady(20_000)).toBe(true);
    for (const name of names) expectSame(executor, alone, name);
    alone.dispose();
  });
});

if (native.length === 0) it.skip('native targets (this host has none)', () => {});
