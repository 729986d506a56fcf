// Kernels generated from expressions: a program of operations in the order of computation, inside the loops of all
// elementwise kernels.

import {
  type IntegerArgument,
  input,
  integer,
  type KernelBuilder,
  type Mask,
  output,
  type PointerArgument,
  type ScalarArgument,
  scalar,
  type Vector,
} from '@sconce/codegen';
import { family, type Launchable } from '../runtime/family.ts';
import type { Region } from '../runtime/region.ts';
import type { ExpressionComparison } from '../types.ts';
import { type Dimension, type NestModes, nest } from './elementwise-nest.ts';
import { operate, type VectorOp } from './elementwise-operations.ts';

/** One step of a program; numbers are the steps whose results it takes. */
export type ProgramNode =
  | readonly ['input' | 'parameter', index: number]
  /** A number as text, so that NaN, infinities and -0 are told apart in the kernel's name. */
  | readonly ['constant', value: string]
  | readonly [op: VectorOp, ...args: number[]]
  | readonly ['compare', comparison: ExpressionComparison, x: number, y: number]
  | readonly ['and' | 'or' | 'xor', a: number, b: number]
  | readonly ['not', a: number]
  | readonly ['select', condition: number, x: number, y: number];

/** What a fused kernel computes at each position. */
export interface Program {
  readonly nodes: readonly ProgramNode[];
  /** The step that each output gets. */
  readonly results: readonly number[];
  /** Numbers given with each call. */
  readonly parameters: number;
}

/** What a fused kernel is recorded for. */
export interface FusedSpec extends NestModes, Program {}

/** Operands and parameters that a fused kernel may have: what fits the targets' argument blocks. */
export const MAXIMUM_OPERANDS = 16;
export const MAXIMUM_PARAMETERS = 32;

type FusedContract = Record<`x${number}` | `y${number}`, PointerArgument<'f32'>> &
  Record<`n${number}` | `s${number}_${number}`, IntegerArgument> &
  Record<`p${number}`, ScalarArgument<'f32'>>;

/** Values of a fused kernel's arguments: outputs `y`, inputs `x`, sizes `n`, steps `s{operand}_{dimension}`, parameters `p`. */
export type FusedValues = Readonly<Record<string, Region | number>>;

const dimensions: readonly Dimension[] = [0, 1, 2, 3];
const families = new Map<string, (spec: FusedSpec) => Launchable<FusedValues>>();

/** The kernel of a spec, the same object each time. */
export function fusedKernel(spec: FusedSpec): Launchable<FusedValues> {
  const key = `${spec.outputs.length} ${spec.inputs.length} ${spec.parameters}`;
  let found = families.get(key);
  if (found === undefined) {
    found = fusedFamily(spec.outputs.length, spec.inputs.length, spec.parameters);
    families.set(key, found);
  }
  return found(spec);
}

function fusedFamily(outputs: number, inputs: number, parameters: number) {
  const entries = [
    ...range(outputs).map((i) => [`y${i}`, output('f32')] as const),
    ...range(inputs).map((i) => [`x${i}`, input('f32')] as const),
    ...dimensions.map((d) => [`n${d}`, integer()] as const),
    ...range(outputs + inputs).flatMap((i) => dimensions.map((d) => [`s${i}_${d}`, integer()] as const)),
    ...range(parameters).map((i) => [`p${i}`, scalar('f32')] as const),
  ];
  const contract = Object.fromEntries(entries) as FusedContract;
  const kernels = family('fused', contract, (k, spec: FusedSpec) => {
    const operands = [
      ...range(outputs).map((i) => k.pointer(`y${i}`)),
      ...range(inputs).map((i) => k.pointer(`x${i}`)),
    ];
    const given = range(parameters).map((i) => k.scalar(`p${i}`));
    const sizes = {
      count: (d: Dimension) => k.integer(`n${d}`),
      steps: (d: Dimension) => operands.map((_, i) => k.integer(`s${i}_${d}`)),
    };
    nest(k, spec, operands, sizes, (values) => evaluate(k, spec, values, given));
  });
  return kernels as (spec: FusedSpec) => Launchable<FusedValues>;
}

/** Records a program's steps. */
function evaluate(
  k: KernelBuilder,
  { nodes, results }: Program,
  inputs: readonly Vector<'f32'>[],
  parameters: readonly Vector<'f32'>[],
): Vector<'f32'>[] {
  const done: (Vector<'f32'> | Mask)[] = [];
  const value = (step: number): Vector<'f32'> => done[step] as Vector<'f32'>;
  const mask = (step: number): Mask => done[step] as Mask;
  for (const node of nodes) done.push(step(node));
  return results.map(value);

  function step(node: ProgramNode): Vector<'f32'> | Mask {
    switch (node[0]) {
      case 'input':
        return inputs[node[1]]!;
      case 'parameter':
        return parameters[node[1]]!;
      case 'constant':
        return k.constant('f32', Number(node[1]));
      case 'compare':
        return k.compare(value(node[2]), node[1], value(node[3]));
      case 'and':
        return k.and(mask(node[1]), mask(node[2]));
      case 'or':
        return k.or(mask(node[1]), mask(node[2]));
      case 'xor':
        return k.xor(mask(node[1]), mask(node[2]));
      case 'not':
        return k.not(mask(node[1]));
      case 'select':
        return k.select(mask(node[1]), value(node[2]), value(node[3]));
      default: {
        const [op, ...args] = node;
        return operate(k, op, args.map(value));
      }
    }
  }
}

function range(count: number): number[] {
  return [...Array(count).keys()];
}
