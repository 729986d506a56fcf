// Kernels generated from programs, inside the loops of all elementwise kernels.

import {
  type Contract,
  type IntegerArgument,
  inout,
  input,
  integer,
  type Kernel,
  type KernelBuilder,
  kernel,
  output,
  type Pointer,
  type PointerArgument,
  type ScalarArgument,
  scalar,
  type Vector,
} from '@sconce/codegen';
import { type EngineDType, isIntegerDType, isUnsigned } from '../dtype.ts';
import type { Launchable } from '../runtime/family.ts';
import type { Region } from '../runtime/region.ts';
import { compareIntegers } from './elementwise-integers.ts';
import { type NestInput, type NestSpec, nest } from './elementwise-nest.ts';
import { isLight, looseness, operate, type VectorOp } from './elementwise-operations.ts';
import type { Program } from './fused-program.ts';
import { bitsOf, cast, castBits, exact, fromTruth, isNonZero } from './typed/cast.ts';
import {
  constantValue,
  layoutOf,
  masksFor,
  partsOf,
  type Truth,
  truthOf,
  type Value,
} from './typed/lanes.ts';

/** What a fused kernel is recorded for. */
export interface FusedSpec extends NestSpec, Pick<Program, 'nodes' | 'results' | 'parameters' | 'type'> {
  /** Steps that are looked at for zeros instead of storing results: one is noted in `flag`. */
  readonly divisors: readonly number[];
}

/** Values of a fused kernel's arguments: outputs `y`, inputs `x`, sizes `n`, steps `s{operand}_{dimension}`, parameters `p`. */
export type FusedValues = Readonly<Record<string, Region | number | bigint>>;

/** Operands and parameters that a fused kernel may have: what fits the targets' argument blocks. */
export const MAXIMUM_OPERANDS = 16;
export const MAXIMUM_PARAMETERS = 32;

const known = new Map<string, Launchable<FusedValues>>();

/** The kernel of a spec, the same object each time. */
export function fusedKernel(spec: FusedSpec): Launchable<FusedValues> {
  const key = JSON.stringify(spec);
  let found = known.get(key);
  if (found === undefined) {
    const made = kernel(`fused${key}`, contractOf(spec), (k) =>
      record(k as unknown as KernelBuilder<AnyContract>, spec),
    );
    found = { kernel: made as Kernel };
    known.set(key, found);
  }
  return found;
}

/** Whether a kernel has the step of an operand in a dimension among its arguments. */
export function hasStep({ rank, inputs, outputs }: NestSpec, operand: number, dimension: number): boolean {
  if (dimension >= rank) return false;
  return dimension > 0 || [...outputs, ...inputs][operand]!.mode === 'strided';
}

function contractOf(spec: FusedSpec): Contract {
  const { outputs, inputs, rank, parameters, type } = spec;
  const contract: Record<string, Contract[string]> = {};
  outputs.forEach(({ dtype }, i) => {
    contract[`y${i}`] = output(layoutOf[dtype].element);
  });
  inputs.forEach(({ dtype }, i) => {
    contract[`x${i}`] = input(layoutOf[dtype].element);
  });
  if (spec.divisors.length > 0) contract['flag'] = inout('i32');
  for (let d = 0; d < rank; d++) contract[`n${d}`] = integer();
  for (let i = 0; i < outputs.length + inputs.length; i++) {
    for (let d = 0; d < rank; d++) if (hasStep(spec, i, d)) contract[`s${i}_${d}`] = integer();
  }
  for (let i = 0; i < parameters; i++) contract[`p${i}`] = scalar(layoutOf[type].lane);
  return contract;
}

/** Arguments of kernels whose names are made with their contract. */
type AnyContract = Record<`${'x' | 'y'}${number}`, PointerArgument> &
  Record<`n${number}` | `s${number}_${number}`, IntegerArgument> &
  Record<`p${number}`, ScalarArgument> &
  Record<'flag', PointerArgument<'i32'>>;

function record(k: KernelBuilder<AnyContract>, spec: FusedSpec): void {
  const { outputs, inputs, parameters, type } = spec;
  const operands: Pointer[] = [
    ...outputs.map((_, i) => k.pointer(`y${i}`)),
    ...inputs.map((_, i) => k.pointer(`x${i}`)),
  ];
  const given = Array.from({ length: parameters }, (_, i): Value => {
    const value: Vector = k.scalar(`p${i}`);
    return { type, parts: Array.from({ length: partsOf(type) }, () => value) };
  });
  const sizes = {
    count: (d: number) => k.integer(`n${d}`),
    step: (d: number, i: number) => k.integer(`s${i}_${d}`),
  };
  const asInput = (raw: Value): NestInput => ({ raw, value: cast(k, raw, type) });
  if (spec.divisors.length === 0) {
    nest(k, spec, operands, sizes, {
      input: asInput,
      compute: (values) => {
        const done = evaluate(k, spec, values, given);
        return spec.results.map((step, i) => stored(k, done[step]!, outputs[i]!.dtype));
      },
    });
    return;
  }
  const places = k.constant('i32', (lane) => lane);
  nest(k, spec, operands, sizes, {
    input: asInput,
    compute: (values, tail) => {
      const done = evaluate(k, spec, values, given);
      for (const step of spec.divisors) {
        const zero = k.not(masksFor(k, isNonZero(k, done[step] as Value), 'int32')[0]!);
        const found = tail ? k.and(zero, k.compare(places, '<', k.splat(tail.count))) : zero;
        k.when(k.any(found), '!=', 0, () => k.storeInteger(k.variable(1), k.pointer('flag')));
      }
      return [];
    },
  });
}

/** How many groups a round has: short programs pay for the loop around them. */
export function unrolling(
  { nodes, type }: Pick<Program, 'nodes' | 'type'>,
  operands: NestSpec['inputs'],
): number {
  if (operands.some(({ mode }) => mode === 'strided')) return 1;
  const operations = nodes.filter(([op]) => op !== 'input' && op !== 'parameter' && op !== 'constant');
  const short = operations.every(([op]) => plainSteps.has(op) || isLight(op as VectorOp, type));
  const vectors = operands.reduce((sum, { dtype }) => sum + partsOf(dtype), 0);
  if (!short || operations.length > 12) return 1;
  return operations.length <= 4 && vectors <= 4 ? 4 : 2;
}

const plainSteps: ReadonlySet<string> = new Set(['compare', 'is', 'and', 'or', 'xor', 'not', 'select']);

/** A result in the lanes of an output's dtype. */
function stored(k: KernelBuilder, result: Value | Truth, dtype: EngineDType): Value {
  const to = layoutOf[dtype].lane === 'f32' ? 'float32' : (dtype as Program['type']);
  if ('type' in result) return castBits(k, result, to);
  return fromTruth(k, result, to);
}

/** Records a program's steps. */
function evaluate(
  k: KernelBuilder,
  { nodes, type }: Pick<Program, 'nodes' | 'type'>,
  inputs: readonly NestInput[],
  parameters: readonly Value[],
): readonly (Value | Truth)[] {
  const done: (Value | Truth)[] = [];
  for (const node of nodes) done.push(step(node));
  return done;

  function value(at: number): Value {
    const result = done[at]!;
    return 'type' in result ? result : fromTruth(k, result, type);
  }

  function truth(at: number): Truth {
    const result = done[at]!;
    return 'type' in result ? isNonZero(k, result) : result;
  }

  function logic(operator: 'and' | 'or' | 'xor', a: Truth, b: Truth): Truth {
    if (a.narrow && b.narrow) return { narrow: k[operator](a.narrow, b.narrow) };
    if (partsOf(type) === 1) {
      return { narrow: k[operator](masksFor(k, a, type)[0]!, masksFor(k, b, type)[0]!) };
    }
    const [x, y] = [masksFor(k, a, type), masksFor(k, b, type)];
    return truthOf(x.map((mask, i) => k[operator](mask, y[i]!)));
  }

  function not(a: Truth): Truth {
    return a.narrow ? { narrow: k.not(a.narrow) } : truthOf(a.wide!.map((mask) => k.not(mask)));
  }

  function is(what: 'true' | 'nan' | 'infinite', at: number): Truth {
    const node = nodes[at]!;
    // an input is looked at as it is in memory
    const looked = node[0] === 'input' ? inputs[node[1]]!.raw : value(at);
    if (what === 'true') return isNonZero(k, looked);
    const parts = exact(k, looked).parts as readonly Vector<'f32'>[];
    if (isIntegerDType(looked.type)) return truthOf(parts.map((part) => k.compare(part, '!=', part)));
    return truthOf(
      parts.map((part) =>
        what === 'nan' ? k.isNaN(part) : k.compare(k.abs(part), '==', Number.POSITIVE_INFINITY),
      ),
    );
  }

  function apply(op: VectorOp, args: readonly Value[]): Value {
    const narrow = isIntegerDType(type) && bitsOf(type) < 32;
    const { takes, gives } = looseness(op);
    const taken = narrow && takes && type !== 'bool' ? args : args.map((argument) => exact(k, argument));
    const parts = Array.from({ length: partsOf(type) }, (_, i) =>
      operate(
        k,
        op,
        type,
        taken.map((argument) => argument.parts[i]!),
      ),
    );
    return { type, parts, loose: narrow && gives };
  }

  function step(node: (typeof nodes)[number]): Value | Truth {
    switch (node[0]) {
      case 'input':
        return inputs[node[1]]!.value;
      case 'parameter':
        return parameters[node[1]]!;
      case 'constant':
        return constantValue(k, type, constantOf(type, node[1]));
      case 'compare': {
        const [x, y] = [exact(k, value(node[2])).parts, exact(k, value(node[3])).parts];
        return truthOf(
          x.map((part, i) =>
            isIntegerDType(type)
              ? compareIntegers(k, type, part, node[1], y[i]!)
              : k.compare(part, node[1], y[i]!),
          ),
        );
      }
      case 'is':
        return is(node[1], node[2]);
      case 'and':
      case 'or':
      case 'xor':
        return logic(node[0], truth(node[1]), truth(node[2]));
      case 'not':
        return not(truth(node[1]));
      case 'select': {
        const masks = masksFor(k, truth(node[1]), type);
        const [x, y] = [value(node[2]), value(node[3])];
        const parts = masks.map((mask, i) => k.select(mask, x.parts[i]!, y.parts[i]!));
        return { type, parts, loose: x.loose === true || y.loose === true };
      }
      default: {
        const [op, ...args] = node;
        return apply(op, args.map(value));
      }
    }
  }
}

/** A number as a value of a type: whole numbers wrap around, fractions are cut off, infinities become the type's ends. */
export function numberOf(type: Program['type'], value: number | bigint): number | bigint {
  if (!isIntegerDType(type)) return Number(value);
  if (type === 'bool') return Number(value) === 0 ? 0 : 1;
  const bits = bitsOf(type);
  const unsigned = isUnsigned(type);
  const whole =
    typeof value === 'bigint' ? value : wholeOf(value, BigInt(unsigned ? bits : bits - 1), unsigned);
  // lanes of 32 and 64 bits are signed in the language, whatever is in them
  const narrow = unsigned && bits < 32 ? BigInt.asUintN(bits, whole) : BigInt.asIntN(bits, whole);
  return Number.isSafeInteger(Number(narrow)) ? Number(narrow) : narrow;
}

function wholeOf(value: number, bits: bigint, unsigned: boolean): bigint {
  if (Number.isNaN(value)) return 0n;
  if (value === Number.POSITIVE_INFINITY) return (1n << bits) - 1n;
  if (value === Number.NEGATIVE_INFINITY) return unsigned ? 0n : -(1n << bits);
  return BigInt(Math.trunc(value));
}

function constantOf(type: Program['type'], text: string): number | bigint {
  return numberOf(type, isIntegerDType(type) && /^-?\d+$/.test(text) ? BigInt(text) : Number(text));
}
