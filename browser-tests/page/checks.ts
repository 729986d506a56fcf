/** What every host does with Sconce: the same code runs in pages and in Node. */
import { load } from '@sconce/checkpoint';
import { type Fixtures, runSuite, type SuiteReport, suites } from '@sconce/conformance';
import { engineInfo } from '@sconce/engine';
import * as nn from '@sconce/nn';
import { exportOnnx, InferenceSession } from '@sconce/onnx';
import { manualSeed, type PrintOptions, randn, setPrintoptions, type Tensor } from '@sconce/tensor';
import {
  convertImage,
  DETECTOR_METADATA_KEY,
  type Detection,
  decodeDetections,
  type Image,
  parseDetectorSettings,
  prepareDetection,
} from '@sconce/vision/browser';
import { digest } from './digest.ts';
import type { CommonResults, DigitsResults, ModuleResults, TensorBits } from './results.ts';
import { runThreads } from './threads.ts';
import { runTraining } from './training.ts';

/** Checkpoints of each format, below `fixtures/`. */
const checkpointFiles = [
  'models/digits/weights.safetensors',
  'models/digits/weights.pt',
  'checkpoint/state-dict.pt',
  'checkpoint/compressed.npz',
  'checkpoint/int64-edges.npy',
];

/**
 * Runs everything.
 *
 * @param base the URL of `fixtures/`, for what reads its files itself
 * @param photographs `chelsea.png`, by the way it was read
 */
export async function runChecks(
  base: URL,
  fixtures: Fixtures,
  photographs: Readonly<Record<string, Image>>,
): Promise<CommonResults> {
  return {
    engine: engineInfo(),
    threads: await runThreads(),
    printedTensors: printTensors(fixtures),
    suites: await runSuites(fixtures),
    module: await runModule(),
    training: await runTraining(),
    digits: await runDigits(base, fixtures),
    checkpoints: await readCheckpoints(base),
    photographs: await digests(photographs),
    detections: await detectCats(base, photographs),
  };
}

function printTensors(fixtures: Fixtures): string[] {
  type Case = { tensor: string; options?: PrintOptions; recorded?: string };
  const { cases } = fixtures.json<{ cases: Case[] }>('tensor', 'printing.json');
  const tensors = fixtures.tensors('tensor', 'printing.safetensors');
  return cases
    .filter(({ recorded }) => recorded === undefined)
    .map(({ tensor, options = {} }) => {
      setPrintoptions({ profile: 'default', ...options });
      const printed = String(tensors.get(tensor));
      setPrintoptions({ profile: 'default' });
      return printed;
    });
}

async function runSuites(fixtures: Fixtures): Promise<SuiteReport[]> {
  const reports: SuiteReport[] = [];
  const usual = Object.values(suites).filter(({ onRequest }) => !onRequest);
  for (const suite of usual) reports.push(await runSuite(suite, fixtures));
  return reports;
}

async function runModule(): Promise<ModuleResults> {
  manualSeed(7);
  const module = new nn.Sequential(
    new nn.Conv2d(3, 8, 3, { padding: 1 }),
    new nn.BatchNorm2d(8),
    new nn.ReLU(),
    new nn.MaxPool2d(2),
    new nn.Flatten(),
    new nn.Linear(8 * 4 * 4, 5),
  );
  const input = randn([2, 3, 8, 8]);
  module.eval();
  const output = module(input);
  const exported = exportOnnx(module, input, { dynamicAxes: { input: { 0: 'batch' } } });
  const again = await (await InferenceSession.create(exported)).run({ input });
  return {
    printed: String(module),
    state: bitsOfAll(module.stateDict()),
    output: numbers(output),
    exported: [...exported],
    exportedOutput: numbers(again['output']!),
  };
}

async function runDigits(base: URL, fixtures: Fixtures): Promise<DigitsResults> {
  const session = await InferenceSession.create(new URL('models/digits/dynamo.onnx', base));
  const input = fixtures.tensors('models', 'digits', 'trace.safetensors').get('input');
  const outputs = await session.run({ [session.inputNames[0]!]: input });
  return {
    inputNames: session.inputNames,
    outputs: Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, numbers(tensor)])),
  };
}

async function readCheckpoints(base: URL): Promise<CommonResults['checkpoints']> {
  const read = checkpointFiles.map(async (file) => [file, bitsOfAll(await load(new URL(file, base)))]);
  return Object.fromEntries(await Promise.all(read));
}

async function detectCats(
  base: URL,
  photographs: Readonly<Record<string, Image>>,
): Promise<Record<string, Detection[]>> {
  const session = await InferenceSession.create(new URL('models/cat-detector/dynamo.onnx', base));
  const settings = parseDetectorSettings(session.metadata.custom.get(DETECTOR_METADATA_KEY) ?? '');
  const detections: Record<string, Detection[]> = {};
  for (const [name, photograph] of Object.entries(photographs)) {
    const prepared = prepareDetection(photograph, settings);
    const { heatmap, boxes } = await session.run({ image: prepared.tensor });
    detections[name] = decodeDetections(heatmap!, boxes!, prepared, settings);
  }
  return detections;
}

async function digests(photographs: Readonly<Record<string, Image>>): Promise<Record<string, string>> {
  const all = Object.entries(photographs).map(async ([name, image]) => {
    return [name, await digest(Uint8Array.from(convertImage(image, 3).data))];
  });
  return Object.fromEntries(await Promise.all(all));
}

function numbers(tensor: Tensor): number[] {
  return Array.from(tensor.toTypedArray(), Number);
}

function bitsOfAll(tensors: Iterable<readonly [string, Tensor]>): Record<string, TensorBits> {
  return Object.fromEntries(
    Array.from(tensors, ([name, tensor]) => {
      const { buffer, byteOffset, byteLength } = tensor.toTypedArray();
      const bytes = [...new Uint8Array(buffer, byteOffset, byteLength)];
      return [name, { dtype: tensor.dtype, shape: [...tensor.shape], bytes }];
    }),
  );
}
