/** What a dataset can learn about the worker it runs in. */

/** The worker that runs now (`torch.utils.data.get_worker_info()`). */
export interface WorkerInfo {
  /** From 0 to `numWorkers - 1`. */
  readonly id: number;
  readonly numWorkers: number;
  /** The seed of this worker's default generator: the loader's base seed plus the worker's number. */
  readonly seed: bigint;
  /** This worker's own dataset. */
  readonly dataset: unknown;
}

let current: WorkerInfo | null = null;

/** The worker that this code runs in; null in the main thread. */
export function getWorkerInfo(): WorkerInfo | null {
  return current;
}

/** Notes which worker this thread is. */
export function setWorkerInfo(info: WorkerInfo): void {
  current = info;
}
