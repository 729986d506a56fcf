/** The main thread's side of a loader's workers, after PyTorch's `_MultiProcessingDataLoaderIter`. */
import { END } from './fetch.ts';
import { unpack, type WorkerReply, type WorkerRequest, type WorkerStart } from './worker-messages.ts';

type Threads = typeof import('node:worker_threads');
type Thread = InstanceType<Threads['Worker']>;

/** What workers are started with, but for their numbers. */
export type WorkersOptions = Omit<WorkerStart, 'id'> & {
  readonly prefetchFactor: number;
  /** Seconds to wait for a batch; 0 for no limit. */
  readonly timeout: number;
  readonly inOrder: boolean;
};

/** One batch that was asked for. */
interface Task {
  readonly worker: number;
  reply?: WorkerReply;
}

/** Worker threads of one loader. Each pass over the data is a {@link Workers.pass}. */
export class Workers {
  readonly options: WorkersOptions;
  readonly #threads: Thread[];
  #passes = 0;
  /** The pass that replies go to. */
  #current: Pass | undefined;
  /** Why no more batches come, once a worker has died. */
  #failure: Error | undefined;

  /** @throws Error where there are no worker threads of Node */
  constructor(options: WorkersOptions) {
    this.options = options;
    const { Worker } = workerThreads();
    const here = import.meta.url;
    const isSource = here.endsWith('.ts');
    const file = `./worker${isSource ? '.ts' : '.js'}`;
    this.#threads = Array.from({ length: options.numWorkers }, (_, id) => {
      const { module, numWorkers, baseSeed, batching, dropLast } = options;
      const thread = new Worker(new URL(file, here), {
        workerData: { module, numWorkers, baseSeed, batching, dropLast, id } satisfies WorkerStart,
        name: `sconce data ${id}`,
        // As in PyTorch each worker computes on one thread.
        env: { ...process.env, SCONCE_THREADS: '1' },
        ...(isSource ? { execArgv: [...process.execArgv, '--conditions=@sconce/source'] } : {}),
      });
      thread.on('message', (reply: WorkerReply) => this.#current?.receive(reply));
      thread.on('error', (error: Error) => this.#fail(id, error));
      thread.on('exit', () => this.#fail(id, undefined));
      thread.unref();
      return thread;
    });
  }

  /** Begins to fetch the batches that a sampler names. A pass before is given up. */
  pass(indices: Iterator<unknown>): Pass {
    this.#passes += 1;
    if (this.#passes > 1)
      for (const thread of this.#threads) thread.postMessage({ kind: 'restart' } satisfies WorkerRequest);
    this.#current = new Pass(this, this.#passes, indices);
    this.#current.begin();
    return this.#current;
  }

  /** Why no more batches come; undefined while all workers live. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  #fail(worker: number, cause: Error | undefined): void {
    this.#failure ??= new Error(`DataLoader worker ${worker} exited unexpectedly`, { cause });
    this.#current?.wake();
  }

  /** Sends a request to a worker. */
  send(worker: number, request: WorkerRequest): void {
    this.#threads[worker]!.postMessage(request);
  }

  /** Keeps the process alive while a batch is waited for, and only then. */
  hold(waiting: boolean): void {
    for (const thread of this.#threads) {
      if (waiting) thread.ref();
      else thread.unref();
    }
  }

  /** Ends the threads. */
  async stop(): Promise<void> {
    this.#current = undefined;
    await Promise.all(this.#threads.map((thread) => thread.terminate()));
  }
}

/** One pass over the data: batches come in the order they were asked for, whichever worker is quicker. */
export class Pass {
  readonly #workers: Workers;
  readonly #number: number;
  readonly #indices: Iterator<unknown>;
  readonly #tasks = new Map<number, Task>();
  readonly #active: boolean[];
  #sent = 0;
  #turn = 0;
  #wake: (() => void) | undefined;

  constructor(workers: Workers, number: number, indices: Iterator<unknown>) {
    this.#workers = workers;
    this.#number = number;
    this.#indices = indices;
    this.#active = Array.from({ length: workers.options.numWorkers }, () => true);
  }

  /** Asks for the first batches. */
  begin(): void {
    const { numWorkers, prefetchFactor } = this.#workers.options;
    for (let i = 0; i < numWorkers * prefetchFactor; i++) this.#request();
  }

  /** The next batch, or {@link END}. @throws Error of a worker, with its number and its own stack as the cause */
  async next(): Promise<unknown> {
    this.#workers.hold(true);
    try {
      for (;;) {
        const reply = await this.#nextReply();
        if (reply === undefined) return END;
        if (reply.kind === 'end') {
          // Answered to each task that the worker still had; only the first one says something new.
          if (this.#active[reply.worker]) {
            this.#active[reply.worker] = false;
            this.#request();
          }
          continue;
        }
        this.#request();
        if (reply.kind === 'batch') return unpack(reply.value);
        throw workerError(reply);
      }
    } finally {
      this.#workers.hold(false);
    }
  }

  /** Takes a worker's answer; one to an earlier pass is of no use any more. */
  receive(reply: WorkerReply): void {
    if (reply.pass !== this.#number) return;
    const task = this.#tasks.get(reply.task);
    if (task === undefined) return;
    task.reply = reply;
    this.wake();
  }

  /** Has whoever waits look again. */
  wake(): void {
    this.#wake?.();
  }

  async #nextReply(): Promise<(WorkerReply & { worker: number }) | undefined> {
    const deadline = performance.now() + this.#workers.options.timeout * 1000;
    for (;;) {
      const found = this.#take();
      if (found !== undefined) return found;
      if (this.#tasks.size === 0) return undefined;
      if (this.#workers.failure) throw this.#workers.failure;
      await this.#somethingNew(deadline);
    }
  }

  /** The answer that is due (the first one that is there, without an order). */
  #take(): (WorkerReply & { worker: number }) | undefined {
    for (const [number, { worker, reply }] of this.#tasks) {
      if (reply !== undefined) {
        this.#tasks.delete(number);
        return { ...reply, worker };
      }
      if (this.#workers.options.inOrder) return undefined;
    }
    return undefined;
  }

  #somethingNew(deadline: number): Promise<void> {
    const { timeout } = this.#workers.options;
    return new Promise((resolve, reject) => {
      const timer =
        timeout > 0
          ? setTimeout(
              () => reject(new Error(`DataLoader timed out after ${timeout} seconds`)),
              Math.max(0, deadline - performance.now()),
            )
          : undefined;
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
    });
  }

  /** Asks the next worker in turn whose samples have not ended for the next batch. */
  #request(): void {
    const { numWorkers } = this.#workers.options;
    if (!this.#active.includes(true)) return;
    const step = this.#indices.next();
    if (step.done === true) return;
    while (!this.#active[this.#turn % numWorkers]) this.#turn += 1;
    const worker = this.#turn % numWorkers;
    this.#turn += 1;
    const task = this.#sent;
    this.#sent += 1;
    this.#tasks.set(task, { worker });
    this.#workers.send(worker, { kind: 'fetch', pass: this.#number, task, index: step.value });
  }
}

function workerError({ value, stack, worker }: WorkerReply & { worker: number }): Error {
  const cause = new Error(String(value));
  if (stack !== undefined) cause.stack = stack;
  return new Error(`Caught in DataLoader worker ${worker}: ${String(value)}`, { cause });
}

function workerThreads(): Threads {
  const found =
    typeof process === 'object'
      ? (process.getBuiltinModule?.('node:worker_threads') as Threads | undefined)
      : undefined;
  if (found === undefined)
    throw new Error('DataLoader: numWorkers needs the worker threads of Node, use numWorkers: 0 here');
  return found;
}
