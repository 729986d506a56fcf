// Chains of elementwise operations in one pass over memory: an expression becomes a kernel.

import { computeTypeOf, dtypeBytes, type EngineDType } from '../dtype.ts';
import type { Expression, FusedElementwiseParameters, TypedSlice } from '../elementwise-types.ts';
import { EngineError } from '../errors.ts';
import type { EngineStorage } from '../memory/storage.ts';
import { executor } from '../runtime/executor.ts';
import { copyStrided } from './copy-strided.ts';
import { MAXIMUM_OPERANDS, MAXIMUM_PARAMETERS } from './fused-kernel.ts';
import { checkNumberDivisors, type FusedOperands, planOf } from './fused-plan.ts';
import { type Program, stepsOf, typedProgram } from './fused-program.ts';

const NAME = 'fusedElementwise';

/**
 * Evaluates expressions over the elements of strided and broadcast inputs, one for each output, in one pass. Parts that
 * expressions share are computed once. Inputs are cast to the computing type when they are read, results from it to their
 * output's dtype when they are stored. An output may be an input of the same dtype, element for element; otherwise nothing may
 * overlap.
 *
 * @throws EngineError when an expression names an input, parameter or operation that is not there, or not for this dtype, when ranks
 * or counts differ, an output repeats elements, or a slice is too small; before anything is written, when an integer divisor is
 * zero.
 * @example
 * // y = gelu(x * scale) + residual
 * const scaled = { op: 'mul', args: [{ input: 0 }, { parameter: 0 }] } as const;
 * const expressions = [{ op: 'add', args: [{ op: 'gelu', args: [scaled] }, { input: 1 }] }] as const;
 * fusedElementwise({ expressions, inputs: [x, residual], outputs: [y], shape, parameters: [0.5] });
 */
export function fusedElementwise(p: FusedElementwiseParameters): void {
  const { inputs, outputs, shape, parameters = [] } = p;
  launchFused(NAME, programOf(p), { inputs, outputs, shape, parameters });
}

/** Runs a program over its operands. */
export function launchFused(name: string, program: Program, p: FusedOperands): void {
  const plan = planOf(name, program, p);
  if (program.divisors.length > 0) checkNumberDivisors(name, program, p.parameters);
  if (plan.copied.length === 0) plan.run(name, program, p);
  else throughCopies(name, program, p, plan.copied);
}

/** Runs with dense copies in the place of some operands; outputs come first. */
function throughCopies(name: string, program: Program, p: FusedOperands, copied: readonly number[]): void {
  const current = executor();
  const { shape } = p;
  const elements = shape.reduce((product, size) => product * size, 1);
  // dense in the order of dimensions that loops have, which is the first output's
  const order = [...shape.keys()].sort((a, b) => p.outputs[0]!.strides[a]! - p.outputs[0]!.strides[b]!);
  const dense: number[] = [];
  let step = 1;
  for (const d of order) {
    dense[d] = step;
    step *= shape[d]!;
  }
  const borrowed: EngineStorage[] = [];
  const slices = [...p.outputs, ...p.inputs];
  const copies = slices.map((slice, i): TypedSlice => {
    if (!copied.includes(i)) return slice;
    const storage = current.borrow(elements * dtypeBytes[slice.dtype ?? 'float32']);
    borrowed.push(storage);
    return { ...slice, storage, offset: 0, strides: dense };
  });
  const copy = (from: TypedSlice, to: TypedSlice): void =>
    copyStrided({ from, to, shape, elementBytes: dtypeBytes[from.dtype ?? 'float32'] });
  try {
    const outputs = p.outputs.length;
    for (const i of copied) if (i >= outputs) copy(slices[i]!, copies[i]!);
    launchFused(name, program, { ...p, outputs: copies.slice(0, outputs), inputs: copies.slice(outputs) });
    for (const i of copied) if (i < outputs) copy(copies[i]!, slices[i]!);
  } finally {
    for (const storage of borrowed) current.release(storage);
  }
}

/** Programs by the expressions they were made of, then by dtypes: what is computed in, outputs, inputs. */
const programs = new WeakMap<readonly Expression[], Map<number, Program>>();

function programOf(p: FusedElementwiseParameters): Program {
  const { expressions, inputs, outputs } = p;
  let byTypes = programs.get(expressions);
  if (byTypes === undefined) {
    byTypes = new Map();
    programs.set(expressions, byTypes);
  }
  const dtype = p.dtype ?? (inputs[0] ?? outputs[0])?.dtype ?? 'float32';
  // counts are part of it, so that what was checked once holds; many operands share a key, and what was made says for which
  let key = dtypeNumber(dtype) * 17 + outputs.length;
  for (let i = 0; i < outputs.length; i++) key = (key * 15 + dtypeNumber(outputs[i]!.dtype)) % PRIME;
  for (let i = 0; i < inputs.length; i++) key = (key * 15 + dtypeNumber(inputs[i]!.dtype)) % PRIME;
  key = key * 32 + inputs.length;
  let program = byTypes.get(key);
  if (program === undefined || !isFor(program, p, dtype)) {
    program = makeProgram(p, dtype);
    byTypes.set(key, program);
  }
  const given = p.parameters?.length ?? 0;
  if (program.parameters > given)
    throw new EngineError(NAME, 'parameters are missing', program.parameters, given);
  return program;
}

/** Below this keys stay whole numbers of 53 bits. */
const PRIME = 2 ** 40 - 87;

const dtypeNumbers = new Map<string, number>(Object.keys(dtypeBytes).map((dtype, i) => [dtype, i + 1]));

/** A number from 1 to 14 for each dtype, 14 for what is none. */
export function dtypeNumber(dtype: EngineDType = 'float32'): number {
  return dtypeNumbers.get(dtype) ?? 14;
}

function isFor(
  program: Program,
  { inputs, outputs }: FusedElementwiseParameters,
  dtype: EngineDType,
): boolean {
  if (program.type !== computeTypeOf(dtype)) return false;
  const { inputs: given, outputs: results } = program;
  if (given.length !== inputs.length || results.length !== outputs.length) return false;
  for (let i = 0; i < inputs.length; i++) if ((inputs[i]!.dtype ?? 'float32') !== given[i]) return false;
  for (let i = 0; i < outputs.length; i++) if ((outputs[i]!.dtype ?? 'float32') !== results[i]) return false;
  return true;
}

function makeProgram(
  { expressions, inputs, outputs }: FusedElementwiseParameters,
  dtype: EngineDType,
): Program {
  const steps = stepsOf(NAME, expressions);
  if (expressions.length !== outputs.length || outputs.length === 0) {
    throw new EngineError(
      NAME,
      'another number of expressions than of outputs',
      outputs.length || 'one',
      expressions.length,
    );
  }
  for (const [kind, index] of steps.nodes) {
    if (kind === 'input' && index >= inputs.length) {
      throw new EngineError(NAME, 'no such input', `less than ${inputs.length}`, index);
    }
  }
  const operands = inputs.length + outputs.length;
  if (operands > MAXIMUM_OPERANDS)
    throw new EngineError(NAME, 'too many operands', `at most ${MAXIMUM_OPERANDS}`, operands);
  if (steps.parameters > MAXIMUM_PARAMETERS)
    throw new EngineError(NAME, 'too many parameters', `at most ${MAXIMUM_PARAMETERS}`, steps.parameters);
  const types = (slices: readonly TypedSlice[]): EngineDType[] =>
    slices.map((slice) => checkedDType(NAME, slice.dtype));
  return typedProgram(NAME, steps, checkedDType(NAME, dtype), types(inputs), types(outputs));
}

/** @throws EngineError when there is no such dtype. */
export function checkedDType(name: string, dtype: EngineDType = 'float32'): EngineDType {
  if (!Object.hasOwn(dtypeBytes, dtype)) {
    throw new EngineError(name, 'invalid dtype', Object.keys(dtypeBytes).join(', '), dtype);
  }
  return dtype;
}
