// Calls of elementwise operations of every dtype, and reductions, for tests that compare executors.

import { dtypeBytes } from '../../dtype.ts';
import { argExtremum } from '../../kernels/arg-extremum.ts';
import { channelAffine } from '../../kernels/channel-affine.ts';
import { elementwise } from '../../kernels/elementwise.ts';
import { fusedElementwise } from '../../kernels/fused-elementwise.ts';
import { fusedSpans } from '../../kernels/fused-spans.ts';
import { logSumExp } from '../../kernels/log-sum-exp.ts';
import { reduce } from '../../kernels/reduce.ts';
import { scan } from '../../kernels/scan.ts';
import { variance } from '../../kernels/variance.ts';
import type { Slice } from '../../types.ts';
import { bytesOf, fromOne, magnitudes, random, slice, strided } from './operands.ts';

const scaledGelu = [
  {
    op: 'add',
    args: [
      { op: 'gelu', args: [{ op: 'mul', args: [{ input: 0 }, { input: 1 }] }] },
      { op: 'mul', args: [{ input: 2 }, { parameter: 0 }] },
    ],
  },
] as const;

/** Momentum, and a step along it. */
const momentumStep = (() => {
  const momentum = { op: 'fma', args: [{ input: 1 }, { parameter: 0 }, { input: 2 }] } as const;
  return [{ op: 'fma', args: [momentum, { parameter: 1 }, { input: 0 }] }, momentum] as const;
})();

/** Calls of elementwise operations of every dtype, and reductions. */
export const elementwiseCalls: Readonly<Record<string, () => Slice>> = {
  flat: () => {
    const n = fromOne(100);
    const output = strided(n, [1]);
    const op = (['add', 'mul', 'div', 'maximum'] as const)[random(4)]!;
    elementwise({ op, shape: [n], inputs: [strided(n, [1]), strided(1, [0])], output });
    return output;
  },
  unary: () => {
    const n = fromOne(100);
    const output = strided(n, [1]);
    const op = (['exp', 'tanh', 'erf', 'sigmoid', 'round', 'softplus'] as const)[random(6)]!;
    elementwise({ op, shape: [n], inputs: [strided(n, [1])], output });
    return output;
  },
  spans: () => {
    // Both results of a group are in one storage, which is what is looked at and put back before another run.
    const spans = Array.from({ length: fromOne(5) }, () => {
      const elements = random(120);
      const { storage, offset } = slice(3 * (elements + 1));
      const operands = [0, 1, 2].map((i) => ({ storage, offset: offset + i * (elements + 1) }));
      return { operands, elements, parameters: [0.9, -0.1] };
    });
    fusedSpans({ expressions: momentumStep, dtype: 'float32', spans });
    return spans[random(spans.length)]!.operands[random(2)]!;
  },
  strided: () => {
    const [rows, columns] = [fromOne(20), fromOne(40)];
    const output = strided(rows * columns, random(2) === 1 ? [columns, 1] : [1, rows]);
    const inputs = [strided(rows * columns, [1, rows]), strided(columns, [0, 1])];
    elementwise({ op: 'add', shape: [rows, columns], inputs, output });
    return output;
  },
  dtypes: () => {
    const types = ['float64', 'float16', 'int8', 'uint16', 'int32', 'int64', 'uint64', 'bool'] as const;
    const [from, to, dtype] = [types[random(8)]!, types[random(8)]!, types[random(8)]!];
    const [rows, columns] = [fromOne(6), fromOne(70)];
    const x = bytesOf(rows * columns * dtypeBytes[from]);
    const y = bytesOf(columns * dtypeBytes[to]);
    const output = { ...bytesOf(rows * columns * dtypeBytes[to]), strides: [columns, 1], dtype: to };
    const op = (['add', 'maximum', 'lt', 'where'] as const)[random(4)]!;
    const across = { ...x, strides: random(2) === 1 ? [columns, 1] : [1, rows], dtype: from };
    const inputs = [across, { ...y, strides: [0, 1], dtype: to }, ...(op === 'where' ? [3] : [])];
    elementwise({ op, shape: [rows, columns], inputs, output, dtype });
    return output;
  },
  divisors: () => {
    const n = fromOne(200);
    const output = { ...bytesOf(n * 8), strides: [1], dtype: 'int64' } as const;
    const x = { ...bytesOf(n * 8), strides: [1], dtype: 'int64' } as const;
    const divisors = { ...bytesOf(n * 8), strides: [1], dtype: 'int64' } as const;
    divisors.storage.bytes().forEach((_, i, all) => {
      all[i] = 3 + (i % 5);
    });
    elementwise({ op: 'remainder', shape: [n], inputs: [x, divisors], output });
    return output;
  },
  channelAffine: () => {
    const [batch, channels, inner] = [fromOne(3), fromOne(5), fromOne(40)];
    const y = slice(batch * channels * inner);
    channelAffine({
      batch,
      channels,
      inner,
      x: slice(batch * channels * inner),
      scale: slice(channels),
      shift: slice(channels),
      y,
    });
    return y;
  },
  fused: () => {
    const shape = [fromOne(4), fromOne(7), fromOne(40)] as const;
    const elements = shape[0] * shape[1] * shape[2];
    const dense = [shape[1] * shape[2], shape[2], 1];
    const output = strided(elements, dense);
    const inputs = [strided(elements, dense), strided(shape[1], [0, 1, 0]), strided(shape[2], [0, 0, 1])];
    fusedElementwise({ expressions: scaledGelu, inputs, outputs: [output], shape, parameters: [0.5] });
    return output;
  },
  reduceDtypes: () => {
    const [outer, size, inner] = [fromOne(4), fromOne(150), random(2) === 1 ? 1 : fromOne(80)];
    const dtype = (['int16', 'int8', 'int64', 'uint32'] as const)[random(4)]!;
    const x = { ...bytesOf(outer * size * inner * dtypeBytes[dtype]), dtype };
    const y = { ...bytesOf(outer * inner * 8), dtype: 'int64' } as const;
    reduce({ op: (['sum', 'max', 'any'] as const)[random(3)]!, outer, size, inner, x, y });
    return y;
  },
  reduceChunks: () => {
    const [size, inner] = [140_000 + random(1000), fromOne(3)];
    const y = slice(inner);
    // Nothing cancels: executors round sums in different orders.
    reduce({ op: 'sum', outer: 1, size, inner, x: magnitudes(size * inner), y });
    return y;
  },
  reduce: () => {
    const [outer, size, inner] = [fromOne(4), fromOne(150), random(2) === 1 ? 1 : fromOne(80)];
    const y = slice(outer * inner);
    const op = (['sum', 'mean', 'max', 'prod'] as const)[random(4)]!;
    reduce({ op, outer, size, inner, x: slice(outer * size * inner), y });
    return y;
  },
  logSumExp: () => {
    const [outer, size, inner] = [fromOne(9), fromOne(70), random(2) === 1 ? 1 : fromOne(40)];
    const y = slice(outer * inner);
    logSumExp({ outer, size, inner, x: slice(outer * size * inner), y });
    return y;
  },
  variance: () => {
    const [outer, size, inner] = [fromOne(9), 2 + random(70), random(2) === 1 ? 1 : fromOne(40)];
    const y = slice(outer * inner);
    variance({ outer, size, inner, x: slice(outer * size * inner), y, mean: slice(outer * inner) });
    return y;
  },
  argExtremum: () => {
    const [outer, size, inner] = [fromOne(9), fromOne(70), random(2) === 1 ? 1 : fromOne(40)];
    const values = slice(outer * inner);
    const indices = slice(outer * inner * 2);
    argExtremum({ op: 'max', outer, size, inner, x: slice(outer * size * inner), indices, values });
    return values;
  },
  scan: () => {
    const [outer, size, inner] = [fromOne(9), fromOne(70), random(2) === 1 ? 1 : fromOne(40)];
    const y = slice(outer * size * inner);
    const op = (['sum', 'prod', 'max', 'min'] as const)[random(4)]!;
    const places = slice(outer * size * inner * 2);
    const x = slice(outer * size * inner);
    scan({ op, outer, size, inner, x, y, ...((op === 'max' || op === 'min') && { indices: places }) });
    return y;
  },
};
