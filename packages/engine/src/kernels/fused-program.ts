// Expressions as programs: steps in the order of computation, equal ones only once, with the dtypes of all operands.

import { type ComputeType, computeTypeOf, type EngineDType, isIntegerDType } from '../dtype.ts';
import type { Condition, Expression, ExpressionComparison } from '../elementwise-types.ts';
import { EngineError } from '../errors.ts';
import { arityOf, missingFor, type VectorOp } from './elementwise-operations.ts';
import type { FusedPlan } from './fused-plan.ts';

/** One step of a program; numbers are the steps whose results it takes. */
export type ProgramNode =
  | readonly ['input' | 'parameter', index: number]
  /** A number as text, so that NaN, infinities, -0 and whole numbers of 64 bits are told apart in the kernel's name. */
  | readonly ['constant', value: string]
  | readonly [op: VectorOp, ...args: number[]]
  | readonly ['compare', comparison: ExpressionComparison, x: number, y: number]
  | readonly ['is', what: 'true' | 'nan' | 'infinite', x: number]
  | readonly ['and' | 'or' | 'xor', a: number, b: number]
  | readonly ['not', a: number]
  | readonly ['select', condition: number, x: number, y: number];

/** What is computed at each position, without the operands' dtypes. */
export interface Steps {
  readonly nodes: readonly ProgramNode[];
  /** The step that each output gets. */
  readonly results: readonly number[];
  /** Numbers given with each call. */
  readonly parameters: number;
}

/** What a fused kernel computes. */
export interface Program extends Steps {
  readonly type: ComputeType;
  readonly inputs: readonly EngineDType[];
  readonly outputs: readonly EngineDType[];
  /** Divisors of integer divisions: steps that must not be zero. */
  readonly divisors: readonly number[];
  /** How it ran on the shapes and strides seen last. */
  readonly plans: FusedPlan[];
}

/** A program for operands of these dtypes. @throws EngineError when an operation is not there for the computing type. */
export function typedProgram(
  name: string,
  steps: Steps,
  dtype: EngineDType,
  inputs: readonly EngineDType[],
  outputs: readonly EngineDType[],
): Program {
  const type = computeTypeOf(dtype);
  for (const [op] of steps.nodes) {
    if (arityOf(op) === undefined) continue;
    const expected = missingFor(op as VectorOp, type);
    if (expected !== undefined) {
      throw new EngineError(name, `${op} is not there for this dtype`, expected, dtype);
    }
  }
  const divisors = isIntegerDType(type)
    ? steps.nodes.flatMap((node) => (divisions.has(node[0]) ? [node[2] as number] : []))
    : [];
  return { ...steps, type, inputs, outputs, divisors: [...new Set(divisors)], plans: [] };
}

const divisions: ReadonlySet<string> = new Set(['floorDivide', 'truncDivide', 'fmod', 'remainder']);

/** Collects steps; the same step is made once. */
export class StepList {
  readonly nodes: ProgramNode[] = [];
  readonly #known = new Map<string, number>();
  parameters = 0;

  add(node: ProgramNode): number {
    const key = JSON.stringify(node);
    let step = this.#known.get(key);
    if (step === undefined) {
      step = this.nodes.push(node) - 1;
      this.#known.set(key, step);
    }
    if (node[0] === 'parameter') this.parameters = Math.max(this.parameters, (node[1] as number) + 1);
    return step;
  }
}

/** The steps of expressions. @throws EngineError naming what an expression gets wrong. */
export function stepsOf(name: string, expressions: readonly Expression[]): Steps {
  const list = new StepList();
  const value = (e: Expression): number => {
    if (typeof e === 'bigint') return list.add(['constant', `${e}`]);
    if (typeof e === 'number') return list.add(['constant', Object.is(e, -0) ? '-0' : String(e)]);
    if ('input' in e) return list.add(['input', index(name, 'input', e.input)]);
    if ('parameter' in e) return list.add(['parameter', index(name, 'parameter', e.parameter)]);
    if ('select' in e) return list.add(['select', condition(e.select), value(e.args[0]), value(e.args[1])]);
    if (!('op' in e)) return condition(e);
    const arity = arityOf(e.op);
    if (arity === undefined)
      throw new EngineError(name, 'unknown operation', 'an operation of expressions', `'${e.op}'`);
    if (e.args.length !== arity)
      throw new EngineError(name, `${e.op} has another number of arguments`, arity, e.args.length);
    return list.add([e.op, ...e.args.map(value)]);
  };
  const condition = (c: Condition): number => {
    if ('compare' in c) return list.add(['compare', c.compare, value(c.args[0]), value(c.args[1])]);
    if ('is' in c) return list.add(['is', c.is, value(c.args[0])]);
    if (c.logic === 'not') return list.add(['not', condition(c.args[0])]);
    return list.add([c.logic, condition(c.args[0]), condition(c.args[1])]);
  };
  const results = expressions.map(value);
  return { nodes: list.nodes, results, parameters: list.parameters };
}

function index(name: string, kind: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new EngineError(name, `invalid ${kind}`, 'a whole number >= 0', value);
  }
  return value;
}
