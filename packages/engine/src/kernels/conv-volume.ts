// 3-D convolution as 2-D convolution: for each slice of the output, the slices of the input that it sees are as many
// channels.

import { regionOf } from '../operands.ts';
import { withScratch } from '../runtime/executor.ts';
import type { Region } from '../runtime/region.ts';
import type { Activation, ConvolutionShape, Slice } from '../types.ts';
import { inputGradient } from './conv-grad-input.ts';
import { weightGradient } from './conv-grad-weight.ts';
import { asConv2d, type ConvolutionNdShape, product, validOutputs } from './conv-nd-shape.ts';
import { sliceOf } from './conv-through-blocks.ts';
import { convolve } from './conv2d.ts';
import { copyStrided } from './copy-strided.ts';
import { elementwise, fill } from './elementwise.ts';

/** Elements of gathered slices that are convolved at once, unless one image has more. */
const CHUNK_ELEMENTS = 1 << 24;

/** Sizes of a 3-D convolution, in elements. */
interface Volume {
  readonly shape: ConvolutionNdShape;
  /** One image as a 2-D convolution: slices are the batch, taps along depth times channels the channels. */
  readonly flat: ConvolutionShape;
  readonly inGroup: number;
  readonly inPlane: number;
  readonly outPlane: number;
  readonly kernelPlane: number;
  /** Gathered slices of one image, and its output. */
  readonly gathered: number;
  readonly results: number;
  readonly weights: number;
  /** Images at once. */
  readonly chunk: number;
}

function volumeOf(shape: ConvolutionNdShape): Volume {
  const rest = (values: readonly number[]): readonly number[] => values.slice(1);
  const [depth, taps] = [shape.outSize[0]!, shape.kernel[0]!];
  const flat = asConv2d({
    ...shape,
    batch: depth,
    inChannels: shape.inChannels * taps,
    inSize: rest(shape.inSize),
    outSize: rest(shape.outSize),
    kernel: rest(shape.kernel),
    stride: rest(shape.stride),
    padding: shape.padding.slice(1),
    dilation: rest(shape.dilation),
  });
  const [inPlane, outPlane] = [product(rest(shape.inSize)), product(rest(shape.outSize))];
  const gathered = depth * flat.inChannels * inPlane;
  const inGroup = shape.inChannels / shape.groups;
  const kernelPlane = product(rest(shape.kernel));
  return {
    shape,
    flat,
    inGroup,
    inPlane,
    outPlane,
    kernelPlane,
    gathered,
    results: depth * shape.outChannels * outPlane,
    weights: shape.outChannels * inGroup * taps * kernelPlane,
    chunk: Math.max(1, Math.min(shape.batch, Math.floor(CHUNK_ELEMENTS / gathered))),
  };
}

function region(slice: Slice, elements: number): Region {
  return regionOf('convolution', 'slices', slice, elements);
}

const at = ({ storage, offset }: Slice, elements: number): Slice => ({ storage, offset: offset + elements });

/** Calls `body` with the slices that a tap along depth joins, of one image: `[outputs, groups, channels, pixels]`. */
function eachTap(
  { shape, inGroup, inPlane, gathered }: Volume,
  body: (tap: {
    readonly shape: readonly number[];
    /** In the image. */
    readonly image: { readonly offset: number; readonly strides: readonly number[] };
    /** In the gathered slices. */
    readonly slices: { readonly offset: number; readonly strides: readonly number[] };
  }) => void,
): void {
  const [depth, taps] = [shape.inSize[0]!, shape.kernel[0]!];
  const perOutput = gathered / shape.outSize[0]!;
  for (let tap = 0; tap < taps; tap++) {
    const { first, count } = validOutputs(shape, 0, tap);
    if (count === 0) continue;
    const slice = first * shape.stride[0]! + tap * shape.dilation[0]! - shape.padding[0]![0];
    body({
      shape: [count, shape.groups, inGroup, inPlane],
      image: {
        offset: slice * inPlane,
        strides: [shape.stride[0]! * inPlane, inGroup * depth * inPlane, depth * inPlane, 1],
      },
      slices: {
        offset: first * perOutput + tap * inGroup * inPlane,
        strides: [perOutput, taps * inGroup * inPlane, inPlane, 1],
      },
    });
  }
}

/** Gathers the slices of some images. */
function gather(v: Volume, x: Slice, images: number, to: Slice): void {
  const size = product([v.shape.inChannels, ...v.shape.inSize]);
  fill({ to: { ...to, strides: [1] }, value: 0, shape: [images * v.gathered] });
  for (let image = 0; image < images; image++) {
    eachTap(v, (tap) =>
      copyStrided({
        from: { ...at(x, image * size + tap.image.offset), strides: tap.image.strides },
        to: { ...at(to, image * v.gathered + tap.slices.offset), strides: tap.slices.strides },
        shape: tap.shape,
        elementBytes: 4,
      }),
    );
  }
}

/** Copies outputs of some images between `[image, channel, slice, pixels]` and `[image, slice, channel, pixels]`. */
function swapOutputs(v: Volume, from: Slice, to: Slice, images: number, toSlices: boolean): void {
  const [channels, depth] = [v.shape.outChannels, v.shape.outSize[0]!];
  const volume = [v.results, v.outPlane, depth * v.outPlane, 1];
  const slices = [v.results, channels * v.outPlane, v.outPlane, 1];
  copyStrided({
    from: { ...from, strides: toSlices ? volume : slices },
    to: { ...to, strides: toSlices ? slices : volume },
    shape: [images, depth, channels, v.outPlane],
    elementBytes: 4,
  });
}

/** Copies weights between `[out, in, depth, pixels]` and `[out, depth, in, pixels]`. */
function swapWeights(v: Volume, from: Slice, to: Slice, toSlices: boolean): void {
  const { inGroup, kernelPlane } = v;
  const taps = v.shape.kernel[0]!;
  const row = inGroup * taps * kernelPlane;
  const volume = [row, kernelPlane, taps * kernelPlane, 1];
  const slices = [row, inGroup * kernelPlane, kernelPlane, 1];
  copyStrided({
    from: { ...from, strides: toSlices ? volume : slices },
    to: { ...to, strides: toSlices ? slices : volume },
    shape: [v.shape.outChannels, taps, inGroup, kernelPlane],
    elementBytes: 4,
  });
}

/** Calls `body` for as many images at once as memory for gathered slices is worth. */
function eachChunk(v: Volume, body: (first: number, images: number) => void): void {
  for (let first = 0; first < v.shape.batch; first += v.chunk) {
    body(first, Math.min(v.chunk, v.shape.batch - first));
  }
}

/** Borrows memory for gathered slices, for outputs by slices and for weights by slices. */
function withBuffers(v: Volume, body: (slices: Slice, results: Slice, weights: Slice) => void): void {
  withScratch(v.chunk * v.gathered, (slices) =>
    withScratch(v.chunk * v.results, (results) =>
      withScratch(v.weights, (weights) => body(sliceOf(slices), sliceOf(results), sliceOf(weights))),
    ),
  );
}

/** What an operator on volumes is given beside its operands. */
interface Options {
  readonly bias?: Slice | undefined;
  readonly activation?: Activation | undefined;
  readonly exact: boolean;
}

/** The forward convolution. */
export function convolveVolume(
  shape: ConvolutionNdShape,
  { x, w, y, bias, activation, exact }: { x: Slice; w: Slice; y: Slice } & Options,
): void {
  const v = volumeOf(shape);
  const image = product([shape.inChannels, ...shape.inSize]);
  withBuffers(v, (slices, results, weights) => {
    swapWeights(v, w, weights, true);
    eachChunk(v, (first, images) => {
      gather(v, at(x, first * image), images, slices);
      convolve({
        shape: { ...v.flat, batch: images * v.flat.batch },
        x: region(slices, images * v.gathered),
        w: region(weights, v.weights),
        bias: bias && region(bias, shape.outChannels),
        y: region(results, images * v.results),
        activation,
        exact,
      });
      swapOutputs(v, results, at(y, first * v.results), images, false);
    });
  });
}

/** The gradient with respect to the input, or transposed convolution. */
export function volumeInputGradient(
  shape: ConvolutionNdShape,
  { dy, w, dx, bias, activation, exact }: { dy: Slice; w: Slice; dx: Slice } & Options,
): void {
  const v = volumeOf(shape);
  const size = [shape.inChannels, product(shape.inSize)];
  const image = product(size);
  withBuffers(v, (slices, results, weights) => {
    swapWeights(v, w, weights, true);
    const whole = { ...dx, strides: [image, size[1]!, 1] };
    const extent = [shape.batch, ...size];
    if (bias)
      copyStrided({ from: { ...bias, strides: [0, 1, 0] }, to: whole, shape: extent, elementBytes: 4 });
    else fill({ to: whole, value: 0, shape: extent });
    eachChunk(v, (first, images) => {
      swapOutputs(v, at(dy, first * v.results), results, images, true);
      inputGradient({
        shape: { ...v.flat, batch: images * v.flat.batch },
        dy: region(results, images * v.results),
        w: region(weights, v.weights),
        dx: region(slices, images * v.gathered),
        exact,
      });
      for (let i = 0; i < images; i++) {
        eachTap(v, (tap) => {
          const sum = { ...at(dx, (first + i) * image + tap.image.offset), strides: tap.image.strides };
          const more = { ...at(slices, i * v.gathered + tap.slices.offset), strides: tap.slices.strides };
          elementwise({ op: 'add', inputs: [sum, more], output: sum, shape: tap.shape });
        });
      }
    });
    if (activation) {
      const all = { ...dx, strides: [1] };
      const parameters = activation.kind === 'clamp' ? [activation.min, activation.max] : [];
      const length = [shape.batch * image];
      elementwise({ op: activation.kind, inputs: [all], output: all, shape: length, parameters });
    }
  });
}

/** The gradient with respect to the weights. */
export function volumeWeightGradient(
  shape: ConvolutionNdShape,
  { x, dy, dw, exact }: { x: Slice; dy: Slice; dw: Slice } & Options,
): void {
  const v = volumeOf(shape);
  const image = product([shape.inChannels, ...shape.inSize]);
  withBuffers(v, (slices, results, weights) => {
    withScratch(v.weights, (sums) => {
      eachChunk(v, (first, images) => {
        gather(v, at(x, first * image), images, slices);
        swapOutputs(v, at(dy, first * v.results), results, images, true);
        weightGradient({
          shape: { ...v.flat, batch: images * v.flat.batch },
          x: region(slices, images * v.gathered),
          dy: region(results, images * v.results),
          dw: first === 0 ? sums : region(weights, v.weights),
          exact,
        });
        if (first === 0) return;
        const [sum, more] = [sliceOf(sums), weights].map((slice) => ({ ...slice, strides: [1] })) as [
          Slice & { strides: number[] },
          Slice & { strides: number[] },
        ];
        elementwise({ op: 'add', inputs: [sum, more], output: sum, shape: [v.weights] });
      });
      swapWeights(v, sliceOf(sums), dw, false);
    });
  });
}
