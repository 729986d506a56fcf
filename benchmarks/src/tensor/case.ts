// What a row of the tensor benchmark is made of: the same few lines for Sconce, for PyTorch and for TensorFlow.js.

import type { Tensor } from '@sconce/tensor';
import type * as tfjs from '@tensorflow/tfjs';

/** A tensor that all sides start from. */
export interface Operand {
  readonly shape: readonly number[];
  /** float32 elements are spread over this range; `[-1, 1]` when left out. */
  readonly range?: readonly [low: number, high: number];
  /** int64 elements from 0 up to, not including, this one, in place of float32. */
  readonly below?: number;
  /** Whether gradients are recorded. */
  readonly grad?: boolean;
}

/** What a call gives: compared once, before anything is timed. */
type Results<T> = T | readonly T[];

/** The same in Python. `torch`, `F` (`torch.nn.functional`) and the operands are there by name. */
interface PythonSource {
  /** Statements that run once. */
  readonly setup?: string;
  /** The expression that is timed. */
  readonly call: string;
}

/** The same with TensorFlow.js. */
interface TfjsSource {
  /** The fastest of its backends that can run it. */
  readonly backend: 'wasm' | 'cpu';
  prepare(tf: typeof tfjs, operands: Readonly<Record<string, tfjs.Tensor>>): TfjsCall;
}

interface TfjsCall {
  /** What is timed; its results and all tensors between are freed after it. */
  call(): Results<tfjs.Tensor>;
  /** Brings the result into the layout that the others have, for the comparison. */
  finish?(result: tfjs.Tensor): tfjs.Tensor;
}

/** One row for each peer. */
export interface TensorCase<Name extends string = string> {
  readonly name: string;
  readonly group: string;
  /** What the times include. */
  readonly note: string;
  readonly operands: Readonly<Record<Name, Operand>>;
  /** Floating-point operations of a call. */
  readonly flops?: number;
  /** Milliseconds that a call may take, where that and not a ratio is judged. */
  readonly wantedMs?: number;
  /** Calls whose results are compared, where a call changes what the next one gives; 1 when left out. */
  readonly compared?: number;
  /** Largest difference relative to the largest result; {@link TOLERANCE} when left out. */
  readonly tolerance?: number;
  /** Gives the call that is timed. */
  prepare(operands: Readonly<Record<Name, Tensor>>): () => Results<Tensor>;
  readonly python: PythonSource;
  readonly tfjs?: TfjsSource;
}

/** What two float32 results may differ by, relative to the largest: sums in other orders. */
export const TOLERANCE = 2e-5;

/** A row, its operands' names checked against those its call uses. */
export function tensorCase<Name extends string>(one: TensorCase<Name>): TensorCase {
  return one;
}

/** Elements of a shape. */
export const count = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);
