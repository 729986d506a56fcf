import { fixtureJson } from '@sconce/testing';
import { describe, expect, it } from 'vitest';
import * as nn from '../index.ts';
import { firstDifference, readTensors } from '../testing/fixtures.ts';

interface LayerCase {
  readonly name: string;
  readonly class: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly printed: string;
  readonly state: Readonly<Record<string, string>>;
  readonly stateAfter?: Readonly<Record<string, string>>;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly outputs64: readonly string[];
  readonly train: boolean;
}

type LayerConstructor = new (...args: readonly unknown[]) => nn.Module;

const { cases } = fixtureJson<{ cases: readonly LayerCase[] }>('layers/layers.json');
const tensors = readTensors('layers/layers.safetensors');

function build(one: LayerCase): nn.Module {
  const layerClass = (nn as unknown as Record<string, LayerConstructor | undefined>)[one.class];
  if (layerClass === undefined) throw new Error(`nn.${one.class} is not there`);
  return new layerClass(...one.args, ...(Object.keys(one.kwargs).length > 0 ? [one.kwargs] : []));
}

function stateOf(names: Readonly<Record<string, string>>): Record<string, ReturnType<typeof tensors>> {
  return Object.fromEntries(Object.entries(names).map(([key, name]) => [key, tensors(name)]));
}

describe('layers are those of PyTorch', () => {
  it('has cases', () => expect(cases.length).toBeGreaterThan(200));

  it.each(cases.map((one) => [one.name, one] as const))('%s', (_name, one) => {
    const layer = build(one);
    expect(String(layer)).toBe(one.printed);
    expect([...layer.stateDict().keys()]).toEqual(Object.keys(one.state));
    layer.loadStateDict(stateOf(one.state));
    layer.train(one.train);
    const call = layer as unknown as (...inputs: unknown[]) => ReturnType<typeof tensors>;
    // Layers may write into their inputs.
    const output = call(...one.inputs.map((name) => tensors(name).clone()));
    expect(
      firstDifference(output, tensors(one.outputs[0] as string), tensors(one.outputs64[0] as string)),
    ).toBe('');
    const after = layer.stateDict();
    for (const [key, expected] of Object.entries(stateOf(one.stateAfter ?? one.state))) {
      const actual = after.get(key);
      if (actual === undefined) throw new Error(`state dict after the call: no ${key}`);
      expect(firstDifference(actual, expected), key).toBe('');
    }
  });
});
