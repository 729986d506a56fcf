/** Compares what a test did with what PyTorch did in the scenario of the same name (`fixtures/nn/core.json`). */
import type { Tensor } from '@sconce/tensor';
import { fromTypedArray } from '@sconce/tensor';
import { fixtureJson } from '@sconce/testing';
import { expect } from 'vitest';
import type { Module } from '../module/module.ts';
import { firstBitDifference, firstDifference, readTensors } from './fixtures.ts';

interface Scenario {
  readonly texts: Readonly<Record<string, string>>;
  readonly tensors: Readonly<Record<string, string>>;
}

const { scenarios } = fixtureJson<{ scenarios: Readonly<Record<string, Scenario>> }>('nn/core.json');
const tensors = readTensors('nn/core.safetensors');

/** What a scenario gives: texts and tensors by name. */
export type ScenarioResult = Record<string, string | Tensor | null>;

/**
 * Expects all texts and tensors of a scenario, and no others.
 *
 * @param exact which tensors must be equal in their bits (default none: within `torch.testing.assert_close`)
 */
export function expectScenario(
  name: string,
  actual: ScenarioResult,
  exact: (key: string) => boolean = () => false,
): void {
  const expected = scenarios[name];
  if (expected === undefined) throw new Error(`no scenario ${name}`);
  expect(Object.keys(actual).sort()).toEqual(
    [...Object.keys(expected.texts), ...Object.keys(expected.tensors)].sort(),
  );
  for (const [key, text] of Object.entries(expected.texts)) expect(actual[key], key).toBe(text);
  for (const [key, tensor] of Object.entries(expected.tensors)) {
    const compare = exact(key) ? firstBitDifference : firstDifference;
    const difference = compare(actual[key] as Tensor, tensors(tensor));
    expect(difference, key).toBe('');
  }
}

/** Numbers that the generator makes alike: `start`, `start + step`, ... */
export function ramp(shape: readonly number[], options: { step?: number; start?: number } = {}): Tensor {
  const { step = 0.125, start = -0.5 } = options;
  const count = shape.reduce((all, size) => all * size, 1);
  return fromTypedArray(
    Float32Array.from({ length: count }, (_, i) => i * step + start),
    shape,
  );
}

/** A module's state, copied, with a text in front of every name. */
export function stateOf(module: Module, prefix: string = ''): ScenarioResult {
  return Object.fromEntries([...module.stateDict()].map(([name, tensor]) => [prefix + name, tensor.clone()]));
}

/** The gradients of a module's parameters, copied. */
export function gradientsOf(module: Module, prefix: string = ''): ScenarioResult {
  return Object.fromEntries(
    module
      .namedParameters()
      .flatMap(([name, { grad }]) => (grad === null ? [] : [[`${prefix}grad of ${name}`, grad.clone()]])),
  );
}

/** The message of what a function throws. */
export function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('nothing was thrown');
}

/** Values as the generator writes them into texts: Python's lists of floats, tuples and None. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (Array.isArray(value)) return `(${value.map(shown).join(', ')})`;
  const list = (value as Tensor).tolist() as number[];
  return `[${list.map((each) => (Number.isInteger(each) ? each.toFixed(1) : String(each))).join(', ')}]`;
}
