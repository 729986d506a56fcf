// The gradient of 2-D convolution with respect to its weights, on blocked images: sums over pixels, or over Winograd's tiles.

import { executor, withScratch } from '../runtime/executor.ts';
import { part, type Region } from '../runtime/region.ts';
import { forkRanges, productTime } from '../threads/split.ts';
import type { ConvolutionShape } from '../types.ts';
import { type BlockedView, blockedElements, from, viewIn } from './blocked/image.ts';
import { blockPlanes, unblockPlanes } from './blocked/layout.ts';
import { conv2dBorder, inputLanes, isDepthwise, isWinograd } from './blocked/method.ts';
import { balanced } from './blocked/tile.ts';
import { type WinogradMethod, winogradForms } from './blocked/winograd-transforms.ts';
import { correlate, correlateTile } from './conv-correlate.ts';
import { isPointwise } from './conv-gemm.ts';
import { depthwiseWeightGradient } from './conv-grad-depthwise.ts';
import { winogradWeightGradient } from './conv-grad-winograd.ts';
import { linesPay } from './conv-line-choice.ts';
import { lineWeightGradient } from './conv-line-gradient.ts';
import { GEMM_PIXELS, groupMethod, groupOf } from './conv-packed.ts';
import { type PlainImages, planesOf, sliceOf, withBlocked } from './conv-through-blocks.ts';
import { gemm } from './gemm.ts';

/** The gradient of a whole convolution; all regions are contiguous. */
export interface WeightGradient {
  readonly shape: ConvolutionShape;
  readonly x: Region;
  readonly dy: Region;
  readonly dw: Region;
  readonly exact?: boolean | undefined;
}

/** One group of it. */
export interface GroupWeightGradient {
  /** Of one group. */
  readonly shape: ConvolutionShape;
  readonly x: PlainImages;
  readonly dy: PlainImages;
  /** `[out channels / lanes][in channels][taps][lanes]`; inputs are padded to blocks. */
  readonly dw: BlockedView;
}

/** Bytes of images that stay in the second-level cache while all tiles pass over them. */
const BAND_BYTES = 512 * 1024;

/** Computes `dw` group after group. */
export function weightGradient({ shape, x, dy, dw, exact = false }: WeightGradient): void {
  if (isDepthwise(shape)) {
    depthwiseWeightGradient({ shape, x, dy, dw });
    return;
  }
  if (linesPay(shape, weightMethod(groupOf(shape), false), 'weights')) {
    lineWeightGradient({ shape, x, dy, dw });
    return;
  }
  const { groups } = shape;
  const one = groupOf(shape);
  if (isPointwise(shape) && (shape.batch === 1 || shape.outHeight * shape.outWidth >= GEMM_PIXELS)) {
    pointwiseWeightGradient(shape, one, x, dy, dw);
    return;
  }
  const [inGroup, outGroup] = [one.inChannels, one.outChannels];
  const [inPlane, outPlane] = [shape.inHeight * shape.inWidth, shape.outHeight * shape.outWidth];
  const taps = shape.kernel[0] * shape.kernel[1];
  const method = weightMethod(one, exact);
  const lanes = inputLanes('direct');
  const padding = method === 'planar' ? 0 : Math.ceil(inGroup / lanes) * lanes - inGroup;
  const stage = {
    ...{ batch: 1, channels: outGroup, height: 1, width: inGroup * taps, lanes },
    border: [0, 0, 0, padding * taps] as const,
  };
  withScratch(blockedElements(stage), (region) => {
    const view = viewIn(region, stage);
    for (let group = 0; group < groups; group++) {
      const job: GroupWeightGradient = {
        shape: one,
        x: { region: part(x, group * inGroup * inPlane), step: shape.inChannels * inPlane },
        dy: { region: part(dy, group * outGroup * outPlane), step: shape.outChannels * outPlane },
        dw: view,
      };
      if (isWinograd(method)) winogradWeightGradient(job, method);
      else correlateBands(job, method === 'planar');
      const size = inGroup * outGroup * taps;
      unblockPlanes(view, part(dw, group * size, size));
    }
  });
}

/** One matrix product for each image and group, onto the sum of those before. */
function pointwiseWeightGradient(
  { batch, groups }: ConvolutionShape,
  { inChannels: n, outChannels: m, outHeight, outWidth }: ConvolutionShape,
  x: Region,
  dy: Region,
  dw: Region,
): void {
  const k = outHeight * outWidth;
  for (let image = 0; image < batch; image++) {
    for (let group = 0; group < groups; group++) {
      const at = image * groups + group;
      gemm({
        a: sliceOf(dy, at * m * k),
        b: sliceOf(x, at * n * k),
        c: sliceOf(dw, group * m * n),
        ...{ m, n, k, transB: true, beta: image > 0 ? 1 : 0 },
      });
    }
  }
}

/** Tiles, of all images, from which Winograd's method repays that its sums are as many as its weights. */
const LEAST_TILES = 32;

/** The method of the forward convolution decides, unless there is little to sum up. */
function weightMethod(one: ConvolutionShape, exact: boolean): WinogradMethod | 'planar' | 'direct' {
  const method = groupMethod(one, exact);
  if (isWinograd(method)) {
    const { outputs } = winogradForms[method];
    const tiles = Math.ceil(one.outHeight / outputs) * Math.ceil(one.outWidth / outputs);
    return one.batch * tiles >= LEAST_TILES ? method : 'direct';
  }
  return method === 'planar' ? method : 'direct';
}

/** Rows of some images. */
interface Band {
  readonly image: number;
  readonly images: number;
  readonly row: number;
  readonly rows: number;
}

/** As many whole images as the cache holds, or bands of rows of each. */
function bandsOf(images: number, height: number, rowBytes: number): Band[][] {
  const held = Math.floor(BAND_BYTES / (rowBytes * height));
  if (held >= 1) {
    const count = Math.min(images, held);
    return Array.from({ length: Math.ceil(images / count) }, (_, i) => [
      { image: i * count, images: Math.min(count, images - i * count), row: 0, rows: height },
    ]);
  }
  const cuts = balanced(height, Math.max(1, Math.floor(BAND_BYTES / rowBytes)));
  const rows = cuts.flatMap(({ size, count }) => Array<number>(count).fill(size));
  return Array.from({ length: images }, (_, image) => {
    let row = 0;
    return rows.map((size) => {
      row += size;
      return { image, images: 1, row: row - size, rows: size };
    });
  });
}

/** Sums over the pixels of all images, band after band. */
function correlateBands(job: GroupWeightGradient, planar: boolean): void {
  const { shape, x, dy } = job;
  const { inChannels, inHeight, inWidth, outChannels, outHeight, outWidth } = shape;
  const method = planar ? 'planar' : 'direct';
  const xShape = {
    ...{ channels: inChannels, height: inHeight, width: inWidth, lanes: inputLanes(method) },
    border: conv2dBorder(shape, method),
  };
  const dyShape = {
    ...{ channels: outChannels, height: outHeight, width: outWidth, lanes: inputLanes('direct') },
    border: [0, 0, 0, 0] as const,
  };
  const bytes = (elements: number): number => (4 * elements) / outHeight;
  const rowBytes =
    bytes(blockedElements({ ...xShape, batch: 1 })) + bytes(blockedElements({ ...dyShape, batch: 1 }));
  for (const bands of bandsOf(shape.batch, outHeight, rowBytes)) {
    const { image, images: batch } = bands[0]!;
    withBlocked({ ...xShape, batch }, (xs) =>
      withBlocked({ ...dyShape, batch }, (dys) => {
        for (let i = 0; i < batch; i++) {
          blockPlanes(planesOf(x, image + i, inChannels * inHeight * inWidth), imageOf(xs, i));
          blockPlanes(planesOf(dy, image + i, outChannels * outHeight * outWidth), imageOf(dys, i));
        }
        for (const band of bands) correlateBand(job, planar, xs, dys, band);
      }),
    );
  }
}

/** One image of a view. */
function imageOf(view: BlockedView, image: number): BlockedView {
  return { ...view, batch: 1, region: part(view.region, image * view.image, view.image) };
}

function correlateBand(
  { shape, dw }: GroupWeightGradient,
  planar: boolean,
  x: BlockedView,
  dy: BlockedView,
  { image, row, rows: height, images }: Band,
): void {
  const { target } = executor();
  const lanes = dy.lanes;
  const [kernelRows, kernelColumns] = shape.kernel;
  const [strideY, strideX] = shape.stride;
  const [top, , left] = shape.padding;
  const taps = kernelRows * kernelColumns;
  const tile = correlateTile(target, dy.blocks);
  // Of planes the taps of a row are the tile's rows; of blocks some channels are, and each tap is a tile of its own.
  const rowGroups = planar
    ? balanced(kernelColumns, tile.rows)
    : [{ size: tile.rows, count: lanes / tile.rows }];
  const first = -(row * strideY - top) * x.row + left * x.lanes;
  const pointwise = taps === 1 && strideX * strideY === 1 && x.row === x.width * x.lanes;
  const flat = pointwise && dy.row === dy.width * lanes;
  const work = images * height * dy.width * taps * x.blocks * x.lanes * dy.blocks * lanes;
  const common = {
    ...{ matrices: 1, xMatrix: 0, dyMatrix: 0, dwMatrix: 0 },
    middle: kernelRows,
    xMiddle: shape.dilation[0] * x.row,
    dwMiddle: kernelColumns * lanes,
    xOuter: x.block,
    dwOuter: x.lanes * taps * lanes,
    dyVector: dy.block,
    dwVector: dw.block,
    images,
    height: flat ? 1 : height,
    width: flat ? height * dy.width : dy.width,
    xImage: x.image,
    dyImage: dy.image,
    xRow: strideY * x.row,
    dyRow: dy.row,
  };
  let at = 0;
  for (const { size: rows, count } of rowGroups) {
    for (let i = 0; i < count; i++, at += rows) {
      const spec = {
        rows,
        rowStep: planar ? shape.dilation[1] : 1,
        pixel: strideX * x.lanes,
        add: image + row > 0,
      };
      const offset = planar ? at * shape.dilation[1] : at;
      const to = planar ? at * lanes : at * taps * lanes;
      const values = {
        ...common,
        inner: planar ? 1 : kernelColumns,
        xInner: shape.dilation[1] * x.lanes,
        dwInner: lanes,
        dwRow: planar ? lanes : taps * lanes,
      };
      eachTile(x.blocks, dy.blocks, tile.vectors, work, (blocks, vectors) => {
        executor().launch(correlate({ ...spec, vectors: vectors.size }), {
          ...values,
          x: from(x, 0, blocks.first, first - offset),
          dy: from(dy, 0, vectors.first, -row * dy.row),
          dw: part(dw.region, to + blocks.first * values.dwOuter + vectors.first * dw.block),
          outer: blocks.count,
          groups: vectors.count,
        });
      });
    }
  }
}

/** Divides tiles among threads, by blocks of inputs or by vectors of the gradient, whichever are more. */
function eachTile(
  inBlocks: number,
  outBlocks: number,
  most: number,
  multiplyAdds: number,
  body: (
    inputs: { readonly first: number; readonly count: number },
    vectors: { readonly first: number; readonly size: number; readonly count: number },
  ) => void,
): void {
  const cuts = balanced(outBlocks, most);
  const groups = cuts.reduce((sum, { count }) => sum + count, 0);
  const some = (inputs: { first: number; count: number }, start: number, end: number): void => {
    let [group, block] = [0, 0];
    for (const { size, count } of cuts) {
      const before = Math.max(0, start - group);
      const length = Math.min(count, end - group) - before;
      if (length > 0) body(inputs, { first: block + before * size, size, count: length });
      group += count;
      block += count * size;
    }
  };
  const time = productTime(multiplyAdds);
  if (groups >= inBlocks) {
    forkRanges(groups, time, (first, count) => some({ first: 0, count: inBlocks }, first, first + count));
  } else forkRanges(inBlocks, time, (first, count) => some({ first, count }, 0, groups));
}
