/** The random numbers that real PyTorch drew for fixtures/tensor/random.json, call by call, bit for bit. */
import { fixtureJson } from '@sconce/testing';
import { describe, expect, test } from 'vitest';
import {
  bernoulli,
  defaultGenerator,
  dropout,
  dropout2d,
  empty,
  Generator,
  initialSeed,
  manualSeed,
  type RandomOptions,
  rand,
  randint,
  randn,
  randperm,
  type Tensor,
  tensor,
} from '../index.ts';
import { readTensors } from '../testing/fixtures.ts';

interface Call {
  readonly op: string;
  readonly input?: string;
  readonly args: (number | number[])[];
  readonly kwargs: RandomOptions & { p?: number };
  readonly outputs: Record<string, string>;
}

const { cases } = fixtureJson<{ cases: { name: string; seed: number; calls: Call[] }[] }>(
  'tensor/random.json',
);
const tensors = readTensors('tensor/random.safetensors');

function draw({ op, input, args, kwargs }: Call): Tensor {
  const [first, second, third] = args;
  const x =
    input === undefined ? empty((Array.isArray(first) ? first : []) as number[], kwargs) : tensors(input);
  const numbers = args.slice(1) as number[];
  switch (op) {
    case 'rand':
      return rand(first as number[], kwargs);
    case 'randn':
      return randn(first as number[], kwargs);
    case 'uniform_':
      return x.uniform_(...(numbers as [number, number]));
    case 'normal_':
      return x.normal_(...(numbers as [number, number]));
    case 'bernoulli_':
      return x.bernoulli_(...(numbers as [number]));
    case 'bernoulli':
      return bernoulli(x);
    case 'randperm':
      return randperm(first as number, kwargs);
    case 'randint':
      return Array.isArray(second)
        ? randint(first as number, second, kwargs)
        : randint(first as number, second as number, third as number[], kwargs);
    case 'dropout':
      return dropout(x, kwargs);
    case 'dropout2d':
      return dropout2d(x, kwargs);
    default:
      throw new Error(`there is no call for ${op}`);
  }
}

describe('random numbers are PyTorch’s', () => {
  // Cases named nn.* draw a layer's first weights; the nn package runs them.
  const own = cases.filter(({ calls }) => !calls.some(({ op }) => op.startsWith('nn.')));

  test('the fixture holds cases', () => {
    expect(own.length).toBeGreaterThan(20);
  });

  for (const { name, seed, calls } of own) {
    test(name, () => {
      manualSeed(seed);
      for (const call of calls) {
        const actual = draw(call);
        const expected = tensors(call.outputs['output']!);
        const what = `${call.op}(${JSON.stringify(call.args)})`;
        expect([what, actual.dtype, actual.shape]).toEqual([what, expected.dtype, expected.shape]);
        if (actual.dtype === 'float64') expectWithin2Ulp(actual, expected);
        else expect([what, ...actual.toBytes()]).toEqual([what, ...expected.toBytes()]);
      }
    });
  }
});

/** Draws in double precision go through log, sin and cos, which differ between systems in their last bits. */
function expectWithin2Ulp(actual: Tensor, expected: Tensor): void {
  const a = new BigInt64Array(actual.toBytes().buffer);
  const b = new BigInt64Array(expected.toBytes().buffer);
  a.forEach((bits, i) => {
    const distance = bits - b[i]!;
    expect(distance <= 2n && distance >= -2n, `element ${i}`).toBe(true);
  });
}

describe('a generator', () => {
  test('continues from a saved state, a cached normal included', () => {
    const generator = new Generator().manualSeed(7);
    randn([3], { generator });
    const state = generator.getState();
    const first = randn([5], { generator }).tolist();
    expect(randn([5], { generator: new Generator().setState(state) }).tolist()).toEqual(first);
  });

  test('refuses a state that is none', () => {
    expect(() => new Generator().setState(new Uint8Array(10))).toThrow('expected 5056 bytes, got 10');
    expect(() => new Generator().setState(new Uint8Array(5056))).toThrow('not the state of a generator');
  });

  test('takes seeds modulo 2^64', () => {
    expect(new Generator().manualSeed(-1).initialSeed()).toBe(2n ** 64n - 1n);
    manualSeed(5);
    expect(initialSeed()).toBe(5n);
    expect(() => manualSeed(0.5)).toThrow('invalid seed');
  });

  test('leaves the default generator alone', () => {
    manualSeed(3);
    const before = defaultGenerator.getState();
    rand([10], { generator: new Generator() });
    expect(defaultGenerator.getState()).toEqual(before);
  });
});

test('a view is filled in the order of its memory', () => {
  manualSeed(0);
  const straight = empty(2, 3).uniform_();
  manualSeed(0);
  const turned = empty(2, 3).transpose(0, 1).uniform_();
  expect(turned.transpose(0, 1).tolist()).toEqual(straight.tolist());
});

test('wrong parameters are errors', () => {
  expect(() => tensor([1n]).uniform_()).toThrow(`"uniform_" not implemented for 'Long'`);
  expect(() => empty(2).uniform_(1, 0)).toThrow('uniform_ expects to return a [from, to) range');
  expect(() => empty(2).normal_(0, -1)).toThrow('normal expects std >= 0.0');
  expect(() => randint(5, 5, [2])).toThrow("random_ expects 'from' to be less than 'to'");
  expect(() => empty(2).bernoulli_(2)).toThrow('expects p to be in [0, 1]');
});
