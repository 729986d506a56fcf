// The models of `pnpm bench:models`: those of the repository's fixtures, at sizes people would use them at.

/** A model file under `fixtures/models` and the shape of its only input. */
export interface ModelCase {
  readonly name: string;
  readonly group: string;
  /** Relative to `fixtures/models`. */
  readonly file: string;
  readonly input: readonly number[];
}

const row = (file: string, input: readonly number[]): ModelCase => ({
  name: `${file.split('/')[0]} ${input.join('x')}`,
  group: 'model',
  file,
  input,
});

/** All models. */
export const modelCases: readonly ModelCase[] = [
  row('cat-detector/dynamo.onnx', [1, 3, 256, 384]),
  row('cat-classifier/dynamo.onnx', [1, 3, 224, 224]),
  row('resnet-narrow/dynamo.onnx', [1, 3, 224, 224]),
  row('mobilenet-v2-narrow/dynamo.onnx', [1, 3, 224, 224]),
  row('digits/dynamo.onnx', [1, 1, 8, 8]),
];
