/** Checkpoints of a training that can go on where it ended: `.pt` files that `torch.load(weights_only=True)` reads. */
import { loadTorch, saveTorch } from '@sconce/checkpoint';
import type * as nn from '@sconce/nn';
import { getRngState, setRngState, Tensor } from '@sconce/tensor';

/** One epoch as it is kept, and drawn. */
export interface EpochRecord {
  readonly epoch: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly validationLoss: number | null;
  readonly validationAccuracy: number | null;
  readonly losses: readonly number[];
}

/** What a checkpoint holds besides tensors. */
export interface TrainingRecord {
  /** Epochs that are finished. */
  readonly epoch: number;
  readonly classes: readonly string[];
  /** The model as it was named, and how photographs were prepared. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly history: readonly EpochRecord[];
}

/** Anything with a state dict. */
interface Stateful<State> {
  stateDict(): unknown;
  loadStateDict(state: State): unknown;
}

type ModelState = ReadonlyMap<string, Tensor>;

/** Writes a checkpoint, as a whole or not at all. */
export async function saveCheckpoint(
  path: string,
  model: nn.Module,
  optimizer: Stateful<never>,
  record: TrainingRecord,
): Promise<void> {
  await saveTorch(path, {
    model: model.stateDict(),
    optimizer: optimizer.stateDict() as object,
    rng_state: getRngState(),
    epoch: record.epoch,
    classes: record.classes,
    settings: record.settings,
    history: record.history.map((one) => ({ ...one })),
  } as never);
}

/** A checkpoint that was read. */
export interface OpenedCheckpoint {
  readonly record: TrainingRecord;
  /** Puts weights, the optimizer's state and the random numbers where they were. */
  restore(model: nn.Module, optimizer: Stateful<never>): void;
}

/** Reads a checkpoint of this command. @throws Error when it is another file, or a damaged one */
export async function openCheckpoint(path: string): Promise<OpenedCheckpoint> {
  const value = await loadTorch(path);
  const fail = (what: string): never => {
    throw new Error(`${path}: no checkpoint of sconce train, ${what}`);
  };
  if (!(value instanceof Map)) return fail('expected a dict');
  const [model, optimizer, rngState, epoch, classes, settings, history] = [
    'model',
    'optimizer',
    'rng_state',
    'epoch',
    'classes',
    'settings',
    'history',
  ].map((name) => value.get(name));
  if (!(model instanceof Map)) return fail('expected the state of the model under "model"');
  if (!(rngState instanceof Tensor) || typeof epoch !== 'number' || ![classes, history].every(Array.isArray))
    return fail('expected rng_state, epoch, classes and history');
  const record = {
    epoch,
    classes,
    settings: asObject(settings),
    history: (history as unknown[]).map(asObject),
  } as unknown as TrainingRecord;
  const restore = (target: nn.Module, to: Stateful<never>): void => {
    target.loadStateDict(model as ModelState);
    to.loadStateDict(optimizer as never);
    setRngState(rngState);
  };
  return { record, restore };
}

/**
 * Weights from a file: a state dict, or a checkpoint that has one under `model`, `state_dict` or `model_state_dict`.
 *
 * @throws Error when there is none
 */
export function weightsIn(value: unknown): ReadonlyMap<string, Tensor> {
  const isState = (one: unknown): one is Map<string, Tensor> =>
    one instanceof Map && one.size > 0 && [...one.values()].every((member) => member instanceof Tensor);
  if (isState(value)) return value;
  if (value instanceof Map) {
    for (const name of ['model', 'state_dict', 'model_state_dict']) {
      const inner: unknown = value.get(name);
      if (isState(inner)) return inner;
    }
  }
  throw new Error(
    'expected a state dict, or a checkpoint with one under model, state_dict or model_state_dict',
  );
}

/** A dict with texts as keys. */
function asObject(value: unknown): object {
  return value instanceof Map ? Object.fromEntries(value) : {};
}
