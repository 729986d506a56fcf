/** Every operator case that real PyTorch computed for fixtures/tensor/ops.json. */
import { fixtureJson } from '@sconce/testing';
import { describe, expect, test } from 'vitest';
import * as face from '../index.ts';
import { findDifference, readTensors } from '../testing/fixtures.ts';

type Argument =
  | { tensor: string; view?: Record<string, number[]> }
  | { number: string }
  | number
  | boolean
  | string
  | null
  | Argument[];

interface Case {
  readonly op: string;
  readonly name: string;
  readonly args: Argument[];
  readonly kwargs: Record<string, Argument>;
  readonly outputs: string[];
  readonly outputs64: string[] | null;
}

const { cases } = fixtureJson<{ cases: Case[] }>('tensor/ops.json');
const tensors = readTensors('tensor/ops.safetensors');

/** Makes an argument; `double` turns float32 tensors into float64, as the generator did for `outputs64`. */
function read(argument: Argument, double: boolean): unknown {
  if (Array.isArray(argument)) return argument.map((item) => read(item, double));
  if (typeof argument !== 'object' || argument === null) return argument;
  if ('number' in argument) return Number(argument.number);
  let tensor = tensors(argument.tensor);
  if (double && tensor.dtype === 'float32') tensor = tensor.to('float64');
  for (const [name, numbers] of Object.entries(argument.view ?? {})) {
    if (name === 'permute') tensor = tensor.permute(numbers);
    else if (name === 'expand') tensor = tensor.expand(numbers);
    else if (name === 'narrow') tensor = tensor.narrow(...(numbers as [number, number, number]));
    else throw new Error(`fixture names an unknown view '${name}'`);
  }
  return tensor;
}

function outputsOf(result: unknown): unknown[] {
  if (Array.isArray(result)) return result;
  if (result instanceof face.Tensor) return [result];
  return Object.values(result as object);
}

const functions = face as unknown as Record<string, ((...args: unknown[]) => unknown) | undefined>;

function run({ op, args, kwargs }: Case, double: boolean): unknown[] {
  const operator = functions[op];
  if (operator === undefined) throw new Error(`there is no operator ${op}`);
  const options = Object.entries(kwargs).map(([key, value]) => [key, read(value, double)]);
  const given = args.map((argument) => read(argument, double));
  if (options.length > 0) given.push(Object.fromEntries(options));
  return outputsOf(operator(...given));
}

describe('operators agree with PyTorch', () => {
  test('the fixture holds cases', () => {
    expect(cases.length).toBeGreaterThan(800);
  });

  for (const one of cases) {
    const { name, outputs, outputs64 } = one;
    test(name, () => {
      const results = run(one, false);
      expect(results.length).toBe(outputs.length);
      outputs.forEach((key, i) => {
        const wide = outputs64?.[i];
        const reference = wide === undefined ? undefined : tensors(wide);
        expect(findDifference(results[i], tensors(key), reference)).toBeUndefined();
      });
    });

    // The plain loops, which every dtype but float32 goes through.
    if (outputs64 !== null) {
      test(`${name}, in float64`, () => {
        const results = run(one, true);
        outputs64.forEach((key, i) => {
          expect(findDifference(results[i], tensors(key))).toBeUndefined();
        });
      });
    }
  }
});
