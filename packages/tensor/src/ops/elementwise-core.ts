/**
 * Runs elementwise operators: promotes dtypes, broadcasts, sends float32 to the engine and everything else through
 * one strided loop over typed arrays.
 */
import {
  allocate,
  type BinaryOp,
  elementwise,
  type Storage,
  type StridedSlice,
  type UnaryOp,
} from '@sconce/engine';
import { broadcastView, cast, elementWriter, newTensor, sliceOf } from '../access.ts';
import { checkTensor } from '../arguments.ts';
import { defineOperator } from '../dispatcher.ts';
import { type DType, dtypeInfo } from '../dtype.ts';
import { fail } from '../errors.ts';
import { elementsOf } from '../memory.ts';
import { resultType, type Scalar } from '../promotion.ts';
import { broadcastShapes, numelOf } from '../shape.ts';
import { forEachRow, type StridedOperand } from '../strided.ts';
import { Tensor } from '../tensor.ts';

/** A tensor, or a number that is broadcast. */
export type Operand = Tensor | Scalar;

/** One operator of one input. */
export interface UnaryEntry {
  readonly name: string;
  /** float: integers become float32; same: the dtype stays; floatOnly: integers are refused. */
  readonly result: 'float' | 'same' | 'floatOnly';
  readonly engine?: UnaryOp;
  readonly float: (x: number, ...parameters: readonly number[]) => number;
  /** For int64 where the dtype stays; narrower integers use `float`. */
  readonly long?: (x: bigint, ...parameters: readonly number[]) => bigint;
  /** Whether bool is refused, and in which words. */
  readonly noBool?: string;
}

/** One operator of two inputs. */
export interface BinaryEntry {
  readonly name: string;
  /** promote: the common dtype; float: the common dtype, integers become float32. */
  readonly result: 'promote' | 'float';
  readonly engine?: BinaryOp;
  readonly float: (x: number, y: number) => number;
  /** For int32 and narrower where plain double arithmetic is not exact. */
  readonly int?: (x: number, y: number) => number;
  readonly long?: (x: bigint, y: bigint) => bigint;
  /** For bool operands; without it bool is computed as `float` says. */
  readonly bool?: (x: number, y: number) => number;
  /** Whether a result of dtype bool is refused, and in which words. */
  readonly noBool?: string;
}

type Elements<T> = { [index: number]: T };

/** Computes a unary operator. */
export function runUnary(entry: UnaryEntry, x: Tensor, parameters: readonly number[] = []): Tensor {
  const { kind, scalarName } = dtypeInfo(x.dtype);
  if (kind === 'bool' && entry.noBool !== undefined) fail(entry.name, entry.noBool);
  if (kind !== 'float' && entry.result === 'floatOnly') {
    fail(
      entry.name,
      `"${entry.name}" not implemented for '${scalarName}'`,
      'a floating-point dtype',
      x.dtype,
    );
  }
  const dtype = kind !== 'float' && entry.result === 'float' ? 'float32' : x.dtype;
  const compute = computeDType(dtype);
  const input = cast(x, compute);
  const output = newTensor(x.shape, compute);
  if (numelOf(x.shape) === 0) return cast(output, dtype);
  if (compute === 'float32' && entry.engine !== undefined) {
    elementwise({
      op: entry.engine,
      inputs: [sliceOf(input)],
      output: sliceOf(output),
      shape: x.shape,
      parameters,
    });
  } else if (compute === 'int64') {
    const { long } = entry;
    if (long === undefined) fail(entry.name, `"${entry.name}" not implemented for 'Long'`);
    mapRows<bigint, bigint>(output, input, (value) => long(value, ...parameters));
  } else {
    const { float } = entry;
    mapRows<number, number>(output, input, (value) => float(value, ...parameters));
  }
  return cast(output, dtype);
}

/** Computes a binary operator in the operands' common dtype. `alpha` scales the second one (add and sub only). */
export function runBinary(entry: BinaryEntry, x: Operand, y: Operand, alpha?: number): Tensor {
  const promoted = resultType(x, y);
  const dtype = entry.result === 'float' && dtypeInfo(promoted).kind !== 'float' ? 'float32' : promoted;
  if (dtype === 'bool' && entry.noBool !== undefined) fail(entry.name, entry.noBool);
  const compute = computeDType(dtype);
  const shape = broadcastShapes(entry.name, shapeOf(x), shapeOf(y));
  if (numelOf(shape) === 0) return newTensor(shape, dtype);
  const output = newTensor(shape, compute);
  if (compute === 'float32' && entry.engine !== undefined) {
    const inputs = [engineOperand(x, shape, 0), engineOperand(y, shape, 1)];
    const parameters = alpha === undefined ? [] : [alpha];
    elementwise({ op: entry.engine, inputs, output: sliceOf(output), shape, parameters });
  } else if (compute === 'int64') {
    const long = entry.long ?? fail(entry.name, `"${entry.name}" not implemented for 'Long'`);
    const factor = BigInt(alpha ?? 1);
    const f = factor === 1n ? long : (a: bigint, b: bigint) => long(a, b * factor);
    zipRows<bigint, bigint>(output, operandOf(x, compute, shape), operandOf(y, compute, shape), f);
  } else {
    const kind = dtypeInfo(compute).kind;
    const base = kind === 'float' ? entry.float : ((kind === 'bool' ? entry.bool : entry.int) ?? entry.float);
    const f = alpha === undefined || alpha === 1 ? base : (a: number, b: number) => base(a, b * alpha);
    zipRows<number, number>(output, operandOf(x, compute, shape), operandOf(y, compute, shape), f);
  }
  return cast(output, dtype);
}

/** Computes a test on two operands in their common dtype; the result is bool. */
export function runComparison(
  name: string,
  test: (x: number | bigint, y: number | bigint) => boolean,
  x: Operand,
  y: Operand,
): Tensor {
  const compute = computeDType(resultType(x, y));
  const shape = broadcastShapes(name, shapeOf(x), shapeOf(y));
  const output = newTensor(shape, 'bool');
  zipRows<number | bigint, number>(
    output,
    operandOf(x, compute, shape),
    operandOf(y, compute, shape),
    (a, b) => (test(a, b) ? 1 : 0),
  );
  return output;
}

/** Computes a test of one operand; the result is bool. */
export function runTest(test: (x: number) => boolean, x: Tensor): Tensor {
  const output = newTensor(x.shape, 'bool');
  const input = cast(x, computeDType(x.dtype));
  mapRows<number | bigint, number>(output, input, (value) => (test(Number(value)) ? 1 : 0));
  return output;
}

/** 16-bit floats are computed in float32 and rounded once. */
export function computeDType(dtype: DType): DType {
  return dtypeInfo(dtype).codec === undefined ? dtype : 'float32';
}

/** The shape of an operand; numbers are 0-dim. */
export function shapeOf(operand: Operand): readonly number[] {
  return operand instanceof Tensor ? operand.shape : [];
}

/** A place that forEachRow can walk: elements with offset and strides. */
export interface ElementOperand extends StridedOperand {
  /** Called after all allocations, since these may detach views. */
  readonly elements: () => Elements<number | bigint>;
}

/** An operand in the given dtype, read under the broadcast shape. */
export function operandOf(operand: Operand, dtype: DType, shape: readonly number[]): ElementOperand {
  if (operand instanceof Tensor) {
    const view = broadcastView(cast(operand, dtype), shape);
    return { offset: view.offset, strides: view.strides, elements: () => elementsOf(view) };
  }
  const holder = new (dtypeInfo(dtype).array)(1);
  holder[0] = elementWriter(dtype)(operand);
  return { offset: 0, strides: shape.map(() => 0), elements: () => holder };
}

function mapRows<In, Out>(output: Tensor, input: Tensor, f: (value: In) => Out): void {
  const from = elementsOf(input) as unknown as Elements<In>;
  const to = elementsOf(output) as unknown as Elements<Out>;
  forEachRow(output.shape, [output, input], (offsets, length, steps) => {
    const [, step] = steps as [number, number];
    let o = offsets[0]!;
    let i = offsets[1]!;
    for (let n = 0; n < length; n++, o++, i += step) to[o] = f(from[i]!);
  });
}

function zipRows<In, Out>(
  output: Tensor,
  x: ElementOperand,
  y: ElementOperand,
  f: (a: In, b: In) => Out,
): void {
  const left = x.elements() as Elements<unknown> as Elements<In>;
  const right = y.elements() as Elements<unknown> as Elements<In>;
  const to = elementsOf(output) as unknown as Elements<Out>;
  forEachRow(output.shape, [output, x, y], (offsets, length, steps) => {
    const [step, stepX, stepY] = steps as [number, number, number];
    let o = offsets[0]!;
    let i = offsets[1]!;
    let j = offsets[2]!;
    for (let n = 0; n < length; n++, o += step, i += stepX, j += stepY) to[o] = f(left[i]!, right[j]!);
  });
}

let scalars: Storage | undefined;

/** An operand as the engine reads it; a number lies in one of two fixed places until the kernel has run. */
function engineOperand(operand: Operand, shape: readonly number[], place: 0 | 1): StridedSlice {
  if (operand instanceof Tensor) return sliceOf(broadcastView(cast(operand, 'float32'), shape));
  scalars ??= allocate(8);
  const bytes = scalars.bytes();
  new Float32Array(bytes.buffer, bytes.byteOffset, 2)[place] = Number(operand);
  return { storage: scalars, offset: place, strides: shape.map(() => 0) };
}

/** An operator of one tensor. */
export type UnaryOperator = (x: Tensor) => Tensor;
/** An operator of two tensors or numbers that are broadcast to one shape and promoted to one dtype. */
export type BinaryOperator = (x: Operand, y: Operand) => Tensor;

/** Makes the operator of a table entry. Canonical: (x). */
export function unaryOperator(entry: UnaryEntry): UnaryOperator {
  return defineOperator({
    name: entry.name,
    normalize: (x: Tensor): [Tensor] => {
      checkTensor(entry.name, 'input', x);
      return [x];
    },
    forward: (x: Tensor) => runUnary(entry, x),
  });
}

/** Makes the operator of a table entry. Canonical: (x, y). */
export function binaryOperator(entry: BinaryEntry): BinaryOperator {
  return defineOperator({ name: entry.name, forward: (x: Operand, y: Operand) => runBinary(entry, x, y) });
}
