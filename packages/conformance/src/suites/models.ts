/** The suite `models`: whole trained and random networks, as ONNX and as modules, and their layers one by one. */
import { readSafetensors } from '@sconce/checkpoint';
import type { Module } from '@sconce/nn';
import { InferenceSession } from '@sconce/onnx';
import type { Tensor } from '@sconce/tensor';
import { combineComparisons, compareTensors, type Tolerance } from '../compare.ts';
import type { Fixtures, FixtureTensors } from '../fixtures.ts';
import { fixtureModels } from '../models/index.ts';
import type { Suite, SuiteCase } from '../suite.ts';

/** What `model.json` says of one model. */
interface ModelFile {
  readonly name: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly inputs: readonly { readonly name: string }[];
  readonly outputs: readonly { readonly name: string }[];
  readonly onnx: Readonly<Record<string, { readonly opset: number }>>;
  readonly trace: readonly { readonly path: string; readonly class: string; readonly call: number }[];
  readonly tolerance: { readonly wholeModel: number };
}

export const models: Suite = {
  name: 'models',
  description: 'whole models from both exporters and as modules, and their layers one by one',
  versions: (fixtures) => fixtures.json<ModelFile>('models', 'digits', 'model.json').versions,
  *cases(fixtures: Fixtures): Generator<SuiteCase> {
    for (const name of fixtures.folders('models')) {
      const model = fixtures.json<ModelFile>('models', name, 'model.json');
      const trace = fixtures.tensors('models', name, 'trace.safetensors');
      const whole: Tolerance = { kind: 'relative-to-largest', limit: model.tolerance.wholeModel };
      for (const [file, { opset }] of Object.entries(model.onnx)) {
        if (!fixtures.has('models', name, file)) continue;
        yield {
          name: `${name}: ${file} (opset ${opset})`,
          judge: async () => {
            const session = await InferenceSession.create(fixtures.bytes('models', name, file));
            const results: Record<string, Tensor> = await session.run({
              [inputName(model)]: trace.get('input'),
            });
            return compareOutputs(model, results, trace, whole);
          },
        };
      }
      const build = fixtureModels[name];
      if (build !== undefined) yield* moduleCases(fixtures, model, build, trace, whole);
    }
  },
};

/** The model written in TypeScript: its printed text, each of its layers on PyTorch's own input, and its outputs. */
function* moduleCases(
  fixtures: Fixtures,
  model: ModelFile,
  build: () => Module,
  trace: FixtureTensors,
  whole: Tolerance,
): Generator<SuiteCase> {
  const load = (): Module => {
    const module = build();
    module.loadStateDict(
      readSafetensors(fixtures.bytes('models', model.name, 'weights.safetensors')).tensors,
    );
    return module.eval();
  };
  yield {
    name: `${model.name}: printed text`,
    judge: () => {
      const expected = fixtures.text('models', model.name, 'printed.txt').trimEnd();
      const actual = String(build());
      return {
        ok: actual === expected,
        maxAbs: null,
        maxRel: null,
        reason: actual === expected ? '' : firstDifference(actual, expected),
      };
    },
  };
  yield {
    name: `${model.name}: module`,
    judge: () => {
      const result = call(load(), trace.get('input'));
      const outputs = (Array.isArray(result) ? result : [result]) as Tensor[];
      const named = Object.fromEntries(model.outputs.map(({ name }, i) => [name, outputs[i] as Tensor]));
      return compareOutputs(model, named, trace, whole);
    },
  };
  const layered = model.trace.filter(({ path, call: nth }) => trace.has(traceKey('in', path, nth)));
  if (layered.length === 0) return;
  const module = load();
  for (const { path, class: className, call: nth } of layered) {
    yield {
      name: `${model.name}: ${path} ${className}`,
      judge: () => {
        const output = call(module.getSubmodule(path), trace.get(traceKey('in', path, nth)));
        return compareTensors(output as Tensor, trace.get(traceKey('out', path, nth)), whole);
      },
    };
  }
}

function inputName(model: ModelFile): string {
  const [input] = model.inputs;
  if (input === undefined) throw new Error(`${model.name}: model.json names no input`);
  return input.name;
}

function traceKey(side: 'in' | 'out', path: string, nth: number): string {
  return nth > 1 ? `${side}:${path}#${nth}` : `${side}:${path}`;
}

function call(module: Module, input: Tensor): unknown {
  return (module as unknown as (input: Tensor) => unknown)(input);
}

function compareOutputs(
  model: ModelFile,
  results: Readonly<Record<string, Tensor>>,
  trace: FixtureTensors,
  tolerance: Tolerance,
) {
  return combineComparisons(
    model.outputs.map(({ name }) => {
      const result = results[name];
      if (result === undefined) throw new Error(`no output ${name}, got ${Object.keys(results).join(', ')}`);
      return compareTensors(result, trace.get(`output:${name}`), tolerance);
    }),
  );
}

function firstDifference(actual: string, expected: string): string {
  const want = expected.split('\n');
  const got = actual.split('\n');
  const line = want.findIndex((text, i) => text !== got[i]);
  return `line ${line + 1}: expected ${JSON.stringify(want[line] ?? '')}, got ${JSON.stringify(got[line] ?? '')}`;
}
