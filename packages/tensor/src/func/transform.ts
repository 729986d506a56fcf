/** What the function transforms share: which arguments are differentiated, and whether results are recorded. */
import { AccumulateGrad } from '../autograd/accumulate.ts';
import { enableGrad, gradMode } from '../autograd/mode.ts';
import type { GradNode } from '../autograd/node.ts';
import { fail } from '../errors.ts';
import { Tensor } from '../tensor.ts';

/** One argument by its place (counted from the end if negative), or several. */
export type Argnums = number | readonly number[];

/** The arguments of a function, those that are differentiated made new. */
export interface Prepared {
  readonly args: unknown[];
  /** The ones that are differentiated. */
  readonly inputs: readonly Tensor[];
}

/** Makes the arguments that a function is differentiated by into tensors of their own. */
export function prepare(operator: string, args: readonly unknown[], argnums: Argnums): Prepared {
  const places = (typeof argnums === 'number' ? [argnums] : argnums).map((place) => {
    const index = place < 0 ? place + args.length : place;
    if (Number.isInteger(index) && index >= 0 && index < args.length) return index;
    return fail(operator, `Got argnum=${place}, but only ${args.length} positional inputs`);
  });
  const all = [...args];
  const inputs = places.map((place) => {
    const input = args[place];
    if (!(input instanceof Tensor)) {
      return fail(operator, `argument ${place} cannot be differentiated by`, 'a tensor', typeof input);
    }
    // A view stays connected to what the outside may ask gradients of.
    const own =
      input.requiresGrad && gradMode.enabled ? input.view(input.shape) : input.detach().requiresGrad_();
    all[place] = own;
    return own;
  });
  return { args: all, inputs };
}

/** Runs `body` with recording on; it is told whether recording was on outside. */
export function transforming<T>(body: (outside: boolean) => T): T {
  const outside = gradMode.enabled;
  return enableGrad(() => body(outside));
}

/** Whether gradients of the outputs lead to anything but the inputs themselves, so that they must be recorded. */
export function leadsOutside(outputs: readonly Tensor[], inputs: readonly Tensor[]): boolean {
  const own = new Set<Tensor>(inputs);
  const nodes = new Set<GradNode>();
  for (const { gradFn } of outputs) if (gradFn !== null) nodes.add(gradFn);
  if (outputs.some((output) => output.gradFn === null && output.requiresGrad && !own.has(output)))
    return true;
  // A set lists what is added while it is walked.
  for (const node of nodes) {
    if (node instanceof AccumulateGrad && !own.has(node.variable)) return true;
    for (const edge of node.edges) if (edge !== undefined) nodes.add(edge.node);
  }
  return false;
}

/** Results as the outside sees them. */
export function finished(values: readonly Tensor[], recorded: boolean): Tensor[] {
  return values.map((value) => (recorded ? value : value.detach()));
}
