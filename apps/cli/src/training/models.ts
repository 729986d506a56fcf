/** The models that `train` and `finetune` know by name, and those that a module file exports. */
import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { BinaryImageClassification, CatDetector, ResNet } from '@sconce/conformance';
import * as nn from '@sconce/nn';
import { UsageError } from '../errors.ts';
import { userPath } from '../terminal.ts';

/** A classifier of images that can be trained. */
export interface Classifier {
  readonly model: nn.Module;
  /** Dotted path of the layer that is replaced for other classes. */
  readonly head: string;
  /** Pixels, from 0 to 1, become `(pixel - mean) / std`. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** How a classifier of so many classes is made. */
type Maker = (
  classes: number,
) => Omit<Classifier, 'mean' | 'std'> & Partial<Pick<Classifier, 'mean' | 'std'>>;

/** The cat detector's backbone under a head that names classes. */
function detectorClassifier(classes: number): nn.Module {
  const { stem, fine, coarse } = new CatDetector();
  return new nn.Sequential({
    stem,
    fine,
    coarse,
    pool: new nn.AdaptiveAvgPool2d(1),
    flatten: new nn.Flatten(),
    dropout: new nn.Dropout(0.2),
    classifier: new nn.Linear(192, classes),
  });
}

const imagenet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
const half = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };

const makers: Readonly<Record<string, Maker>> = {
  binary: (classes) => {
    const model = new BinaryImageClassification();
    if (classes !== 2) replaceHead(model, 'head.7', classes);
    return { model, head: 'head.7' };
  },
  'small-resnet': (classes) => ({
    model: new ResNet({ widths: [16, 32, 64, 128], blocks: [1, 1, 1, 1], numClasses: classes }),
    head: 'fc',
  }),
  resnet18: (classes) => ({ model: new ResNet({ numClasses: classes }), head: 'fc', ...imagenet }),
  'cat-detector': (classes) => ({
    model: detectorClassifier(classes),
    head: 'classifier',
    // The detector's pixels are (value - 127) / 128.
    mean: [127 / 255, 127 / 255, 127 / 255],
    std: [128 / 255, 128 / 255, 128 / 255],
  }),
};

/** Names of the models that are built in. */
export const modelNames: readonly string[] = Object.keys(makers);

/**
 * A model by name, or from a file (`.js`, `.mjs`, `.ts`) whose export `model` (or `default`) is a module or a function of
 * the number of classes that makes one.
 */
export async function makeClassifier(name: string, classes: number, head?: string): Promise<Classifier> {
  const maker = Object.hasOwn(makers, name) ? makers[name] : undefined;
  const made = maker?.(classes) ?? (await fromFile(name, classes));
  const classifier = { ...half, ...made, ...(head === undefined ? {} : { head }) };
  fitHead(classifier, classes);
  return classifier;
}

async function fromFile(name: string, classes: number): Promise<Omit<Classifier, 'mean' | 'std'>> {
  const path = userPath(name);
  if (!existsSync(path))
    throw new UsageError(
      `--model ${name}: expected one of ${modelNames.join(', ')} or a file that exports a model`,
    );
  const exports = (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  const exported = exports['model'] ?? exports['default'];
  const made: unknown =
    typeof exported === 'function' && !(exported instanceof nn.Module)
      ? await (exported as (classes: number) => unknown)(classes)
      : exported;
  if (!(made instanceof nn.Module))
    throw new UsageError(`${name}: expected an export model, a module of nn or a function that makes one`);
  const last = made.namedModules().findLast(([, module]) => module instanceof nn.Linear);
  return { model: made, head: last?.[0] ?? '' };
}

/** Gives the head as many outputs as there are classes. */
function fitHead({ model, head }: Classifier, classes: number): void {
  if (head === '') return;
  const layer = model.getSubmodule(head);
  if (!(layer instanceof nn.Linear) || layer.outFeatures !== classes) replaceHead(model, head, classes);
}

/** Puts a new fully connected layer in the place of another. @throws {UsageError} when there is none */
function replaceHead(model: nn.Module, path: string, classes: number): void {
  const layer = model.getSubmodule(path);
  if (!(layer instanceof nn.Linear))
    throw new UsageError(`${path} is a ${layer.getName()}, expected a Linear as the head`);
  const at = path.lastIndexOf('.');
  const parent = model.getSubmodule(path.slice(0, Math.max(0, at)));
  parent.addModule(
    path.slice(at + 1),
    new nn.Linear(layer.inFeatures, classes, { bias: layer.bias !== null }),
  );
}

/**
 * Stops learning of everything outside of the given layers. Batch normalisation there stays in evaluation mode: its means
 * belong to the frozen weights.
 */
export function freezeAllBut(model: nn.Module, paths: readonly string[]): void {
  const inside = (name: string): boolean =>
    paths.some((path) => name === path || name.startsWith(`${path}.`));
  for (const [name, parameter] of model.namedParameters()) parameter.requiresGrad_(inside(name));
  for (const [name, module] of model.namedModules()) {
    const learned = inside(name) || paths.some((path) => path.startsWith(name === '' ? '' : `${name}.`));
    if (!learned) {
      module.registerForwardPreHook((frozen) => {
        frozen.training = false;
      });
    }
  }
}
