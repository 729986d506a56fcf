// How a program runs on operands of one shape and their strides: found once, kept with the program, so that calls like an earlier
// one check their slices, write addresses down and run.

import { dtypeBytes } from '../dtype.ts';
import type { TypedSlice } from '../elementwise-types.ts';
import { DivisionByZeroError, EngineError } from '../errors.ts';
import type { EngineStorage } from '../memory/storage.ts';
import { checkShape, regionOf, stridedRegionOf } from '../operands.ts';
import { type Executor, executor } from '../runtime/executor.ts';
import type { Launchable } from '../runtime/family.ts';
import { integersOf, part, type Region, wholeOf } from '../runtime/region.ts';
import { forkNest, passTime } from '../threads/split.ts';
import type { Mode, OperandSpec } from './elementwise-nest.ts';
import { costOf } from './elementwise-operations.ts';
import {
  type FusedSpec,
  type FusedValues,
  fusedKernel,
  hasStep,
  numberOf,
  unrolling,
} from './fused-kernel.ts';
import type { Program } from './fused-program.ts';
import { collapse, extent, KERNEL_RANK, overOuter, type StridedShape } from './strided.ts';
import { isNarrow } from './typed/lanes.ts';

/** Outputs of so many bytes are written around the caches: they would not stay there. */
const STREAMING_BYTES = 24 * 2 ** 20;

/** Plans that a program keeps. */
const KEPT = 8;

interface FilledRegion extends Region {
  storage: EngineStorage | undefined;
  address: number;
  bytes: number;
}

/** The outputs and inputs of a call, in this order. */
export interface FusedOperands {
  readonly inputs: readonly TypedSlice[];
  readonly outputs: readonly TypedSlice[];
  readonly shape: readonly number[];
  readonly parameters: readonly (number | bigint)[];
}

/** What is settled about a call. */
export class FusedPlan {
  readonly shape: readonly number[];
  /** Of outputs, then inputs. */
  readonly strides: readonly (readonly number[])[];
  /** Operands that a kernel cannot read or write as they lie, and needs dense copies of. */
  readonly copied: readonly number[];
  readonly #kernel: Launchable<FusedValues>;
  readonly #streaming: Launchable<FusedValues> | undefined;
  readonly #check: Launchable<FusedValues> | undefined;
  readonly #collapsed: StridedShape;
  /** The whole of it in as many dimensions as kernels have loops; nothing if there are more. */
  readonly #sizes: readonly number[] | undefined;
  readonly #spec: FusedSpec;
  readonly #elements: number;
  /** About how long all of it takes on one thread, in nanoseconds. */
  readonly #time: number;
  readonly #extents: readonly number[];
  readonly #bytes: readonly number[];
  readonly #regions: readonly FilledRegion[];
  readonly #parameters: readonly string[];
  readonly #values: Record<string, Region | number | bigint>;

  constructor(program: Program, shape: readonly number[], strides: readonly (readonly number[])[]) {
    this.shape = [...shape];
    this.strides = strides.map((steps) => [...steps]);
    const collapsed = collapse({ shape, strides });
    this.#collapsed = collapsed;
    const last = collapsed.shape.length - 1;
    const dtypes = [...program.outputs, ...program.inputs];
    const operands = collapsed.strides.map((steps, i): OperandSpec => {
      const step = steps[last]!;
      const mode: Mode =
        step === 1 ? 'vector' : step === 0 && i >= program.outputs.length ? 'scalar' : 'strided';
      return { mode, dtype: dtypes[i]! };
    });
    this.copied = operands.flatMap(({ mode, dtype }, i) =>
      mode === 'strided' && isNarrow(dtype) ? [i] : [],
    );
    const rank = Math.min(collapsed.shape.length, KERNEL_RANK);
    const outputs = program.outputs.length;
    this.#spec = {
      nodes: program.nodes,
      results: program.results,
      parameters: program.parameters,
      type: program.type,
      rank,
      outputs: operands.slice(0, outputs),
      inputs: operands.slice(outputs),
      unroll: unrolling(program, operands),
      streaming: false,
      divisors: [],
    };
    this.#elements = shape.reduce((product, size) => product * size, 1);
    const steps = program.nodes.reduce((sum, [op]) => sum + costOf(op, program.type), 0);
    this.#time = passTime((dtypes.length + steps) * this.#elements);
    this.#extents = strides.map((steps) => (this.#elements === 0 ? 0 : extent(shape, steps)));
    this.#bytes = dtypes.map((dtype) => dtypeBytes[dtype]);
    const written = program.outputs.reduce((sum, dtype) => sum + this.#elements * dtypeBytes[dtype], 0);
    // rows must start at multiples of a vector's bytes as well
    const evenRows = collapsed.strides
      .slice(0, outputs)
      .every((steps, i) => steps.slice(0, -1).every((step) => (step * dtypeBytes[dtypes[i]!]) % 64 === 0));
    const runs = evenRows && written >= STREAMING_BYTES;
    this.#kernel = fusedKernel(this.#spec);
    this.#streaming = runs ? fusedKernel({ ...this.#spec, streaming: true }) : undefined;
    this.#check = this.#checkKernel(program);
    const whole = collapsed.shape.length <= KERNEL_RANK;
    this.#sizes = whole ? collapsed.shape : undefined;
    this.#regions = dtypes.map(() => ({ storage: undefined, address: 0, bytes: 0 }));
    this.#parameters = Array.from({ length: program.parameters }, (_, i) => `p${i}`);
    this.#values = whole ? this.#valuesOf(this.#regions, collapsed.shape, collapsed.strides) : {};
  }

  /** Whether a call has this shape and these strides. */
  fits(shape: readonly number[], outputs: readonly TypedSlice[], inputs: readonly TypedSlice[]): boolean {
    if (!same(this.shape, shape)) return false;
    const { strides } = this;
    for (let i = 0; i < outputs.length; i++) if (!same(strides[i]!, outputs[i]!.strides)) return false;
    const first = outputs.length;
    for (let i = 0; i < inputs.length; i++) if (!same(strides[first + i]!, inputs[i]!.strides)) return false;
    return true;
  }

  /** Checks that slices hold what is touched of them, and runs. */
  run(name: string, program: Program, { inputs, outputs, parameters }: FusedOperands): void {
    const current = executor();
    const regions = this.#regions;
    const first = outputs.length;
    for (let i = 0; i < first; i++) this.#locate(name, current, i, outputs[i]!, first);
    for (let i = 0; i < inputs.length; i++) this.#locate(name, current, first + i, inputs[i]!, first);
    if (this.#elements === 0) return;
    try {
      for (let i = 0; i < this.#parameters.length; i++) {
        this.#values[this.#parameters[i]!] = numberOf(program.type, parameters[i]!);
      }
      if (this.#check !== undefined) this.#checkDivisors(name, current, this.#check);
      const streaming =
        this.#streaming !== undefined &&
        !current.defers &&
        regions.every(({ address }, i) => i >= first || address % current.target.vectorBytes === 0);
      this.#launch(current, streaming ? this.#streaming! : this.#kernel);
    } finally {
      // what was used is not kept from the collector
      for (let i = 0; i < regions.length; i++) regions[i]!.storage = undefined;
    }
  }

  #locate(name: string, current: Executor, i: number, slice: TypedSlice, outputs: number): void {
    const { storage, offset } = slice;
    const bytes = this.#bytes[i]!;
    const region = this.#regions[i]!;
    const end = (offset + this.#extents[i]!) * bytes;
    // regionOf says what is wrong
    const owned = storage as EngineStorage;
    if (
      owned.memory !== current.memory ||
      !Number.isSafeInteger(offset) ||
      offset < 0 ||
      !(end <= storage.byteLength)
    ) {
      regionOf(name, operandName(i, outputs), slice, this.#extents[i]!, bytes);
    }
    region.storage = owned;
    region.address = owned.address + offset * bytes;
    region.bytes = this.#extents[i]! * bytes;
  }

  #launch(current: Executor, kernel: Launchable<FusedValues>): void {
    const whole = this.#sizes;
    // a call that is not divided makes nothing anew
    if (whole !== undefined && !current.defers && current.partsFor(this.#time) <= 1) {
      current.launch(kernel, this.#values);
      return;
    }
    overOuter(this.#collapsed, KERNEL_RANK, (offsets, { shape, strides }) => {
      const share = shape.reduce((product, size) => product * size, 1) / this.#elements;
      forkNest(shape, this.#time * share, (dimension, first, sizes) => {
        const parts = this.#regions.map((region, i) => {
          const steps = strides[i]!;
          const offset = offsets[i]! + first * steps[dimension]!;
          return part(region, offset, extent(sizes, steps), this.#bytes[i]);
        });
        const values = this.#valuesOf(parts, sizes, strides);
        for (const parameter of this.#parameters) values[parameter] = this.#values[parameter]!;
        current.launch(kernel, values);
      });
    });
  }

  /** The arguments of a kernel, parameters aside; its loops are the innermost dimensions. */
  #valuesOf(
    regions: readonly Region[],
    shape: readonly number[],
    strides: readonly (readonly number[])[],
  ): Record<string, Region | number | bigint> {
    const values: Record<string, Region | number | bigint> = {};
    const outputs = this.#spec.outputs.length;
    regions.forEach((region, i) => {
      values[i < outputs ? `y${i}` : `x${i - outputs}`] = region;
    });
    for (let d = 0; d < this.#spec.rank; d++) {
      values[`n${d}`] = shape.at(-1 - d)!;
      strides.forEach((steps, i) => {
        if (hasStep(this.#spec, i, d)) values[`s${i}_${d}`] = steps.at(-1 - d)!;
      });
    }
    return values;
  }

  /** The kernel that looks for zeros among divisors; none where they are numbers. */
  #checkKernel(program: Program): Launchable<FusedValues> | undefined {
    const divisors = program.divisors.filter((step) => {
      const [kind] = program.nodes[step]!;
      return kind !== 'constant' && kind !== 'parameter';
    });
    if (divisors.length === 0) return undefined;
    const nodes = program.nodes.slice(0, Math.max(...divisors) + 1);
    return fusedKernel({
      ...this.#spec,
      nodes,
      results: [],
      unroll: 1,
      divisors,
      outputs: this.#spec.outputs,
    });
  }

  #checkDivisors(name: string, current: Executor, check: Launchable<FusedValues>): void {
    const storage = current.borrow(4);
    try {
      const flag = wholeOf(storage);
      integersOf(flag)[0] = 0;
      overOuter(this.#collapsed, KERNEL_RANK, (offsets, { shape, strides }) => {
        const time = passTime(2 * shape.reduce((product, size) => product * size, 1));
        forkNest(shape, time, (dimension, first, sizes) => {
          const parts = this.#regions.map((region, i) => {
            const steps = strides[i]!;
            return part(
              region,
              offsets[i]! + first * steps[dimension]!,
              extent(sizes, steps),
              this.#bytes[i],
            );
          });
          const values = this.#valuesOf(parts, sizes, strides);
          for (const parameter of this.#parameters) values[parameter] = this.#values[parameter]!;
          current.launch(check, { ...values, flag });
        });
      });
      if (integersOf(flag)[0] !== 0) throw new DivisionByZeroError(name);
    } finally {
      current.release(storage);
    }
  }
}

/** @throws EngineError when a divisor that is a number is zero. */
export function checkNumberDivisors(
  name: string,
  program: Program,
  parameters: readonly (number | bigint)[],
): void {
  for (const step of program.divisors) {
    const [kind, which] = program.nodes[step]!;
    const value =
      kind === 'constant' ? Number(which) : kind === 'parameter' ? parameters[which as number]! : 1;
    if (Number(numberOf(program.type, value)) === 0) throw new DivisionByZeroError(name);
  }
}

/** The plan of a call, made if there is none. @throws EngineError when shape or strides make no sense. */
export function planOf(name: string, program: Program, { inputs, outputs, shape }: FusedOperands): FusedPlan {
  const { plans } = program;
  for (let i = 0; i < plans.length; i++) {
    const plan = plans[i]!;
    if (plan.fits(shape, outputs, inputs)) return plan;
  }
  checkShape(name, shape);
  const slices = [...outputs, ...inputs];
  slices.forEach((slice, i) => {
    const bytes = dtypeBytes[slice.dtype ?? 'float32'];
    stridedRegionOf(name, operandName(i, outputs.length), slice, shape, bytes);
  });
  outputs.forEach(({ strides }, i) => {
    const repeated = shape.includes(0) ? -1 : shape.findIndex((size, d) => size > 1 && strides[d] === 0);
    if (repeated >= 0) {
      const operand = outputs.length === 1 ? 'the output' : `output ${i}`;
      throw new EngineError(name, `${operand} repeats its elements in dimension ${repeated}`);
    }
  });
  const plan = new FusedPlan(
    program,
    shape,
    slices.map(({ strides }) => strides),
  );
  if (plans.length === KEPT) plans.pop();
  plans.unshift(plan);
  return plan;
}

function operandName(i: number, outputs: number): string {
  if (i >= outputs) return `input ${i - outputs}`;
  return outputs === 1 ? 'output' : `output ${i}`;
}

function same(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
