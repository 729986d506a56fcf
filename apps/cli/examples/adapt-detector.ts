/**
 * A trained model adapted: the cat detector's backbone, frozen, under a new head that learns other classes from
 * photographs, exported again, and run by onnxruntime-node.
 *
 * `node --conditions=@sconce/source examples/adapt-detector.ts PHOTOS OUT`, where PHOTOS has one folder a class.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { load, saveTorch } from '@sconce/checkpoint';
import { CatDetector, Fixtures } from '@sconce/conformance';
import * as nn from '@sconce/nn';
import { exportOnnx } from '@sconce/onnx';
import { manualSeed, noGrad, type Tensor } from '@sconce/tensor';
import { centerCrop, ImageFolder, normalize, resize, toTensor } from '@sconce/vision';
import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';

/** What came of it. */
export interface Outcome {
  /** Mean loss of each epoch. */
  readonly losses: readonly number[];
  readonly accuracy: number;
  /** Whether the backbone's weights and statistics are as they were. */
  readonly frozen: boolean;
  /** Largest difference between this model's scores and onnxruntime's. */
  readonly difference: number;
}

/** Adapts the detector to the folder's classes. */
export async function run(
  photos: string,
  out: string,
  epochs: number = 5,
  size: number = 96,
): Promise<Outcome> {
  manualSeed(0);
  const folder = new ImageFolder(photos, {
    transform: (image) =>
      normalize(toTensor(centerCrop(resize(image, size), size)), [127 / 255], [128 / 255]),
  });

  const weights = await load(new Fixtures().path('models', 'cat-detector', 'weights.safetensors'));
  const detector = new CatDetector();
  detector.loadStateDict(weights);
  const backbone = new nn.Sequential({ stem: detector.stem, fine: detector.fine, coarse: detector.coarse });
  backbone.requiresGrad_(false);
  const head = new nn.Sequential(
    new nn.AdaptiveAvgPool2d(1),
    new nn.Flatten(),
    new nn.Linear(192, folder.classes.length),
  );
  const model = new nn.Sequential({ backbone, head });

  const optimizer = new nn.optim.AdamW(head.parameters(), { lr: 2e-3 });
  const loader = new nn.data.DataLoader(folder, { batchSize: 16, shuffle: true });
  const losses: number[] = [];
  // Statistics of frozen layers stay as they are in evaluation mode.
  backbone.eval();
  for (let epoch = 0; epoch < epochs; epoch++) {
    let sum = 0;
    for await (const [images, classes] of loader) {
      optimizer.zeroGrad();
      const loss = nn.functional.crossEntropy(model(images), classes);
      loss.backward();
      optimizer.step();
      sum += (loss.item() as number) * classes.shape[0]!;
    }
    losses.push(sum / folder.length);
    console.log(`epoch ${epoch + 1}: loss ${losses.at(-1)!.toFixed(4)}`);
  }
  const { metrics } = await nn.evaluate(model, loader, {
    loss: (scores: Tensor, classes: Tensor) => nn.functional.crossEntropy(scores, classes),
    metrics: { accuracy: nn.accuracy },
  });

  await mkdir(out, { recursive: true });
  await saveTorch(join(out, 'adapted.pt'), model.stateDict());
  const onnx = join(out, 'adapted.onnx');
  const input = (await folder.getItem(0))[0].unsqueeze(0);
  await writeFile(onnx, exportOnnx(model.eval(), input, { dynamicAxes: { input: { 0: 'batch' } } }));
  const session = await InferenceSession.create(onnx);
  const feed = new OrtTensor('float32', input.toTypedArray() as Float32Array, [...input.shape]);
  const theirs = (await session.run({ input: feed }))['output']!.data as Float32Array;
  const ours = noGrad(() => model(input)).toTypedArray() as Float32Array;
  const frozen = [...backbone.stateDict()].every(([name, value]) => value.equal(weights.get(name)!));
  const difference = Math.max(...ours.map((value, i) => Math.abs(value - theirs[i]!)));
  return { losses, accuracy: metrics['accuracy']!, frozen, difference };
}

if (import.meta.main) {
  const [photos, out = 'out/adapted'] = process.argv.slice(2);
  if (photos === undefined) throw new Error('expected a folder of photographs, one folder a class');
  const { accuracy, difference } = await run(photos, out);
  console.log(`accuracy on what it was trained with: ${accuracy.toFixed(3)}`);
  console.log(`largest difference to onnxruntime: ${difference}`);
}
