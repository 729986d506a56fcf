// Chains of elementwise operations in one pass over memory: an expression becomes a kernel.

import { EngineError } from '../errors.ts';
import { checkShape, stridedRegionOf } from '../operands.ts';
import { executor } from '../runtime/executor.ts';
import type { Launchable } from '../runtime/family.ts';
import { part, type Region } from '../runtime/region.ts';
import { forkNest, passTime } from '../threads/split.ts';
import type { Condition, Expression, FusedElementwiseParameters, StridedSlice } from '../types.ts';
import type { Mode } from './elementwise-nest.ts';
import { arityOf } from './elementwise-operations.ts';
import {
  type FusedValues,
  fusedKernel,
  MAXIMUM_OPERANDS,
  MAXIMUM_PARAMETERS,
  type Program,
  type ProgramNode,
} from './fused-kernel.ts';
import { collapse, extent, KERNEL_RANK, overOuter } from './strided.ts';

const NAME = 'fusedElementwise';

/**
 * Evaluates expressions over the elements of strided and broadcast inputs, one for each output, in one pass. Parts that
 * expressions share are computed once. An output may be an input, element for element; otherwise nothing may overlap.
 *
 * @throws EngineError when an expression names an input, parameter or operation that is not there, ranks or counts differ,
 * an output repeats elements, or a slice is too small.
 * @example
 * // y = gelu(x * scale) + residual
 * const scaled = { op: 'mul', args: [{ input: 0 }, { parameter: 0 }] } as const;
 * const expressions = [{ op: 'add', args: [{ op: 'gelu', args: [scaled] }, { input: 1 }] }] as const;
 * fusedElementwise({ expressions, inputs: [x, residual], outputs: [y], shape, parameters: [0.5] });
 */
export function fusedElementwise(p: FusedElementwiseParameters): void {
  const program = programOf(p.expressions);
  if (p.expressions.length !== p.outputs.length || p.outputs.length === 0) {
    throw new EngineError(
      NAME,
      'another number of expressions than of outputs',
      p.outputs.length || 'one',
      p.expressions.length,
    );
  }
  for (const [kind, index] of program.nodes) {
    if (kind === 'input' && index >= p.inputs.length) {
      throw new EngineError(NAME, 'no such input', `less than ${p.inputs.length}`, index);
    }
  }
  const given = p.parameters?.length ?? 0;
  if (program.parameters > given) {
    throw new EngineError(NAME, 'parameters are missing', program.parameters, given);
  }
  const operands = p.inputs.length + p.outputs.length;
  if (operands > MAXIMUM_OPERANDS)
    throw new EngineError(NAME, 'too many operands', `at most ${MAXIMUM_OPERANDS}`, operands);
  if (given > MAXIMUM_PARAMETERS)
    throw new EngineError(NAME, 'too many parameters', `at most ${MAXIMUM_PARAMETERS}`, given);
  launchFused(NAME, program, p);
}

/** What {@link launchFused} needs besides the program. */
type FusedOperands = Omit<FusedElementwiseParameters, 'expressions'>;

/** Runs a program over checked and collapsed operands. */
export function launchFused(name: string, program: Program, p: FusedOperands): void {
  checkShape(name, p.shape);
  const slices = [...p.outputs, ...p.inputs];
  const regions = slices.map((slice, i) => stridedRegionOf(name, operandName(p, i), slice, p.shape));
  if (p.shape.includes(0)) return;
  p.outputs.forEach((slice, i) => {
    checkNotRepeated(name, p.outputs.length === 1 ? 'the output' : `output ${i}`, slice, p.shape);
  });
  const collapsed = collapse({ shape: p.shape, strides: slices.map(({ strides }) => strides) });
  const last = collapsed.shape.length - 1;
  const modes = collapsed.strides.map((steps): Mode => {
    const step = steps[last]!;
    return step === 1 ? 'vector' : step === 0 ? 'scalar' : 'strided';
  });
  const outputs = p.outputs.length;
  const kernel = kernelOf(program, modes, outputs);
  const current = executor();
  const loads = regions.length + program.nodes.length / 2;
  overOuter(collapsed, KERNEL_RANK, (offsets, { shape, strides }) => {
    const time = passTime(loads * shape.reduce((product, size) => product * size, 1));
    forkNest(shape, time, (dimension, first, sizes) => {
      const values: Record<string, Region | number> = {};
      for (let i = 0; i < program.parameters; i++) values[`p${i}`] = p.parameters![i]!;
      for (let d = 0; d < KERNEL_RANK; d++) values[`n${d}`] = sizes[KERNEL_RANK - 1 - d]!;
      regions.forEach((region, i) => {
        const steps = strides[i]!;
        const offset = offsets[i]! + first * steps[dimension]!;
        values[i < outputs ? `y${i}` : `x${i - outputs}`] = part(region, offset, extent(sizes, steps));
        for (let d = 0; d < KERNEL_RANK; d++) values[`s${i}_${d}`] = steps[KERNEL_RANK - 1 - d]!;
      });
      current.launch(kernel, values);
    });
  });
}

/** Kernels by program, then by modes: a call finds its own without making a key of the whole program. */
const kernels = new WeakMap<Program, Map<string, Launchable<FusedValues>>>();

function kernelOf(program: Program, modes: readonly Mode[], outputs: number): Launchable<FusedValues> {
  let byModes = kernels.get(program);
  if (byModes === undefined) {
    byModes = new Map();
    kernels.set(program, byModes);
  }
  const key = modes.join();
  let kernel = byModes.get(key);
  if (kernel === undefined) {
    kernel = fusedKernel({
      ...program,
      outputs: modes.slice(0, outputs).map((mode) => (mode === 'vector' ? mode : 'strided')),
      inputs: modes.slice(outputs),
    });
    byModes.set(key, kernel);
  }
  return kernel;
}

function operandName({ outputs }: FusedOperands, i: number): string {
  if (i >= outputs.length) return `input ${i - outputs.length}`;
  return outputs.length === 1 ? 'output' : `output ${i}`;
}

function checkNotRepeated(
  name: string,
  operand: string,
  { strides }: StridedSlice,
  shape: readonly number[],
): void {
  const repeated = shape.findIndex((size, d) => size > 1 && strides[d] === 0);
  if (repeated >= 0) throw new EngineError(name, `${operand} repeats its elements in dimension ${repeated}`);
}

// ---- from expressions to programs

const programs = new WeakMap<readonly Expression[], Program>();

function programOf(expressions: readonly Expression[]): Program {
  let program = programs.get(expressions);
  if (program === undefined) {
    program = flatten(expressions);
    programs.set(expressions, program);
  }
  return program;
}

/** The steps of the expressions in the order of computation, equal ones only once. */
function flatten(expressions: readonly Expression[]): Program {
  const nodes: ProgramNode[] = [];
  const known = new Map<string, number>();
  let parameters = 0;
  const add = (node: ProgramNode): number => {
    const key = JSON.stringify(node);
    let step = known.get(key);
    if (step === undefined) {
      step = nodes.push(node) - 1;
      known.set(key, step);
    }
    return step;
  };
  const value = (e: Expression): number => {
    if (typeof e === 'number') return add(['constant', Object.is(e, -0) ? '-0' : String(e)]);
    if ('input' in e) return add(['input', index('input', e.input)]);
    if ('parameter' in e) {
      parameters = Math.max(parameters, index('parameter', e.parameter) + 1);
      return add(['parameter', e.parameter]);
    }
    if ('select' in e) return add(['select', condition(e.select), value(e.args[0]), value(e.args[1])]);
    const arity = arityOf(e.op);
    if (arity === undefined)
      throw new EngineError(NAME, 'unknown operation', 'an operation of expressions', `'${e.op}'`);
    if (e.args.length !== arity)
      throw new EngineError(NAME, `${e.op} has another number of arguments`, arity, e.args.length);
    return add([e.op, ...e.args.map(value)]);
  };
  const condition = (c: Condition): number => {
    if ('compare' in c) return add(['compare', c.compare, value(c.args[0]), value(c.args[1])]);
    if (c.logic === 'not') return add(['not', condition(c.args[0])]);
    return add([c.logic, condition(c.args[0]), condition(c.args[1])]);
  };
  return { nodes, results: expressions.map(value), parameters };
}

function index(kind: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new EngineError(NAME, `invalid ${kind}`, 'a whole number >= 0', value);
  }
  return value;
}
