/** What the workers of a test load: a stream of which each worker gives its share. */
import type { IterableDataset } from '../dataset.ts';
import { getWorkerInfo } from '../worker-info.ts';

export const dataset: IterableDataset<number> = {
  *[Symbol.iterator]() {
    const id = getWorkerInfo()?.id ?? 0;
    for (let i = 0; i < [2, 5][id]!; i++) yield id * 4 + i;
  },
};
