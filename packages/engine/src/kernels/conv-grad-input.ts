// The gradient of 2-D convolution with respect to its input, which is transposed convolution as well.

import { input, integer, output, scalar } from '@sconce/codegen';
import { convolutionElements } from '../convolution-operands.ts';
import { executor } from '../runtime/executor.ts';
import { family } from '../runtime/family.ts';
import { nothing, part, type Region } from '../runtime/region.ts';
import { forkRanges, passTime } from '../threads/split.ts';
import type { Activation, ConvolutionShape, Padding } from '../types.ts';
import { type ActivationKind, activate, activationBounds, activationKind } from './activation.ts';
import { type BlockedView, from } from './blocked/image.ts';
import { blockPlanes, unblockPlanes } from './blocked/layout.ts';
import { conv2dBorder, inputLanes, isDepthwise } from './blocked/method.ts';
import type { PackedConv2d } from './blocked/packed.ts';
import { batchInputGradient } from './conv-batch-gradient.ts';
import { batchPays } from './conv-batch-layout.ts';
import { isPointwise } from './conv-gemm.ts';
import { convolveLines, turnedLineWeights } from './conv-lines.ts';
import { chooseRoad, GEMM_PIXELS, groupOf, packableGroup } from './conv-packed.ts';
import { inputGradientPhases, type Phase } from './conv-phases.ts';
import { stackedImage, stackedRows, stackOf } from './conv-stacks.ts';
import {
  convolveView,
  eachImage,
  type PlainImages,
  planesOf,
  sliceOf,
  withBlocked,
  withWeights,
} from './conv-through-blocks.ts';
import { gemm } from './gemm.ts';

/** The gradient of a whole convolution; all regions are contiguous. */
export interface InputGradient {
  /** The forward convolution. */
  readonly shape: ConvolutionShape;
  readonly dy: Region;
  readonly w: Region;
  readonly dx: Region;
  /** Added to the result, of the forward's input channels: for transposed convolution. */
  readonly bias?: Region | undefined;
  readonly activation?: Activation | undefined;
  readonly exact?: boolean | undefined;
}

/** Puts a phase's pixels where they belong, or what stands in for the sums of a phase without taps. */
const spreadKernel = family(
  'conv-spread',
  {
    x: input('f32'),
    bias: input('f32'),
    y: output('f32'),
    blocks: integer(),
    rows: integer(),
    columns: integer(),
    xRow: integer(),
    xBlock: integer(),
    yColumn: integer(),
    yRow: integer(),
    yBlock: integer(),
    min: scalar('f32'),
    max: scalar('f32'),
  },
  (k, spec: { readonly from: 'image' | 'bias' | 'zero'; readonly activation: ActivationKind }) => {
    const lanes = k.lanes('f32');
    const [x, bias, y] = [k.pointer('x'), k.pointer('bias'), k.pointer('y')];
    const bounds = { min: k.scalar('min'), max: k.scalar('max') };
    k.loop(k.integer('blocks'), () => {
      const value =
        spec.from === 'image'
          ? undefined
          : activate(k, spec.activation, spec.from === 'bias' ? k.load(bias) : k.zero('f32'), bounds);
      const [xRow, yRow] = [k.variable(x), k.variable(y)];
      k.loop(k.integer('rows'), () => {
        const [xAt, yAt] = [k.variable(xRow), k.variable(yRow)];
        k.loop(k.integer('columns'), () => {
          k.store(value ?? k.load(xAt), yAt);
          k.advance(xAt, lanes);
          k.advance(yAt, k.integer('yColumn'));
        });
        k.advance(xRow, k.integer('xRow'));
        k.advance(yRow, k.integer('yRow'));
      });
      k.advance(x, k.integer('xBlock'));
      k.advance(y, k.integer('yBlock'));
      if (spec.from === 'bias') k.advance(bias, lanes);
    });
  },
);

/** A phase with its weights. */
interface PackedPhase {
  readonly phase: Phase;
  /** Missing where the phase has no taps. */
  readonly packed: PackedConv2d | undefined;
}

/** Computes `dx` group after group. */
export function inputGradient(p: InputGradient): void {
  const { shape } = p;
  if (!p.bias && !p.activation && batchPays(shape)) {
    batchInputGradient(p);
    return;
  }
  if (isPointwise(shape) && !isDepthwise(shape) && shape.outHeight * shape.outWidth >= GEMM_PIXELS) {
    pointwiseInputGradient(p);
    return;
  }
  const one = unitOf(shape);
  const phases = inputGradientPhases(one);
  const turned = turnedShape(shape, phases);
  if (turned) {
    const weights = turnedLineWeights(shape, p.w);
    convolveLines({
      ...{ x: p.dy, y: p.dx, bias: p.bias, activation: p.activation },
      shape: turned,
      weights,
    });
    return;
  }
  const [inPlane, outPlane] = [shape.inHeight * shape.inWidth, shape.outHeight * shape.outWidth];
  const size = convolutionElements(shape).w / (shape.inChannels / one.inChannels);
  for (let group = 0; group * one.inChannels < shape.inChannels; group++) {
    const w = part(p.w, group * size, size);
    const bias = p.bias && part(p.bias, group * one.inChannels, one.inChannels);
    const dy: PlainImages = {
      region: part(p.dy, group * one.outChannels * outPlane),
      step: shape.outChannels * outPlane,
    };
    const dx: PlainImages = {
      region: part(p.dx, group * one.inChannels * inPlane),
      step: shape.inChannels * inPlane,
    };
    withPhases(p, phases, w, bias, (packed) => unitGradient({ ...p, shape: one }, packed, bias, dy, dx));
  }
}

/** One matrix product for each image and group. */
function pointwiseInputGradient({ shape, dy, w, dx, bias, activation }: InputGradient): void {
  const { batch, groups, outHeight, outWidth } = shape;
  const { inChannels: m, outChannels: k } = groupOf(shape);
  const n = outHeight * outWidth;
  for (let group = 0; group < groups; group++) {
    gemm({
      a: sliceOf(w, group * m * k),
      b: sliceOf(dy, group * k * n),
      c: sliceOf(dx, group * m * n),
      ...{ m, n, k, transA: true },
      batch: { shape: [batch], a: [0], b: [groups * k * n], c: [groups * m * n] },
      ...(bias && { rowBias: sliceOf(bias, group * m) }),
      ...(activation && { activation }),
    });
  }
}

/** The gradient as a convolution of all groups, where that is one convolution that is faster along lines. */
function turnedShape(
  shape: ConvolutionShape,
  [phase, ...others]: readonly Phase[],
): ConvolutionShape | undefined {
  if (isDepthwise(shape) || phase === undefined || others.length > 0) return undefined;
  const { groups, inChannels: outChannels, outChannels: inChannels } = shape;
  const turned = { ...phase.shape, groups, inChannels, outChannels };
  return phase.order.length > 0 && chooseRoad(turned) === 'lines' ? turned : undefined;
}

/** What is computed at once: one group, or all channels if each has a window of its own. */
function unitOf(shape: ConvolutionShape): ConvolutionShape {
  return isDepthwise(shape) ? { ...shape, groups: 1 } : groupOf(shape);
}

/** Packs the weights of all phases for the time of `body`. */
function withPhases(
  p: InputGradient,
  phases: readonly Phase[],
  w: Region,
  bias: Region | undefined,
  body: (packed: readonly PackedPhase[]) => void,
): void {
  const taps = p.shape.kernel[0] * p.shape.kernel[1];
  const depthwise = isDepthwise(p.shape);
  const targets = phases
    .filter(({ order }) => order.length > 0)
    .map(({ shape, order }) => {
      if (!depthwise) return { shape: packableGroup(shape, p.exact ?? false), order };
      return {
        shape: { ...packableGroup(shape, true), method: 'depthwise' as const, groups: shape.inChannels },
        order,
      };
    });
  withWeights({ w, taps, transposed: true }, bias, targets, (packed) => {
    let next = 0;
    body(phases.map((phase) => ({ phase, packed: phase.order.length > 0 ? packed[next++] : undefined })));
  });
}

function unitGradient(
  p: InputGradient,
  phases: readonly PackedPhase[],
  bias: Region | undefined,
  dy: PlainImages,
  dx: PlainImages,
): void {
  const { shape } = p;
  const { inHeight, inWidth, outHeight, outWidth } = shape;
  const [inGroup, outGroup] = [shape.inChannels, shape.outChannels];
  const { images: most, pitch } = stackOf(
    phases.map(({ phase }) => ({ ...phase.shape, batch: shape.batch })),
    Math.max(outHeight, Math.ceil(inHeight / shape.stride[0])),
  );
  const inPitch = pitch * shape.stride[0];
  const lanes = phases.find(({ packed }) => packed)?.packed?.inputLanes ?? inputLanes('direct');
  const taps = shape.kernel[0] * shape.kernel[1];
  const work = shape.batch * inGroup * outGroup * taps * outHeight * outWidth;
  eachImage(Math.ceil(shape.batch / most), work, (stack) => {
    const first = stack * most;
    const images = Math.min(most, shape.batch - first);
    const tall = phases.map(({ phase, packed }) => {
      const [inside, outside] = [phase.shape.inHeight, phase.shape.outHeight];
      const heights = {
        inHeight: stackedRows(images, pitch, inside),
        outHeight: stackedRows(images, pitch, outside),
      };
      return { phase: { ...phase, shape: { ...phase.shape, ...heights } }, packed };
    });
    const image = { batch: 1, border: [0, 0, 0, 0] as const, lanes: inputLanes('direct') };
    const dyHeight = stackedRows(images, pitch, outHeight);
    const dxHeight = stackedRows(images, inPitch, inHeight);
    const dyShape = { ...image, channels: outGroup, height: dyHeight, width: outWidth, lanes };
    const dxShape = { ...image, channels: inGroup, height: dxHeight, width: inWidth };
    withBlocked({ ...dyShape, border: borderOf(tall) }, (from) => {
      for (let index = 0; index < images; index++) {
        const plain = planesOf(dy, first + index, outGroup * outHeight * outWidth);
        blockPlanes(plain, stackedImage(from, { index, images, pitch, height: outHeight }));
      }
      withBlocked(dxShape, (to) => {
        const whole = tall.length === 1 && inPitch === pitch ? tall[0]!.packed : undefined;
        if (whole) convolveView(whole, from, to, p.activation);
        else for (const phase of tall) runPhase(p, phase, bias, from, to);
        for (let index = 0; index < images; index++) {
          const plain = planesOf(dx, first + index, inGroup * inHeight * inWidth);
          unblockPlanes(stackedImage(to, { index, images, pitch: inPitch, height: inHeight }), plain);
        }
      });
    });
  });
}

/** The border of an input that all phases read. */
function borderOf(phases: readonly PackedPhase[]): Padding {
  return phases.reduce<Padding>(
    (most, { phase, packed }) => {
      if (!packed) return most;
      const needed = conv2dBorder(phase.shape, packed.method);
      return most.map((size, side) => Math.max(size, needed[side]!)) as unknown as Padding;
    },
    [0, 0, 0, 0],
  );
}

/** Computes the pixels of one phase and spreads them over the image. */
function runPhase(
  { activation, shape }: InputGradient,
  { phase, packed }: PackedPhase,
  bias: Region | undefined,
  dy: BlockedView,
  dx: BlockedView,
): void {
  const { outHeight: height, outWidth: width } = phase.shape;
  if (packed) {
    withBlocked({ ...dx, height, width }, (pixels) => {
      convolveView(packed, dy, pixels, activation);
      spread(pixels);
    });
  } else if (bias) {
    // One pixel, whose channels are the bias.
    withBlocked({ ...dx, height: 1, width: 1 }, (padded) => {
      blockPlanes(bias, padded);
      spread(undefined, padded.region);
    });
  } else spread(undefined);

  function spread(pixels: BlockedView | undefined, values: Region = nothing): void {
    const kind = activationKind(activation);
    const spec = pixels
      ? ({ from: 'image', activation: 'none' } as const)
      : ({ from: bias ? 'bias' : 'zero', activation: kind } as const);
    const lanes = dx.lanes;
    const [strideY, strideX] = shape.stride;
    forkRanges(dx.blocks, passTime(2 * dx.blocks * height * width * lanes), (first, blocks) => {
      executor().launch(spreadKernel(spec), {
        x: pixels ? from(pixels, 0, first) : nothing,
        bias: bias && !pixels ? part(values, first * lanes, blocks * lanes) : nothing,
        y: from(dx, 0, first, -(phase.first[0] * dx.row + phase.first[1] * lanes)),
        blocks,
        rows: height,
        columns: width,
        xRow: pixels?.row ?? 0,
        xBlock: pixels?.block ?? 0,
        yColumn: strideX * lanes,
        yRow: strideY * dx.row,
        yBlock: dx.block,
        ...activationBounds(activation),
      });
    });
  }
}
