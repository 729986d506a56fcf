// The kernel of all elementwise operations: nested loops over up to four dimensions, the innermost in vectors.

import {
  type Integer,
  input,
  integer,
  type KernelBuilder,
  output,
  type Pointer,
  scalar,
  type Vector,
} from '@sconce/codegen';
import { type Family, family, type Region } from '../runtime/family.ts';
import { type ActivationKind, activate } from './activation.ts';
import { operations, type VectorOp } from './elementwise-operations.ts';

/** How an operand walks along the innermost dimension: neighbour by neighbour, not at all, or in steps. */
export type Mode = 'vector' | 'scalar' | 'strided';

/** What an elementwise kernel is recorded for. */
export interface ElementwiseSpec {
  readonly op: VectorOp;
  readonly inputs: readonly Mode[];
  readonly output: 'vector' | 'strided';
  readonly activation: ActivationKind;
}

/** Arguments of {@link elementwiseKernel}: `n0` is the innermost size, `a1` the step of input a in dimension 1. */
export type ElementwiseArguments = Readonly<Record<'a' | 'b' | 'c' | 'to', Region>> &
  Readonly<Record<ElementwiseNumber, number>>;

type Operand = 'a' | 'b' | 'c' | 'to';
type Dimension = 0 | 1 | 2 | 3;
type ElementwiseNumber = `n${Dimension}` | `${Operand}${Dimension}` | 'p' | 'q' | 'min' | 'max';

const steps = <N extends string>(name: N) =>
  ({
    [`${name}0`]: integer(),
    [`${name}1`]: integer(),
    [`${name}2`]: integer(),
    [`${name}3`]: integer(),
  }) as Record<`${N}${Dimension}`, ReturnType<typeof integer>>;

/** `to = op(a, b, c)` with each operand's own steps. */
export const elementwiseKernel: Family<ElementwiseSpec, ElementwiseArguments> = family(
  'elementwise',
  {
    a: input('f32'),
    b: input('f32'),
    c: input('f32'),
    to: output('f32'),
    ...steps('n'),
    ...steps('a'),
    ...steps('b'),
    ...steps('c'),
    ...steps('to'),
    p: scalar('f32'),
    q: scalar('f32'),
    min: scalar('f32'),
    max: scalar('f32'),
  },
  (k, spec) => {
    const names = (['a', 'b', 'c'] as const).slice(0, spec.inputs.length);
    const operands = ['to', ...names] as const;
    const parameters = [k.scalar('p'), k.scalar('q')] as const;
    const bounds = { min: k.scalar('min'), max: k.scalar('max') };
    const compute = (values: readonly Vector<'f32'>[]): Vector<'f32'> => {
      const [x, y = x, z = x] = values as [Vector<'f32'>, Vector<'f32'>?, Vector<'f32'>?];
      return activate(k, spec.activation, operations[spec.op](k, x, y, z, parameters), bounds);
    };

    const nest = (dimension: Dimension, pointers: readonly Pointer<'f32'>[]): void => {
      if (dimension === 0) {
        innermost(
          k,
          spec,
          pointers,
          { count: k.integer('n0'), steps: operands.map((name) => k.integer(`${name}0`)) },
          compute,
        );
        return;
      }
      const step = operands.map((name) => k.integer(`${name}${dimension}`));
      k.loop(k.integer(`n${dimension}`), () => {
        nest(
          (dimension - 1) as Dimension,
          pointers.map((pointer) => k.variable(pointer)),
        );
        pointers.forEach((pointer, i) => void k.advance(pointer, step[i]!));
      });
    };
    nest(
      3,
      operands.map((name) => k.pointer(name)),
    );
  },
);

/** The loop over the innermost dimension; `pointers` and `steps` start with the output's. */
function innermost(
  k: KernelBuilder,
  spec: ElementwiseSpec,
  [to, ...inputs]: readonly Pointer<'f32'>[],
  { count, steps }: { count: Integer; steps: readonly Integer[] },
  compute: (values: readonly Vector<'f32'>[]) => Vector<'f32'>,
): void {
  const lanes = k.lanes('f32');
  const [toStep, ...inputSteps] = steps;
  const held = inputs.map((pointer, i) => (spec.inputs[i] === 'scalar' ? k.broadcast(pointer) : undefined));
  /** Whole vectors, or `tail` lanes of one. */
  const vector = (tail: Integer | undefined): void => {
    const values = inputs.map((pointer, i) => {
      if (held[i] !== undefined) return held[i];
      if (spec.inputs[i] === 'strided') return k.loadStrided(pointer, 0, inputSteps[i]!, tail);
      return tail ? k.loadPartial(pointer, 0, tail) : k.load(pointer);
    });
    const result = compute(values);
    if (spec.output === 'strided') k.storeStrided(result, to!, 0, toStep!, tail);
    else if (tail) k.storePartial(result, to!, 0, tail);
    else k.store(result, to!);
  };
  // Steps of a whole vector; operands that stay where they are have none.
  const moves = [spec.output, ...spec.inputs].map((mode, i) =>
    mode === 'strided' ? k.shl(steps[i]!, Math.log2(lanes)) : mode === 'vector' ? lanes : 0,
  );
  k.loop(k.shr(count, Math.log2(lanes)), () => {
    vector(undefined);
    [to!, ...inputs].forEach((pointer, i) => {
      if (moves[i] !== 0) k.advance(pointer, moves[i]!);
    });
  });
  const tail = k.and(count, lanes - 1);
  k.when(tail, '>', 0, () => vector(tail));
}
