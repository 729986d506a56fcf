/** What the workers of a test load: samples that show their worker and what its default generator draws. */
import { initialSeed, randint } from '@sconce/tensor';
import type { Dataset } from '../dataset.ts';
import { getWorkerInfo, type WorkerInfo } from '../worker-info.ts';

const worker = (): WorkerInfo => {
  const info = getWorkerInfo();
  if (info === null) throw new Error('not in a worker');
  return info;
};

export async function dataset(): Promise<Dataset<[number, number, number]>> {
  await Promise.resolve();
  return {
    length: 7,
    getItem: async (index) => {
      const { id, seed } = worker();
      if (seed !== initialSeed()) throw new Error(`seeded with ${initialSeed()}, expected ${seed}`);
      return [index, id, Number(randint(2 ** 31, []).item())];
    },
  };
}
