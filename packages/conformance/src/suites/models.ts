/** The suite `models`: whole trained and random networks, as ONNX and as modules, and their layers one by one. */
import { readSafetensors } from '@sconce/checkpoint';
import type { Module } from '@sconce/nn';
import { InferenceSession } from '@sconce/onnx';
import type { Tensor } from '@sconce/tensor';
import { combineComparisons, compareTensors, type Tolerance } from '../compare.ts';
import type { Fixtures, FixtureTensors } from '../fixtures.ts';
import { leafOutputs } from '../leaf-outputs.ts';
import { fixtureModels } from '../models/index.ts';
import type { Suite, SuiteCase } from '../suite.ts';

/** What `model.json` says of one model. */
interface ModelFile {
  readonly name: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly inputs: readonly { readonly name: string }[];
  readonly outputs: readonly { readonly name: string }[];
  readonly onnx: Readonly<Record<string, { readonly opset: number }>>;
  readonly trace: readonly TraceEntry[];
  readonly tolerance: { readonly wholeModel: number };
}

/** One call of a leaf module. */
interface TraceEntry {
  readonly path: string;
  readonly class: string;
  readonly call: number;
  /** How many leading channels of the output the trace holds, where it does not hold all. */
  readonly channels?: number;
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
      const result = callModule(load(), trace.get('input'));
      const outputs = (Array.isArray(result) ? result : [result]) as Tensor[];
      const named = Object.fromEntries(model.outputs.map(({ name }, i) => [name, outputs[i] as Tensor]));
      return compareOutputs(model, named, trace, whole);
    },
  };
  const module = load();
  for (const entry of model.trace.filter(({ path, call }) => trace.has(traceKey('in', path, call)))) {
    const { path, class: className, call } = entry;
    yield {
      name: `${model.name}: ${path} ${className}`,
      judge: () => {
        // A layer that works in place would change what the next one starts from.
        const input = trace.get(traceKey('in', path, call)).clone();
        const output = callModule(module.getSubmodule(path), input);
        return compareTensors(output as Tensor, trace.get(traceKey('out', path, call)), whole);
      },
    };
  }
  yield* runThroughCases(model, module, trace, whole);
}

/** Layers whose inputs the trace does not hold: each is judged by its output when the whole model runs. */
function* runThroughCases(
  model: ModelFile,
  module: Module,
  trace: FixtureTensors,
  whole: Tolerance,
): Generator<SuiteCase> {
  let outputs: ReadonlyMap<string, Tensor> | undefined;
  for (const { path, class: className, call, channels } of model.trace) {
    // An identity runs no operator, so nothing shows what it gave.
    if (className === 'Identity') continue;
    if (trace.has(traceKey('in', path, call)) || !trace.has(traceKey('out', path, call))) continue;
    yield {
      name: `${model.name}: ${path} ${className}, run through`,
      judge: () => {
        outputs ??= leafOutputs(module, trace.get('input'));
        const output = outputs.get(path);
        if (output === undefined) throw new Error('the layer did not run');
        const part = channels === undefined ? output : output.narrow(1, 0, channels);
        return compareTensors(part, trace.get(traceKey('out', path, call)), whole);
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

function callModule(module: Module, input: Tensor): unknown {
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
