// The loops of all elementwise kernels: up to four dimensions, the innermost in groups of vectors.

import type { Integer, KernelBuilder, Pointer } from '@sconce/codegen';
import type { EngineDType } from '../dtype.ts';
import {
  broadcastGroup,
  groupLanes,
  isNarrow,
  loadGroup,
  loadStridedGroup,
  partsOf,
  storeGroup,
  storeStridedGroup,
  type Tail,
  tailOf,
  type Value,
} from './typed/lanes.ts';

/** How an operand walks along the innermost dimension: neighbour by neighbour, not at all, or in steps. */
export type Mode = 'vector' | 'scalar' | 'strided';

/** An operand of a kernel. Narrow elements have no strided mode; an output that stayed where it is would be written over and over. */
export interface OperandSpec {
  readonly mode: Mode;
  readonly dtype: EngineDType;
}

/** What the loops are recorded for. */
export interface NestSpec {
  /** Loops, from 1 to 4. */
  readonly rank: number;
  readonly inputs: readonly OperandSpec[];
  readonly outputs: readonly OperandSpec[];
  /** Groups in one round of the innermost loop, a power of two; one where operands are strided. */
  readonly unroll: number;
  /** Whether outputs are written around the caches: every row to addresses that are multiples of a vector's bytes. */
  readonly streaming: boolean;
}

/** An input at some place: what was loaded, and that cast to the computing type. */
export interface NestInput {
  readonly raw: Value;
  readonly value: Value;
}

/** What is done at each place. */
export interface NestBody {
  /** Makes an input of what was loaded; once, outside the loops, for what stays where it is. */
  input(raw: Value, index: number): NestInput;
  /** Values of the outputs, in their dtypes' lanes. */
  compute(inputs: readonly NestInput[], tail: Tail | undefined): readonly Value[];
}

/** Sizes and steps of the loops, dimension 0 being the innermost; steps count elements, outputs come first. */
export interface NestSizes {
  count(dimension: number): Integer;
  step(dimension: number, operand: number): Integer;
}

/** Nested loops over `operands`, the outputs first. */
export function nest(
  k: KernelBuilder,
  spec: NestSpec,
  operands: readonly Pointer[],
  sizes: NestSizes,
  body: NestBody,
): void {
  const loops = (dimension: number, pointers: readonly Pointer[]): void => {
    if (dimension === 0) {
      innermost(k, spec, pointers, sizes, body);
      return;
    }
    const steps = operands.map((_, i) => sizes.step(dimension, i));
    k.loop(sizes.count(dimension), () => {
      loops(
        dimension - 1,
        pointers.map((pointer) => k.variable(pointer)),
      );
      pointers.forEach((pointer, i) => void k.advance(pointer, steps[i]!));
    });
  };
  loops(spec.rank - 1, operands);
}

/** The loop over the innermost dimension: several groups a round, then single ones, then what is left. */
function innermost(
  k: KernelBuilder,
  spec: NestSpec,
  operands: readonly Pointer[],
  sizes: NestSizes,
  body: NestBody,
): void {
  const lanes = groupLanes(k);
  const specs = [...spec.outputs, ...spec.inputs];
  const outputs = spec.outputs.length;
  const count = sizes.count(0);
  const steps = specs.map(({ mode }, i) => (mode === 'strided' ? sizes.step(0, i) : undefined));
  const held = spec.inputs.map(({ mode, dtype }, i) =>
    mode === 'scalar' ? body.input(broadcastGroup(k, operands[outputs + i]!, dtype), i) : undefined,
  );
  const group = (index: number, tail: Tail | undefined): void => {
    const inputs = spec.inputs.map(({ mode, dtype }, i) => {
      if (held[i] !== undefined) return held[i];
      const from = operands[outputs + i]!;
      const raw =
        mode === 'strided'
          ? loadStridedGroup(k, from, dtype, steps[outputs + i]!, tail)
          : loadGroup(k, from, dtype, index * lanes, tail);
      return body.input(raw, i);
    });
    body.compute(inputs, tail).forEach((value, i) => {
      const { mode, dtype } = spec.outputs[i]!;
      if (mode === 'strided') storeStridedGroup(k, value, operands[i]!, dtype, steps[i]!, tail);
      else
        storeGroup(k, value, operands[i]!, dtype, index * lanes, tail, {
          streaming: spec.streaming && !isNarrow(dtype),
        });
    });
  };
  // operands that stay where they are have no moves
  const move = (groups: number): void =>
    specs.forEach(({ mode }, i) => {
      if (mode === 'vector') k.advance(operands[i]!, groups * lanes);
      else if (mode === 'strided') k.advance(operands[i]!, moves[i]!);
    });
  const moves = steps.map((step) => (step ? k.shl(step, Math.log2(lanes)) : undefined));
  const several = Math.log2(spec.unroll);
  const rounds = k.shr(count, Math.log2(lanes));
  if (several > 0) {
    k.loop(k.shr(rounds, several), () => {
      for (let i = 0; i < spec.unroll; i++) group(i, undefined);
      move(spec.unroll);
    });
  }
  k.loop(several > 0 ? k.and(rounds, spec.unroll - 1) : rounds, () => {
    group(0, undefined);
    move(1);
  });
  const rest = k.and(count, lanes - 1);
  k.when(rest, '>', 0, () => {
    group(
      0,
      tailOf(
        k,
        rest,
        specs.some(({ dtype }) => partsOf(dtype) === 2),
      ),
    );
  });
}
