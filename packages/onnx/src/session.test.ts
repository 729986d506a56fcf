/** Sessions out of bytes, paths and URLs, with the files beside the model. */
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { DataType, encodeModel } from '@sconce/onnx-proto';
import { tensor } from '@sconce/tensor';
import { fixtureBytes, fixtureUrl } from '@sconce/testing';
import { afterAll, describe, expect, test } from 'vitest';
import { InferenceSession } from './session.ts';
import { fixtureTensors } from './testing/fixtures.ts';

const digits = fixtureUrl('models/digits/dynamo.onnx');
const input = fixtureTensors('models/digits/trace.safetensors').get('input')!;

describe('a model', () => {
  test('comes from bytes, an ArrayBuffer, a path or a URL, always the same', async () => {
    const bytes = fixtureBytes('models/digits/dynamo.onnx');
    const sources = [bytes, bytes.buffer as ArrayBuffer, fileURLToPath(digits), digits, digits.href];
    const results = await Promise.all(
      sources.map(async (source) =>
        (await (await InferenceSession.create(source)).run({ input }))['output']!.tolist(),
      ),
    );
    for (const result of results) expect(result).toEqual(results[0]);
  });

  test('tells inputs, outputs and what the file says about itself', async () => {
    using session = await InferenceSession.create(digits);
    expect(session.inputs).toMatchObject([{ name: 'input', dtype: 'float32', shape: ['batch', 1, 8, 8] }]);
    expect(session.outputNames).toEqual(['output']);
    expect(session.metadata).toMatchObject({
      irVersion: 10,
      producerName: 'pytorch',
      graphName: 'main_graph',
      opsets: new Map([['', 20]]),
    });
    expect(session.graph.opset).toBe(28);
  });

  test('gives inner values that are asked for', async () => {
    const session = await InferenceSession.create(digits);
    const inner = session.graph.nodes[0]!.outputs[0]!;
    const results = await session.run({ input }, [inner]);
    expect(Object.keys(results)).toEqual([inner]);
  });
});

describe('external data', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sconce-'));
  const outside = mkdtempSync(join(tmpdir(), 'sconce-'));
  afterAll(() => {
    for (const path of [folder, outside]) rmSync(path, { recursive: true });
  });

  function write(name: string, location: string): string {
    const shape = { dim: [{ dimValue: 2 }] };
    const value = (of: string) => ({ name: of, type: { tensorType: { elemType: DataType.FLOAT, shape } } });
    const bytes = encodeModel({
      irVersion: 10,
      opsetImport: [{ domain: '', version: 20 }],
      graph: {
        name: 'external',
        node: [{ name: 'add', opType: 'Add', input: ['x', 'w'], output: ['y'] }],
        initializer: [
          {
            name: 'w',
            dataType: DataType.FLOAT,
            dims: [2],
            dataLocation: 1,
            externalData: [{ key: 'location', value: location }],
          },
        ],
        input: [value('x')],
        output: [value('y')],
      },
    });
    writeFileSync(join(folder, name), bytes);
    return join(folder, name);
  }

  const weights = new Uint8Array(Float32Array.of(10, 20).buffer);

  test('are read from the file beside the model, by path and over HTTP', async () => {
    const path = write('model.onnx', 'model.onnx.data');
    writeFileSync(join(folder, 'model.onnx.data'), weights);
    const server = createServer((request, response) => {
      const name = request.url!.slice(1);
      response.statusCode = name === 'model.onnx' || name === 'model.onnx.data' ? 200 : 404;
      response.end(response.statusCode === 200 ? readFileSync(join(folder, name)) : '');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      for (const source of [path, pathToFileURL(path), `${base}/model.onnx`]) {
        const session = await InferenceSession.create(source);
        expect((await session.run({ x: tensor([1, 2]) }))['y']!.tolist()).toEqual([11, 22]);
      }
      await expect(InferenceSession.create(`${base}/gone.onnx`)).rejects.toThrow(
        'cannot read the file: it does not exist',
      );
    } finally {
      server.close();
    }
  });

  test('that are missing or behind a link out of the folder are refused', async () => {
    await expect(InferenceSession.create(write('missing.onnx', 'gone.data'))).rejects.toThrow(
      "initializer 'w': external data: there is no file 'gone.data' beside the model",
    );
    writeFileSync(join(outside, 'secret'), weights);
    symlinkSync(join(outside, 'secret'), join(folder, 'link.data'));
    await expect(InferenceSession.create(write('link.onnx', 'link.data'))).rejects.toThrow(
      "external data: 'link.data' is a link that leaves the model's folder",
    );
  });
});
