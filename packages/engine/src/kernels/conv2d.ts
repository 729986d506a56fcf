// 2-D convolution of plain images, by the road that is fastest: on blocked images, as a matrix product, or channel by channel.

import { checkWindows, convolutionElements, convolutionSizes } from '../convolution-operands.ts';
import { EngineError } from '../errors.ts';
import { regionOf } from '../operands.ts';
import { part, type Region } from '../runtime/region.ts';
import type { Activation, Conv2dParameters, ConvolutionShape, Expression } from '../types.ts';
import { convolveBatch } from './conv-batch.ts';
import { batchPays } from './conv-batch-layout.ts';
import { convolveByGemm } from './conv-gemm.ts';
import { convolveLines, lineWeights } from './conv-lines.ts';
import {
  type ConvolutionRoad,
  checkPacked,
  chooseRoad,
  groupOf,
  PackedConvolution,
  packableGroup,
} from './conv-packed.ts';
import { convolveThroughBlocks, withWeights } from './conv-through-blocks.ts';
import { depthwise } from './depthwise.ts';
import { fusedElementwise } from './fused-elementwise.ts';

/** Operands of a convolution, checked. */
export interface Convolution {
  readonly shape: ConvolutionShape;
  readonly x: Region;
  readonly w: Region | PackedConvolution;
  readonly bias: Region | undefined;
  readonly y: Region;
  readonly activation: Activation | undefined;
  readonly exact: boolean;
}

/**
 * Cross-correlation of NCHW images with a bank of kernels, then bias, residual and activation: PyTorch's `conv2d`, with
 * padding that may differ from side to side. float32 throughout. Winograd's methods, which round differently (see
 * `chooseConv2d`), are used where they are faster, unless `exact`.
 *
 * @throws EngineError when sizes are invalid, windows leave the padded image, a slice is too small, or weights were packed
 * for another convolution.
 */
export function conv2d(p: Conv2dParameters): void {
  convolutionSizes('conv2d', p);
  checkWindows('conv2d', p, [p.inHeight, p.inWidth], [p.outHeight, p.outWidth]);
  const elements = convolutionElements(p);
  const packed = p.w instanceof PackedConvolution;
  if (packed) checkPacked('conv2d', p.w as PackedConvolution, p);
  if (packed && p.bias) throw new EngineError('conv2d', 'packed weights hold the bias', 'no bias', 'a bias');
  const x = regionOf('conv2d', 'x', p.x, elements.x);
  const w = p.w instanceof PackedConvolution ? p.w : regionOf('conv2d', 'w', p.w, elements.w);
  const bias = p.bias && regionOf('conv2d', 'bias', p.bias, elements.bias);
  const y = regionOf('conv2d', 'y', p.y, elements.y);
  if (p.residual) regionOf('conv2d', 'residual', p.residual, elements.y);
  if (elements.y === 0) return;
  const activation = p.residual ? undefined : p.activation;
  convolve({ shape: p, x, w, bias, y, activation, exact: p.exact ?? false });
  if (p.residual) addResidual(p, elements.y);
}

/** Runs a convolution by its road. */
export function convolve(p: Convolution): void {
  const packed = p.w instanceof PackedConvolution ? p.w : undefined;
  if (packed === undefined && batchPays(p.shape)) convolveBatch({ ...p, w: p.w as Region });
  else roads[packed?.road ?? chooseRoad(p.shape)](p, packed);
}

type Run = (p: Convolution, packed: PackedConvolution | undefined) => void;

const roads: Readonly<Record<ConvolutionRoad, Run>> = {
  depthwise: (p, packed) => {
    const [w, bias] = packed ? [packed.weights!, packed.bias] : [p.w as Region, p.bias];
    depthwise({ ...p.shape, activation: p.activation }, { x: p.x, w, bias, y: p.y });
  },
  gemm: (p, packed) => {
    const [w, bias] = packed ? [packed.weights!, packed.bias] : [p.w as Region, p.bias];
    convolveByGemm({ ...p, w, bias, packed: packed !== undefined });
  },
  lines: (p, packed) => {
    const [w, bias] = packed ? [packed.weights!, packed.bias] : [p.w as Region, p.bias];
    convolveLines({ ...p, weights: lineWeights(p.shape, w), bias });
  },
  blocked: (p, packed) => {
    const { shape, activation } = p;
    const one = groupOf(shape);
    const taps = one.kernel[0] * one.kernel[1];
    const size = one.inChannels * one.outChannels * taps;
    const [inPlane, outPlane] = [one.inHeight * one.inWidth, one.outHeight * one.outWidth];
    for (let group = 0; group < shape.groups; group++) {
      const job = {
        shape: one,
        x: { region: part(p.x, group * one.inChannels * inPlane), step: shape.inChannels * inPlane },
        y: { region: part(p.y, group * one.outChannels * outPlane), step: shape.outChannels * outPlane },
        activation,
      };
      if (packed) {
        convolveThroughBlocks({ ...job, packed: packed.groups[group]! });
        continue;
      }
      const source = { w: part(p.w as Region, group * size, size), taps, transposed: false };
      const bias = p.bias && part(p.bias, group * one.outChannels, one.outChannels);
      const target = { shape: packableGroup(shape, p.exact), order: [...Array(taps).keys()] };
      withWeights(source, bias, [target], (weights) =>
        convolveThroughBlocks({ ...job, packed: weights[0]! }),
      );
    }
  },
};

/** Results plus an image of their size, and the activation. */
function addResidual(p: Conv2dParameters, elements: number): void {
  const { activation } = p;
  const kind = activation?.kind ?? 'none';
  const parameters = activation?.kind === 'clamp' ? [activation.min, activation.max] : [];
  fusedElementwise({
    expressions: residualSums[kind],
    inputs: [
      { ...p.y, strides: [1] },
      { ...p.residual!, strides: [1] },
    ],
    outputs: [{ ...p.y, strides: [1] }],
    shape: [elements],
    parameters,
  });
}

const sum: Expression = { op: 'add', args: [{ input: 0 }, { input: 1 }] };

/** Kept, so that each is analysed once. */
const residualSums: Readonly<Record<'none' | Activation['kind'], readonly Expression[]>> = {
  none: [sum],
  relu: [{ op: 'relu', args: [sum] }],
  clamp: [{ op: 'clamp', args: [sum, { parameter: 0 }, { parameter: 1 }] }],
};
