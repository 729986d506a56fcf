// What a row of the kernel benchmark is made of: one call of the engine, and a small model that computes the same.

import type { Slice } from '@sconce/engine';
import type { ModelNode } from '../onnx-model.ts';

/** A float32 input of both sides. */
interface Operand {
  readonly shape: readonly number[];
  /** Weights: an initializer of the peer's model, which it packs when it loads. An input otherwise. */
  readonly constant?: boolean;
  /** The elements are spread over this range; `[-1, 1]` when left out. */
  readonly range?: readonly [low: number, high: number];
}

/** One row. Operands are made, and both sides loaded, only when it is its turn. */
export interface KernelCase<Name extends string = string> {
  readonly name: string;
  readonly group: string;
  /** Floating-point operations of a call, a product and a sum being two; left out where they are not what counts. */
  readonly flops?: number;
  /** What the times include. */
  readonly note: string;
  readonly operands: Readonly<Record<Name, Operand>>;
  /** Shape of the result, `y`. */
  readonly output: readonly number[];
  /** For positions: the peer's result is int64, and `finish` writes the engine's as floats. */
  readonly outputType?: 'int64';
  /** The peer's model; it reads operands and `indices` by name and ends in `y`. */
  readonly nodes: readonly ModelNode[];
  /** int64 constants that the model takes (axes, shapes). */
  readonly indices?: Readonly<Record<string, readonly number[]>>;
  /** Largest difference relative to the largest result; {@link TOLERANCE} when left out. */
  readonly tolerance?: number;
  /** Prepares the engine's call on slices that stay where they are; `scratch` makes slices for values between. */
  prepare(
    at: Readonly<Record<Name | 'y', Slice>>,
    scratch: (elements: number) => Slice,
  ): (() => void) | Prepared;
}

/** A call whose result is not yet `y` as the peer writes it. */
interface Prepared {
  /** What is timed. */
  call(): void;
  /** Writes `y`, once, for the comparison. */
  finish(): void;
}

/** What two float32 results may differ by, relative to the largest: sums in other orders, Winograd included. */
export const TOLERANCE = 2e-5;

/** A row, its operands' names checked against those its call uses. */
export function kernelCase<Name extends string>(one: KernelCase<Name>): KernelCase {
  return one;
}

/** Elements of a shape. */
export const count = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** Strides of a dense shape. */
export const dense = (shape: readonly number[]): number[] => shape.map((_, d) => count(shape.slice(d + 1)));

/** Strides that read a slice of `shape` as if it were `of`, which broadcasting makes of it. */
export function broadcastStrides(shape: readonly number[], of: readonly number[]): number[] {
  const missing = of.length - shape.length;
  const strides = dense(shape);
  return of.map((_, d) => (d < missing || shape[d - missing] === 1 ? 0 : strides[d - missing]!));
}
