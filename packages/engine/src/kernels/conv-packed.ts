// Weights of plain convolutions that are packed once and kept by the caller, and the choice of what they are packed for.

import { checkWindows, convolutionSizes } from '../convolution-operands.ts';
import { EngineError } from '../errors.ts';
import type { EngineStorage } from '../memory/storage.ts';
import { regionOf } from '../operands.ts';
import { executor } from '../runtime/executor.ts';
import { floatsOf, part, type Region, wholeOf } from '../runtime/region.ts';
import type { ConvolutionShape, Slice } from '../types.ts';
import { chooseConv2d } from './blocked/method.ts';
import type { PackedConv2d } from './blocked/packed.ts';
import { gemmWeightElements, isPointwise, packGemmWeights } from './conv-gemm.ts';
import { linesPay } from './conv-line-choice.ts';
import { type PackableConv2d, packedElements, packWeights } from './conv-weights.ts';

/** How a plain convolution is computed: on blocked images, as a matrix product, channel by channel, or along lines. */
export type ConvolutionRoad = 'blocked' | 'gemm' | 'depthwise' | 'lines';

/** Outputs from which a pointwise convolution is faster as a matrix product on the images as they lie. */
export const GEMM_PIXELS = 400;
/** Bytes of a line that blocks, which have no rows to be cut into, keep in the second-level cache. */
const LINE_BYTES = 2 << 20;
/** Share of a block's lanes that must be channels, of inputs times outputs, for blocks to pay. */
const FILLED_LANES = 0.3;

/**
 * The road of a convolution. Changing layouts costs a pass over both images, which all but pointwise convolutions of large
 * images repay, unless channels leave most lanes of their blocks idle. Lines (1-D convolution) are matrix products too.
 */
export function chooseRoad(shape: ConvolutionShape): ConvolutionRoad {
  const { groups, inChannels, outChannels, outHeight, outWidth } = shape;
  if (groups === inChannels && groups > 1) return 'depthwise';
  if (linesPay(shape, groupMethod(shape, false), 'images')) return 'lines';
  if (isPointwise(shape) && outHeight * outWidth >= GEMM_PIXELS) return 'gemm';
  const line = shape.inHeight === 1 && outHeight === 1;
  if (line && (shape.stride[1] === 1 || inChannels * shape.inWidth * 4 > LINE_BYTES)) return 'gemm';
  const lanes = executor().target.lanes('f32');
  const filled = (channels: number): number => channels / (Math.ceil(channels / lanes) * lanes);
  const planar = groupMethod(shape, false) === 'planar';
  const share = (planar ? 1 : filled(inChannels / groups)) * filled(outChannels / groups);
  return share >= FILLED_LANES ? 'blocked' : 'gemm';
}

/** One group of a convolution. */
export function groupOf(shape: ConvolutionShape): ConvolutionShape {
  const { groups, inChannels, outChannels } = shape;
  return { ...shape, groups: 1, inChannels: inChannels / groups, outChannels: outChannels / groups };
}

/** The method by which one group is convolved on blocked images; none whose weights take long to pack. */
export function groupMethod(shape: ConvolutionShape, exact: boolean): PackedConv2d['method'] {
  const method = chooseConv2d(groupOf(shape), { exact });
  return method === 'strassen' ? 'direct' : method;
}

/** What one group's weights are packed for, on blocked images. */
export function packableGroup(shape: ConvolutionShape, exact: boolean): PackableConv2d {
  const { inChannels, outChannels, kernel, stride, padding, dilation } = groupOf(shape);
  const lanes = executor().target.lanes('f32');
  const method = groupMethod(shape, exact);
  return { inChannels, outChannels, kernel, stride, padding, dilation, groups: 1, method, lanes };
}

/** Parameters of {@link packConvolutionWeights}. */
export interface PackConvolutionWeightsParameters extends ConvolutionShape {
  /** As `conv2d` takes them. */
  readonly w: Slice;
  readonly bias?: Slice;
  /** Forbids Winograd's methods. */
  readonly exact?: boolean;
}

/**
 * Weights and bias of a plain convolution as the chosen method reads them. They belong to the caller, who makes new ones when
 * the weights change, and disposes of them or drops them.
 */
export class PackedConvolution {
  /** The convolution they serve; batch and sizes of images may differ. */
  readonly shape: ConvolutionShape;
  /** @internal */
  readonly road: ConvolutionRoad;
  /** @internal The target they are packed for. */
  readonly target: string;
  /** @internal Each group on blocked images. */
  readonly groups: readonly PackedConv2d[];
  /** @internal All groups as left operands, or as they were. */
  readonly weights: Region | undefined;
  /** @internal */
  readonly bias: Region | undefined;
  readonly #storages: readonly EngineStorage[];

  /** @internal */
  constructor(
    content: Pick<PackedConvolution, 'shape' | 'road' | 'target' | 'groups' | 'weights' | 'bias'>,
    storages: readonly EngineStorage[],
  ) {
    this.shape = content.shape;
    this.road = content.road;
    this.target = content.target;
    this.groups = content.groups;
    this.weights = content.weights;
    this.bias = content.bias;
    this.#storages = storages;
  }

  /** Bytes they take. */
  get byteLength(): number {
    return this.#storages.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  /** Gives their memory back. */
  dispose(): void {
    for (const storage of this.#storages) storage.dispose();
  }
}

const NAME = 'packConvolutionWeights';

/**
 * Packs the weights of a plain convolution for `conv2d`. The shape's batch and image sizes serve the choice of the method only.
 * @throws EngineError when sizes are invalid or a slice is too small.
 */
export function packConvolutionWeights(p: PackConvolutionWeightsParameters): PackedConvolution {
  convolutionSizes(NAME, p);
  checkWindows(NAME, p, [p.inHeight, p.inWidth], [p.outHeight, p.outWidth]);
  const { memory, target } = executor();
  const size = (p.inChannels / p.groups) * (p.outChannels / p.groups) * p.kernel[0] * p.kernel[1];
  const w = regionOf(NAME, 'w', p.w, p.groups * size);
  const bias = p.bias && regionOf(NAME, 'bias', p.bias, p.outChannels);
  const road = chooseRoad(p);
  const storages: EngineStorage[] = [];
  const allocate = (elements: number): Region => {
    const storage = memory.allocate(elements * 4);
    storages.push(storage);
    return wholeOf(storage);
  };
  const groups: PackedConv2d[] = [];
  let weights: Region | undefined;
  let kept: Region | undefined;
  if (road === 'blocked') {
    const taps = p.kernel[0] * p.kernel[1];
    const shape = packableGroup(p, p.exact ?? false);
    const order = [...Array(taps).keys()];
    for (let group = 0; group < p.groups; group++) {
      const source = { w: part(w, group * size, size), taps, transposed: false };
      const shift = bias && part(bias, group * shape.outChannels, shape.outChannels);
      groups.push(...packWeights(source, shift, [{ shape, order, to: allocate(packedElements(shape)) }]));
    }
  } else {
    kept = bias && copyOf(bias, allocate(p.outChannels));
    if (road === 'gemm') {
      const elements = gemmWeightElements(p);
      weights = allocate(p.groups * elements);
      for (let group = 0; group < p.groups; group++) {
        packGemmWeights(p, part(w, group * size, size), part(weights, group * elements, elements));
      }
    } else weights = copyOf(w, allocate(p.groups * size));
  }
  const content = { shape: shapeOf(p), road, target: target.name, groups, weights, bias: kept };
  return new PackedConvolution(content, storages);
}

function copyOf(from: Region, to: Region): Region {
  floatsOf(to).set(floatsOf(from));
  return to;
}

function shapeOf(p: ConvolutionShape): ConvolutionShape {
  const { batch, inChannels, inHeight, inWidth, outChannels, outHeight, outWidth } = p;
  const { kernel, stride, padding, dilation, groups } = p;
  const images = { batch, inChannels, inHeight, inWidth, outChannels, outHeight, outWidth };
  return { ...images, kernel, stride, padding, dilation, groups };
}

/** Fails unless weights were packed for such a convolution on this target. */
export function checkPacked(kernel: string, packed: PackedConvolution, p: ConvolutionShape): void {
  const { target } = executor();
  if (packed.target !== target.name) {
    throw new EngineError(kernel, 'w was packed for another target', target.name, packed.target);
  }
  for (const key of [
    'inChannels',
    'outChannels',
    'groups',
    'kernel',
    'stride',
    'padding',
    'dilation',
  ] as const) {
    const [expected, got] = [String(p[key]), String(packed.shape[key])];
    if (expected !== got) throw new EngineError(kernel, `w was packed for another ${key}`, expected, got);
  }
}
