// The executors that programs are tested on: machine code on one, two and three threads, WebAssembly on one and two.

import { NativeCode } from '../native/native-code.ts';
import { NativeExecutor } from '../native/native-executor.ts';
import { NativeMemory, nodeHost } from '../native/native-memory.ts';
import type { Executor } from '../runtime/executor.ts';
import { startWasm } from '../runtime/start-wasm.ts';
import { nativePoolHost } from '../threads/native-workers.ts';
import { ThreadTeam } from '../threads/team.ts';
import { nativeBasis } from './native-basis.ts';
import { targets } from './targets.ts';

/** An executor and the number of threads of programs on it. */
export interface ProgramTarget {
  readonly name: string;
  readonly executor: Executor;
  readonly threads: number;
  readonly team: ThreadTeam | undefined;
}

/** A native executor of its own memory and its own threads, which have started. */
function threaded(
  target: NativeExecutor['target'],
  threads: number,
): { executor: NativeExecutor; team: ThreadTeam } {
  const basis = nativeBasis();
  if (typeof basis === 'string') throw new Error(basis);
  const { koffi, libc } = basis;
  const code = new NativeCode(koffi, libc);
  const memory = new NativeMemory(nodeHost(code.addressFunction(), libc.trim));
  const team = new ThreadTeam(nativePoolHost(koffi, code), { count: threads, by: 'a test asks for them' });
  started(team);
  return { executor: new NativeExecutor(target, code, memory, team), team };
}

function started(team: ThreadTeam): ThreadTeam {
  if (!team.pool().waitUntilReady(20_000)) throw new Error('workers do not start');
  return team;
}

/** Makes all of them; {@link closeProgramTargets} ends their threads. */
export function makeProgramTargets(): readonly ProgramTarget[] {
  const executor = startWasm({ count: 2, by: 'a test asks for them' });
  if (executor.team === undefined) throw new Error(executor.threadsReason);
  const wasm = { name: 'wasm, threads: 2', executor, threads: 2, team: started(executor.team) };
  const others = targets.flatMap(({ name, executor, small }): ProgramTarget[] => {
    if (executor instanceof NativeExecutor) {
      const { target } = executor;
      return [1, 2, 3].map((threads) => ({
        name: `${name}, threads: ${threads}`,
        threads,
        ...threaded(target, threads),
      }));
    }
    return small ? [] : [{ name, executor, threads: 1, team: undefined }];
  });
  return [...others, wasm];
}

export function closeProgramTargets(made: readonly ProgramTarget[]): void {
  for (const { team } of made) team?.stop();
}
