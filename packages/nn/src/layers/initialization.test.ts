import { manualSeed, rand, type Tensor } from '@sconce/tensor';
import { fixtureJson } from '@sconce/testing';
import { describe, expect, it } from 'vitest';
import * as nn from '../index.ts';
import { firstBitDifference, readTensors } from '../testing/fixtures.ts';

interface Call {
  readonly op: string;
  readonly input?: string;
  readonly args: readonly unknown[];
  readonly kwargs: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, string>>;
}

interface RandomCase {
  readonly name: string;
  readonly seed: number;
  readonly calls: readonly Call[];
}

type LayerConstructor = new (...args: readonly unknown[]) => nn.Module;

const { cases } = fixtureJson<{ cases: readonly RandomCase[] }>('tensor/random.json');
const tensors = readTensors('tensor/random.safetensors');
const starting = (name: string): RandomCase[] => cases.filter((one) => one.name.startsWith(name));

function expectBits(actual: Tensor | undefined, name: string): void {
  if (actual === undefined) throw new Error(`no tensor for ${name}`);
  expect(firstBitDifference(actual, tensors(name))).toBe('');
}

describe('default initialisation gives the bits that PyTorch gives', () => {
  const initialisation = starting('default initialisation');
  it('has cases', () => expect(initialisation.length).toBe(4));

  it.each(initialisation.map((one) => [one.name, one] as const))('%s', (_name, one) => {
    manualSeed(one.seed);
    for (const call of one.calls) {
      if (call.op === 'rand') {
        expectBits(rand(call.args[0] as number[]), call.outputs['output'] as string);
        continue;
      }
      const layerClass = (nn as unknown as Record<string, LayerConstructor>)[
        call.op.replace('nn.', '')
      ] as LayerConstructor;
      const layer = new layerClass(
        ...call.args,
        ...(Object.keys(call.kwargs).length > 0 ? [call.kwargs] : []),
      );
      const state = layer.stateDict();
      expect([...state.keys()]).toEqual(Object.keys(call.outputs));
      for (const [key, name] of Object.entries(call.outputs)) expectBits(state.get(key), name);
    }
  });
});

describe('dropout in training mode zeroes what PyTorch zeroes', () => {
  const dropout = starting('dropout');
  it('has cases', () => expect(dropout.length).toBe(4));

  it.each(dropout.map((one) => [one.name, one] as const))('%s', (_name, one) => {
    manualSeed(one.seed);
    const layers = { dropout: nn.Dropout, dropout2d: nn.Dropout2d };
    for (const call of one.calls) {
      if (call.op === 'rand') {
        expectBits(rand(call.args[0] as number[]), call.outputs['output'] as string);
        continue;
      }
      const layer = new layers[call.op as keyof typeof layers](call.kwargs);
      expectBits(layer(tensors(call.input as string)), call.outputs['output'] as string);
    }
  });
});
