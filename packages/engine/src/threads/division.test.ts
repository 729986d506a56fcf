import { inout, input, integer, scalar } from '@sconce/codegen';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LinearMemory } from '../memory/linear-memory.ts';
import type { EngineStorage } from '../memory/storage.ts';
import { NativeCode } from '../native/native-code.ts';
import { NativeExecutor, runningValues } from '../native/native-executor.ts';
import { NativeMemory, nodeHost } from '../native/native-memory.ts';
import { type Executor, withExecutor, withScratch } from '../runtime/executor.ts';
import { family } from '../runtime/family.ts';
import { wholeOf } from '../runtime/region.ts';
import { startWasm } from '../runtime/start-wasm.ts';
import type { Threaded } from '../runtime/threaded.ts';
import { WasmExecutor } from '../runtime/wasm-executor.ts';
import { calls, seedCalls } from '../testing/kernel-calls.ts';
import { nativeBasis } from '../testing/native-basis.ts';
import { targets } from '../testing/targets.ts';
import type { Work } from './pool.ts';
import { defaultPolicy, type ThreadTeam } from './team.ts';

const basis = nativeBasis();

/** A target on whose threads work may be divided. */
interface Divisible {
  readonly name: string;
  /** With its real threads. */
  readonly executor: Threaded;
  /** Another executor of it, on memory of its own. */
  readonly made: (team: ThreadTeam) => Threaded;
  readonly dispose: (executor: Threaded) => void;
}

const native: Divisible[] = targets.flatMap(({ name, executor }) =>
  executor instanceof NativeExecutor
    ? [
        {
          name,
          executor,
          made: (team: ThreadTeam) => {
            if (typeof basis === 'string') throw new Error(basis);
            const code = new NativeCode(basis.koffi, basis.libc);
            const memory = new NativeMemory(nodeHost(code.addressFunction(), basis.libc.trim));
            return new NativeExecutor(executor.target, code, memory, team);
          },
          dispose: (made: Threaded) => (made as NativeExecutor).dispose(),
        },
      ]
    : [],
);
const divisible: Divisible[] = [
  ...native,
  {
    name: 'wasm',
    executor: startWasm({ count: 2, by: 'for a test' }),
    made: (team) => new WasmExecutor(new LinearMemory({ shared: true }), undefined, team),
    dispose: () => {},
  },
];
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
function divider(
  { made }: Divisible,
  parts: number,
  backwards: boolean,
  before: () => void = () => {},
): Threaded {
  const team = {
    count: parts,
    reason: 'for a test',
    partsFor: () => parts,
    run: (work: Work) => {
      before();
      for (let i = 0; i < work.parts; i++) work.runPart(backwards ? work.parts - 1 - i : i);
    },
  };
  return made(team as unknown as ThreadTeam);
}

describe.each(divisible)('work that is divided on $name', (target) => {
  const alone = divider(target, 1, false);
  const divided = ([2, 3, 7] as const).map((parts) => divider(target, parts, parts !== 3));
  afterAll(() => {
    for (const one of [alone, ...divided]) target.dispose(one);
  });

  it.each(names)('%s gives the same bits however it is divided, in whatever order parts run', (name) => {
    for (const other of divided) expectSame(other, alone, name);
  });
});

describe.each(divisible)('a fork on $name', (target) => {
  it.runIf(native.includes(target))(
    'holds what all parts were given until they have run, and scratch memory too',
    () => {
      const held: unknown[] = [];
      const scratch: EngineStorage[] = [];
      const one = divider(target, 2, false, () => {
        held.push(...(runningValues() as unknown[]));
        expect(scratch.map(({ disposed }) => disposed)).toEqual([false, false]);
      });
      const given = [0, 1].map((part) => ({ x: wholeOf(one.memory.allocate(64)), n: part }));
      const kernel = family('nothing', { x: input('f32'), n: integer() }, () => {})({});
      withExecutor(one, () => {
        one.fork(2, (part) =>
          withScratch(16, ({ storage }) => {
            scratch.push(storage!);
            one.launch(kernel, given[part]!);
          }),
        );
      });
      expect(held).toEqual(given);
      expect(runningValues()).toBeUndefined();
      expect(scratch.map(({ disposed }) => disposed)).toEqual([true, true]);
      target.dispose(one);
    },
  );

  it('runs more launches than its list holds, in their order', () => {
    const one = divider(target, 2, false);
    const count = family('count', { x: inout('f32'), step: scalar('f32') }, (k) => {
      const x = k.pointer('x');
      // Not the same in another order.
      k.storeFirst(k.add(k.mul(k.load(x), 0.5), k.scalar('step')), x);
    })({});
    const storage = one.memory.allocate(128);
    const x = [0, 1].map((part) => ({
      ...wholeOf(storage),
      address: storage.address + part * 64,
      bytes: 64,
    }));
    storage.bytes().fill(0);
    one.fork(2, (part) => {
      for (let i = 0; i < 5000; i++) one.launch(count, { x: x[part]!, step: i % 100 });
    });
    let expected = 0;
    for (let i = 0; i < 5000; i++) expected = Math.fround(Math.fround(expected * 0.5) + (i % 100));
    const got = new Float32Array(storage.buffer, storage.byteOffset, 32);
    expect([got[0], got[16]]).toEqual([expected, expected]);
    target.dispose(one);
  });
});

describe.each(divisible)('threads on $name', (target) => {
  const { executor } = target;
  const team = executor.team!;
  const before = team.count;
  beforeAll(() => {
    team.setPolicy({ divide: 0, wake: 0, start: 0 });
  });
  afterAll(() => {
    team.setPolicy(defaultPolicy);
    team.setCount(before, 'as before');
  });

  it.each([2, 3])('%i threads give the same bits as one, for every kernel', (threads) => {
    const alone = divider(target, 1, false);
    team.setCount(threads, 'asked for by a test');
    expect(team.pool().waitUntilReady(20_000)).toBe(true);
    for (const name of names) expectSame(executor, alone, name);
    target.dispose(alone);
  });
});

if (native.length === 0) it.skip('native targets (this host has none)', () => {});
