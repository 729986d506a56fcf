import { defaultGenerator, Generator, manualSeed, randint, Tensor, tensor } from '@sconce/tensor';
import { fixtureJson } from '@sconce/testing';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { data } from '../index.ts';

interface Drawn {
  readonly own: boolean;
  readonly length: number;
  readonly after: readonly number[];
  readonly ownAfter: readonly number[] | null;
}
const fixture = fixtureJson<{
  samplers: readonly (Drawn & { name: string; passes: readonly number[][] })[];
  splits: readonly { length: number; lengths: number[]; own: boolean; parts: number[][]; after: number[] }[];
  loaders: readonly (Drawn & { options: object; passes: readonly (readonly [unknown, number])[][] })[];
}>('data/loading.json');

const range = (length: number): number[] => Array.from({ length }, (_, i) => i);
const after = (generator?: Generator): number[] =>
  (randint(2 ** 31, [2], generator ? { generator } : {}).tolist() as (number | bigint)[]).map(Number);
const plain = (value: unknown): unknown => (value instanceof Tensor ? numbersOf(value) : value);
const numbersOf = (x: Tensor): number[] => Array.from(x.toTypedArray(), Number);

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const value of values) list.push(value);
  return list;
}

type MakeSampler = (options: { generator?: Generator }) => data.Sampler<number>;
const samplers: Readonly<Record<string, MakeSampler>> = {
  sequential: () => new data.SequentialSampler(range(5)),
  random: (options) => new data.RandomSampler(range(11), options),
  'random more than there are': (options) => new data.RandomSampler(range(4), { numSamples: 10, ...options }),
  'random fewer than there are': (options) => new data.RandomSampler(range(9), false, 4, options),
  'random with replacement': (options) =>
    new data.RandomSampler(range(7), true, { numSamples: 40, ...options }),
  'random with replacement, 32': (options) => new data.RandomSampler(range(7), true, 32, options),
  subset: (options) => new data.SubsetRandomSampler([3, 1, 4, 15, 9, 2], options),
  weighted: (options) => new data.WeightedRandomSampler([0.1, 0.9, 0.4, 0.7, 3, 0.6], 8, options),
  'weighted without replacement': ({ generator }) =>
    new data.WeightedRandomSampler([0.9, 0.4, 0.05, 0.2, 0.3, 0.1], 5, false, generator),
};

describe('samplers', () => {
  it.each(fixture.samplers.map((one) => [`${one.name}${one.own ? ', own generator' : ''}`, one] as const))(
    'give the order that PyTorch draws: %s',
    (_name, one) => {
      manualSeed(1);
      const generator = one.own ? new Generator().manualSeed(2) : undefined;
      const sampler = samplers[one.name]!(generator ? { generator } : {});
      expect(sampler.length).toBe(one.length);
      expect([[...sampler], [...sampler]]).toEqual(one.passes);
      expect(after()).toEqual(one.after);
      if (generator) expect(after(generator)).toEqual(one.ownAfter);
    },
  );

  it('give batches', () => {
    expect([...new data.BatchSampler(range(5), 2)]).toEqual([[0, 1], [2, 3], [4]]);
    expect([...new data.BatchSampler(range(5), 2, true)]).toEqual([
      [0, 1],
      [2, 3],
    ]);
    expect(new data.BatchSampler(range(5), 2).length).toBe(3);
    expect(new data.BatchSampler(range(5), { batchSize: 2, dropLast: true }).length).toBe(2);
  });

  it('refuse counts and weights that make no sense', () => {
    expect(() => new data.RandomSampler([])).toThrow(
      'num_samples should be a positive integer value, but got num_samples=0',
    );
    expect(() => new data.BatchSampler([1], 0)).toThrow(
      'batch_size should be a positive integer value, but got batch_size=0',
    );
    expect(() => new data.WeightedRandomSampler(tensor([[1, 2]]), 1)).toThrow(
      'weights should be a 1d sequence but given weights have shape (1, 2)',
    );
  });
});

describe('randomSplit', () => {
  it.each(
    fixture.splits.map((one) => [`${one.length} by ${one.lengths}${one.own ? ', own' : ''}`, one] as const),
  )('gives the parts that PyTorch draws: %s', (_name, one) => {
    manualSeed(3);
    const options = one.own ? { generator: new Generator().manualSeed(42) } : {};
    const parts = data.randomSplit(range(one.length), one.lengths, options);
    expect(parts.map((part) => part.indices)).toEqual(one.parts);
    expect(after()).toEqual(one.after);
  });

  it('refuses lengths that do not add up', () => {
    expect(() => data.randomSplit(range(4), [1, 2])).toThrow(
      'Sum of input lengths does not equal the length of the input dataset!',
    );
    expect(() => data.randomSplit(range(4), [1.5, -0.5])).toThrow(
      'Fraction at index 0 is not between 0 and 1',
    );
  });
});

describe('datasets', () => {
  it('are made of tensors, and of other datasets', async () => {
    const pairs = new data.TensorDataset(
      tensor([
        [1, 2],
        [3, 4],
      ]),
      tensor([5n, 6n]),
    );
    expect(pairs.getItem(1).map(numbersOf)).toEqual([[3, 4], [6]]);
    expect(() => new data.TensorDataset(tensor([1, 2]), tensor([1]))).toThrow(
      'Size mismatch between tensors',
    );
    const joined = new data.ConcatDataset([range(3), [], range(2)]);
    expect([joined.length, ...range(5).map((i) => joined.getItem(i)), joined.getItem(-1)]).toEqual([
      5, 0, 1, 2, 0, 1, 1,
    ]);
    expect(() => joined.getItem(5)).toThrow('index 5 is out of bounds for a dataset of 5 samples');
    const late: data.Dataset<string> = { length: 3, getItem: async (i) => `s${i}` };
    const stacked = new data.StackDataset({ number: range(3), name: late });
    expect(await stacked.getItem(2)).toEqual({ number: 2, name: 's2' });
    expect(await new data.Subset(stacked, [1, 0]).getItems([0, 1])).toEqual([
      { number: 1, name: 's1' },
      { number: 0, name: 's0' },
    ]);
    expect(new data.StackDataset([range(2), range(2)]).getItem(1)).toEqual([1, 1]);
    const chain = new data.ChainDataset([new Set([1, 2]), new Set([3])]);
    const again = [...new data.DataLoader<number, number>(chain, { batchSize: null })];
    expect([await all(chain), again]).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
  });
});

describe('defaultCollate', () => {
  it('stacks tensors, typed arrays and numbers, at any depth', () => {
    const [x, { y, name }, z] = data.defaultCollate([
      [tensor([1, 2]), { y: 3, name: 'a' }, Uint8Array.of(1)],
      [tensor([3, 4]), { y: 4, name: 'b' }, Uint8Array.of(2)],
    ] as [Tensor, { y: number; name: string }, Uint8Array][]);
    expectTypeOf(y).toEqualTypeOf<Tensor>();
    expectTypeOf(name).toEqualTypeOf<string[]>();
    expect([x, y, z].map((one) => [one.dtype, one.shape, numbersOf(one)])).toEqual([
      ['float32', [2, 2], [1, 2, 3, 4]],
      ['int64', [2], [3, 4]],
      ['uint8', [2, 1], [1, 2]],
    ]);
    expect(name).toEqual(['a', 'b']);
    expect(data.defaultCollate([1, 2.5]).dtype).toBe('float64');
    expect(data.defaultCollate([true, false]).dtype).toBe('bool');
    expect(
      data
        .defaultCollate([new Map([['k', 1n]]), new Map([['k', 2n]])])
        .get('k')
        ?.tolist(),
    ).toEqual(tensor([1n, 2n]).tolist());
  });

  it('refuses what does not fit together', () => {
    expect(() => data.defaultCollate([[1], [1, 2]])).toThrow(
      'each element in list of batch should be of equal size',
    );
    expect(() => data.defaultCollate([{ a: 1 }, { b: 1 }] as object[])).toThrow(
      'a sample of the batch has no "a"',
    );
    expect(() => data.defaultCollate([undefined])).toThrow(
      'default_collate: batch must contain tensors, typed arrays, numbers, objects or lists; found undefined',
    );
  });
});

describe('DataLoader', () => {
  const cases = fixture.loaders.map(
    (one) => [`${JSON.stringify(one.options)}${one.own ? ' own' : ''}`, one] as const,
  );
  const loaderOf = (
    one: (typeof fixture.loaders)[number],
  ): [data.DataLoader<number>, Generator | undefined] => {
    manualSeed(5);
    const generator = one.own ? new Generator().manualSeed(6) : undefined;
    return [new data.DataLoader(range(10), { ...one.options, ...(generator && { generator }) }), generator];
  };

  it.each(cases)('gives the batches that PyTorch gives, with draws in between: %s', (_name, one) => {
    const [loader, generator] = loaderOf(one);
    expect(loader.length).toBe(one.length);
    const pass = (): unknown[] =>
      Array.from(loader, (batch) => [plain(batch), Number(randint(100, []).item())]);
    expect([pass(), pass()]).toEqual(one.passes);
    expect(after()).toEqual(one.after);
    if (generator) expect(after(generator)).toEqual(one.ownAfter);
  });

  it.each(cases)('gives them asynchronously too: %s', async (_name, one) => {
    const [loader] = loaderOf(one);
    const passes: unknown[] = [[], []];
    for (const pass of passes as unknown[][])
      for await (const batch of loader) pass.push([plain(batch), Number(randint(100, []).item())]);
    expect(passes).toEqual(one.passes);
    expect(after()).toEqual(one.after);
  });

  it('asks an asynchronous dataset ahead, and throws when the turn of the failed sample comes', async () => {
    const asked: number[] = [];
    const late: data.Dataset<number> = {
      length: 10,
      getItem: async (index) => {
        asked.push(index);
        await new Promise((resolve) => setTimeout(resolve, 1));
        if (index === 7) throw new Error('no sample 7');
        return index;
      },
    };
    const seen: number[][] = [];
    const run = async (): Promise<void> => {
      for await (const batch of new data.DataLoader(late, 2)) {
        if (seen.length === 0) expect(asked).toEqual([0, 1, 2, 3, 4, 5]);
        seen.push(numbersOf(batch));
      }
    };
    await expect(run()).rejects.toThrow('no sample 7');
    expect(seen).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
    ]);
    expect(() => [...new data.DataLoader(late)]).toThrow('is asynchronous, iterate with for await');
  });

  it('goes through streams', async () => {
    const numbers: data.IterableDataset<number> = {
      length: 5,
      *[Symbol.iterator]() {
        yield* range(5);
      },
    };
    const loader = new data.DataLoader(numbers, { batchSize: 2, dropLast: true });
    expect([loader.length, Array.from(loader, numbersOf)]).toEqual([
      2,
      [
        [0, 1],
        [2, 3],
      ],
    ]);
    async function* late(): AsyncGenerator<number> {
      yield* range(5);
    }
    const batches = await all(new data.DataLoader(late(), 2));
    expect(batches.map(numbersOf)).toEqual([[0, 1], [2, 3], [4]]);
  });

  it('lets the event loop turn', async () => {
    let turns = 0;
    const timer = setInterval(() => {
      turns += 1;
    }, 1);
    const slow: data.Dataset<number> = {
      length: 60,
      getItem: (index) => {
        const until = performance.now() + 1;
        while (performance.now() < until);
        return index;
      },
    };
    for await (const _ of new data.DataLoader(slow));
    clearInterval(timer);
    expect(turns).toBeGreaterThan(0);
  });

  it('refuses options that exclude each other, in the words of PyTorch', () => {
    const make =
      (options: object, dataset: data.DatasetLike<number> | Set<number> = [1]): (() => unknown) =>
      () =>
        new data.DataLoader<number>(dataset, options);
    expect(make({ shuffle: true, sampler: [0] })).toThrow(
      'sampler option is mutually exclusive with shuffle',
    );
    expect(make({ batchSampler: [[0]], dropLast: true })).toThrow(
      'batch_sampler option is mutually exclusive with',
    );
    expect(make({ batchSize: null, dropLast: true })).toThrow(
      'batch_size=None option disables auto-batching',
    );
    expect(make({ numWorkers: -1 })).toThrow('num_workers option should be non-negative');
    expect(make({ numWorkers: 1 })).toThrow('num_workers > 0 needs workerModule');
    expect(make({ timeout: -1 })).toThrow('timeout option should be non-negative');
    expect(make({ shuffle: true }, new Set([1]))).toThrow(
      'DataLoader with IterableDataset: expected unspecified shuffle',
    );
    expect(make({ batchsize: 3 })).toThrow("got an unexpected keyword argument 'batchsize'");
    expect(() => new data.DataLoader({} as never)).toThrow('expected a dataset');
    expect(defaultGenerator).toBeInstanceOf(Generator);
  });
});
