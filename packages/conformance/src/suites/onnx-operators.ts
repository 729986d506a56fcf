/** The suite `onnx`: single ONNX operators and small patterns, through every opset and both of PyTorch's exporters. */
import { InferenceSession, OnnxError } from '@sconce/onnx';
import type { Tensor } from '@sconce/tensor';
import { combineComparisons, compareTensors } from '../compare.ts';
import type { Fixtures } from '../fixtures.ts';
import { type Suite, type SuiteCase, UnsupportedCase } from '../suite.ts';

interface OnnxFile {
  readonly versions: Readonly<Record<string, string>>;
  readonly cases: readonly OnnxCase[];
}

interface OnnxCase {
  readonly name: string;
  readonly file: string;
  readonly source: string;
  readonly opset: number;
  readonly operators: readonly string[];
  readonly inputs: Readonly<Record<string, string>>;
  readonly outputs: Readonly<Record<string, string>>;
  readonly outputs64: Readonly<Record<string, string>> | null;
}

export const onnxOperators: Suite = {
  name: 'onnx',
  description:
    'ONNX operators through the opsets, as both exporters write them and in forms they do not write',
  versions: (fixtures) => fixtures.json<OnnxFile>('onnx', 'onnx.json').versions,
  *cases(fixtures: Fixtures): Generator<SuiteCase> {
    const { cases } = fixtures.json<OnnxFile>('onnx', 'onnx.json');
    const tensors = fixtures.tensors('onnx', 'onnx.safetensors');
    for (const one of cases) {
      yield {
        name: one.name,
        judge: async () => {
          const session = await open(fixtures.bytes('onnx', one.file));
          // An exporter drops inputs that nothing reads; the case lists them all the same.
          const feeds = Object.fromEntries(
            session.inputNames.map((input) => [input, tensors.get(one.inputs[input] ?? input)]),
          );
          const results: Record<string, Tensor> = await session.run(feeds);
          return combineComparisons(
            Object.entries(one.outputs).map(([output, name]) => {
              const result = results[output];
              if (result === undefined)
                throw new Error(`no output ${output}, got ${Object.keys(results).join(', ')}`);
              const reference64 = one.outputs64?.[output];
              return compareTensors(result, tensors.get(name), {
                kind: 'elementwise',
                ...(reference64 === undefined ? {} : { reference64: tensors.get(reference64) }),
              });
            }),
          );
        },
      };
    }
  },
};

/** Opens a model; one that needs what Sconce says it does not have is unsupported, not wrong. */
async function open(bytes: Uint8Array): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(bytes);
  } catch (error) {
    const missing = error instanceof OnnxError && /is not supported|^opset: expected/m.test(error.message);
    throw missing ? new UnsupportedCase(error.message) : error;
  }
}
