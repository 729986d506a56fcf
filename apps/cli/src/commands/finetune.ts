/** `sconce finetune`: a trained model learns other classes: a new head on a frozen backbone. */
import { load, loadTorch } from '@sconce/checkpoint';
import { Fixtures } from '@sconce/conformance';
import type { Module } from '@sconce/nn';
import { Command } from 'commander';
import { UsageError } from '../errors.ts';
import { print, userPath } from '../terminal.ts';
import { weightsIn } from '../training/checkpoint.ts';
import { type Classifier, freezeAllBut, modelNames } from '../training/models.ts';
import { addTrainOptions, type TrainOptions } from '../training/options.ts';
import { runTraining } from '../training/run.ts';

interface FinetuneOptions extends TrainOptions {
  readonly weights?: string;
  readonly train: readonly string[];
}

export function finetuneCommand(): Command {
  const command = new Command('finetune')
    .description('adapt a trained model to other classes: new head, the rest frozen')
    .argument('<photographs>', 'a folder: cat/001.jpg is of class cat')
    .option(
      '--model <name>',
      `${modelNames.join(', ')}, or a file (.js, .ts) that exports a model`,
      'cat-detector',
    )
    .option(
      '--weights <file>',
      "the model's weights: .pt, .pth or .safetensors (the cat detector has its own)",
    )
    .option('--head <path>', 'the fully connected layer that is replaced, for example head.7')
    .option('--train <path...>', 'layers that are learned besides the head', []);
  return addTrainOptions(command, { lr: 1e-3, epochs: 10, size: 96 }).action(
    async (folder: string, options: FinetuneOptions) =>
      await runTraining(folder, options, async (classifier) => await adapt(classifier, options)),
  );
}

/** Loads weights into everything but the head, and freezes what is not learned. */
async function adapt(classifier: Classifier, options: FinetuneOptions): Promise<void> {
  const { model, head } = classifier;
  if (head === '') throw new UsageError(`--head: ${options.model} has no Linear, name the layer to replace`);
  const path = options.weights === undefined ? ownWeights(options.model) : userPath(options.weights);
  const say = (line: string): void => {
    if (!options.json) print(line);
  };
  const taken = loadAllBut(model, head, await readWeights(path), path);
  say(`${taken} tensors from ${path}; new: ${head}`);
  freezeAllBut(model, [head, ...options.train]);
  const parameters = model.parameters();
  const count = (list: typeof parameters): number => list.reduce((sum, one) => sum + one.numel(), 0);
  say(`learning ${count(parameters.filter((one) => one.requiresGrad))} of ${count(parameters)} parameters`);
}

function ownWeights(model: string): string {
  if (model !== 'cat-detector')
    throw new UsageError(`--weights: expected a file with the weights of ${model}`);
  return new Fixtures().path('models', 'cat-detector', 'weights.safetensors');
}

async function readWeights(path: string): Promise<ReadonlyMap<string, import('@sconce/tensor').Tensor>> {
  if (!/\.(pt|pth)$/i.test(path)) return await load(path);
  return weightsIn(await loadTorch(path));
}

/**
 * Loads weights by name; what the file has for the head, or for layers that the model does not have, is left out.
 *
 * @throws Error when a tensor of the backbone is missing, or nothing fits
 */
function loadAllBut(
  model: Module,
  head: string,
  weights: Awaited<ReturnType<typeof readWeights>>,
  path: string,
): number {
  const own = model.stateDict();
  const fits = [...weights].filter(([name]) => own.has(name) && !name.startsWith(`${head}.`));
  const { missingKeys } = model.loadStateDict(new Map(fits), { strict: false });
  const missing = missingKeys.filter((name) => !name.startsWith(`${head}.`));
  if (missing.length > 0) {
    const list = missing.slice(0, 5).join(', ');
    throw new Error(
      `${path}: ${missing.length} tensors of the model are missing: ${list}${missing.length > 5 ? ', ...' : ''}`,
    );
  }
  return fits.length;
}
