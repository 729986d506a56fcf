/** The random numbers that real PyTorch drew for fixtures/tensor/random.json, call by call, bit for bit. */
import { fixtureJson } from '@sconce/testing';
import { describe, expect, test } from 'vitest';
import {
  bernoulli,
  binomial,
  dropout,
  dropout2d,
  empty,
  forkRng,
  Generator,
  getRngState,
  initialSeed,
  manualSeed,
  noGrad,
  normal,
  poisson,
  type RandomOptions,
  rand,
  randint,
  randn,
  randperm,
  seed,
  setRngState,
  type Tensor,
  tensor,
  truncNormal_,
  zeros,
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

  for (const { name, seed: start, calls } of own) {
    test(name, () => {
      manualSeed(start);
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
    expect([state.dtype, state.shape]).toEqual(['uint8', [5056]]);
    const clone = generator.cloneState();
    const first = randn([5], { generator }).tolist();
    expect(randn([5], { generator: new Generator().setState(state) }).tolist()).toEqual(first);
    expect(randn([5], { generator: clone }).tolist()).toEqual(first);
  });

  test('refuses a state that is none', () => {
    const generator = new Generator();
    expect(() => generator.setState(zeros(5056))).toThrow('RNG state must be a torch.ByteTensor');
    expect(() => generator.setState(zeros(5, { dtype: 'uint8' }))).toThrow(
      'Expected a CPUGeneratorImplState of size 5056 but found the input RNG state size to be 5',
    );
    expect(() => generator.setState(zeros(5056, { dtype: 'uint8' }))).toThrow('Invalid mt19937 state');
  });

  test('takes seeds modulo 2^64', () => {
    expect(new Generator().manualSeed(-1).initialSeed()).toBe(2n ** 64n - 1n);
    manualSeed(5);
    expect(initialSeed()).toBe(5n);
    expect(() => manualSeed(0.5)).toThrow('invalid seed');
    expect(() => manualSeed(2n ** 64n)).toThrow('Overflow when unpacking long long');
  });

  test('draws a seed of its own if asked', () => {
    expect(seed()).toBe(initialSeed());
    expect(seed()).not.toBe(seed());
  });

  test('leaves the default generator alone', () => {
    manualSeed(3);
    const before = getRngState().tolist();
    rand([10], { generator: new Generator() });
    tensor([1]).uniform_({ generator: new Generator() });
    expect(getRngState().tolist()).toEqual(before);
  });
});

describe('forkRng', () => {
  test('goes on as if nothing had been drawn', async () => {
    manualSeed(3);
    const state = getRngState();
    const numbers = forkRng(() => randn(5).tolist());
    expect(randn(5).tolist()).toEqual(numbers);
    setRngState(state);
    expect(() => forkRng(() => tensor([1]).normal_(0, -1 - Number(rand(1).item())))).toThrow('std >= 0.0');
    expect(await forkRng(async () => randn(5).tolist())).toEqual(numbers);
    expect(randn(5).tolist()).toEqual(numbers);
  });
});

test('a view is filled in the order of its memory', () => {
  manualSeed(0);
  const straight = empty(2, 3).uniform_();
  manualSeed(0);
  const turned = empty(2, 3).transpose(0, 1).uniform_();
  expect(turned.transpose(0, 1).tolist()).toEqual(straight.tolist());
});

describe('random fills are in-place operators', () => {
  const fills: Record<string, (x: Tensor) => Tensor> = {
    UniformBackward0: (x) => x.uniform_(0, { to: 2 }),
    NormalBackward0: (x) => x.normal_(1, 2),
    LogNormalBackward0: (x) => x.logNormal_(),
    CauchyBackward0: (x) => x.cauchy_({ sigma: 2 }),
    ExponentialBackward0: (x) => x.exponential_({ lambd: 2 }),
    GeometricBackward0: (x) => x.geometric_(0.5),
    BernoulliBackward2: (x) => x.bernoulli_(0.5),
    BernoulliBackward1: (x) => x.bernoulli_(tensor([0.5])),
    RandomBackward0: (x) => x.random_(3, 9),
    RandomBackward1: (x) => x.random_(9),
    RandomBackward2: (x) => x.random_(),
  };

  for (const [node, fill] of Object.entries(fills)) {
    test(`${node} lets a gradient of zero through`, () => {
      const x = tensor([1, 2, 3], { requiresGrad: true });
      const y = x.mul(2);
      const { version } = y.storage;
      expect(fill(y)).toBe(y);
      expect(y.storage.version).toBeGreaterThan(version);
      expect(y.gradFn?.name).toBe(node);
      y.sum().backward();
      expect(x.grad?.tolist()).toEqual([0, 0, 0]);
    });
  }

  test('a leaf that requires a gradient refuses them, unless none is recorded', () => {
    const x = tensor([1, 2, 3], { requiresGrad: true });
    expect(() => x.uniform_()).toThrow('a leaf Variable that requires grad');
    expect(noGrad(() => x.uniform_())).toBe(x);
  });

  test('elements that share memory refuse them', () => {
    expect(() => zeros(1).expand(3).normal_()).toThrow('refers to a single memory location');
  });
});

test('no gradient but zero flows to the parameters of drawn numbers', () => {
  const p = tensor([0.25, 0.5], { requiresGrad: true });
  for (const drawn of [bernoulli(p), poisson(p), normal(p, p), normal(0, p), binomial(tensor([3, 3]), p)]) {
    p.grad = null;
    drawn.sum().backward();
    expect((p.grad as Tensor | null)?.tolist()).toEqual([0, 0]);
  }
  expect(() => bernoulli(p, 0.5).sum().backward()).toThrow(
    "the derivative for 'bernoulli' is not implemented",
  );
});

test('truncated normal numbers lie within their bounds, though a gradient is required', () => {
  const x = empty(1000).requiresGrad_();
  expect(truncNormal_(x, { a: -0.5, b: 1 })).toBe(x);
  expect(Number(x.min().item())).toBeGreaterThanOrEqual(-0.5);
  expect(Number(x.max().item())).toBeLessThanOrEqual(1);
});

test('wrong parameters are errors', () => {
  expect(() => tensor([1n]).uniform_()).toThrow(`"check_uniform_bounds" not implemented for 'Long'`);
  expect(() => empty(2).uniform_(1, 0)).toThrow('uniform_ expects to return a [from, to) range');
  expect(() => empty(2).uniform_(0, 1e39)).toThrow('to is out of bounds for float');
  expect(() => empty(2).normal_(0, -1)).toThrow('normal expects std >= 0.0');
  expect(() => normal(zeros(2), tensor([1, -1]))).toThrow('normal expects all elements of std >= 0.0');
  expect(() => randint(5, 5, [2])).toThrow("random_ expects 'from' to be less than 'to'");
  expect(() => randint(0, 300, [2], { dtype: 'uint8' })).toThrow('to - 1 is out of bounds for unsigned char');
  expect(() => empty(2).random_(2 ** 25, null)).toThrow("less than or equal to 'to_inc' casted to dtype");
  expect(() => empty(2).bernoulli_(2)).toThrow('expects p to be in [0, 1]');
  expect(() => bernoulli(tensor([2]))).toThrow('Expected p_in >= 0 && p_in <= 1 to be true');
  expect(() => poisson(tensor([-1]))).toThrow('invalid Poisson rate');
  expect(() => tensor([1n]).exponential_()).toThrow('dtype must be a floating point but you specified Long');
  expect(() => tensor([1n]).cauchy_()).toThrow('dtype must be a floating point but you specified long int');
  expect(() => empty(2).geometric_(1)).toThrow('geometric_ expects p to be in (0, 1), but got p=1');
  expect(() => randperm(3000, { dtype: 'float16' })).toThrow('n cannot be greater than 2049 for Half type.');
  expect(() => randperm(300, { dtype: 'uint8' })).toThrow('uint8_t without overflow');
});
