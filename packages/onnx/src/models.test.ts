/** Whole networks, exported by both of PyTorch's exporters, give PyTorch's outputs and go round. */
import type { Tensor } from '@sconce/tensor';
import { fixtureBytes, fixtureJson, fixtureNames } from '@sconce/testing';
import { describe, expect, test } from 'vitest';
import { exportGraph } from './export-graph.ts';
import { InferenceSession } from './session.ts';
import { expectClose } from './testing/compare.ts';
import { fixtureTensors } from './testing/fixtures.ts';
import { runOnnxruntime } from './testing/onnxruntime.ts';

interface Model {
  inputs: { name: string; shape: (number | string)[] }[];
  outputs: { name: string }[];
}

const files = fixtureNames('models').flatMap((model) =>
  fixtureNames(`models/${model}`)
    .filter((file) => file.endsWith('.onnx'))
    .map((file) => ({ model, file })),
);

function trace(model: string): {
  inputs: Record<string, Tensor>;
  outputs: Map<string, Tensor>;
  description: Model;
} {
  const tensors = fixtureTensors(`models/${model}/trace.safetensors`);
  const description = fixtureJson<Model>(`models/${model}/model.json`);
  const inputs = Object.fromEntries(
    description.inputs.map(({ name }) => [name, (tensors.get(name) ?? tensors.get('input'))!]),
  );
  const outputs = new Map(description.outputs.map(({ name }) => [name, tensors.get(`output:${name}`)!]));
  return { inputs, outputs, description };
}

describe('models by both exporters', () => {
  test('there are some', () => {
    expect(files.length).toBeGreaterThan(10);
  });

  test.each(files)('$model/$file gives the outputs of PyTorch', async ({ model, file }) => {
    const session = await InferenceSession.create(fixtureBytes(`models/${model}/${file}`));
    const { inputs, outputs } = trace(model);
    const results = await session.run(inputs);
    for (const [name, expected] of outputs) expectClose(results[name], expected, 1e-5, name);
  });

  test.each(files)('$model/$file runs with another batch', async ({ model, file }) => {
    const session = await InferenceSession.create(fixtureBytes(`models/${model}/${file}`));
    const { inputs, outputs, description } = trace(model);
    expect(description.inputs.map(({ shape }) => shape[0])).toEqual(['batch']);
    const twice = Object.fromEntries(
      Object.entries(inputs).map(([name, x]) => [
        name,
        x.narrow(0, 0, 1).repeat([3, ...x.shape.slice(1).map(() => 1)]),
      ]),
    );
    const results = await session.run(twice);
    for (const [name, expected] of outputs) {
      const first = expected.narrow(0, 0, 1);
      const all = first.repeat([3, ...expected.shape.slice(1).map(() => 1)]);
      expectClose(results[name], all, 1e-5, name);
    }
  });

  test.each(files)(
    '$model/$file goes round: written again, onnxruntime gives the same',
    async ({ model, file }) => {
      const session = await InferenceSession.create(fixtureBytes(`models/${model}/${file}`));
      const { inputs } = trace(model);
      const expected = await runOnnxruntime(exportGraph(session.graph), inputs);
      const results = session.runSync(inputs);
      for (const name of session.outputNames) expectClose(results[name], expected[name]!, 1e-5, name);
    },
  );
});
