/** PyTorch's weights come in, a module runs them, ONNX goes out, and ONNX Runtime computes what PyTorch computed. */
import { readStateDict } from '@sconce/checkpoint';
import type { Module } from '@sconce/nn';
import { exportOnnx, InferenceSession } from '@sconce/onnx';
import { cat, fromTypedArray, type Tensor } from '@sconce/tensor';
import { InferenceSession as OnnxRuntime, Tensor as OrtTensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { compareTensors } from './compare.ts';
import { Fixtures } from './fixtures.ts';
import { fixtureModels } from './models/index.ts';

const fixtures = new Fixtures();

interface ModelFile {
  readonly inputs: readonly { readonly name: string; readonly shape: readonly (number | string)[] }[];
  readonly outputs: readonly { readonly name: string }[];
}

const cases = Object.entries(fixtureModels).flatMap(([name, build]) =>
  ['weights.safetensors', 'weights.pt']
    .filter((file) => fixtures.has('models', name, file))
    .map((file) => ({ name, file, build })),
);

test('checkpoints of both kinds are among the cases', () => {
  expect(new Set(cases.map(({ file }) => file))).toEqual(new Set(['weights.safetensors', 'weights.pt']));
});

describe.each(cases)('$name from $file', ({ name, file, build }) => {
  const model = fixtures.json<ModelFile>('models', name, 'model.json');
  const trace = fixtures.tensors('models', name, 'trace.safetensors');
  const outputNames = model.outputs.map((output) => output.name);
  const input = model.inputs[0]!;
  const dynamic = Object.fromEntries(
    input.shape.flatMap((size, axis) => (typeof size === 'string' ? [[axis, size]] : [])),
  );

  const exported = (): Uint8Array => {
    const module: Module = build();
    const state = file.endsWith('.pt')
      ? readStateDict(fixtures.bytes('models', name, file))
      : fixtures.tensors('models', name, file).all;
    module.loadStateDict(state);
    return exportOnnx(module.eval(), trace.get('input'), {
      inputNames: [input.name],
      outputNames,
      dynamicAxes: { [input.name]: dynamic },
    });
  };

  test('ONNX Runtime and Sconce give the outputs of PyTorch, for other batches too', async () => {
    const bytes = exported();
    const sconce = await InferenceSession.create(bytes);
    const peer = await OnnxRuntime.create(bytes, { intraOpNumThreads: 1, logSeverityLevel: 3 });
    const image = trace.get('input');
    for (const copies of [1, 3]) {
      const batch = cat(Array.from({ length: copies }, () => image));
      const ours: Record<string, Tensor> = await sconce.run({ [input.name]: batch });
      const theirs = await peer.run({ [input.name]: toPeer(batch) });
      for (const output of outputNames) {
        const expected = cat(Array.from({ length: copies }, () => trace.get(`output:${output}`)));
        const limit = { kind: 'relative-to-largest', limit: 1e-5 } as const;
        expect(compareTensors(ours[output]!, expected, limit).reason).toBe('');
        expect(compareTensors(fromPeer(theirs[output] as OrtTensor), expected, limit).reason).toBe('');
      }
    }
    await peer.release();
  });
});

function toPeer(tensor: Tensor): OrtTensor {
  return new OrtTensor('float32', tensor.toTypedArray() as Float32Array, tensor.shape);
}

function fromPeer(tensor: OrtTensor): Tensor {
  return fromTypedArray(tensor.data as Float32Array, tensor.dims);
}
