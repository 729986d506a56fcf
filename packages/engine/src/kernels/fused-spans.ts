// One formula over many groups of dense operands of one length each: what an optimizer does to all parameters of a model. The groups
// are divided among threads as if they were one long run, so that many short ones are as good as a long one.

import { dtypeBytes } from '../dtype.ts';
import type { Expression } from '../elementwise-types.ts';
import { EngineError } from '../errors.ts';
import { checkSizes, regionOf } from '../operands.ts';
import { type Executor, executor } from '../runtime/executor.ts';
import type { Launchable } from '../runtime/family.ts';
import { part, type Region } from '../runtime/region.ts';
import { LINE_ELEMENTS, passTime } from '../threads/split.ts';
import type { Slice } from '../types.ts';
import type { OperandSpec } from './elementwise-nest.ts';
import { costOf } from './elementwise-operations.ts';
import {
  type FusedValues,
  fusedKernel,
  MAXIMUM_OPERANDS,
  MAXIMUM_PARAMETERS,
  unrolling,
} from './fused-kernel.ts';
import { type Program, stepsOf, typedProgram } from './fused-program.ts';

const NAME = 'fusedSpans';

/** One group of operands: as many elements of each from its offset on. */
export interface FusedSpan {
  /** The operands that are written come first; all of them are inputs of the expressions, by their places here. */
  readonly operands: readonly Slice[];
  readonly elements: number;
  /** Values of `{ parameter }`. */
  readonly parameters: readonly number[];
}

/** Parameters of {@link fusedSpans}. */
export interface FusedSpansParameters {
  /** What the first operands get, one expression each. Objects that stay the same between calls are analysed once. */
  readonly expressions: readonly Expression[];
  /** Of all operands, and what is computed in. */
  readonly dtype: 'float32' | 'float64';
  readonly spans: readonly FusedSpan[];
}

/** A formula made into a kernel. */
interface SpanProgram {
  readonly operands: number;
  readonly written: number;
  readonly parameters: number;
  readonly bytes: number;
  readonly kernel: Launchable<FusedValues>;
  /** About how long an element takes on one thread, in nanoseconds. */
  readonly time: number;
}

/**
 * Computes expressions over groups of dense operands, in place: every group's first operands get the results, after all of its
 * operands were read. Memory is read and written once. Operands of one group are the same memory or share none; groups that write
 * the same storage are computed one after the other.
 *
 * @throws EngineError when an expression names an input or operation that is not there, when groups differ in their numbers of
 * operands or parameters, or a slice is too small; before anything is written.
 * @example
 * // parameter -= 0.1 * gradient, for all parameters
 * const step = { op: 'fma', args: [{ input: 1 }, { parameter: 0 }, { input: 0 }] } as const;
 * const spans = [{ operands: [parameter, gradient], elements, parameters: [-0.1] }];
 * fusedSpans({ expressions: [step], dtype: 'float32', spans });
 */
export function fusedSpans({ expressions, dtype, spans }: FusedSpansParameters): void {
  if (spans.length === 0) return;
  const program = programOf(expressions, dtype, spans[0]!.operands.length);
  const current = executor();
  let total = 0;
  for (const span of spans) {
    check(program, span, current);
    total += span.elements;
  }
  const parts = current.partsFor(total * program.time);
  if (parts > 1 && writesApart(program, spans)) divide(current, program, spans, { total, parts });
  else if (current.defers) for (const span of spans) launch(current, program, span, 0, span.elements);
  else runAlone(current, program, spans);
}

const programs = new WeakMap<readonly Expression[], Map<string, SpanProgram>>();

function programOf(
  expressions: readonly Expression[],
  dtype: 'float32' | 'float64',
  operands: number,
): SpanProgram {
  let known = programs.get(expressions);
  if (known === undefined) {
    known = new Map();
    programs.set(expressions, known);
  }
  const key = `${dtype} ${operands}`;
  let program = known.get(key);
  if (program === undefined) {
    program = makeProgram(expressions, dtype, operands);
    known.set(key, program);
  }
  return program;
}

function makeProgram(
  expressions: readonly Expression[],
  dtype: 'float32' | 'float64',
  operands: number,
): SpanProgram {
  if (!['float32', 'float64'].includes(dtype))
    throw new EngineError(NAME, 'invalid dtype', 'float32, float64', dtype);
  const written = expressions.length;
  if (written === 0 || written > operands) {
    throw new EngineError(
      NAME,
      'more expressions than operands, or none',
      `1 to ${operands}`,
      expressions.length,
    );
  }
  if (written + operands > MAXIMUM_OPERANDS) {
    throw new EngineError(NAME, 'too many operands', `at most ${MAXIMUM_OPERANDS - written}`, operands);
  }
  const steps = stepsOf(NAME, expressions);
  for (const [kind, index] of steps.nodes) {
    if (kind === 'input' && index >= operands) {
      throw new EngineError(NAME, 'no such input', `less than ${operands}`, index);
    }
  }
  if (steps.parameters > MAXIMUM_PARAMETERS) {
    throw new EngineError(NAME, 'too many parameters', `at most ${MAXIMUM_PARAMETERS}`, steps.parameters);
  }
  const types = Array.from({ length: operands }, () => dtype);
  const program: Program = typedProgram(NAME, steps, dtype, types, types.slice(0, written));
  const all = types.map((): OperandSpec => ({ mode: 'vector', dtype }));
  const { nodes, results, parameters, type } = program;
  const cost = nodes.reduce((sum, [op]) => sum + costOf(op, type), operands + written);
  return {
    operands,
    written,
    parameters,
    bytes: dtypeBytes[dtype],
    time: passTime(cost),
    kernel: fusedKernel({
      nodes,
      results,
      parameters,
      type,
      rank: 1,
      outputs: all.slice(0, written),
      inputs: all,
      unroll: unrolling(program, all),
      streaming: false,
      divisors: [],
    }),
  };
}

function check(program: SpanProgram, span: FusedSpan, current: Executor): void {
  const { operands, elements, parameters } = span;
  if (operands.length !== program.operands) {
    throw new EngineError(
      NAME,
      'groups differ in their number of operands',
      program.operands,
      operands.length,
    );
  }
  if (parameters.length < program.parameters) {
    throw new EngineError(NAME, 'parameters are missing', program.parameters, parameters.length);
  }
  if (!Number.isSafeInteger(elements) || elements < 0) checkSizes(NAME, { elements });
  for (let i = 0; i < operands.length; i++) {
    const { storage, offset } = operands[i]!;
    const fits =
      Number.isSafeInteger(offset) &&
      offset >= 0 &&
      (offset + elements) * program.bytes <= storage.byteLength &&
      (storage as { memory?: unknown }).memory === current.memory;
    // regionOf says what is wrong
    if (!fits) regionOf(NAME, `operand ${i}`, operands[i]!, elements, program.bytes);
  }
}

/** Whether no storage is written by two groups. */
function writesApart({ written }: SpanProgram, spans: readonly FusedSpan[]): boolean {
  const seen = new Set<unknown>();
  for (const { operands } of spans) {
    for (let i = 0; i < written; i++) seen.add(operands[i]!.storage);
  }
  return seen.size === written * spans.length;
}

/** A region that is filled in again for every launch. */
type Filled = { -readonly [Key in keyof Region]: Region[Key] };

/** Runs everything on this thread, in arguments that are made once. */
function runAlone(current: Executor, program: SpanProgram, spans: readonly FusedSpan[]): void {
  const { bytes, kernel } = program;
  const regions = Array.from(
    { length: program.operands },
    (): Filled => ({ storage: undefined, address: 0, bytes: 0 }),
  );
  const values = valuesOf(program, regions, 0, spans[0]!.parameters);
  const names = Array.from({ length: program.parameters }, (_, i) => `p${i}`);
  for (const { operands, elements, parameters } of spans) {
    if (elements === 0) continue;
    for (let i = 0; i < regions.length; i++) {
      const region = regions[i]!;
      const { storage, offset } = operands[i]!;
      region.storage = storage as NonNullable<Region['storage']>;
      region.address = region.storage.address + offset * bytes;
      region.bytes = elements * bytes;
    }
    for (let i = 0; i < names.length; i++) values[names[i]!] = parameters[i]!;
    values['n0'] = elements;
    current.launch(kernel, values);
  }
}

/** The arguments of a launch in the contract's order. */
function valuesOf(
  program: SpanProgram,
  regions: readonly Region[],
  elements: number,
  parameters: readonly number[],
): Record<string, Region | number> {
  const values: Record<string, Region | number> = {};
  for (let i = 0; i < program.written; i++) values[`y${i}`] = regions[i]!;
  for (let i = 0; i < program.operands; i++) values[`x${i}`] = regions[i]!;
  values['n0'] = elements;
  for (let i = 0; i < program.parameters; i++) values[`p${i}`] = parameters[i]!;
  return values;
}

function launch(
  current: Executor,
  program: SpanProgram,
  span: FusedSpan,
  first: number,
  elements: number,
): void {
  if (elements === 0) return;
  const regions = span.operands.map(({ storage, offset }) => {
    const owned = storage as NonNullable<Region['storage']>;
    return part(
      { storage: owned, address: owned.address, bytes: owned.byteLength },
      offset + first,
      elements,
      program.bytes,
    );
  });
  current.launch(program.kernel, valuesOf(program, regions, elements, span.parameters));
}

/** Cuts the run of all groups into as many parts; cuts inside of a group are at whole cache lines. */
function divide(
  current: Executor,
  program: SpanProgram,
  spans: readonly FusedSpan[],
  { total, parts }: { readonly total: number; readonly parts: number },
): void {
  current.fork(parts, (index) => {
    const from = (total / parts) * index;
    const to = (total / parts) * (index + 1);
    let start = 0;
    for (const span of spans) {
      const { elements } = span;
      const first = cutAt(from - start, elements);
      const end = index === parts - 1 ? elements : cutAt(to - start, elements);
      if (end > first) launch(current, program, span, first, end - first);
      start += elements;
    }
  });
}

/** The last element at or before `at` where a group may be cut. */
function cutAt(at: number, elements: number): number {
  if (at <= 0) return 0;
  return at >= elements ? elements : Math.floor(at / LINE_ELEMENTS) * LINE_ELEMENTS;
}
