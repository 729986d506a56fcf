/** What both directions of convolution share: checks of their operands, and running them. */
import {
  type ConvolutionShape,
  conv2d as engineConv2d,
  convTranspose2d as engineConvTranspose2d,
} from '@sconce/engine';
import { cast, fillElements, flatElements, materialize, newTensor, sliceOf } from '../access.ts';
import { checkTensor } from '../arguments.ts';
import { dtypeInfo } from '../dtype.ts';
import { fail, showSizes } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { type Elements, plainConv2d, plainConvTranspose2d } from './convolution-plain.ts';
import { flatSides, imageOf, type Sides, unbatched } from './window.ts';

/** Options of `conv2d` as layers of the dispatcher see them. */
export interface CanonicalConv2d {
  readonly stride: readonly [number, number];
  readonly padding: Sides;
  readonly dilation: readonly [number, number];
  readonly groups: number;
}

/** Checks ranks and dtypes, which both directions want alike. */
export function checkOperands(operator: string, x: Tensor, weight: Tensor, bias: Tensor | null): void {
  checkTensor(operator, 'input', x);
  checkTensor(operator, 'weight', weight);
  if (weight.ndim !== 4) {
    fail(
      operator,
      'weight must have 4 dimensions',
      '[channels, channels / groups, height, width]',
      showSizes(weight.shape),
    );
  }
  if (x.ndim !== 3 && x.ndim !== 4) {
    fail(
      operator,
      `Expected 3D (unbatched) or 4D (batched) input to ${operator}, but got input of size: ${showSizes(x.shape)}`,
    );
  }
  for (const other of [weight, bias]) {
    if (other !== null && other.dtype !== x.dtype) {
      const [a, b] = [dtypeInfo(x.dtype).scalarName, dtypeInfo(other.dtype).scalarName];
      fail(
        operator,
        `Input type (${a}) and ${other === bias ? 'bias' : 'weight'} type (${b}) should be the same`,
      );
    }
  }
  if (dtypeInfo(x.dtype).kind === 'bool') {
    fail(
      operator,
      `"${operator}" not implemented for '${dtypeInfo(x.dtype).scalarName}'`,
      'a dtype of numbers',
      x.dtype,
    );
  }
}

/** Checks that a bias has one element for each channel of the output. */
export function checkBias(operator: string, bias: Tensor | null, channels: number, weight: Tensor): void {
  if (bias !== null && (bias.ndim !== 1 || bias.shape[0] !== channels)) {
    fail(
      operator,
      `Given weight of size ${showSizes(weight.shape)}, expected bias to be 1-dimensional with ${channels} elements, but got bias of size ${showSizes(bias.shape)} instead`,
    );
  }
}

/** A convolution whose arguments are checked. */
export interface Convolution {
  readonly x: Tensor;
  readonly weight: Tensor;
  readonly bias: Tensor | null;
  /** Height and width of the output. */
  readonly size: readonly [number, number];
  /** Channels of the output. */
  readonly channels: number;
  readonly options: CanonicalConv2d;
}

type Direction = 'forward' | 'transposed';

const directions: Record<Direction, { engine: typeof engineConvTranspose2d; plain: typeof plainConv2d }> = {
  forward: { engine: engineConv2d, plain: plainConv2d },
  transposed: { engine: engineConvTranspose2d, plain: plainConvTranspose2d },
};

/** Runs one of the two directions: float32 on the engine, other dtypes in plain loops. */
export function runConvolution(
  operator: string,
  direction: Direction,
  { x, weight, bias, size, channels, options }: Convolution,
): Tensor {
  const image = imageOf(operator, x);
  const [batch, inChannels, inHeight, inWidth] = image.shape;
  const output = newTensor([batch, channels, ...size], image.dtype);
  if (output.numel() > 0) {
    const w = materialize(cast(weight, image.dtype));
    const b = bias === null ? null : materialize(cast(bias, image.dtype));
    if (image.numel() === 0 || w.numel() === 0) {
      fail(
        'convolution',
        'an input without elements cannot give an output with elements',
        'channels and kernels that are not empty',
        showSizes(image.shape),
      );
    }
    const geometry: ConvolutionShape = {
      batch,
      inChannels,
      inHeight,
      inWidth,
      outChannels: channels,
      outHeight: size[0],
      outWidth: size[1],
      kernel: [weight.shape[2]!, weight.shape[3]!],
      stride: options.stride,
      padding: flatSides(options.padding),
      dilation: options.dilation,
      groups: options.groups,
    };
    const { engine, plain } = directions[direction];
    if (image.dtype === 'float32') {
      const optional = b === null ? {} : { bias: sliceOf(b) };
      engine({ x: sliceOf(image), w: sliceOf(w), y: sliceOf(output), ...optional, ...geometry });
    } else {
      fillElements(output, 0);
      const read = (tensor: Tensor): Elements => flatElements(tensor) as unknown as Elements;
      const multiply = image.dtype === 'int32' ? Math.imul : (p: number, q: number): number => p * q;
      const biasElements = b === null ? undefined : read(b);
      plain({ x: read(image), w: read(w), bias: biasElements, y: read(output), multiply, ...geometry });
    }
  }
  return cast(unbatched(x, output), x.dtype);
}
