/** What real PyTorch draws after 20 seeds, function by function, by the digests of fixtures/tensor/random-digests.json. */
import { fixtureJson } from '@sconce/testing';
import { describe, expect, test } from 'vitest';
import type { DType, Tensor } from '../index.ts';
import * as torch from '../index.ts';

interface TensorSpec {
  readonly tensor: 'zeros' | 'ramp';
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly layout?: 'transposed' | 'gaps' | 'channelsLast';
  readonly mod?: number;
  readonly scale?: number;
  readonly offset?: number;
}

type Argument =
  | TensorSpec
  | { readonly integer: string }
  | number
  | boolean
  | string
  | null
  | readonly number[];

interface Call {
  readonly op: string;
  readonly args: readonly Argument[];
  readonly kwargs?: Readonly<Record<string, Argument>>;
}

interface Case {
  readonly name: string;
  readonly calls: readonly Call[];
  /** For each seed the digest of all results and of the state behind them; of the state alone where there are samples. */
  readonly digests: readonly string[];
  /** For every fourth seed, of the last six calls: bits of float64 elements at fifths of the way, or all bytes. */
  readonly samples?: readonly (readonly (readonly string[] | string)[])[];
}

const { seeds, cases } = fixtureJson<{ seeds: readonly string[]; cases: readonly Case[] }>(
  'tensor/random-digests.json',
);

/** The tensor in memory of the given layout, as the generator makes it. */
function make({ tensor, shape, dtype, layout, mod = 1, scale = 0, offset = 0 }: TensorSpec): Tensor {
  const count = shape.reduce((product, size) => product * size, 1);
  const values = Float64Array.from({ length: count }, (_, i) =>
    tensor === 'zeros' ? 0 : ((i * 7) % mod) * scale + offset,
  );
  const dense = torch.fromTypedArray(values, shape).to(dtype);
  const reordered = (order: readonly number[], back: readonly number[]): Tensor =>
    dense
      .permute(...order)
      .contiguous()
      .permute(...back);
  if (layout === 'transposed') {
    const order = shape.map((_, d) => shape.length - 1 - d);
    return reordered(order, order);
  }
  if (layout === 'channelsLast') return reordered([0, 2, 3, 1], [0, 3, 1, 2]);
  if (layout === 'gaps') {
    const wide = torch.zeros([...shape.slice(0, -1), 2 * shape.at(-1)!], { dtype });
    const view = wide.index('...', torch.slice(null, null, 2));
    view.copy_(dense);
    return view;
  }
  return dense;
}

function argument(given: Argument): unknown {
  if (typeof given !== 'object' || given === null) return given;
  if ('integer' in given) return BigInt(given.integer);
  return 'tensor' in given ? make(given) : given;
}

function run({ op, args, kwargs = {} }: Call): Tensor {
  const values = args.map(argument);
  const options = Object.fromEntries(Object.entries(kwargs).map(([key, value]) => [key, argument(value)]));
  const given = Object.keys(options).length > 0 ? [...values, options] : values;
  type Operator = (...args: unknown[]) => Tensor;
  const operators = torch as unknown as Readonly<Record<string, Operator | undefined>>;
  const operator = operators[op];
  if (operator === undefined) throw new Error(`there is no ${op}`);
  return operator(...given);
}

async function digest(parts: readonly Tensor[]): Promise<string> {
  const bytes = await new Blob(parts.map((part) => part.toBytes() as Uint8Array<ArrayBuffer>)).arrayBuffer();
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(hash.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Signed distance in units of the last place: bits of doubles, read as integers, are in the order of the doubles. */
function ulps(a: bigint, b: bigint): bigint {
  const ordered = (bits: bigint): bigint => {
    const signed = BigInt.asIntN(64, bits);
    return signed < 0n ? -(signed & (2n ** 63n - 1n)) : signed;
  };
  return ordered(a) - ordered(b);
}

function expectSamples(result: Tensor, expected: readonly string[] | string): void {
  const bytes = result.toBytes();
  if (typeof expected === 'string') {
    expect(Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')).toBe(expected);
    return;
  }
  const bits = new BigUint64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8);
  const places = new Set([0, 1, 2, 3, 4, 5].map((part) => Math.floor(((bits.length - 1) * part) / 5)));
  [...places].forEach((place, i) => {
    const distance = ulps(bits[place]!, BigInt(`0x${expected[i]}`));
    expect(distance <= 2n && distance >= -2n, `element ${place} is ${distance} units off`).toBe(true);
  });
}

describe('after each of 20 seeds PyTorch draws the same by', () => {
  test('as many functions as the fixture is to hold', () => {
    expect(seeds.length).toBe(20);
    expect(cases.length).toBeGreaterThan(100);
  });

  for (const { name, calls, digests, samples } of cases) {
    test(name, async () => {
      for (const [i, seed] of seeds.entries()) {
        torch.manualSeed(BigInt(seed));
        const results = calls.map(run);
        const state = torch.getRngState();
        const parts = samples === undefined ? [...results, state] : [state];
        expect(`seed ${seed}: ${await digest(parts)}`).toBe(`seed ${seed}: ${digests[i]}`);
        if (samples === undefined || i % 4 !== 0) continue;
        results.slice(-6).forEach((result, k) => {
          expectSamples(result, samples[i / 4]![k]!);
        });
      }
    });
  }
});
