/**
 * Fills float32 tensors, and those of 16-bit floats, with functions of uniform doubles that kernels evaluate. A kernel's
 * last bits differ from those of a C library, and from those of a loop here; they only matter near the middle of two
 * float32 numbers, where the loop's function decides.
 */
import {
  allocate,
  type BinaryOp,
  elementwise,
  randomUniform,
  type TypedSlice,
  type UnaryOp,
} from '@sconce/engine';
import { castInto, flatElements, newTensor } from '../access.ts';
import type { Tensor } from '../tensor.ts';
import { throughDense } from './filling.ts';
import type { Mt19937 } from './mt19937.ts';
import { CHUNK, forEachChunk } from './words.ts';

/** An operation in place on a chunk of doubles. */
type Run = (op: UnaryOp | BinaryOp, inputs: readonly (TypedSlice | number)[]) => void;

/** A function of uniform numbers. */
export interface Recipe {
  /** What the kernels start from: uniform numbers in [from, to). */
  readonly from: number;
  readonly to: number;
  /** The function by kernels, from such numbers, to 64 units in the last place. */
  readonly transform: (chunk: TypedSlice, run: Run) => void;
  /** The function of a number in [0, 1). */
  readonly exact: (u: number) => number;
  /** Below this size the kernels are less precise. */
  readonly doubtful: number;
}

/** Whether {@link fillByKernels} is for this tensor. */
export function throughKernels(tensor: Tensor, many: number): boolean {
  return tensor.dtype !== 'float64' && tensor.numel() >= many;
}

/** Fills the tensor in the order of memory. */
export function fillByKernels(tensor: Tensor, engine: Mt19937, recipe: Recipe): void {
  throughDense(tensor, (dense) => {
    const singles = dense.dtype === 'float32' ? dense : newTensor(dense.shape, 'float32');
    fillSingles(singles, engine, recipe);
    if (singles !== dense) castInto(singles, dense);
  });
}

function fillSingles(singles: Tensor, engine: Mt19937, recipe: Recipe): void {
  const { from, to, transform, exact } = recipe;
  const storage = allocate(4 * CHUNK);
  // What single precision cannot hold in full is in doubt too.
  const doubtful = Math.max(recipe.doubtful, 2 ** -120);
  forEachChunk(engine, 2 * singles.numel(), (words, first, length) => {
    const count = length / 2;
    randomUniform({ dtype: 'float64', words, y: { storage, offset: 0 }, count, low: from, high: to });
    const chunk: TypedSlice = { storage, offset: 0, strides: [1], dtype: 'float64' };
    transform(chunk, (op, inputs) =>
      elementwise({ op, inputs: [...inputs], output: chunk, shape: [count] } as Parameters<
        typeof elementwise
      >[0]),
    );
    const bytes = storage.bytes();
    const doubles = new Float64Array(bytes.buffer, bytes.byteOffset, count);
    const halves = new Uint32Array(bytes.buffer, bytes.byteOffset, length);
    const { view } = words;
    const elements = flatElements(singles) as Float32Array;
    for (let i = 0, at = first / 2; i < count; i++, at++) {
      const value = doubles[i]!;
      // Below float32's last bit a double has 29 more.
      const beyond = (halves[2 * i]! & 0x1fffffff) - 0x10000000;
      elements[at] =
        (beyond < 64 && beyond > -64) || !(Math.abs(value) >= doubtful)
          ? exact(((view[2 * i]! & 0x1fffff) * 2 ** 32 + view[2 * i + 1]!) * 2 ** -53)
          : value;
    }
  });
}
