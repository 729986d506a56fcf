// WebAssembly in Node: a process for each number of threads.

import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BenchmarkOptions } from '../options.ts';
import type { BenchmarkRow } from '../report.ts';
import { benchmarkWeb, type WebPlace } from './benchmark.ts';
import { type Answer, unwrap, type WebStarted } from './messages.ts';

const script = fileURLToPath(new URL('process.ts', import.meta.url));

/** Runs the benchmark in Node; gives the exit status. */
export async function benchmarkNodeWeb(options: BenchmarkOptions): Promise<number> {
  await using processes = new AsyncDisposableStack();
  return await benchmarkWeb('web', options, async (threads) =>
    processes.adopt(await openProcess(threads), (its) => its.close()),
  );
}

/** Starts a process that measures on so many threads. @throws Error when it cannot */
export async function openProcess(threads: number): Promise<WebPlace & { close(): void }> {
  const child = fork(script, [String(threads)], {
    execArgv: ['--conditions=@sconce/source'],
    env: { ...process.env, SCONCE_ENGINE: 'wasm' },
  });
  const close = (): void => void child.kill();
  try {
    const started = await next<WebStarted>(child);
    return {
      started,
      measure: (request) => {
        child.send(request);
        return next<BenchmarkRow>(child);
      },
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** The next answer of a process. @throws Error with the answer's message, or when the process ends first */
function next<T>(child: ChildProcess): Promise<T> {
  return new Promise((resolve, reject) => {
    const settle = (body: () => void): void => {
      child.off('message', answered).off('exit', ended);
      body();
    };
    const answered = (message: unknown): void =>
      settle(() => {
        try {
          resolve(unwrap(message as Answer<T>));
        } catch (error) {
          reject(error as Error);
        }
      });
    const ended = (code: number | null): void =>
      settle(() => reject(new Error(`the process that measures has ended, status ${code}`)));
    child.once('message', answered).once('exit', ended);
  });
}
