/** Kernels and their recordings: a kernel is written once and recorded for each target. */

import { KernelBuilder } from './builder.ts';
import type { Contract } from './contract.ts';
import { CodegenError } from './errors.ts';
import { type Constant, type Operation, reads, writes } from './operations.ts';
import type { RecordOptions } from './recorder.ts';
import type { Target } from './target.ts';
import type { Variable } from './types.ts';

/** A kernel: its name (one name, one kernel: the key of caches), its arguments, and the function that describes it. */
export interface Kernel<C extends Contract = Contract> {
  readonly name: string;
  readonly contract: C;
  body(k: KernelBuilder<C>): void;
}

/** A kernel as one target will run it. */
export interface Recording {
  readonly name: string;
  readonly contract: Contract;
  readonly target: Target;
  readonly variables: readonly Variable[];
  readonly constants: readonly Constant[];
  readonly operations: readonly Operation[];
  /** Source line of each operation, if they were asked for. */
  readonly lines: readonly string[] | undefined;
}

/**
 * Defines a kernel.
 * @param name says everything that the body depends on, for example `specKey('gemm', { transA: false })`.
 * @param contract the arguments; their order is the order of the slots.
 * @param body records the kernel; it runs once for each target and must do the same each time.
 * @throws CodegenError if an argument's name is not an identifier.
 * @example
 * const negate = kernel('negate', { x: input('f32'), y: output('f32') }, (k) => {
 *   k.store(k.neg(k.load(k.pointer('x'))), k.pointer('y'));
 * });
 */
export function kernel<const C extends Contract>(
  name: string,
  contract: C,
  body: (k: KernelBuilder<C>) => void,
): Kernel<C> {
  const misnamed = Object.keys(contract).find((argument) => !/^[A-Za-z_]\w*$/.test(argument));
  if (misnamed !== undefined) throw new CodegenError(name, 'argument name', 'an identifier', `'${misnamed}'`);
  return { name, contract, body };
}

/** The same text for the same spec, whatever the order of its fields: `gemm{"relu":true,"rows":6}`. */
export function specKey(name: string, spec: Readonly<Record<string, unknown>>): string {
  return name + JSON.stringify(Object.fromEntries(Object.entries(spec).sort(([a], [b]) => (a < b ? -1 : 1))));
}

/** Runs a kernel's body for a target. */
export function record(kernel: Kernel, target: Target, options?: RecordOptions): Recording {
  const k = new KernelBuilder(kernel.name, kernel.contract, target, options);
  kernel.body(k);
  return { ...foldMoves(k), name: kernel.name, contract: kernel.contract, target };
}

/** Writes a result straight into the variable it is assigned to, where the assignment is its only use. */
function foldMoves(k: KernelBuilder): Pick<Recording, 'variables' | 'constants' | 'operations' | 'lines'> {
  const uses = new Map<Variable, number>();
  const use = (variable: Variable): void => void uses.set(variable, (uses.get(variable) ?? 0) + 1);
  for (const operation of k.operations) {
    for (const variable of reads(operation)) use(variable);
    const written = writes(operation);
    if (written) use(written);
  }
  const operations: Operation[] = [];
  const lines: string[] = [];
  k.operations.forEach((operation, index) => {
    const last = operations.at(-1);
    if (
      operation.code === 'move' &&
      last &&
      last.code !== 'loop' &&
      writes(last) === operation.from &&
      uses.get(operation.from) === 2
    ) {
      operations[operations.length - 1] = { ...last, to: operation.to } as Operation;
      uses.delete(operation.from);
    } else {
      operations.push(operation);
      if (k.lines) lines.push(k.lines[index]!);
    }
  });
  const constants = k.constants.filter(({ to }) => uses.has(to));
  const variables = k.variables.filter((variable) => uses.has(variable));
  return { variables, constants, operations, lines: k.lines && lines };
}
