/** Records operator calls: after the forward, a node that knows the way back is attached to the results. */
import { dtypeInfo } from '../dtype.ts';
import { Tensor } from '../tensor.ts';
import { edgeOf } from './accumulate.ts';
import { anomaly } from './anomaly.ts';
import type { GradientRules, Read } from './derivative.ts';
import { metaOf, requiresGrad } from './meta.ts';
import { gradMode } from './mode.ts';
import type { Edge } from './node.ts';
import { type Input, OperatorNode } from './operator-node.ts';
import { checkWrite, rebase } from './views.ts';

/** What recording needs of an operator's definition. */
export interface RecordedDefinition extends GradientRules<never[], unknown> {
  readonly name: string;
}

/** Whether recording has anything to do with these arguments. */
export function anyRequiresGrad(args: readonly unknown[]): boolean {
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (arg instanceof Tensor) {
      if (requiresGrad(arg)) return true;
    } else if (Array.isArray(arg)) {
      for (const entry of arg) if (entry instanceof Tensor && requiresGrad(entry)) return true;
    }
  }
  return false;
}

/** The tensors of a result, in order: one, a list, or the fields of a record. */
export function outputsOf(result: unknown): readonly Tensor[] {
  if (result instanceof Tensor) return [result];
  if (typeof result !== 'object' || result === null) return [];
  return Object.values(result).filter((value): value is Tensor => value instanceof Tensor);
}

/** Runs an operator's forward and records it. Some argument requires a gradient. */
export function record(
  definition: RecordedDefinition,
  args: readonly unknown[],
  forward: (...args: never[]) => unknown,
): unknown {
  const { name, inPlace, derivatives, view } = definition;
  const first = args[0] as Tensor;
  let baseEdge: Edge | undefined;
  if (inPlace) {
    checkWrite(name, first);
    if (first.base !== undefined) baseEdge = edgeOf(first.base);
  }
  const inputs = inputsOf(args, derivatives);
  const reads = readsOf(derivatives, inputs);
  const given = inPlace ? beforeWrite(args, first, reads) : args;
  gradMode.enabled = false;
  let result: unknown;
  try {
    result = forward(...(args as never[]));
  } finally {
    gradMode.enabled = true;
  }
  if (inPlace) first.storage.version++;
  const outputs = outputsOf(result);
  if (!inPlace && outputs.length === 1 && args.includes(outputs[0])) return result;
  const node = new OperatorNode(definition, inputs, given, reads, result, outputs);
  if (anomaly.enabled) node.trace = new Error(name).stack;
  if (inPlace) {
    rebase(first, node, baseEdge);
    return result;
  }
  for (let i = 0; i < outputs.length; i++) {
    const output = outputs[i]!;
    if (dtypeInfo(output.dtype).kind !== 'float') continue;
    const meta = metaOf(output);
    // What the forward itself made is no view to anyone outside.
    if (!view && output.base !== undefined) {
      output.base = undefined;
      meta.origin = undefined;
    }
    meta.node = node;
    meta.output = i;
    meta.nodeVersion = output.storage.version;
  }
  return result;
}

/**
 * The arguments of a write, with copies of those that it destroys though its derivatives read them. The copies are
 * recorded, for the gradient of those derivatives.
 */
function beforeWrite(args: readonly unknown[], written: Tensor, reads: readonly Read[]): readonly unknown[] {
  return args.map((arg, i) =>
    arg instanceof Tensor && arg.storage === written.storage && reads.includes(i) ? arg.clone() : arg,
  );
}

function inputsOf(args: readonly unknown[], derivatives: RecordedDefinition['derivatives']): Input[] {
  const inputs: Input[] = [];
  const add = (tensor: Tensor, argument: number, element: number): void => {
    const flows = derivatives === undefined || derivatives[argument] != null;
    const edge = flows ? edgeOf(tensor) : undefined;
    inputs.push({ argument, element, edge, shape: tensor.shape, dtype: tensor.dtype });
  };
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (arg instanceof Tensor) add(arg, i, -1);
    else if (Array.isArray(arg)) {
      for (let j = 0; j < arg.length; j++) if (arg[j] instanceof Tensor) add(arg[j], i, j);
    }
  }
  return inputs;
}

/** What the derivatives that will be needed read. */
function readsOf(derivatives: RecordedDefinition['derivatives'], inputs: readonly Input[]): readonly Read[] {
  if (derivatives === undefined) return [];
  let reads: readonly Read[] = [];
  let last = -1;
  for (const { argument, edge } of inputs) {
    if (edge === undefined || argument === last) continue;
    last = argument;
    const derivative = derivatives[argument];
    if (typeof derivative !== 'object' || derivative === null) continue;
    reads = reads.length === 0 ? derivative.reads : [...reads, ...derivative.reads];
  }
  return reads;
}
