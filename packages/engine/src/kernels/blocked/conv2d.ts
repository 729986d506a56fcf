// The convolution of blocked images: checks, borders, groups, and the method.

import { checkWindows } from '../../convolution-operands.ts';
import { EngineError } from '../../errors.ts';
import { regionOf } from '../../operands.ts';
import { withScratch } from '../../runtime/executor.ts';
import { after, part, type Region } from '../../runtime/region.ts';
import type { Activation, ConvolutionShape } from '../../types.ts';
import { copyInside, zeroBorder, zeroLastBlock } from './border.ts';
import { depthwise } from './depthwise.ts';
import { type ConvolutionJob, direct } from './direct.ts';
import {
  type BlockedImage,
  type BlockedShape,
  type BlockedView,
  blockedElements,
  blockedLanes,
  checkSameExtent,
  viewIn,
  viewOf,
} from './image.ts';
import { blockPlanes, unblockPlanes } from './layout.ts';
import { conv2dBorder, isWinograd } from './method.ts';
import { layoutOf, type PackedConv2d, type PackedLayout, UNIT_CHANNELS } from './packed.ts';
import { strassen } from './strassen.ts';
import { winograd } from './winograd.ts';

/** Parameters of {@link blockedConv2d}. */
export interface BlockedConv2dParameters {
  /** Of `weights.inputLanes` lanes. */
  readonly x: BlockedImage;
  readonly weights: PackedConv2d;
  /** Its height and width decide how many outputs are computed. */
  readonly y: BlockedImage;
  /** Added before the activation; of the extent of `y`, which it may be. */
  readonly residual?: BlockedImage;
  readonly activation?: Activation;
}

const NAME = 'blockedConv2d';

/**
 * Cross-correlation of blocked images with packed weights, then bias, residual and activation: PyTorch's `conv2d`. An
 * input whose border is smaller than {@link conv2dBorder} says is copied first; groups that straddle blocks go through
 * plain layout. The border of `y` becomes zero.
 * @throws EngineError when images and weights do not belong together, windows leave the padded image, or a slice is too
 * small.
 */
export function blockedConv2d(p: BlockedConv2dParameters): void {
  const x = viewOf(NAME, 'x', p.x);
  const y = viewOf(NAME, 'y', p.y);
  const residual = p.residual && viewOf(NAME, 'residual', p.residual);
  if (residual) checkSameExtent(NAME, 'residual', residual, y);
  checkBelongs(p.weights, x, y);
  const shape = shapeOf(p.weights, x, y);
  checkWindows(NAME, shape, [x.height, x.width], [y.height, y.width]);
  zeroBorder(y);
  if (y.batch * y.height * y.width === 0) return;
  convolve(p.weights, layoutOf(p.weights), { x, y, residual, activation: p.activation });
}

/** Images of a convolution that have been checked. */
interface Images {
  readonly x: BlockedView;
  readonly y: BlockedView;
  readonly residual: BlockedView | undefined;
  readonly activation: Activation | undefined;
}

function shapeOf(weights: PackedConv2d, x: BlockedShape, y: BlockedShape): ConvolutionShape {
  return {
    ...weights,
    batch: x.batch,
    inHeight: x.height,
    inWidth: x.width,
    outHeight: y.height,
    outWidth: y.width,
  };
}

function checkBelongs(weights: PackedConv2d, x: BlockedView, y: BlockedView): void {
  const check = (what: string, expected: number, got: number): void => {
    if (expected !== got) throw new EngineError(NAME, what, expected, got);
  };
  check('weights were packed for another number of lanes', blockedLanes(), weights.lanes);
  check(`x has another number of lanes than method '${weights.method}' reads`, weights.inputLanes, x.lanes);
  check('y has another number of lanes', weights.lanes, y.lanes);
  check('x has another number of channels', weights.inChannels, x.channels);
  check('y has another number of channels', weights.outChannels, y.channels);
  check('y has another batch', x.batch, y.batch);
}

/** Gives the method an input with the border it reads, and groups that start at blocks. */
function convolve(weights: PackedConv2d, layout: PackedLayout, images: Images): void {
  const { x, y } = images;
  if (weights.groups > 1 && weights.method !== 'depthwise' && !groupsInPlace(layout, weights.lanes)) {
    regrouped(weights, layout, images);
    return;
  }
  const needed = conv2dBorder(shapeOf(weights, x, y), weights.method);
  if (needed.every((size, side) => x.border[side]! >= size)) {
    run(weights, layout, images);
    return;
  }
  const shape = { ...extentOf(x), border: needed };
  withScratch(blockedElements(shape), (scratch) => {
    const copy = viewIn(scratch, shape);
    zeroBorder(copy);
    copyInside(x, copy);
    run(weights, layout, { ...images, x: copy });
  });
}

/** Whether no group straddles blocks, and none starts within the inputs that are unrolled. */
function groupsInPlace({ inGroup, outGroup }: PackedLayout, lanes: number): boolean {
  const fits = (group: number): boolean => (group < lanes ? lanes % group === 0 : group % lanes === 0);
  return inGroup % UNIT_CHANNELS === 0 && fits(inGroup) && fits(outGroup);
}

function extentOf({ batch, channels, height, width, lanes }: BlockedShape): Omit<BlockedShape, 'border'> {
  return { batch, channels, height, width, lanes };
}

/** Runs the method over images and groups. */
function run(packed: PackedConv2d, layout: PackedLayout, images: Images): void {
  const storage = regionOf(NAME, 'weights', { storage: packed.storage, offset: 0 }, layout.elements);
  const mask = part(storage, layout.mask, packed.lanes);
  const weights = part(storage, layout.weights);
  if (packed.method === 'depthwise') {
    depthwise({ ...images, packed, weights, bias: part(storage, 0, layout.mask), mask });
    return;
  }
  if (packed.groups > 1) zeroLastBlock(images.y);
  for (let image = 0; image < images.y.batch; image++) {
    for (let group = 0; group < packed.groups; group++) {
      const job: ConvolutionJob = {
        ...images,
        ...{ packed, layout, image, mask },
        weights: part(weights, group * layout.weightGroup, layout.weightGroup),
        bias: part(storage, group * layout.biasGroup, layout.biasGroup),
        xChannel: group * layout.inGroup,
        yChannel: group * layout.outGroup,
      };
      if (isWinograd(packed.method)) winograd(job, packed.method);
      else if (packed.method === 'strassen') strassen(job);
      else direct(job);
    }
  }
}

/**
 * Groups that share blocks: through plain layout each becomes an image of its own, whose channels start at a block, and the
 * results go back the same way.
 */
function regrouped(packed: PackedConv2d, layout: PackedLayout, images: Images): void {
  const { x, y, residual, activation } = images;
  const { groups } = packed;
  const apart = (image: BlockedView, border: BlockedShape['border']): BlockedShape => ({
    ...extentOf(image),
    batch: image.batch * groups,
    channels: image.channels / groups,
    border,
  });
  const xShape = apart(x, conv2dBorder(shapeOf(packed, x, y), packed.method));
  const yShape = apart(y, [0, 0, 0, 0]);
  const plainElements = Math.max(plain(x), plain(y));
  const sizes = [plainElements, blockedElements(xShape), blockedElements(yShape)] as const;
  withScratch(sizes[0] + 2 * sizes[1] + 2 * sizes[2], (scratch) => {
    const planes = part(scratch, 0, sizes[0]);
    const xs = viewIn(after(planes, sizes[1]), xShape);
    const ys = viewIn(after(xs.region, sizes[2]), yShape);
    const rs = viewIn(after(ys.region, sizes[2]), yShape);
    regroup(x, planes, xs);
    if (residual) regroup(residual, planes, rs);
    for (let image = 0; image < ys.batch; image++) {
      const group = image % groups;
      const one = (view: BlockedView): BlockedView => ({
        ...view,
        batch: 1,
        region: part(view.region, image * view.image, view.image),
      });
      const weights = groupWeights(packed, layout, group);
      runGroup(weights, layout, { x: one(xs), y: one(ys), residual: residual && one(rs), activation });
    }
    unblockPlanes(ys, planes);
    blockPlanes(planes, y);
  });
}

function plain({ batch, channels, height, width }: BlockedShape): number {
  return batch * channels * height * width;
}

function regroup(from: BlockedView, planes: Region, to: BlockedView): void {
  unblockPlanes(from, planes);
  blockPlanes(planes, to);
}

interface GroupWeights {
  readonly packed: PackedConv2d;
  readonly weights: Region;
  readonly bias: Region;
  readonly mask: Region;
}

function groupWeights(packed: PackedConv2d, layout: PackedLayout, group: number): GroupWeights {
  const storage = regionOf(NAME, 'weights', { storage: packed.storage, offset: 0 }, layout.elements);
  return {
    packed,
    weights: part(storage, layout.weights + group * layout.weightGroup, layout.weightGroup),
    bias: part(storage, group * layout.biasGroup, layout.biasGroup),
    mask: part(storage, layout.mask, packed.lanes),
  };
}

function runGroup(weights: GroupWeights, layout: PackedLayout, images: Images): void {
  direct({ ...images, ...weights, layout, image: 0, xChannel: 0, yChannel: 0 });
}
