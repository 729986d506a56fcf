/** Every single-operator model that PyTorch's exporters and ONNX's tools wrote gives PyTorch's results. */
import type { Tensor } from '@sconce/tensor';
import { fixtureBytes, fixtureJson } from '@sconce/testing';
import { describe, expect, test } from 'vitest';
import { exportGraph } from './export-graph.ts';
import { InferenceSession } from './session.ts';
import { expectClose, expectLikeTorch } from './testing/compare.ts';
import { fixtureTensors } from './testing/fixtures.ts';
import { runOnnxruntime } from './testing/onnxruntime.ts';
import { OLDEST_IMPORTED_OPSET } from './versions.ts';

interface Case {
  name: string;
  file: string;
  source: string;
  opset: number;
  operators: string[];
  inputs: Record<string, string>;
  outputs: Record<string, string>;
  outputs64: Record<string, string> | null;
}

const { cases: all } = fixtureJson<{ cases: Case[] }>('onnx/onnx.json');
/** Models older than what is imported; they test that such files are refused. */
const tooOld = all.filter(({ opset }) => opset < OLDEST_IMPORTED_OPSET);
const cases = all.filter((one) => !tooOld.includes(one));
const tensors = fixtureTensors('onnx/onnx.safetensors');

/** The tensors that a model takes; an exporter drops inputs that the result does not depend on. */
const feedsOf = (session: InferenceSession, inputs: Record<string, string>): Record<string, Tensor> =>
  Object.fromEntries(session.inputNames.map((name) => [name, tensors.get(inputs[name]!)!]));

/** onnxruntime refuses automatic padding of dilated convolutions. */
const refusedByOnnxruntime = new Set(['conv-auto-pad-dilated.onnx']);

describe('models of single operators', () => {
  test('the exceptions named here are among the fixtures', () => {
    const files = all.map(({ file }) => file);
    expect(files).toEqual(expect.arrayContaining([...refusedByOnnxruntime]));
    expect(tooOld.length).toBeGreaterThan(0);
  });

  test.each(tooOld)('$file of opset $opset is refused', async ({ file, opset }) => {
    await expect(InferenceSession.create(fixtureBytes(`onnx/${file}`))).rejects.toThrow(
      `opset: expected 9 to 28, got ${opset}`,
    );
  });

  test.each(cases)(
    '$file gives the results of PyTorch (of onnxruntime, where PyTorch has no such operator)',
    async ({ file, inputs, outputs, outputs64 }) => {
      const session = await InferenceSession.create(fixtureBytes(`onnx/${file}`), { file });
      const results = await session.run(feedsOf(session, inputs));
      expect(Object.keys(results)).toEqual(session.outputNames);
      for (const [name, key] of Object.entries(outputs))
        expectLikeTorch(
          results[name],
          tensors.get(key)!,
          tensors.get(outputs64?.[name] ?? ''),
          `${file}: ${name}`,
        );
    },
  );

  test.each(cases)(
    '$file goes round: written again, onnxruntime gives our results',
    async ({ file, inputs }) => {
      const session = await InferenceSession.create(fixtureBytes(`onnx/${file}`), { file });
      const bytes = exportGraph(session.graph, { opset: 24 });
      const feeds = feedsOf(session, inputs);
      if (refusedByOnnxruntime.has(file)) {
        await expect(runOnnxruntime(bytes, feeds)).rejects.toThrow('Dilation not supported');
        return;
      }
      const expected = await runOnnxruntime(bytes, feeds);
      const results = await session.run(feeds);
      for (const name of session.outputNames)
        expectClose(results[name], expected[name]!, 1e-5, `${file}: ${name}`);
    },
  );
});
