/**
 * A model of one's own, from the first line to ONNX Runtime: written, printed, given another layer, trained on photographs,
 * looked into, exported, and run by onnxruntime-node.
 *
 * `node --conditions=@sconce/source examples/own-model.ts PHOTOS OUT`, where PHOTOS has one folder a class.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as nn from '@sconce/nn';
import { exportOnnx } from '@sconce/onnx';
import { manualSeed, noGrad, type Tensor, zeros } from '@sconce/tensor';
import {
  centerCrop,
  type Image,
  ImageFolder,
  normalize,
  readImage,
  resize,
  toTensor,
  visualizeFeatureMaps,
  visualizeKernels,
  writeImage,
} from '@sconce/vision';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';

/** A convolution, its activation, and half the size. */
const block = (channelsIn: number, channelsOut: number): nn.Sequential<[nn.Conv2d, nn.ReLU, nn.MaxPool2d]> =>
  new nn.Sequential(
    new nn.Conv2d(channelsIn, channelsOut, 3, { padding: 1 }),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
  );

/** Two classes of images; convolutions that are added later take their place behind those that are there. */
export class BinaryImageClassification extends nn.Module {
  static override readonly className: string = 'BinaryImageClassification';

  conv0: ReturnType<typeof block> = block(3, 16);
  conv1: ReturnType<typeof block> = block(16, 32);
  head: nn.Sequential = new nn.Sequential(
    new nn.AdaptiveAvgPool2d(2),
    new nn.Flatten(),
    new nn.Dropout(0.2),
    new nn.LazyLinear(2),
  );

  override forward(x: Tensor): Tensor {
    let features = x;
    for (const [name, layer] of this.namedChildren())
      if (name.startsWith('conv')) features = (layer as ReturnType<typeof block>)(features);
    return this.head(features);
  }
}

/** What there is to see of one run. */
export interface Outcome {
  readonly printed: string;
  readonly epochs: readonly nn.EpochResult[];
  /** Largest difference between this model's scores and onnxruntime's. */
  readonly difference: number;
  readonly files: readonly string[];
}

/** Goes the whole way. */
export async function run(photos: string, out: string, epochs: number = 30): Promise<Outcome> {
  manualSeed(0);
  const size = 64;
  const prepare = (image: Image): Tensor =>
    normalize(toTensor(centerCrop(resize(image, size), size)), [0.5, 0.5, 0.5], [0.25, 0.25, 0.25]);

  const model = new BinaryImageClassification().addModule('conv2', block(32, 64));
  // The first call tells the lazy layer how many features there are.
  model(zeros([1, 3, size, size]));
  const printed = String(model);

  const folder = new ImageFolder(photos, { transform: prepare });
  const [train, rest] = nn.data.randomSplit(folder, [0.8, 0.2]);
  const result = await nn.fit(model, new nn.data.DataLoader(train!, { batchSize: 16, shuffle: true }), {
    optimizer: new nn.optim.AdamW(model.parameters(), { lr: 2e-3 }),
    loss: (scores: Tensor, classes: Tensor) => nn.functional.crossEntropy(scores, classes),
    metrics: { accuracy: nn.accuracy },
    validation: new nn.data.DataLoader(rest!, { batchSize: 16 }),
    epochs,
    progress: nn.textProgress(console.log, { unit: 'images' }),
  });

  await mkdir(out, { recursive: true });
  const input = prepare(await readImage(folder.samples[0]![0])).unsqueeze(0);
  const [early, late] = visualizeFeatureMaps(model, input, ['conv0', 'conv2']);
  const pictures: Record<string, Image> = {
    'conv0-kernels.png': visualizeKernels(model.conv0[0]),
    'conv2-kernels.png': visualizeKernels(model.conv2[0]),
    'conv0-maps.png': early!,
    'conv2-maps.png': late!,
  };
  for (const [name, picture] of Object.entries(pictures)) await writeImage(join(out, name), picture);

  const onnx = join(out, 'model.onnx');
  await writeFile(onnx, exportOnnx(model.eval(), input, { dynamicAxes: { input: { 0: 'batch' } } }));
  const session = await InferenceSession.create(onnx);
  const feed = new OrtTensor('float32', input.toTypedArray() as Float32Array, [...input.shape]);
  const theirs = (await session.run({ input: feed }))['output']!.data as Float32Array;
  const ours = noGrad(() => model(input)).toTypedArray() as Float32Array;
  const difference = Math.max(...ours.map((value, i) => Math.abs(value - theirs[i]!)));
  return { printed, epochs: result.epochs, difference, files: [...Object.keys(pictures), 'model.onnx'] };
}

if (import.meta.main) {
  const [photos, out = 'out/own-model'] = process.argv.slice(2);
  if (photos === undefined) throw new Error('expected a folder of photographs, one folder a class');
  const { printed, difference, files } = await run(photos, out);
  console.log(printed);
  console.log(`largest difference to onnxruntime: ${difference}`);
  for (const file of files) console.log(join(out, file));
}
