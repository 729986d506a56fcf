/** Runs models in onnxruntime-node, the independent peer of these tests. */
import { fromTypedArray, type Tensor } from '@sconce/tensor';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';

/** Runs a model once and gives its outputs as our tensors. */
export async function runOnnxruntime(
  model: Uint8Array,
  feeds: Readonly<Record<string, Tensor>>,
): Promise<Record<string, Tensor>> {
  const session = await InferenceSession.create(model, { intraOpNumThreads: 1, logSeverityLevel: 4 });
  try {
    const inputs = Object.fromEntries(
      Object.entries(feeds).map(([name, value]) => [
        name,
        new OrtTensor(value.dtype as 'float32', value.toTypedArray() as Float32Array, value.shape),
      ]),
    );
    const outputs = await session.run(inputs);
    return Object.fromEntries(
      Object.entries(outputs).map(([name, value]) => [name, toTensor(value as OrtTensor)]),
    );
  } finally {
    await session.release();
  }
}

function toTensor(value: OrtTensor): Tensor {
  const data = value.data as Float32Array;
  const tensor = fromTypedArray(data, value.dims);
  return value.type === 'bool' ? tensor.to('bool') : tensor;
}
