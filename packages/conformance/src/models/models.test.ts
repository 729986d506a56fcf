import type { Module } from '@sconce/nn';
import type { Tensor } from '@sconce/tensor';
import { describe, expect, it } from 'vitest';
import { compareTensors } from '../compare.ts';
import { Fixtures } from '../fixtures.ts';
import { fixtureModels } from './index.ts';

const fixtures = new Fixtures();

interface ModelFile {
  readonly modules: readonly { readonly path: string; readonly class: string }[];
  readonly outputs: readonly { readonly name: string }[];
  readonly tolerance: { readonly wholeModel: number };
}

describe.each(Object.entries(fixtureModels))('%s in TypeScript', (name, build) => {
  const file = (): ModelFile => fixtures.json<ModelFile>('models', name, 'model.json');

  it('prints what PyTorch prints', () => {
    expect(`${build()}\n`).toBe(fixtures.text('models', name, 'printed.txt'));
  });

  it('has the modules of PyTorch, in its order', () => {
    const modules = build()
      .namedModules()
      .map(([path, module]) => ({ path, class: module.getName() }));
    expect(modules).toEqual(file().modules);
  });

  it('computes what PyTorch computes from its weights', () => {
    const { outputs: expected, tolerance } = file();
    const model: Module = build();
    model.loadStateDict(fixtures.tensors('models', name, 'weights.safetensors').all);
    const trace = fixtures.tensors('models', name, 'trace.safetensors');
    const call = model.eval() as unknown as (input: Tensor) => Tensor | Tensor[];
    const outputs = [call(trace.get('input'))].flat();
    expect(outputs.length).toBe(expected.length);
    for (const [i, output] of expected.entries()) {
      const { reason } = compareTensors(outputs[i] as Tensor, trace.get(`output:${output.name}`), {
        kind: 'relative-to-largest',
        limit: tolerance.wholeModel,
      });
      expect(reason).toBe('');
    }
  });
});
