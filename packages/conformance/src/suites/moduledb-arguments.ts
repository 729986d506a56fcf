/** Decodes the arguments of the module database's cases, and makes its modules. */
import * as nn from '@sconce/nn';
import { Tensor } from '@sconce/tensor';
import type { JsonArgument } from '../arguments.ts';
import { UnsupportedCase } from '../suite.ts';
import { flatten } from './database.ts';
import { camelCase, Decoder } from './opdb-arguments.ts';

/** How a module is made. */
export interface ModuleCall {
  readonly class: string;
  readonly args: readonly JsonArgument[];
  readonly kwargs: Readonly<Record<string, JsonArgument>>;
}

type Callable = (...args: readonly unknown[]) => unknown;

/** Decodes packed sequences, modules and functions as well. */
export class ModuleDecoder extends Decoder {
  override decode(value: JsonArgument): unknown {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return super.decode(value);
    const entry = value as Readonly<Record<string, JsonArgument>>;
    if ('packed' in entry) {
      const fields = entry['packed'] as Readonly<Record<string, JsonArgument>>;
      const [data, batchSizes, sorted, unsorted] = Object.values(fields).map((item) => this.decode(item));
      const PackedSequence = member(nn, ['utils', 'rnn', 'PackedSequence']);
      return new (PackedSequence as new (...args: unknown[]) => object)(data, batchSizes, sorted, unsorted);
    }
    if ('module' in entry) return this.module(entry['module'] as unknown as ModuleCall);
    if ('function' in entry) return member(nn.functional, [camelCase(String(entry['function']))]);
    return super.decode(value);
  }

  /** Makes a module. @throws UnsupportedCase where Sconce has none of that name */
  module({ class: name, args, kwargs }: ModuleCall): nn.Module {
    const Class = member(nn, [name]) as new (...args: unknown[]) => nn.Module;
    // How PyTorch cuts this one's work to save memory is no option here.
    const { options, ...others } = kwargs;
    const taken = name === 'LinearCrossEntropyLoss' && options === null ? others : kwargs;
    return new Class(...this.arguments(args, taken));
  }

  /** Positional arguments, then one object with those by name. */
  arguments(
    args: readonly JsonArgument[],
    kwargs: Readonly<Record<string, JsonArgument>>,
  ): readonly unknown[] {
    const options = this.options(kwargs);
    const positional = args.map((arg) => this.decode(arg));
    return options === undefined ? positional : [...positional, options];
  }
}

/** Calls a module. */
export function callModule(module: nn.Module, args: readonly unknown[]): unknown {
  return (module as unknown as Callable)(...args);
}

/** Copies of tensors, which gradients flow through: for modules that write to their input. */
export function cloned(value: unknown): unknown {
  if (value instanceof Tensor) return value.clone();
  return Array.isArray(value) ? value.map(cloned) : value;
}

/** A call's results as a list, packed sequences by their fields. */
export function results(value: unknown): unknown[] {
  if (Array.isArray(value)) return value.flatMap(results);
  if (typeof value === 'object' && value !== null && 'batchSizes' in value) {
    const { data, batchSizes, sortedIndices, unsortedIndices } = value as Readonly<Record<string, unknown>>;
    return [data, batchSizes, sortedIndices ?? null, unsortedIndices ?? null];
  }
  return flatten(value);
}

function member(space: unknown, path: readonly string[]): unknown {
  const found = path.reduce<unknown>(
    (value, name) => (value as Readonly<Record<string, unknown>> | undefined)?.[name],
    space,
  );
  if (found === undefined) throw new UnsupportedCase(`nn.${path.join('.')} is not there`);
  return found;
}
