/** Finds the layer in which NaN first appeared. */
import { forkRng, noGrad, setRngState, Tensor } from '@sconce/tensor';
import { callModule, type Module } from '../module/module.ts';

/** The loss became NaN. */
export class NanLossError extends Error {
  /** The step, from 1 on, counted through all epochs. */
  readonly step: number;
  readonly epoch: number;
  /** Dotted path of the layer in which NaN first appeared; undefined where it was in no layer. */
  readonly layer: string | undefined;

  constructor(step: number, epoch: number, source: NanSource) {
    super(`fit: the loss is NaN at step ${step} (epoch ${epoch}), ${source.text}`);
    this.name = 'NanLossError';
    this.step = step;
    this.epoch = epoch;
    this.layer = source.layer;
  }
}

/** Where NaN came from. */
export interface NanSource {
  readonly layer: string | undefined;
  readonly text: string;
}

/**
 * Runs a batch again, with the random numbers it had, and looks at what every layer gives.
 *
 * @param randomState the default generator's state before the batch ran
 */
export function findNan(model: Module, inputs: readonly unknown[], randomState: Tensor): NanSource {
  const input = inputs.findIndex((value) => holdsNan(value));
  if (input >= 0) return { layer: undefined, text: `because the batch's input ${input} holds NaN` };
  for (const [path, module] of model.namedModules()) {
    for (const [name, parameter] of module.namedParameters({ recurse: false })) {
      if (!holdsNan(parameter)) continue;
      const text = `first in ${describe(path, module)}, whose ${name} is NaN since the step before`;
      return { layer: path, text };
    }
  }
  const found = firstLayer(model, inputs, randomState);
  if (found === undefined) return { layer: undefined, text: 'which is made by the loss, no layer gives NaN' };
  const [path, module] = found;
  return { layer: path, text: `first in ${describe(path, module)}, whose inputs hold none` };
}

/** The layer that first gives NaN: layers end before those that hold them. */
function firstLayer(
  model: Module,
  inputs: readonly unknown[],
  randomState: Tensor,
): [path: string, module: Module] | undefined {
  let found: [string, Module] | undefined;
  const handles = model.namedModules().map(([path, module]) =>
    module.registerForwardHook((_module: unknown, _inputs: unknown, output: unknown) => {
      if (found === undefined && holdsNan(output)) found = [path, module];
    }),
  );
  try {
    forkRng(() => {
      setRngState(randomState);
      noGrad(() => callModule(model, ...inputs));
    });
  } finally {
    for (const handle of handles) handle.remove();
  }
  return found;
}

function describe(path: string, module: Module): string {
  return path === '' ? `the model's own forward (${module.getName()})` : `${path} (${module.getName()})`;
}

/** Whether a tensor, or one in a list or object, holds NaN. */
function holdsNan(value: unknown): boolean {
  if (value instanceof Tensor) return value.isFloatingPoint() && value.isnan().any().item() === true;
  if (Array.isArray(value)) return value.some(holdsNan);
  if (typeof value !== 'object' || value === null) return false;
  return value instanceof Map ? [...value.values()].some(holdsNan) : Object.values(value).some(holdsNan);
}
