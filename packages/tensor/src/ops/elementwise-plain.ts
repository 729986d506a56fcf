/** Elementwise functions that the engine does not have: one pass over typed arrays. */
import { broadcastView, cast, castInto, elementWriter, newTensor } from '../access.ts';
import { type DType, dtypeInfo } from '../dtype.ts';
import { fail } from '../errors.ts';
import { elementsOf } from '../memory.ts';
import type { Scalar } from '../promotion.ts';
import { forEachRow, type StridedOperand } from '../strided.ts';
import { Tensor } from '../tensor.ts';
import type { Computation } from './elementwise-core.ts';

type Elements<T> = { [index: number]: T };

/** A place that forEachRow can walk: elements with offset and strides. */
interface Source extends StridedOperand {
  /** Called after all allocations, since these may detach views. */
  readonly elements: () => Elements<unknown>;
}

/** Computes at most three operands, broadcast to the output's shape and cast to the dtype that is computed in. */
export function runPlain(
  entry: Computation,
  operands: readonly (Tensor | Scalar)[],
  parameters: readonly (number | bigint)[],
  dtype: DType,
  output: Tensor,
): void {
  const { array, codec } = dtypeInfo(dtype);
  const compute = codec === undefined ? dtype : 'float32';
  const wide = array === BigInt64Array || array === BigUint64Array;
  const apply = wide ? entry.long : entry.plain;
  if (apply === undefined) {
    fail(entry.name, `"${entry.name}" not implemented for '${dtypeInfo(dtype).scalarName}'`);
  }
  const { shape } = output;
  const direct = output.dtype === compute;
  const result = direct ? output : newTensor(shape, compute);
  const sources = operands.map((operand) => sourceOf(operand, compute, shape));
  const given = wide ? parameters.map(BigInt) : parameters.map(Number);
  // An entry's functions take what its dtype's arrays hold.
  fillRows(apply as (...args: unknown[]) => unknown, sources, given, result);
  if (!direct) castInto(result, output);
}

/** An operand in the given dtype, read under the broadcast shape. */
function sourceOf(operand: Tensor | Scalar, dtype: DType, shape: readonly number[]): Source {
  if (operand instanceof Tensor) {
    const view = broadcastView(cast(operand, dtype), shape);
    return { offset: view.offset, strides: view.strides, elements: () => elementsOf(view) };
  }
  const holder = new (dtypeInfo(dtype).array)(1);
  holder[0] = elementWriter(dtype)(operand);
  return { offset: 0, strides: shape.map(() => 0), elements: () => holder };
}

function fillRows(
  apply: (...args: unknown[]) => unknown,
  sources: readonly Source[],
  [p, q]: readonly unknown[],
  output: Tensor,
): void {
  const [a, b, c] = sources.map(({ elements }) => elements()) as [
    Elements<unknown>,
    Elements<unknown>,
    Elements<unknown>,
  ];
  const to = elementsOf(output) as Elements<unknown>;
  const count = sources.length;
  forEachRow(output.shape, [output, ...sources], (offsets, length, steps) => {
    const [step, stepA, stepB, stepC] = steps as [number, number, number, number];
    let [o, i, j, k] = offsets as [number, number, number, number];
    // Functions ignore what they do not take.
    if (count === 1) {
      for (let n = 0; n < length; n++, o += step, i += stepA) to[o] = apply(a[i], p, q);
    } else if (count === 2) {
      for (let n = 0; n < length; n++, o += step, i += stepA, j += stepB) to[o] = apply(a[i], b[j], p, q);
    } else {
      for (let n = 0; n < length; n++, o += step, i += stepA, j += stepB, k += stepC) {
        to[o] = apply(a[i], b[j], c[k], p, q);
      }
    }
  });
}
