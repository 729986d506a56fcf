/** Options that optimizers share. */
import { ElementUpdate, type UpdateDefinition } from './element-update.ts';

/** Options of nearly every optimizer. */
export interface CommonOptions {
  /** Goes up instead of down (default false). */
  maximize?: boolean;
  /** How PyTorch goes through the parameters; it changes nothing here and is kept for PyTorch's files (default null). */
  foreach?: boolean | null;
  /** Records the steps, so that gradients flow through them; slower (default false). */
  differentiable?: boolean;
}

/** Options of optimizers that PyTorch has fused forms of. Here all are. */
export interface FusedOption {
  /** Changes nothing here and is kept for PyTorch's files (default null). */
  fused?: boolean | null;
}

/** Options of optimizers whose steps GPUs can capture. */
export interface CapturableOption {
  /** Kept for PyTorch's files; a step with it is refused, as PyTorch's CPU refuses it (default false). */
  capturable?: boolean;
}

/** Refuses combinations with `fused`. @throws {Error} in PyTorch's words */
export function forbidFused(options: CommonOptions & FusedOption): void {
  if (!options.fused) return;
  if (options.differentiable) throw new Error('`fused` does not support `differentiable`');
  if (options.foreach) throw new Error('`fused` and `foreach` cannot be `True` together.');
}

/** Makes the update of each set of switches once. */
export function updatesBy<Switches extends object, Name extends string, Scalar extends string>(
  define: (switches: Switches) => UpdateDefinition<Name, Scalar>,
): (switches: Switches) => ElementUpdate<Name, Scalar> {
  const known = new Map<string, ElementUpdate<Name, Scalar>>();
  return (switches) => {
    const key = Object.values(switches).join();
    let update = known.get(key);
    if (update === undefined) {
      update = new ElementUpdate(define(switches));
      known.set(key, update);
    }
    return update;
  };
}
