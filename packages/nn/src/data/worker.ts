/**
 * The thread of a loader's worker (Node): imports the module with the dataset, then makes the batches it is asked for.
 * After PyTorch's `torch/utils/data/_utils/worker.py`.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { manualSeed } from '@sconce/tensor';
import { defaultCollate, defaultConvert } from './collate.ts';
import { type DatasetLike, type IterableDataset, isIterableDataset, toDataset } from './dataset.ts';
import { END, type Fetcher, type FetchOptions, MapFetcher, StreamFetcher } from './fetch.ts';
import { setWorkerInfo } from './worker-info.ts';
import { pack, type WorkerReply, type WorkerRequest, type WorkerStart } from './worker-messages.ts';

/** What a module for workers exports. */
interface WorkerModule {
  readonly dataset?: unknown;
  readonly collateFn?: FetchOptions['collate'];
  readonly workerInitFn?: (workerId: number) => unknown;
}

const port = parentPort;
if (port === null) throw new Error('worker.ts runs in a worker thread of a DataLoader only');
const start = workerData as WorkerStart;

/** Makes the fetcher of a new pass; rejects when the module or its dataset is no good. */
async function prepare(): Promise<() => Fetcher> {
  const { id, numWorkers } = start;
  const seed = start.baseSeed + BigInt(id);
  // The module may draw numbers already while it is imported.
  manualSeed(seed);
  const module = (await import(start.module)) as WorkerModule;
  const exported = module.dataset;
  if (exported === undefined)
    throw new TypeError(
      `${start.module}: expected an export named dataset, got ${Object.keys(module).join(', ') || 'none'}`,
    );
  const dataset = (await (typeof exported === 'function' ? exported() : exported)) as
    | DatasetLike<unknown>
    | IterableDataset<unknown>;
  manualSeed(seed);
  setWorkerInfo({ id, numWorkers, seed, dataset });
  await module.workerInitFn?.(id);
  const { batching, dropLast } = start;
  const collate = module.collateFn ?? (batching ? defaultCollate : defaultConvert);
  const options: FetchOptions = { batching, dropLast, collate: collate as FetchOptions['collate'] };
  return () =>
    isIterableDataset(dataset)
      ? new StreamFetcher(dataset, options)
      : new MapFetcher(toDataset(dataset), options);
}

const ready = prepare();
// The first request reports a failure; until then it counts as handled.
ready.catch(() => undefined);
let fetcher: Promise<Fetcher> | undefined;
let queue: Promise<void> = Promise.resolve();

async function answer({ pass, task, index }: WorkerRequest & { kind: 'fetch' }): Promise<void> {
  const transfer: ArrayBuffer[] = [];
  let reply: WorkerReply;
  try {
    fetcher ??= ready.then((make) => make());
    const batch = await (await fetcher).fetch(index);
    reply =
      batch === END
        ? { pass, task, kind: 'end', value: undefined }
        : { pass, task, kind: 'batch', value: pack(batch, transfer) };
    port?.postMessage(reply, transfer);
  } catch (error) {
    const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
    port?.postMessage({
      pass,
      task,
      kind: 'error',
      value: `${name}: ${message}`,
      stack,
    } satisfies WorkerReply);
  }
}

port.on('message', (request: WorkerRequest) => {
  // One batch after the other, so that what a dataset draws does not depend on how quickly files are read.
  queue = queue.then(async () => {
    if (request.kind === 'restart') fetcher = undefined;
    else await answer(request);
  });
});
