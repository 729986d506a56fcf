// Convolutions along one, two or three dimensions: their sizes, checks, and what they are in other words.

import { EngineError } from '../errors.ts';
import { checkSizes } from '../operands.ts';
import type { ConvolutionShape, Padding } from '../types.ts';

/** Sizes of a convolution along one to three dimensions; images are `[batch, channels, ...size]`. */
export interface ConvolutionNdShape {
  readonly batch: number;
  readonly inChannels: number;
  /** Extent of the input along each dimension. */
  readonly inSize: readonly number[];
  readonly outChannels: number;
  /** Extent of the output along each dimension. */
  readonly outSize: readonly number[];
  readonly kernel: readonly number[];
  readonly stride: readonly number[];
  readonly padding: readonly (readonly [before: number, after: number])[];
  readonly dilation: readonly number[];
  readonly groups: number;
}

/** Numbers of elements of a convolution's operands, images as the forward has them. */
export interface NdElements {
  readonly x: number;
  readonly w: number;
  readonly y: number;
  readonly bias: number;
}

export const product = (sizes: readonly number[]): number => sizes.reduce((all, size) => all * size, 1);

/**
 * Checks sizes, and that windows lie inside the padded input.
 * @param slack - what the input may be larger than padding tells, along each dimension: a transposed convolution's output
 * padding.
 * @throws EngineError
 */
export function checkNd(name: string, p: ConvolutionNdShape, slack: readonly number[] = []): NdElements {
  const rank = p.inSize.length;
  if (rank < 1 || rank > 3) throw new EngineError(name, 'invalid rank', '1, 2 or 3', rank);
  for (const key of ['outSize', 'kernel', 'stride', 'padding', 'dilation'] as const) {
    if (p[key].length !== rank) throw new EngineError(name, `${key} has another rank`, rank, p[key].length);
  }
  checkSizes(name, { batch: p.batch });
  checkSizes(name, { inChannels: p.inChannels, outChannels: p.outChannels, groups: p.groups }, 1);
  if (p.inChannels % p.groups !== 0 || p.outChannels % p.groups !== 0) {
    const got = `${p.inChannels} in and ${p.outChannels} out`;
    throw new EngineError(name, 'channels do not divide into groups', `multiples of ${p.groups}`, got);
  }
  for (let d = 0; d < rank; d++) {
    const [kernel, stride, dilation] = [p.kernel[d]!, p.stride[d]!, p.dilation[d]!];
    const [before, after] = p.padding[d]!;
    checkSizes(name, { [`inSize ${d}`]: p.inSize[d]!, [`outSize ${d}`]: p.outSize[d]! });
    checkSizes(name, { [`padding before ${d}`]: before, [`padding after ${d}`]: after });
    checkSizes(name, { [`kernel ${d}`]: kernel, [`stride ${d}`]: stride, [`dilation ${d}`]: dilation }, 1);
    const padded = p.inSize[d]! - (slack[d] ?? 0) + before + after;
    const reach = (p.outSize[d]! - 1) * stride + (kernel - 1) * dilation + 1;
    if (p.outSize[d]! > 0 && reach > padded) {
      const problem = `windows reach beyond the padded input along dimension ${d}`;
      throw new EngineError(name, problem, `at most ${padded}`, reach);
    }
  }
  return ndElements(p);
}

export function ndElements(p: ConvolutionNdShape): NdElements {
  return {
    x: p.batch * p.inChannels * product(p.inSize),
    w: ((p.inChannels * p.outChannels) / p.groups) * product(p.kernel),
    y: p.batch * p.outChannels * product(p.outSize),
    bias: p.outChannels,
  };
}

/** The same convolution along more dimensions, which are 1. */
export function raised(p: ConvolutionNdShape, rank: number): ConvolutionNdShape {
  const missing = rank - p.inSize.length;
  const ones = Array<number>(missing).fill(1);
  const none = Array<readonly [number, number]>(missing).fill([0, 0]);
  return {
    batch: p.batch,
    inChannels: p.inChannels,
    inSize: [...ones, ...p.inSize],
    outChannels: p.outChannels,
    outSize: [...ones, ...p.outSize],
    kernel: [...ones, ...p.kernel],
    stride: [...ones, ...p.stride],
    padding: [...none, ...p.padding],
    dilation: [...ones, ...p.dilation],
    groups: p.groups,
  };
}

/** A convolution along two dimensions in the words of `conv2d`. */
export function asConv2d(p: ConvolutionNdShape): ConvolutionShape {
  const pair = (values: readonly number[]): readonly [number, number] => [values[0]!, values[1]!];
  return {
    batch: p.batch,
    inChannels: p.inChannels,
    inHeight: p.inSize[0]!,
    inWidth: p.inSize[1]!,
    outChannels: p.outChannels,
    outHeight: p.outSize[0]!,
    outWidth: p.outSize[1]!,
    kernel: pair(p.kernel),
    stride: pair(p.stride),
    padding: p.padding.slice(0, 2).flat() as unknown as Padding,
    dilation: pair(p.dilation),
    groups: p.groups,
  };
}

/** Places of outputs, one after the other, whose tap `tap` lies inside the input. */
export function validOutputs(
  p: ConvolutionNdShape,
  dimension: number,
  tap: number,
): { readonly first: number; readonly count: number } {
  const [stride, before] = [p.stride[dimension]!, p.padding[dimension]![0]];
  const shift = tap * p.dilation[dimension]! - before;
  const first = Math.max(0, Math.ceil(-shift / stride));
  const last = Math.min(p.outSize[dimension]! - 1, Math.floor((p.inSize[dimension]! - 1 - shift) / stride));
  return { first, count: Math.max(0, last - first + 1) };
}
