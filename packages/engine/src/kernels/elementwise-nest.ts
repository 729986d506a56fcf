// The loops of all elementwise kernels: up to four dimensions, the innermost in vectors.

import type { Integer, KernelBuilder, Pointer, Vector } from '@sconce/codegen';

/** How an operand walks along the innermost dimension: neighbour by neighbour, not at all, or in steps. */
export type Mode = 'vector' | 'scalar' | 'strided';

/** How each operand walks; an output that stayed where it is would be written over and over. */
export interface NestModes {
  readonly inputs: readonly Mode[];
  readonly outputs: readonly Exclude<Mode, 'scalar'>[];
}

/** Values of the outputs from those of the inputs. */
export type NestBody = (values: readonly Vector<'f32'>[]) => readonly Vector<'f32'>[];

export type Dimension = 0 | 1 | 2 | 3;

/** Sizes and steps of the loops, dimension 0 being the innermost; steps count elements, outputs come first. */
export interface NestSizes {
  count(dimension: Dimension): Integer;
  steps(dimension: Dimension): readonly Integer[];
}

/** Nested loops over `operands`, the outputs first. */
export function nest(
  k: KernelBuilder,
  modes: NestModes,
  operands: readonly Pointer<'f32'>[],
  sizes: NestSizes,
  body: NestBody,
): void {
  const loops = (dimension: Dimension, pointers: readonly Pointer<'f32'>[]): void => {
    if (dimension === 0) {
      innermost(k, modes, pointers, { count: sizes.count(0), steps: sizes.steps(0) }, body);
      return;
    }
    const steps = sizes.steps(dimension);
    k.loop(sizes.count(dimension), () => {
      loops(
        (dimension - 1) as Dimension,
        pointers.map((pointer) => k.variable(pointer)),
      );
      pointers.forEach((pointer, i) => void k.advance(pointer, steps[i]!));
    });
  };
  loops(3, operands);
}

/** The loop over the innermost dimension; `operands` and `steps` start with the outputs'. */
export function innermost(
  k: KernelBuilder,
  modes: NestModes,
  operands: readonly Pointer<'f32'>[],
  { count, steps }: { readonly count: Integer; readonly steps: readonly Integer[] },
  body: NestBody,
): void {
  const lanes = k.lanes('f32');
  const outputs = operands.slice(0, modes.outputs.length);
  const inputs = operands.slice(outputs.length);
  const inputSteps = steps.slice(outputs.length);
  const held = inputs.map((pointer, i) => (modes.inputs[i] === 'scalar' ? k.broadcast(pointer) : undefined));
  /** Whole vectors, or `tail` lanes of one. */
  const vector = (tail: Integer | undefined): void => {
    const values = inputs.map((pointer, i) => {
      if (held[i] !== undefined) return held[i];
      if (modes.inputs[i] === 'strided') return k.loadStrided(pointer, 0, inputSteps[i]!, tail);
      return tail ? k.loadPartial(pointer, 0, tail) : k.load(pointer);
    });
    body(values).forEach((result, i) => {
      const to = outputs[i]!;
      if (modes.outputs[i] === 'strided') k.storeStrided(result, to, 0, steps[i]!, tail);
      else if (tail) k.storePartial(result, to, 0, tail);
      else k.store(result, to);
    });
  };
  // Steps of a whole vector; operands that stay where they are have none.
  const moves = [...modes.outputs, ...modes.inputs].map((mode, i) =>
    mode === 'strided' ? k.shl(steps[i]!, Math.log2(lanes)) : mode === 'vector' ? lanes : 0,
  );
  k.loop(k.shr(count, Math.log2(lanes)), () => {
    vector(undefined);
    operands.forEach((pointer, i) => {
      if (moves[i] !== 0) k.advance(pointer, moves[i]!);
    });
  });
  const tail = k.and(count, lanes - 1);
  k.when(tail, '>', 0, () => vector(tail));
}
