// Calls of every kernel with operands and shapes at random, for tests that compare executors with each other.

import { dtypeBytes } from '../dtype.ts';
import { adaptivePool } from '../kernels/adaptive-pool.ts';
import { addRows } from '../kernels/add-rows.ts';
import { argExtremum } from '../kernels/arg-extremum.ts';
import { scaledDotProductAttention } from '../kernels/attention.ts';
import { batchNormTraining } from '../kernels/batch-norm.ts';
import { blockedConv2d } from '../kernels/blocked/conv2d.ts';
import {
  type BlockedImage,
  type BlockedShape,
  blockedElements,
  blockedLanes,
} from '../kernels/blocked/image.ts';
import { fromBlocked, toBlocked } from '../kernels/blocked/layout.ts';
import { type Conv2dMethod, conv2dBorder, inputLanes } from '../kernels/blocked/method.ts';
import { packConv2dWeights } from '../kernels/blocked/pack.ts';
import { blockedPool2d } from '../kernels/blocked/pool2d.ts';
import { channelAffine } from '../kernels/channel-affine.ts';
import { batchNormBackward, groupNormBackward } from '../kernels/channel-norm-backward.ts';
import {
  convolutionGradInput,
  convolutionGradWeight,
  convolution as convolve3d,
} from '../kernels/conv-nd.ts';
import { convTranspose2d } from '../kernels/conv-transpose2d.ts';
import { conv2d } from '../kernels/conv2d.ts';
import { conv2dGradInput, conv2dGradWeight } from '../kernels/conv2d-gradients.ts';
import { copyStrided } from '../kernels/copy-strided.ts';
import { crossEntropyBackward } from '../kernels/cross-entropy-backward.ts';
import { elementwise } from '../kernels/elementwise.ts';
import { fusedElementwise } from '../kernels/fused-elementwise.ts';
import { gatherElements } from '../kernels/gather-elements.ts';
import { gatherRows } from '../kernels/gather-rows.ts';
import { gemm } from '../kernels/gemm.ts';
import { packGemmOperand } from '../kernels/gemm-operand.ts';
import { logSumExp } from '../kernels/log-sum-exp.ts';
import { pad } from '../kernels/pad.ts';
import { pool2d } from '../kernels/pool2d.ts';
import { pool3d } from '../kernels/pool3d.ts';
import { reduce } from '../kernels/reduce.ts';
import { resize } from '../kernels/resize.ts';
import { groupNorm, layerNorm } from '../kernels/row-norm.ts';
import { layerNormBackward, rmsNormBackward } from '../kernels/row-norm-backward.ts';
import { scan } from '../kernels/scan.ts';
import { foldElements, scatterElements } from '../kernels/scatter-elements.ts';
import { softmax } from '../kernels/softmax.ts';
import { softmaxBackward } from '../kernels/softmax-backward.ts';
import { variance } from '../kernels/variance.ts';
import { allocate } from '../memory/allocate.ts';
import type { Storage } from '../memory/storage.ts';
import type { AlongIndex, ConvolutionShape, Slice, StridedSlice } from '../types.ts';

let state = 1;

/** Starts the source of random numbers anew, so that the same seed gives the same call. */
export function seedCalls(seed: number): void {
  state = seed;
}

/** A whole number below a bound. */
function random(bound: number): number {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * bound);
}

const fromOne = (bound: number): number => 1 + random(bound);

function slice(elements: number): Slice {
  const storage = allocate(elements * 4);
  const bytes = storage.bytes();
  new Float32Array(bytes.buffer, bytes.byteOffset, elements).forEach((_, i, all) => {
    all[i] = (((i * 2654435761) >>> 8) % 2001) / 1000 - 1;
  });
  return { storage, offset: 0 };
}

const strided = (elements: number, strides: number[]): StridedSlice => ({ ...slice(elements), strides });

const scaledGelu = [
  {
    op: 'add',
    args: [
      { op: 'gelu', args: [{ op: 'mul', args: [{ input: 0 }, { input: 1 }] }] },
      { op: 'mul', args: [{ input: 2 }, { parameter: 0 }] },
    ],
  },
] as const;

/** Each makes a call's operands and runs it, so that the same numbers give the same call on each target. */
export const calls: Readonly<Record<string, () => Slice>> = {
  gemm: () => {
    const [m, n, k] = [fromOne(40), fromOne(70), fromOne(40)];
    const [transA, transB] = [random(2) === 1, random(2) === 1];
    const c = slice(m * n);
    const operands = { a: slice(m * k), b: slice(k * n), c, bias: slice(n), rowBias: slice(m) };
    gemm({ ...operands, m, n, k, transA, transB, beta: random(2), activation: { kind: 'relu' } });
    return c;
  },
  gemmBlocks: () => {
    const [m, n, k] = [fromOne(260), fromOne(520), fromOne(420)];
    const c = slice(m * n);
    gemm({ a: slice(m * k), b: slice(k * n), c, bias: slice(n), m, n, k, alpha: 0.01 });
    return c;
  },
  gemmPacked: () => {
    const [m, n, k] = [fromOne(200), fromOne(100), fromOne(420)];
    const [transA, transB] = [random(2) === 1, random(2) === 1];
    const c = slice(m * n);
    const a = packGemmOperand({ a: slice(m * k), m, k, transA });
    const b = packGemmOperand({ b: slice(k * n), n, k, transB });
    gemm({ a, b: slice(k * n), c, m, n, k, transB, alpha: 0.01 });
    gemm({ a: slice(m * k), b, c, m, n, k, transA, beta: 1, alpha: 0.01 });
    gemm({ a, b, c, m, n, k, beta: 0.5, alpha: 0.01 });
    return c;
  },
  gemmBatch: () => {
    const [m, n, k, outer, inner] = [fromOne(40), fromOne(70), fromOne(40), fromOne(3), fromOne(4)];
    const c = slice(outer * inner * m * n);
    gemm({
      a: slice(outer * m * k),
      b: slice(inner * k * n),
      c,
      m,
      n,
      k,
      transA: random(2) === 1,
      transB: random(2) === 1,
      batch: {
        shape: [outer, inner],
        a: [m * k, 0],
        b: [0, k * n],
        c: [inner * m * n, m * n],
      },
    });
    return c;
  },
  dot: () => {
    const [m, n, k] = [fromOne(4), fromOne(70), fromOne(100)];
    const c = slice(m * n);
    gemm({ a: slice(m * k), b: slice(k * n), c, bias: slice(n), m, n, k, transB: true });
    return c;
  },
  conv2d: () => convolutionCase('forward', 'plain'),
  depthwise: () => convolutionCase('forward', 'depthwise'),
  conv2dLayer: () => convolutionCase('forward', 'layer'),
  conv2dGradInput: () => convolutionCase('input', 'plain'),
  conv2dGradWeight: () => convolutionCase('weight', 'plain'),
  depthwiseGradInput: () => convolutionCase('input', 'depthwise'),
  depthwiseGradWeight: () => convolutionCase('weight', 'depthwise'),
  conv2dLayerGradInput: () => convolutionCase('input', 'layer'),
  conv2dLayerGradWeight: () => convolutionCase('weight', 'layer'),
  conv2dLines: () => convolutionCase('forward', 'lines'),
  conv2dLinesGradInput: () => convolutionCase('input', 'lines'),
  conv2dLinesGradWeight: () => convolutionCase('weight', 'lines'),
  conv3d: () => volumeCase('forward'),
  conv3dGradInput: () => volumeCase('input'),
  conv3dGradWeight: () => volumeCase('weight'),
  convTranspose2d: () => {
    const [inChannels, outChannels, inHeight, inWidth] = [fromOne(5), fromOne(5), fromOne(12), fromOne(20)];
    const [kernel, stride] = [fromOne(3), fromOne(3)];
    const out = (extent: number): number => (extent - 1) * stride + kernel;
    const y = slice(outChannels * out(inHeight) * out(inWidth));
    convTranspose2d({
      batch: 1,
      groups: 1,
      inChannels,
      outChannels,
      inHeight,
      inWidth,
      outHeight: out(inHeight),
      outWidth: out(inWidth),
      kernel: [kernel, kernel],
      stride: [stride, stride],
      dilation: [1, 1],
      padding: [0, 0, 0, 0],
      x: slice(inChannels * inHeight * inWidth),
      w: slice(inChannels * outChannels * kernel * kernel),
      bias: slice(outChannels),
      y,
    });
    return y;
  },
  blockedDirect: () => blockedConvolution('direct'),
  blockedPlanar: () => blockedConvolution('planar'),
  blockedDepthwise: () => blockedConvolution('depthwise'),
  blockedWinograd: () => blockedConvolution('winograd4'),
  blockedStrassen: () => blockedConvolution('strassen'),
  blockedPool: () => {
    const shape = { batch: fromOne(2), channels: fromOne(60), lanes: blockedLanes() };
    const size = fromOne(12);
    const x = blockedImage({ ...shape, height: size, width: size, border: [0, 0, 0, 0] }, true);
    const y = blockedImage({ ...shape, height: size, width: size, border: [0, 0, 0, 0] }, false);
    const kind = random(2) === 1 ? 'max' : 'average';
    blockedPool2d({ kind, x, y, kernel: [3, 3], stride: [1, 1], padding: [1, 1, 1, 1] });
    return plainOf(y);
  },
  pool2d: () => {
    const [planes, inHeight, inWidth] = [fromOne(4), 3 + random(20), 3 + random(40)];
    const [kernel, stride] = [fromOne(3), fromOne(3)];
    const out = (extent: number): number => Math.floor((extent - kernel) / stride) + 1;
    const y = slice(planes * out(inHeight) * out(inWidth));
    pool2d({
      kind: random(2) === 1 ? 'max' : 'average',
      planes,
      inHeight,
      inWidth,
      outHeight: out(inHeight),
      outWidth: out(inWidth),
      kernel: [kernel, kernel],
      stride: [stride, stride],
      padding: [0, 0, 0, 0],
      x: slice(planes * inHeight * inWidth),
      y,
    });
    return y;
  },
  pool3d: () => {
    const [volumes, size, kernel] = [fromOne(9), 3 + random(9), fromOne(3)];
    const extent = size - kernel + 1;
    const y = slice(volumes * extent ** 3);
    pool3d({
      kind: random(2) === 1 ? 'max' : 'average',
      volumes,
      inSize: [size, size, size],
      outSize: [extent, extent, extent],
      kernel: [kernel, kernel, kernel],
      stride: [1, 1, 1],
      padding: [0, 0, 0, 0, 0, 0],
      x: slice(volumes * size ** 3),
      y,
    });
    return y;
  },
  adaptivePool: () => {
    const [planes, inSize, outSize] = [fromOne(20), [fromOne(20), fromOne(40)], [fromOne(7), fromOne(7)]];
    const y = slice(planes * outSize[0]! * outSize[1]!);
    const x = slice(planes * inSize[0]! * inSize[1]!);
    adaptivePool({ kind: random(2) === 1 ? 'max' : 'average', planes, inSize, outSize, x, y });
    return y;
  },
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
    // Magnitudes, so that nothing cancels: executors round sums in different orders.
    reduce({ op: 'norm1', outer: 1, size, inner, x: slice(size * inner), y });
    return y;
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
  reduce: () => {
    const [outer, size, inner] = [fromOne(4), fromOne(150), random(2) === 1 ? 1 : fromOne(80)];
    const y = slice(outer * inner);
    const op = (['sum', 'mean', 'max', 'prod'] as const)[random(4)]!;
    reduce({ op, outer, size, inner, x: slice(outer * size * inner), y });
    return y;
  },
  softmax: () => {
    const [outer, size, inner] = [fromOne(4), fromOne(70), random(2) === 1 ? 1 : fromOne(40)];
    const y = slice(outer * size * inner);
    softmax({ outer, size, inner, x: slice(outer * size * inner), y });
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
  layerNorm: () => {
    const [outer, size] = [fromOne(20), fromOne(90)];
    const y = slice(outer * size);
    const operands = { x: slice(outer * size), y, weight: slice(size), bias: slice(size) };
    layerNorm({ outer, size, eps: 1e-2, ...operands, mean: slice(outer), rstd: slice(outer) });
    return y;
  },
  groupNorm: () => {
    const [batch, groups, inner] = [fromOne(8), fromOne(9), fromOne(40)];
    const channels = groups * fromOne(3);
    const y = slice(batch * channels * inner);
    const operands = {
      x: slice(batch * channels * inner),
      y,
      weight: slice(channels),
      bias: slice(channels),
    };
    groupNorm({ batch, channels, inner, groups, eps: 1e-2, ...operands });
    return y;
  },
  batchNorm: () => {
    const [batch, channels, inner] = [fromOne(5), fromOne(40), random(2) === 1 ? 1 : fromOne(40)];
    const y = slice(batch * channels * inner);
    const statistics = { mean: slice(channels), variance: slice(channels), eps: 1e-2 };
    batchNormTraining({ batch, channels, inner, x: slice(batch * channels * inner), y, ...statistics });
    return y;
  },
  softmaxBackward: () => {
    const [outer, size, inner] = [fromOne(9), fromOne(70), random(2) === 1 ? 1 : fromOne(40)];
    const count = outer * size * inner;
    const dx = slice(count);
    softmaxBackward({ outer, size, inner, dy: slice(count), y: slice(count), dx, log: random(2) === 1 });
    return dx;
  },
  crossEntropyBackward: () => {
    const [outer, classes, inner] = [fromOne(9), fromOne(70), random(2) === 1 ? 1 : fromOne(40)];
    const dx = slice(outer * classes * inner);
    crossEntropyBackward({
      outer,
      classes,
      inner,
      logProbabilities: slice(outer * classes * inner),
      targets: positions(outer * inner, classes),
      scales: slice(outer * inner),
      dx,
    });
    return dx;
  },
  layerNormBackward: () => {
    const [outer, size] = [fromOne(200), fromOne(90)];
    // The gradients of weight and bias lie behind the input's.
    const dx = slice((outer + 2) * size);
    const [dweight, dbias] = [0, 1].map((row) => ({ ...dx, offset: (outer + row) * size })) as [Slice, Slice];
    const statistics = { mean: slice(outer), rstd: slice(outer) };
    const operands = { dy: slice(outer * size), x: slice(outer * size), weight: slice(size), ...statistics };
    layerNormBackward({ outer, size, ...operands, dx, dweight, dbias });
    return dx;
  },
  rmsNormBackward: () => {
    const [outer, size] = [fromOne(200), fromOne(90)];
    const dx = slice((outer + 1) * size);
    const operands = { dy: slice(outer * size), x: slice(outer * size), rstd: slice(outer) };
    rmsNormBackward({ outer, size, ...operands, dx, dweight: { ...dx, offset: outer * size } });
    return dx;
  },
  batchNormBackward: () => {
    const [batch, channels, inner] = [fromOne(5), fromOne(40), random(2) === 1 ? 1 : fromOne(40)];
    const count = batch * channels * inner;
    const dx = slice(count + 2 * channels);
    const operands = {
      dy: slice(count),
      x: slice(count),
      weight: slice(channels),
      mean: slice(channels),
      rstd: slice(channels),
      dx,
      dweight: { ...dx, offset: count },
      dbias: { ...dx, offset: count + channels },
    };
    batchNormBackward({ batch, channels, inner, ...operands });
    return dx;
  },
  groupNormBackward: () => {
    const [batch, groups, inner] = [fromOne(8), fromOne(9), fromOne(40)];
    const channels = groups * fromOne(3);
    const count = batch * channels * inner;
    const dx = slice(count + 2 * channels);
    const operands = {
      dy: slice(count),
      x: slice(count),
      weight: slice(channels),
      mean: slice(batch * groups),
      rstd: slice(batch * groups),
      dx,
      dweight: { ...dx, offset: count },
      dbias: { ...dx, offset: count + channels },
    };
    groupNormBackward({ batch, channels, inner, groups, ...operands });
    return dx;
  },
  addRows: () => {
    const [outer, rows, count, inner] = [fromOne(5), fromOne(9), fromOne(20), fromOne(90)];
    const y = slice(outer * rows * inner);
    const operands = { x: slice(outer * count * inner), indices: positions(count, rows), y };
    addRows({ outer, rows, count, inner, ...operands, alpha: fromOne(2) });
    return y;
  },
  gatherRows: () => {
    const elementBytes = ([1, 2, 4, 8] as const)[random(4)]!;
    const [outer, rows, count, inner] = [
      random(2) === 1 ? 1 : fromOne(5),
      fromOne(9),
      fromOne(20),
      fromOne(20),
    ];
    const indices = positions(count, rows);
    const x: Slice = { storage: allocate(outer * rows * inner * elementBytes), offset: 0 };
    x.storage.bytes().forEach((_, i, all) => {
      all[i] = i * 37;
    });
    const y: Slice = { storage: allocate(outer * count * inner * elementBytes), offset: 0 };
    gatherRows({ outer, rows, count, inner, elementBytes, x, indices, y });
    return y;
  },
  gatherElements: () => {
    const { index, along, dense } = alongCase();
    gatherElements({ x: along, y: dense, index, elementBytes: 4 });
    return dense;
  },
  scatterElements: () => {
    const { index, along, dense } = alongCase();
    scatterElements({ x: along, source: dense, index, elementBytes: 4 });
    return along;
  },
  foldElements: () => {
    const { index, along, dense } = alongCase();
    foldElements({ op: 'add', dtype: 'float32', x: along, source: dense, index });
    return along;
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
  pad: () => {
    const shape = [fromOne(5), fromOne(9), fromOne(30)];
    const pads = shape.map(() => [random(4), random(4)] as const);
    const y = slice(shape.reduce((all, size, d) => all * (size + pads[d]![0] + pads[d]![1]), 1));
    const mode = random(2) === 1 ? 'constant' : 'replicate';
    pad({ mode, shape, pads, x: slice(shape.reduce((all, size) => all * size, 1)), y, value: 3 });
    return y;
  },
  resize: () => {
    const [planes, inHeight, inWidth] = [fromOne(9), fromOne(9), fromOne(30)];
    const taps = (outputs: number, size: number) => ({
      near: Int32Array.from({ length: outputs }, () => random(size)),
      far: Int32Array.from({ length: outputs }, () => random(size)),
      weight: Float32Array.from({ length: outputs }, () => random(5) / 4),
    });
    const [rows, columns] = [taps(fromOne(12), inHeight), taps(fromOne(40), inWidth)];
    const y = slice(planes * rows.near.length * columns.near.length);
    const mode = random(2) === 1 ? 'linear' : 'nearest';
    resize({ mode, planes, inHeight, inWidth, rows, columns, x: slice(planes * inHeight * inWidth), y });
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
  attention: () => {
    const [batch, queries, keys] = [fromOne(5), fromOne(40), fromOne(90)];
    const [depth, valueDepth] = [fromOne(20), fromOne(40)];
    const y = slice(batch * queries * valueDepth);
    const operands = {
      q: slice(batch * queries * depth),
      k: slice(batch * keys * depth),
      v: slice(batch * keys * valueDepth),
      y,
    };
    const mask = { ...slice(queries * keys), strides: [0, keys, 1] };
    const sizes = { batch, queries, keys, depth, valueDepth };
    scaledDotProductAttention({ ...sizes, ...operands, causal: random(2) === 1, ...(random(2) && { mask }) });
    return y;
  },
  copyStrided: () => {
    const elementBytes = ([1, 2, 4, 8] as const)[random(4)]!;
    const [rows, columns] = [fromOne(40), fromOne(40)];
    const bytes = (): Storage => {
      const storage = allocate(rows * columns * elementBytes);
      storage.bytes().forEach((_, i, all) => {
        all[i] = i * 37;
      });
      return storage;
    };
    const to: StridedSlice = { storage: bytes(), offset: 0, strides: [columns, 1] };
    const from = { storage: bytes(), offset: 0, strides: [1, rows] };
    copyStrided({ shape: [rows, columns], elementBytes, from, to });
    return to;
  },
};

/** int64 numbers below a bound. */
function positions(count: number, bound: number): Slice {
  const storage = allocate(count * 8);
  const bytes = storage.bytes();
  new BigInt64Array(bytes.buffer, bytes.byteOffset, count).forEach((_, i, all) => {
    all[i] = BigInt(random(bound));
  });
  return { storage, offset: 0 };
}

/** An index along one of three dimensions, and what it moves elements between. */
function alongCase(): { index: AlongIndex; along: StridedSlice; dense: StridedSlice } {
  const shape = [fromOne(6), fromOne(12), fromOne(30)] as const;
  const [dim, size] = [random(3), fromOne(9)];
  const stridesOf = (sizes: readonly number[]): number[] => [sizes[1]! * sizes[2]!, sizes[2]!, 1];
  const [count, lines] = [shape[0] * shape[1] * shape[2], shape.with(dim, size)];
  const indices = allocate(count * 8);
  const bytes = indices.bytes();
  new BigInt64Array(bytes.buffer, bytes.byteOffset, count).forEach((_, i, all) => {
    all[i] = BigInt(random(size));
  });
  return {
    index: { storage: indices, offset: 0, strides: stridesOf(shape), shape, dim, size },
    along: strided(lines[0]! * lines[1]! * lines[2]!, stridesOf(lines)),
    dense: strided(count, stridesOf(shape)),
  };
}

/** Bytes that mean something in every dtype. */
function bytesOf(length: number): Slice {
  const storage = allocate(length);
  storage.bytes().forEach((_, i, all) => {
    all[i] = (i * 37) & 0x3f;
  });
  return { storage, offset: 0 };
}

function blockedImage(shape: BlockedShape, filled: boolean): BlockedImage {
  const image = { ...shape, ...slice(blockedElements(shape)) };
  if (filled) toBlocked({ x: slice(shape.batch * shape.channels * shape.height * shape.width), y: image });
  return image;
}

/** A blocked image in plain layout, without what is unspecified in it. */
function plainOf(image: BlockedImage): Slice {
  const plain = slice(image.batch * image.channels * image.height * image.width);
  fromBlocked({ x: image, y: plain });
  return plain;
}

function blockedConvolution(method: Conv2dMethod): Slice {
  const depthwise = method === 'depthwise';
  const strassen = method === 'strassen';
  const few = method === 'planar' ? fromOne(4) : 1 + fromOne(40);
  const inChannels = strassen ? 32 * fromOne(2) : few;
  const many = fromOne(random(2) === 1 ? 40 : 300);
  const outChannels = depthwise ? inChannels : strassen ? 32 * fromOne(3) : many;
  const window = strassen && random(2) === 1 ? 1 : 3;
  const padding = (window - 1) / 2;
  const groups = depthwise ? inChannels : 1;
  const size = fromOne(20);
  const batch = fromOne(2);
  const extent = { inHeight: size, inWidth: size, outHeight: size, outWidth: size };
  const shape = {
    ...{ ...extent, batch, inChannels, outChannels, groups, kernel: [window, window] as const },
    ...{
      stride: [1, 1] as const,
      padding: [padding, padding, padding, padding] as const,
      dilation: [1, 1] as const,
    },
  };
  const w = slice((outChannels * inChannels * window ** 2) / groups);
  const weights = packConv2dWeights({ ...shape, method, w, bias: slice(outChannels) });
  const image = { batch, height: size, width: size };
  const input = {
    ...image,
    channels: inChannels,
    border: conv2dBorder(shape, method),
    lanes: inputLanes(method),
  };
  const output = { ...image, channels: outChannels, border: [1, 1, 1, 1] as const, lanes: blockedLanes() };
  const y = blockedImage(output, false);
  blockedConv2d({ x: blockedImage(input, true), weights, y, activation: { kind: 'relu' } });
  return plainOf(y);
}

/** What is computed of a convolution. */
type ConvolutionPart = 'forward' | 'input' | 'weight';
/** One group, a window for each channel, enough channels for blocks and Winograd's methods, or few channels of a batch. */
type ConvolutionKind = 'plain' | 'depthwise' | 'layer' | 'lines';

function convolutionCase(of: ConvolutionPart, kind: ConvolutionKind): Slice {
  if (kind === 'lines') return lineCase(of);
  const groups = kind === 'depthwise' ? 2 + random(3) : 1;
  const layer = kind === 'layer';
  const inChannels = layer ? 14 + random(30) : kind === 'depthwise' ? groups : fromOne(8);
  const outChannels = layer ? 14 + random(50) : kind === 'depthwise' ? groups * fromOne(2) : fromOne(20);
  const kernel = layer ? 1 + 2 * random(2) : fromOne(4);
  const [stride, padding, batch] = [fromOne(layer ? 2 : 3), random(3), fromOne(3)];
  const [inHeight, inWidth] = [4 + random(20), 4 + random(layer ? 24 : 40)];
  const out = (extent: number): number => Math.floor((extent + 2 * padding - kernel) / stride) + 1;
  const shape = {
    ...{ batch, groups, inChannels, outChannels, inHeight, inWidth },
    ...{ outHeight: out(inHeight), outWidth: out(inWidth) },
    kernel: [kernel, kernel],
    stride: [stride, stride],
    dilation: [1, 1],
    padding: [padding, padding, padding, padding],
  } as const;
  return partOf(of, shape);
}

/** Few channels of each group, and a batch that is cut into chunks. */
function lineCase(of: ConvolutionPart): Slice {
  const [batch, groups, kernel, padding] = [fromOne(24), fromOne(3), 2 + random(4), random(3)];
  const [inChannels, outChannels] = [groups * (1 + fromOne(4)), groups * (random(2) === 1 ? fromOne(9) : 16)];
  const [inHeight, inWidth] = [6 + random(12), 6 + random(40)];
  const grown = 2 * padding - kernel + 1;
  return partOf(of, {
    ...{ batch, groups, inChannels, outChannels, inHeight, inWidth },
    ...{ outHeight: inHeight + grown, outWidth: inWidth + grown },
    kernel: [kernel, kernel],
    stride: [1, 1],
    dilation: [1, 1],
    padding: [padding, padding, padding, padding],
  });
}

function partOf(of: ConvolutionPart, shape: ConvolutionShape): Slice {
  const { batch, inChannels, outChannels, groups, kernel } = shape;
  const x = slice(batch * inChannels * shape.inHeight * shape.inWidth);
  const w = slice((inChannels / groups) * outChannels * kernel[0] * kernel[1]);
  const y = slice(batch * outChannels * shape.outHeight * shape.outWidth);
  if (of === 'forward') conv2d({ ...shape, x, w, bias: slice(outChannels), y });
  else if (of === 'input') conv2dGradInput({ ...shape, dy: y, w, dx: x });
  else conv2dGradWeight({ ...shape, x, dy: y, dw: w });
  return of === 'forward' ? y : of === 'input' ? x : w;
}

/** 3-D, which is many calls of the 2-D kernels. */
function volumeCase(of: ConvolutionPart): Slice {
  const [batch, inChannels, outChannels] = [fromOne(2), fromOne(10), fromOne(10)];
  const inSize = [3 + random(4), 3 + random(8), 3 + random(12)];
  const shape = {
    ...{ batch, inChannels, outChannels, inSize, groups: 1, outSize: inSize },
    kernel: [3, 3, 3],
    stride: [1, 1, 1],
    dilation: [1, 1, 1],
    padding: [[1, 1] as const, [1, 1] as const, [1, 1] as const],
  };
  const pixels = inSize[0]! * inSize[1]! * inSize[2]!;
  const x = slice(batch * inChannels * pixels);
  const w = slice(inChannels * outChannels * 27);
  const y = slice(batch * outChannels * pixels);
  if (of === 'forward') convolve3d({ ...shape, x, w, y });
  else if (of === 'input') convolutionGradInput({ ...shape, dy: y, w, dx: x });
  else convolutionGradWeight({ ...shape, x, dy: y, dw: w });
  return of === 'forward' ? y : of === 'input' ? x : w;
}
