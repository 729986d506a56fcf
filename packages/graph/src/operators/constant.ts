/** Operators that make values: constants, shapes, ranges, casts. */

import type { Tensor } from '@sconce/tensor';
import * as t from '@sconce/tensor';
import { attribute } from '../attributes.ts';
import { onnxElementTypes } from '../graph.ts';
import { type Call, defineOperator, type OperatorDefinition } from '../operator.ts';
import { checkShape, int64Vector, toIntegers } from './helpers.ts';

/** The dtype that ONNX's number stands for, or `undefined` when tensors have none such. */
function dtypeOfNumber(code: number): t.DType | undefined {
  const name = onnxElementTypes[code];
  return (t.dtypes as readonly string[]).includes(name ?? '') ? (name as t.DType) : undefined;
}

function dtypeOrFail(call: Pick<Call<unknown>, 'fail'>, name: string, code: number): t.DType {
  return (
    dtypeOfNumber(code) ??
    call.fail(`attribute '${name}': data type ${onnxElementTypes[code] ?? code} is not supported`)
  );
}

const castAttributes = {
  saturate: attribute.flag.default(true),
  round_mode: attribute.oneOf(['up', 'down', 'nearest']).default('up'),
} as const;

export const constant: readonly OperatorDefinition[] = [
  defineOperator('Constant', {
    inputs: 0,
    attributes: { value: attribute.tensor.required() },
    run: ({ attributes }) => attributes.value,
  }),
  defineOperator('ConstantOfShape', {
    inputs: 1,
    attributes: { value: attribute.tensor.optional() },
    check({ value }, context) {
      if (value && value.numel() !== 1)
        context.report(`attribute 'value': expected one element, got shape [${value.shape.join(', ')}]`);
    },
    run(call, shapeInput: Tensor) {
      const shape = toIntegers(call, 'shape', shapeInput);
      checkShape(call, shape);
      const { value } = call.attributes;
      return value
        ? t.full(shape, value.item(), { dtype: value.dtype })
        : t.zeros(shape, { dtype: 'float32' });
    },
  }),
  defineOperator('Shape', {
    inputs: 1,
    attributes: { start: attribute.int.default(0), end: attribute.int.optional() },
    run: ({ attributes: { start, end } }, x: Tensor) => int64Vector(x.shape.slice(start, end)),
  }),
  defineOperator('Size', {
    inputs: 1,
    run: (_call, x: Tensor) => t.full([], BigInt(x.numel()), { dtype: 'int64' }),
  }),
  defineOperator('Range', {
    inputs: 3,
    attributes: { stash_type: attribute.int.default(1) },
    run(call, start: Tensor, limit: Tensor, delta: Tensor) {
      const [from, to, step] = [Number(start.item()), Number(limit.item()), Number(delta.item())];
      if (step === 0) call.fail('delta: expected a number other than 0, got 0');
      const length = Math.max(Math.ceil((to - from) / step), 0);
      checkShape(call, [length]);
      const values = Float64Array.from({ length }, (_, index) => from + index * step);
      return t.fromTypedArray(values, [length]).to(start.dtype);
    },
  }),
  defineOperator('Cast', {
    inputs: 1,
    attributes: { ...castAttributes, to: attribute.int.required() },
    check({ to }, context) {
      if (dtypeOfNumber(to) === undefined)
        context.report(`attribute 'to': data type ${onnxElementTypes[to] ?? to} is not supported`);
    },
    run: (call, x: Tensor) => x.to(dtypeOrFail(call, 'to', call.attributes.to)),
  }),
  defineOperator('CastLike', {
    inputs: 2,
    attributes: castAttributes,
    run: (_call, x: Tensor, target: Tensor) => x.to(target.dtype),
  }),
  defineOperator('EyeLike', {
    inputs: 1,
    attributes: { dtype: attribute.int.optional(), k: attribute.int.default(0) },
    run(call, x: Tensor) {
      if (x.ndim !== 2) call.fail(`expected a matrix, got shape [${x.shape.join(', ')}]`);
      const [rows, columns] = x.shape as [number, number];
      const { dtype, k } = call.attributes;
      const ones = new Float64Array(rows * columns);
      for (let row = 0; row < rows; row++)
        if (row + k >= 0 && row + k < columns) ones[row * columns + row + k] = 1;
      return t
        .fromTypedArray(ones, x.shape)
        .to(dtype === undefined ? x.dtype : dtypeOrFail(call, 'dtype', dtype));
    },
  }),
];
