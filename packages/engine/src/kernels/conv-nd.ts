// Convolution along one, two or three dimensions, its transpose and its gradients, in every floating-point dtype.

import { dtypeBytes } from '../dtype.ts';
import { EngineError } from '../errors.ts';
import { checkSizes, regionOf } from '../operands.ts';
import { withScratch } from '../runtime/executor.ts';
import type { Region } from '../runtime/region.ts';
import type { Activation, Slice } from '../types.ts';
import { columnsInputGradient, columnsWeightGradient, convolveColumns } from './conv-columns.ts';
import { inputGradient } from './conv-grad-input.ts';
import { weightGradient } from './conv-grad-weight.ts';
import {
  asConv2d,
  type ConvolutionNdShape,
  checkNd,
  type NdElements,
  ndElements,
  raised,
} from './conv-nd-shape.ts';
import { convolveVolume, volumeInputGradient, volumeWeightGradient } from './conv-volume.ts';
import { convolve } from './conv2d.ts';
import { cast, fill } from './elementwise.ts';

/** Element types of convolutions; float16 and bfloat16 are computed in float32. */
export type ConvolutionDType = 'float32' | 'float64' | 'float16' | 'bfloat16';

/** What all operators have in common. */
interface ConvolutionNdOptions {
  /** Of all operands; `float32` by default. */
  readonly dtype?: ConvolutionDType;
  /** Forbids Winograd's methods, which round differently. */
  readonly exact?: boolean;
}

/** Parameters of {@link convolution}. */
export interface ConvolutionNdParameters extends ConvolutionNdShape, ConvolutionNdOptions {
  /** `[batch, inChannels, ...inSize]`. */
  readonly x: Slice;
  /** `[outChannels, inChannels / groups, ...kernel]`. */
  readonly w: Slice;
  /** Length `outChannels`. */
  readonly bias?: Slice;
  readonly y: Slice;
  readonly activation?: Activation;
}

/** Parameters of {@link convolutionTranspose}. */
export interface ConvolutionTransposeNdParameters extends ConvolutionNdShape, ConvolutionNdOptions {
  /** `[batch, inChannels, ...inSize]`. */
  readonly x: Slice;
  /** `[inChannels, outChannels / groups, ...kernel]`. */
  readonly w: Slice;
  /** Length `outChannels`. */
  readonly bias?: Slice;
  readonly y: Slice;
  /** Places added at the end of each dimension of the output, part of `outSize`. */
  readonly outputPadding?: readonly number[];
  readonly activation?: Activation;
}

/** Parameters of {@link convolutionGradInput}; the shape is the forward convolution's. */
export interface ConvolutionNdGradInputParameters extends ConvolutionNdShape, ConvolutionNdOptions {
  readonly dy: Slice;
  readonly w: Slice;
  /** Gets the gradient of the input. */
  readonly dx: Slice;
}

/** Parameters of {@link convolutionGradWeight}; the shape is the forward convolution's. */
export interface ConvolutionNdGradWeightParameters extends ConvolutionNdShape, ConvolutionNdOptions {
  readonly x: Slice;
  readonly dy: Slice;
  /** Gets the gradient of the weights. */
  readonly dw: Slice;
}

/**
 * Cross-correlation along one, two or three dimensions, then bias and activation: PyTorch's `conv1d`, `conv2d` and `conv3d`,
 * with padding that may differ from side to side. float32 along one or two dimensions is `conv2d`, along three `conv2d` of
 * slices; float64 is a matrix product over gathered columns.
 *
 * @throws EngineError when sizes are invalid, windows leave the padded input, or a slice is too small.
 */
export function convolution(p: ConvolutionNdParameters): void {
  const name = 'convolution';
  const elements = checkNd(name, p);
  const sizes = { x: elements.x, w: elements.w, bias: elements.bias };
  run(name, p, elements, { x: p.x, w: p.w, bias: p.bias }, sizes, ['y', p.y, elements.y], forward);
}

/**
 * PyTorch's `conv_transpose1d`, `2d` and `3d`, then activation. `outSize` includes `outputPadding`.
 * @throws EngineError when sizes are invalid, windows leave the output, or a slice is too small.
 */
export function convolutionTranspose(p: ConvolutionTransposeNdParameters): void {
  const name = 'convolutionTranspose';
  const { inChannels, inSize, outChannels, outSize, outputPadding = [] } = p;
  for (const [d, size] of outputPadding.entries()) checkSizes(name, { [`output padding ${d}`]: size });
  const images = { inChannels: outChannels, inSize: outSize, outChannels: inChannels, outSize: inSize };
  const shape = { ...p, ...images };
  const elements = checkNd(name, shape, outputPadding);
  const sizes = { dy: elements.y, w: elements.w, bias: outChannels };
  const operands = { dy: p.x, w: p.w, bias: p.bias };
  run(name, shape, elements, operands, sizes, ['y', p.y, elements.x], backwardInput);
}

/**
 * The gradient of {@link convolution} with respect to its input.
 * @throws EngineError when sizes are invalid, windows leave the padded input, or a slice is too small.
 */
export function convolutionGradInput(p: ConvolutionNdGradInputParameters): void {
  const name = 'convolutionGradInput';
  const elements = checkNd(name, p);
  const sizes = { dy: elements.y, w: elements.w };
  run(name, p, elements, { dy: p.dy, w: p.w }, sizes, ['dx', p.dx, elements.x], backwardInput);
}

/**
 * The gradient of {@link convolution} with respect to its weights.
 * @throws EngineError when sizes are invalid, windows leave the padded input, or a slice is too small.
 */
export function convolutionGradWeight(p: ConvolutionNdGradWeightParameters): void {
  const name = 'convolutionGradWeight';
  const elements = checkNd(name, p);
  const sizes = { x: elements.x, dy: elements.y };
  run(name, p, elements, { x: p.x, dy: p.dy }, sizes, ['dw', p.dw, elements.w], backwardWeight);
}

/** Operands by name; which there are depends on the operator. */
type Operands = Readonly<Record<string, Slice | undefined>>;

interface Call {
  readonly shape: ConvolutionNdShape;
  readonly operands: Operands;
  readonly result: Slice;
  readonly activation: Activation | undefined;
  readonly exact: boolean;
  readonly dtype: 'float32' | 'float64';
}

/** Checks slices, brings halves into float32, and runs an operator. */
function run(
  name: string,
  p: ConvolutionNdShape & ConvolutionNdOptions & { readonly activation?: Activation },
  { x, y }: NdElements,
  operands: Operands,
  sizes: Readonly<Record<string, number>>,
  [resultName, result, length]: readonly [string, Slice, number],
  body: (call: Call) => void,
): void {
  const { dtype = 'float32', activation, exact = false } = p;
  if (!['float32', 'float64', 'float16', 'bfloat16'].includes(dtype)) {
    throw new EngineError(name, 'invalid dtype', 'float32, float64, float16 or bfloat16', dtype);
  }
  for (const [key, slice] of Object.entries(operands)) {
    if (slice) regionOf(name, key, slice, sizes[key]!, dtypeBytes[dtype]);
  }
  regionOf(name, resultName, result, length, dtypeBytes[dtype]);
  if (length === 0) return;
  const to = { ...result, strides: [1], dtype };
  // Without inputs or outputs there is nothing to sum up.
  if ((x === 0 || y === 0) && !operands['bias'] && !activation) {
    fill({ to, value: 0, shape: [length] });
    return;
  }
  const call = { shape: p, activation, exact };
  if (dtype === 'float32' || dtype === 'float64') {
    body({ ...call, operands, result, dtype });
    return;
  }
  const widen = (names: readonly string[], ready: Operands): void => {
    const [key, ...rest] = names;
    if (key === undefined) {
      withScratch(length, ({ storage }) => {
        const wide = { storage: storage!, offset: 0 };
        body({ ...call, operands: ready, result: wide, dtype: 'float32' });
        cast({ from: { ...wide, strides: [1], dtype: 'float32' }, to, shape: [length] });
      });
      return;
    }
    const slice = operands[key];
    if (!slice) {
      widen(rest, ready);
      return;
    }
    withScratch(sizes[key]!, ({ storage }) => {
      const wide = { storage: storage!, offset: 0 };
      const [from, shape] = [{ ...slice, strides: [1], dtype }, [sizes[key]!]];
      cast({ from, to: { ...wide, strides: [1], dtype: 'float32' }, shape });
      widen(rest, { ...ready, [key]: wide });
    });
  };
  widen(Object.keys(operands), {});
}

function forward({ shape, operands, result: y, activation, exact, dtype }: Call): void {
  const [x, w, bias] = [operands['x']!, operands['w']!, operands['bias']];
  if (dtype === 'float64') convolveColumns(shape, { x, w, y, bias, activation });
  else if (shape.inSize.length === 3) convolveVolume(shape, { x, w, y, bias, activation, exact });
  else {
    const flat = asConv2d(raised(shape, 2));
    const at = regions(shape);
    const shift = bias && at.bias(bias);
    convolve({ shape: flat, x: at.x(x), w: at.w(w), y: at.y(y), bias: shift, activation, exact });
  }
}

function backwardInput({ shape, operands, result: dx, activation, exact, dtype }: Call): void {
  const [dy, w, bias] = [operands['dy']!, operands['w']!, operands['bias']];
  if (dtype === 'float64') columnsInputGradient(shape, { dy, w, dx, bias, activation });
  else if (shape.inSize.length === 3) volumeInputGradient(shape, { dy, w, dx, bias, activation, exact });
  else {
    const flat = asConv2d(raised(shape, 2));
    const at = regions(shape);
    const shift = bias && regionOf('convolution', 'bias', bias, shape.inChannels);
    inputGradient({ shape: flat, dy: at.y(dy), w: at.w(w), dx: at.x(dx), bias: shift, activation, exact });
  }
}

function backwardWeight({ shape, operands, result: dw, exact, dtype }: Call): void {
  const [x, dy] = [operands['x']!, operands['dy']!];
  if (dtype === 'float64') columnsWeightGradient(shape, { x, dy, dw });
  else if (shape.inSize.length === 3) volumeWeightGradient(shape, { x, dy, dw, exact });
  else {
    const at = regions(shape);
    weightGradient({ shape: asConv2d(raised(shape, 2)), x: at.x(x), dy: at.y(dy), dw: at.w(dw), exact });
  }
}

/** Regions of operands that have been checked, by what they are in the forward convolution. */
function regions(shape: ConvolutionNdShape): Readonly<Record<keyof NdElements, (slice: Slice) => Region>> {
  const elements = ndElements(shape);
  const of =
    (key: keyof NdElements) =>
    (slice: Slice): Region =>
      regionOf('convolution', key, slice, elements[key]);
  return { x: of('x'), w: of('w'), y: of('y'), bias: of('bias') };
}
