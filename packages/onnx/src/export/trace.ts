/** Records the operators that a model calls, through a layer of the tensor package's dispatcher. */
import { currentModuleScope, type Module, type ModuleScope } from '@sconce/nn';
import { type Operator, Tensor, withLayer } from '@sconce/tensor';

/** One operator call of a model's run. */
export interface TracedCall {
  readonly operator: string;
  /** Canonical arguments, as the dispatcher gives them. */
  readonly args: readonly unknown[];
  readonly result: unknown;
  /** Modules that were running, outermost first. */
  readonly scopes: readonly ModuleScope[];
}

/** A model's run. */
export interface Trace {
  readonly calls: readonly TracedCall[];
  readonly output: unknown;
}

/** Runs a model in evaluation mode and records its operators. The modules' modes are put back afterwards. */
export function traceModel(model: Module, inputs: readonly Tensor[]): Trace {
  const calls: TracedCall[] = [];
  const layer = {
    call(operator: Operator, args: readonly unknown[], next: () => unknown): unknown {
      const scopes = currentModuleScope();
      const result = next();
      calls.push({ operator: operator.name, args, result, scopes });
      return result;
    },
  };
  const training = model.modules().map((module) => [module, module.training] as const);
  model.eval();
  try {
    const output: unknown = withLayer(layer, () => model(...(inputs as never[])));
    return { calls, output };
  } finally {
    for (const [module, mode] of training) module.training = mode;
  }
}

/** The tensors in a result or an argument, in order: lists and plain objects are looked into. */
export function tensorsIn(value: unknown): Tensor[] {
  if (value instanceof Tensor) return [value];
  if (Array.isArray(value)) return value.flatMap(tensorsIn);
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(tensorsIn);
  return [];
}

/** Dotted names of tensors in a result: keys of objects, indices of lists; '' for a tensor itself. */
export function namedTensors(value: unknown, prefix = ''): [string, Tensor][] {
  if (value instanceof Tensor) return [[prefix, value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, part]) =>
    namedTensors(part, prefix === '' ? key : `${prefix}_${key}`),
  );
}
