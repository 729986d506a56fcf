/** Matrix products. */

import type { Tensor } from '@sconce/tensor';
import * as t from '@sconce/tensor';
import { attribute } from '../attributes.ts';
import { defineOperator, type OperatorDefinition } from '../operator.ts';

export const matmul: readonly OperatorDefinition[] = [
  defineOperator('MatMul', { inputs: 2, run: (_call, a: Tensor, b: Tensor) => t.matmul(a, b) }),
  defineOperator('Gemm', {
    inputs: [2, 3],
    attributes: {
      alpha: attribute.float.default(1),
      beta: attribute.float.default(1),
      transA: attribute.flag.default(false),
      transB: attribute.flag.default(false),
    },
    run(call, a: Tensor, b: Tensor, c?: Tensor) {
      const { alpha, beta, transA, transB } = call.attributes;
      if (a.ndim !== 2 || b.ndim !== 2)
        call.fail(`expected matrices, got shapes [${a.shape.join(', ')}] and [${b.shape.join(', ')}]`);
      const left = transA ? t.transpose(a, 0, 1) : a;
      const columns = transB ? b.shape[0] : b.shape[1];
      const isBias = c === undefined || (c.ndim === 1 && c.shape[0] === columns);
      if (transB && alpha === 1 && isBias && (beta === 1 || c === undefined)) return t.linear(left, b, c);
      const product = t.matmul(left, transB ? t.transpose(b, 0, 1) : b);
      const scaled = alpha === 1 ? product : t.mul(product, alpha);
      if (c === undefined || beta === 0) return scaled;
      return t.add(scaled, beta === 1 ? c : t.mul(c, beta));
    },
  }),
];
