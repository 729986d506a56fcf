// Convolution along lines: for few channels, of which blocks would leave most lanes idle. A whole batch is one launch for each
// thread.

import { executor, withScratch } from '../runtime/executor.ts';
import { nothing, part, type Region } from '../runtime/region.ts';
import { forkRanges, productTime } from '../threads/split.ts';
import type { Activation, ConvolutionShape } from '../types.ts';
import { activationBounds, activationKind } from './activation.ts';
import { balanced, type Cut, TILE_VECTORS, tilePixels, tilingOf } from './blocked/tile.ts';
import { lineKernel } from './conv-line-kernel.ts';
import { type LineWeights, orderLineWeights } from './conv-line-weights.ts';
import { type PaddedPlane, paddedPlane } from './padded-plane.ts';

/** A convolution of stride one. */
export interface LineConvolution {
  readonly shape: ConvolutionShape;
  readonly x: Region;
  readonly weights: LineWeights;
  readonly bias: Region | undefined;
  readonly y: Region;
  readonly activation: Activation | undefined;
}

/** The weights of a convolution as they are stored. */
export function lineWeights(shape: ConvolutionShape, w: Region): LineWeights {
  const [rows, columns] = shape.kernel;
  const inStep = rows * columns;
  const outStep = (shape.inChannels / shape.groups) * inStep;
  const groupStep = (shape.outChannels / shape.groups) * outStep;
  return { w, first: 0, outStep, inStep, rowStep: columns, columnStep: 1, groupStep };
}

/** The same with windows turned round and inputs in the place of outputs; `shape` is the forward convolution's. */
export function turnedLineWeights(shape: ConvolutionShape, w: Region): LineWeights {
  const { outStep, inStep, rowStep, groupStep } = lineWeights(shape, w);
  const turned = { rowStep: -rowStep, columnStep: -1, first: inStep - 1 };
  return { w, ...turned, outStep: inStep, inStep: outStep, groupStep };
}

/** Multiply-adds that transposing a vector of results takes. */
const TRANSPOSE = 6;

/** Speed of sums of a single vector of channels, which load an input for each multiply-add. */
const SINGLE_VECTOR = 0.7;

/** Most output channels of a group that are vectors. */
const MOST_CHANNELS = 32;

/**
 * The share of lanes that is busy along lines, or across output channels where these are few, fill vectors and are busier.
 */
export function lineShare(shape: ConvolutionShape): { readonly share: number; readonly across: boolean } {
  const lanes = executor().target.lanes('f32');
  const [inputs, outputs] = [shape.inChannels / shape.groups, shape.outChannels / shape.groups];
  const depth = inputs * shape.kernel[0] * shape.kernel[1];
  const along = shape.outWidth / (Math.ceil(shape.outWidth / lanes) * lanes);
  const fills = outputs % lanes === 0 && Math.max(inputs, outputs) <= MOST_CHANNELS;
  const across = fills ? (depth / (depth + TRANSPOSE)) * (outputs > lanes ? 1 : SINGLE_VECTOR) : 0;
  return { share: Math.max(along, across), across: across > along };
}

/** Vectors of a line that share a tile. */
const TILE_COLUMNS = 2;
const MOST_ROWS = 4;

/** Outputs cut into tiles. */
interface Tiling {
  readonly channels: readonly Cut[];
  readonly rows: readonly Cut[];
  readonly columns: readonly Cut[];
}

/** How outputs are cut into tiles of vectors of channels. */
function tilingAcross(shape: ConvolutionShape): Tiling {
  const { target } = executor();
  const channels = balanced(shape.outChannels / shape.groups / target.lanes('f32'), TILE_VECTORS);
  const pixels = tilePixels(target, channels[0]!.size);
  return { channels, ...tilingOf(shape.outHeight, shape.outWidth, pixels) };
}

/** How outputs are cut into tiles whose sums, inputs and one weight are held in registers. */
function tilingAlong(shape: ConvolutionShape): Tiling {
  const { target } = executor();
  const free = target.vectorRegisters - (target.fusedMultiplyAdd ? 2 : 3);
  const columns = balanced(Math.ceil(shape.outWidth / target.lanes('f32')), TILE_COLUMNS);
  const width = columns[0]!.size;
  const most = Math.min(8, Math.floor(free / TILE_COLUMNS) - 1);
  const channels = balanced(shape.outChannels / shape.groups, most);
  const rows = Math.floor(free / (width * (channels[0]!.size + 1)));
  return { channels, columns, rows: balanced(shape.outHeight, Math.min(MOST_ROWS, rows)) };
}

/** How outputs are cut into tiles, and which way vectors lie. */
function tilingOfLines(shape: ConvolutionShape): Tiling & { readonly across: boolean } {
  const { across } = lineShare(shape);
  return { across, ...(across ? tilingAcross(shape) : tilingAlong(shape)) };
}

/** Convolves all images. */
export function convolveLines(p: LineConvolution): void {
  const { shape } = p;
  const { batch, groups } = shape;
  const [inputs, outputs] = [shape.inChannels / groups, shape.outChannels / groups];
  const { across, channels } = tilingOfLines(shape);
  const lanes = across ? executor().target.lanes('f32') : 1;
  const tiles = channels.map(({ size, count }) => ({ size: size * lanes, count }));
  const [rows, columns] = shape.kernel;
  const size = inputs * outputs * rows * columns;
  withScratch(groups * size, (w) => {
    orderLineWeights(p.weights, { groups, inputs, rows, columns }, tiles, w);
    const time = productTime(batch * groups * size * shape.outHeight * shape.outWidth);
    const some = (image: number, images: number, group: number, count: number): void =>
      launch(p, part(w, group * size, count * size), {
        image,
        images,
        group,
        groups: count,
      });
    if (batch >= groups) forkRanges(batch, time, (first, count) => some(first, count, 0, groups));
    else forkRanges(groups, time, (first, count) => some(0, batch, first, count));
  });
}

/** Some groups of some images. */
interface Portion {
  readonly image: number;
  readonly images: number;
  readonly group: number;
  readonly groups: number;
}

function launch(p: LineConvolution, w: Region, { image, images, group, groups }: Portion): void {
  const { shape, x, y, bias, activation } = p;
  const lanes = executor().target.lanes('f32');
  const [inputs, outputs] = [shape.inChannels / shape.groups, shape.outChannels / shape.groups];
  const [inPlane, outPlane] = [shape.inHeight * shape.inWidth, shape.outHeight * shape.outWidth];
  const padded = paddedPlane(shape, lanes);
  const { across, channels, rows, columns } = tilingOfLines(shape);
  const tail = across ? 0 : shape.outWidth % lanes;
  const sizes = (cuts: readonly Cut[]): number[] => cuts.map(({ size }) => size);
  const whole = columns.map(({ count }, i) => count - (tail > 0 && i === columns.length - 1 ? 1 : 0));
  const kernel = lineKernel({
    ...{ across, channels: sizes(channels), rows: sizes(rows), columns: sizes(columns), tail: tail > 0 },
    ...{ taps: shape.kernel[1], dilation: shape.dilation[1] },
    ...{ bias: bias !== undefined, activation: activationKind(activation) },
  });
  const first = image * shape.groups + group;
  const vectors = Math.ceil((inputs * padded.elements) / lanes);
  // All pixels of a vector of channels, filled up to squares.
  const staged = Math.ceil(outPlane / lanes) * lanes * lanes;
  withScratch(across ? channels[0]!.size * staged : 0, (stage) =>
    withScratch((vectors + 1) * lanes, (planes) => {
      executor().launch(kernel, {
        ...{ planes, stage, w, vectors, images, groups, inputs, outPlane, tail },
        x: part(x, first * inputs * inPlane),
        y: part(y, first * outputs * outPlane),
        bias: bias ? part(bias, group * outputs, groups * outputs) : nothing,
        xSkip: (shape.groups - groups) * inputs * inPlane,
        ySkip: (shape.groups - groups) * outputs * outPlane,
        ...paddedArguments(shape, padded),
        kernelRows: shape.kernel[0],
        tapRow: shape.dilation[0] * padded.pitch,
        channelTiles: channels[0]!.count,
        lastChannelTiles: channels[1]?.count ?? 0,
        rowTiles: rows[0]!.count,
        lastRowTiles: rows[1]?.count ?? 0,
        columnTiles: whole[0]!,
        lastColumnTiles: whole[1] ?? 0,
        toRow: across ? shape.outWidth * lanes : shape.outWidth,
        toChannel: across ? staged : outPlane,
        ...activationBounds(activation),
      });
    }),
  );
}

/** How a plane is copied into its padded place. */
export function paddedArguments(
  { inHeight, inWidth, padding }: ConvolutionShape,
  { pitch, elements }: PaddedPlane,
): { inHeight: number; inWidth: number; pitch: number; plane: number; origin: number } {
  return { inHeight, inWidth, pitch, plane: elements, origin: padding[0] * pitch + padding[2] };
}
