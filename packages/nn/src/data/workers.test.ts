import { Generator, manualSeed, randint, type Tensor } from '@sconce/tensor';
import { fixtureJson } from '@sconce/testing';
import { describe, expect, it } from 'vitest';
import { data } from '../index.ts';

const { workers } = fixtureJson<{
  workers: Record<'default generator' | 'own generator', { passes: number[][][][]; after: number[] }> & {
    stream: number[][];
  };
}>('data/loading.json');

const numbersOf = (x: Tensor): number[] => Array.from(x.toTypedArray(), Number);
async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const value of values) list.push(value);
  return list;
}
const moduleOf = (name: string): URL => new URL(`./testing/${name}.ts`, import.meta.url);
const after = (): number[] => numbersOf(randint(2 ** 31, [2]));
/** Only the length matters in the main thread. */
const seven: data.Dataset<[number, number, number]> = { length: 7, getItem: () => [0, 0, 0] };

describe('a DataLoader with workers', () => {
  it.each([
    ['default generator', 2],
    ['own generator', 1],
  ] as const)(
    'gives the batches, and the random numbers in the workers, that PyTorch gives: %s',
    async (name, count) => {
      manualSeed(7);
      const options = name === 'own generator' ? { generator: new Generator().manualSeed(8) } : {};
      const loader = new data.DataLoader(seven, 2, true, {
        numWorkers: 2,
        workerModule: moduleOf('draws'),
        ...options,
      });
      const expected = workers[name].passes.slice(0, count);
      const passes: number[][][][] = expected.map(() => []);
      for (const pass of passes) for await (const batch of loader) pass.push(batch.map(numbersOf));
      expect(passes).toEqual(expected);
      if (count === 2) expect(after()).toEqual(workers[name].after);
    },
  );

  it('goes through streams whose shares end at different times', async () => {
    const loader = new data.DataLoader<number>(new Set<number>(), 2, {
      numWorkers: 2,
      workerModule: moduleOf('shares'),
    });
    expect((await all(loader)).map(numbersOf)).toEqual(workers.stream);
  });

  const trouble = (sampler: number[], options: object = {}): data.DataLoader<number, string> =>
    new data.DataLoader<number, string>(
      { length: 1000, getItem: () => 0 },
      { sampler, batchSize: 2, numWorkers: 2, workerModule: moduleOf('trouble'), ...options },
    );

  it('takes collateFn and workerInitFn from the module, and keeps workers when asked to', async () => {
    const loader = trouble([1, 2, 3, 4, 5, 6], { persistentWorkers: true });
    const expected = ['1+2', '103+104', '5+6'];
    expect(await all(loader)).toEqual(expected);
    // A pass that is given up leaves nothing behind for the next one.
    for await (const _ of loader) break;
    expect(await all(loader)).toEqual(expected);
    await loader.close();
  });

  it('passes on errors, deaths and silence of workers', async () => {
    const alone = { numWorkers: 1 };
    await expect(all(trouble([500, 501], alone))).rejects.toThrow(
      'Caught in DataLoader worker 0: RangeError: sample 501 is broken',
    );
    await expect(all(trouble([503], alone))).rejects.toThrow('DataLoader worker 0 exited unexpectedly');
    await expect(all(trouble([502], { ...alone, timeout: 0.05 }))).rejects.toThrow(
      'DataLoader timed out after 0.05 seconds',
    );
    const missing = trouble([1], { ...alone, workerModule: new URL('./missing.ts', import.meta.url) });
    await expect(all(missing)).rejects.toThrow('Cannot find module');
  });
});
