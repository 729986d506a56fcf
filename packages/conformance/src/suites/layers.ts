/** The suite `layers`: every layer alone, built from PyTorch's constructor arguments, with PyTorch's weights. */
import * as nn from '@sconce/nn';
import type { Tensor } from '@sconce/tensor';
import { decodeArgument, type JsonArgument } from '../arguments.ts';
import { combineComparisons, compareTensors } from '../compare.ts';
import type { Fixtures } from '../fixtures.ts';
import { type Suite, type SuiteCase, UnsupportedCase } from '../suite.ts';

interface LayerFile {
  readonly versions: Readonly<Record<string, string>>;
  readonly cases: readonly LayerCase[];
}

interface LayerCase {
  readonly name: string;
  readonly class: string;
  readonly args: readonly JsonArgument[];
  readonly kwargs: Readonly<Record<string, JsonArgument>>;
  readonly printed: string;
  readonly state: Readonly<Record<string, string>>;
  /** The state after the call, where training changes it. */
  readonly stateAfter?: Readonly<Record<string, string>>;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly outputs64: readonly string[];
  readonly train: boolean;
}

type LayerConstructor = new (...args: unknown[]) => nn.Module;

export const layers: Suite = {
  name: 'layers',
  description: 'single layers with their printed text, weights and outputs',
  versions: (fixtures) => fixtures.json<LayerFile>('layers', 'layers.json').versions,
  *cases(fixtures: Fixtures): Generator<SuiteCase> {
    const { cases } = fixtures.json<LayerFile>('layers', 'layers.json');
    const tensors = fixtures.tensors('layers', 'layers.safetensors');
    for (const one of cases) {
      yield {
        name: one.name,
        judge: () => {
          const layer = buildLayer(one);
          if (String(layer) !== one.printed)
            throw new Error(`printed text: expected ${one.printed}, got ${layer}`);
          layer.loadStateDict(
            Object.fromEntries(Object.entries(one.state).map(([key, name]) => [key, tensors.get(name)])),
          );
          layer.train(one.train);
          const result: unknown = Reflect.apply(
            layer as unknown as (...inputs: Tensor[]) => unknown,
            undefined,
            // Layers that work in place would change what other cases start from.
            one.inputs.map((name) => tensors.get(name).clone()),
          );
          const outputs = (Array.isArray(result) ? result : [result]) as Tensor[];
          const state = layer.stateDict();
          const after = Object.entries(one.stateAfter ?? {}).map(([key, name]) => {
            const actual = state.get(key);
            if (actual === undefined) throw new Error(`state dict after the call: no ${key}`);
            return compareTensors(actual, tensors.get(name), { kind: 'elementwise' });
          });
          return combineComparisons([
            ...one.outputs.map((name, i) => {
              const output = outputs[i];
              if (output === undefined) throw new Error(`output ${i} is missing`);
              const reference64 = one.outputs64[i];
              return compareTensors(output, tensors.get(name), {
                kind: 'elementwise',
                ...(reference64 === undefined ? {} : { reference64: tensors.get(reference64) }),
              });
            }),
            ...after,
          ]);
        },
      };
    }
  },
};

function buildLayer(one: LayerCase): nn.Module {
  const Layer = (nn as unknown as Record<string, LayerConstructor | undefined>)[one.class];
  if (Layer === undefined) throw new UnsupportedCase(`nn.${one.class} is not there`);
  const options = Object.keys(one.kwargs).length > 0 ? [decodeArgument(one.kwargs)] : [];
  return new Layer(...one.args.map(decodeArgument), ...options);
}
