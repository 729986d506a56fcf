/** One run of training on a folder of photographs: what `train` and `finetune` have in common. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { saveSafetensors } from '@sconce/checkpoint';
import * as nn from '@sconce/nn';
import { exportOnnx } from '@sconce/onnx';
import { manualSeed, type Tensor, zeros } from '@sconce/tensor';
import { Interrupted, UsageError } from '../errors.ts';
import { writeWhole } from '../tensor-files.ts';
import { print, printJson, userPath } from '../terminal.ts';
import { type EpochRecord, openCheckpoint, saveCheckpoint, type TrainingRecord } from './checkpoint.ts';
import { plotLosses } from './loss-plot.ts';
import { type Classifier, makeClassifier } from './models.ts';
import { makeOptimizer, type TrainOptions } from './options.ts';
import { classesOf, openPhotographs } from './photographs.ts';
import { terminalProgress } from './progress.ts';

/** The key in an ONNX model's metadata under which classes and preparation lie, as JSON. */
const METADATA_KEY = 'sconce.classifier';

/** Trains; `prepare` changes the model before the optimizer is made. */
export async function runTraining(
  folder: string,
  options: TrainOptions,
  prepare: (classifier: Classifier) => Promise<void> = async () => undefined,
): Promise<void> {
  const say = options.json ? (line: string) => void process.stderr.write(`${line}\n`) : print;
  const photosFolder = userPath(folder);
  const out = userPath(options.out);
  manualSeed(options.seed);
  const classes = classesOf(photosFolder);
  if (classes.length < 2)
    throw new UsageError(`${folder}: expected at least two classes, got ${classes.join(', ')}`);
  const classifier = await makeClassifier(options.model, classes.length, options.head);
  const { model, mean, std } = classifier;
  await prepare(classifier);
  const photographs = openPhotographs(photosFolder, { ...options, mean, std });
  const optimizer = makeOptimizer(
    model.parameters().filter(({ requiresGrad }) => requiresGrad),
    options,
  );
  const settings = { model: options.model, size: options.size, mean, std };
  const before = await resumed(options, out, model, optimizer, classes, settings);
  await mkdir(out, { recursive: true });
  say(String(model));
  const { counts } = photographs;
  say(
    `${classes.length} classes (${classes.join(', ')}), ${counts.train} photographs for training, ${counts.validation} for validation`,
  );

  const history: EpochRecord[] = [...before];
  let best = bestOf(history);
  const record = (): TrainingRecord => ({ epoch: history.length, classes, settings, history });
  const save = async (name: string): Promise<void> =>
    await saveCheckpoint(join(out, name), model, optimizer as never, record());
  const interruption = new AbortController();
  const interrupt = (): void => interruption.abort();
  // A second one ends the process at once, as always.
  process.once('SIGINT', interrupt);
  try {
    photographs.beginEpoch(history.length + 1);
    const { stopped } = await nn.fit(model, photographs.train, {
      optimizer,
      loss: (scores: Tensor, labels: Tensor) => nn.functional.crossEntropy(scores, labels),
      metrics: { accuracy: nn.accuracy },
      epochs: Math.max(0, options.epochs - history.length),
      firstEpoch: history.length + 1,
      ...(photographs.validation && { validation: photographs.validation }),
      progress: terminalProgress(say),
      signal: interruption.signal,
      onEpoch: async (result) => {
        history.push(recordOf(result));
        await save('last.pt');
        const loss = bestOf(history);
        if (loss < best) await saveSafetensors(join(out, 'best.safetensors'), model.stateDict());
        best = Math.min(best, loss);
        await writeText(join(out, 'losses.svg'), plotLosses(history, options.model));
        photographs.beginEpoch(history.length + 1);
      },
    });
    if (stopped) await save('last.pt');
    if (stopped)
      throw new Interrupted(
        `stopped in epoch ${history.length + 1}; ${join(out, 'last.pt')} goes on with --resume`,
      );
  } finally {
    process.off('SIGINT', interrupt);
  }
  const files = ['last.pt', 'best.safetensors', 'losses.svg', 'model.safetensors'];
  await saveSafetensors(join(out, 'model.safetensors'), model.stateDict());
  if (options.onnx) {
    await writeWhole(join(out, 'model.onnx'), toOnnx(model, classes, settings));
    files.push('model.onnx');
  }
  if (options.json) printJson({ classes, ...counts, history, files: files.map((name) => join(out, name)) });
  else for (const name of files) print(join(out, name));
}

/** Puts everything where a checkpoint left it, and gives the epochs before. */
async function resumed(
  options: TrainOptions,
  out: string,
  model: nn.Module,
  optimizer: nn.optim.Optimizer,
  classes: readonly string[],
  settings: object,
): Promise<readonly EpochRecord[]> {
  if (options.resume === undefined) return [];
  const path = options.resume === true ? join(out, 'last.pt') : userPath(options.resume);
  const { record, restore } = await openCheckpoint(path);
  if (record.classes.join() !== classes.join()) {
    throw new UsageError(
      `${path}: classes are ${classes.join(', ')}, the checkpoint has ${record.classes.join(', ')}`,
    );
  }
  if (JSON.stringify(record.settings) !== JSON.stringify(settings)) {
    throw new UsageError(
      `${path}: trained with ${JSON.stringify(record.settings)}, expected the same, got ${JSON.stringify(settings)}`,
    );
  }
  restore(model, optimizer as never);
  return record.history;
}

function recordOf(result: nn.EpochResult): EpochRecord {
  const { epoch, loss, metrics, validation, losses } = result;
  return {
    epoch,
    loss,
    accuracy: metrics['accuracy']!,
    validationLoss: validation?.loss ?? null,
    validationAccuracy: validation?.metrics['accuracy'] ?? null,
    losses,
  };
}

/** The lowest loss so far: of validation where there is one. */
function bestOf(history: readonly EpochRecord[]): number {
  return Math.min(...history.map(({ loss, validationLoss }) => validationLoss ?? loss));
}

function toOnnx(model: nn.Module, classes: readonly string[], settings: { size: number }): Uint8Array {
  const { size } = settings;
  model.eval();
  return exportOnnx(model, zeros([1, 3, size, size]), {
    inputNames: ['image'],
    outputNames: ['scores'],
    dynamicAxes: { image: { 0: 'batch' } },
    metadata: { [METADATA_KEY]: JSON.stringify({ classes, ...settings }) },
  });
}

async function writeText(path: string, text: string): Promise<void> {
  await writeWhole(path, new TextEncoder().encode(text));
}
