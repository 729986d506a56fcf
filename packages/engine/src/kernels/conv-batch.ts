// Convolution of batches of small images as one matrix product of all of them. Images lie side by side, pixel after pixel, so
// that a window's elements are vectors of as many images, however narrow those are.

import { inout, input, integer, output } from '@sconce/codegen';
import { executor, withScratch } from '../runtime/executor.ts';
import { family } from '../runtime/family.ts';
import { floatsOf, integersOf, part, type Region } from '../runtime/region.ts';
import { forkRanges, passTime, productTime } from '../threads/split.ts';
import type { Activation, ConvolutionShape } from '../types.ts';
import { convolveTaps, tapsPay } from './conv-batch-taps.ts';
import { groupOf } from './conv-packed.ts';
import { sliceOf } from './conv-through-blocks.ts';
import { copyStrided } from './copy-strided.ts';
import { divide, PANELS_IN_PLACE } from './gemm.ts';
import {
  columnsOf,
  depthStep,
  type Product,
  packedElements,
  packedOffset,
  roundUp,
  runProduct,
} from './gemm-blocked.ts';
import { tileOf } from './gemm-micro.ts';
import { packedRightElements, packRight } from './gemm-operand.ts';
import { padPlanes } from './pad-planes.ts';
import { paddedPlane } from './padded-plane.ts';

/** Outputs of an image up to which a batch is one product. */
const MOST_PIXELS = 64;
/** Share of the vectors across a batch that must be images. */
const FILLED_LANES = 0.75;
/** Channels on both sides from which the product outweighs bringing images together. */
const LEAST_CHANNELS = 16;
/** Elements of a block of window gradients, which stays in the second-level cache until it is summed up. */
const BLOCK_ELEMENTS = 1 << 17;

/** Whether a convolution, or its gradient with respect to the input, is to be computed here. It depends on the shape alone. */
export function batchPays(shape: ConvolutionShape): boolean {
  const { batch, inHeight, inWidth, outHeight, outWidth, stride } = shape;
  const { inChannels, outChannels, kernel } = groupOf(shape);
  const pixels = outHeight * outWidth;
  const strided = stride[0] * stride[1] > 1;
  return (
    pixels > 0 &&
    inHeight * inWidth > 0 &&
    pixels <= (strided || kernel[0] * kernel[1] === 1 ? MOST_PIXELS : MOST_PIXELS / 4) &&
    batch >= FILLED_LANES * imagesOf(batch) &&
    Math.min(inChannels, outChannels) >= LEAST_CHANNELS
  );
}

/** Images side by side: a batch, filled up to whole vectors. */
function imagesOf(batch: number): number {
  return roundUp(batch, executor().target.lanes('f32'));
}

/** Panels of B of a block along k: `vectors` of windows side by side, one tap after the other. */
const packWindows = family(
  'conv-batch-windows',
  {
    x: input('f32'),
    /** Byte offsets of each vector's window, and of each tap in a window. */
    windows: input('i32'),
    taps: input('i32'),
    to: output('f32'),
    k: integer(),
    panels: integer(),
    /** Elements from a panel's end to the next one. */
    gap: integer(),
  },
  (k, spec: { readonly vectors: number }) => {
    const lanes = k.lanes('f32');
    const vectors = [...Array(spec.vectors).keys()];
    const [windows, to] = [k.pointer('windows'), k.pointer('to')];
    k.loop(k.integer('panels'), () => {
      const taps = k.pointer('taps');
      const starts = vectors.map((v) => {
        const at = k.pointer('x');
        k.advanceBytes(at, k.loadInteger(windows, v));
        return at;
      });
      k.loop(k.integer('k'), () => {
        const tap = k.loadInteger(taps);
        for (const v of vectors) {
          const at = k.variable(starts[v]!);
          k.advanceBytes(at, tap);
          k.store(k.load(at), to, v * lanes);
        }
        k.advance(taps, 1);
        k.advance(to, spec.vectors * lanes);
      });
      k.advance(windows, spec.vectors);
      k.advance(to, k.integer('gap'));
    });
  },
);

/** Sums the gradients of windows up in padded planes, and writes what of those is the image. */
const sumWindows = family(
  'conv-batch-sums',
  {
    windows: input('f32'),
    /** One padded plane. */
    sums: inout('f32'),
    y: output('f32'),
    channels: integer(),
    /** Vectors of images, of a row of the image, and of a padded plane. */
    images: integer(),
    rowVectors: integer(),
    planeVectors: integer(),
    outHeight: integer(),
    outWidth: integer(),
    kernelHeight: integer(),
    kernelWidth: integer(),
    /** Elements of one tap of all windows. */
    tap: integer(),
    /** Elements in `sums` from one window to the next, from one tap to the next, and from one row to the next. */
    strideY: integer(),
    strideX: integer(),
    tapY: integer(),
    tapX: integer(),
    row: integer(),
    height: integer(),
    /** Elements in front of the image. */
    origin: integer(),
  },
  (k) => {
    const lanes = k.lanes('f32');
    const [windows, y] = [k.pointer('windows'), k.pointer('y')];
    k.loop(k.integer('channels'), () => {
      const clear = k.pointer('sums');
      k.loop(k.integer('planeVectors'), () => {
        k.store(0, clear);
        k.advance(clear, lanes);
      });
      const [fromRow, tapRow] = [k.variable(windows), k.pointer('sums')];
      k.loop(k.integer('kernelHeight'), () => {
        const tapAt = k.variable(tapRow);
        k.loop(k.integer('kernelWidth'), () => {
          const [from, sumRow] = [k.variable(fromRow), k.variable(tapAt)];
          k.loop(k.integer('outHeight'), () => {
            const pixel = k.variable(sumRow);
            k.loop(k.integer('outWidth'), () => {
              const at = k.variable(pixel);
              k.loop(k.integer('images'), () => {
                k.store(k.add(k.load(at), k.load(from)), at);
                k.advance(at, lanes);
                k.advance(from, lanes);
              });
              k.advance(pixel, k.integer('strideX'));
            });
            k.advance(sumRow, k.integer('strideY'));
          });
          k.advance(fromRow, k.integer('tap'));
          k.advance(tapAt, k.integer('tapX'));
        });
        k.advance(tapRow, k.integer('tapY'));
      });
      k.assign(windows, fromRow);
      const row = k.pointer('sums');
      k.advance(row, k.integer('origin'));
      k.loop(k.integer('height'), () => {
        const at = k.variable(row);
        k.loop(k.integer('rowVectors'), () => {
          k.store(k.load(at), y);
          k.advance(at, lanes);
          k.advance(y, lanes);
        });
        k.advance(row, k.integer('row'));
      });
    });
  },
);

/** Brings `elements` elements of each image side by side. */
function together(from: Region, to: Region, batch: number, elements: number): void {
  const images = imagesOf(batch);
  // What fills vectors up meets nothing else, but must not be numbers that are slow to compute with.
  if (images > batch) floatsOf(to).fill(0);
  copyStrided({
    from: { ...sliceOf(from), strides: [1, elements] },
    to: { ...sliceOf(to), strides: [images, 1] },
    shape: [elements, batch],
    elementBytes: 4,
  });
}

/** Takes images that lie side by side apart. */
function apart(from: Region, to: Region, batch: number, elements: number): void {
  copyStrided({
    from: { ...sliceOf(from), strides: [1, imagesOf(batch)] },
    to: { ...sliceOf(to), strides: [elements, 1] },
    shape: [batch, elements],
    elementBytes: 4,
  });
}

/** What both directions know of a group's images; lengths count elements of all images side by side. */
function layoutOf(shape: ConvolutionShape) {
  const one = groupOf(shape);
  const images = imagesOf(shape.batch);
  const padded = paddedPlane(shape, 1);
  const [row, plane] = [padded.pitch * images, padded.elements * images];
  const taps = shape.kernel[0] * shape.kernel[1];
  return {
    ...{ one, images, row, plane, taps },
    origin: shape.padding[0] * row + shape.padding[2] * images,
    columns: shape.outHeight * shape.outWidth * images,
    pixels: shape.inHeight * shape.inWidth * images,
    weights: one.inChannels * one.outChannels * taps,
  };
}

/** A convolution whose weights are as they are. */
export interface BatchConvolution {
  readonly shape: ConvolutionShape;
  readonly x: Region;
  readonly w: Region;
  readonly bias: Region | undefined;
  readonly y: Region;
  readonly activation: Activation | undefined;
}

const float32 = { type: 'f32', batch: 1, cBatch: 0, alpha: 1, beta: 0, bias: undefined } as const;

/** Multiplies the weights of each group with the windows of all images. */
export function convolveBatch({ shape, x, w, bias, y, activation }: BatchConvolution): void {
  const { batch, groups, inChannels, outChannels } = shape;
  const layout = layoutOf(shape);
  const { one, columns, pixels, plane, taps, weights } = layout;
  const tile = tileOf(executor().target);
  const [m, k] = [one.outChannels, one.inChannels * taps];
  const mode = columns <= PANELS_IN_PLACE * tile.columns ? 'rows' : 'packRows';
  withScratch(inChannels * pixels, (images) => {
    together(x, images, batch, (pixels / layout.images) * inChannels);
    withScratch(outChannels * columns, (results) => {
      if (tapsPay(shape) && !bias && !activation) {
        eachGroup(layout, groups, w, images, results, false);
        apart(results, y, batch, (columns / layout.images) * outChannels);
        return;
      }
      withScratch(one.inChannels * plane, (padded) =>
        withScratch(packedElements(columns, k, tile.columns, tile.columns, tile.lanes), (right) => {
          floatsOf(padded).fill(0);
          for (let group = 0; group < groups; group++) {
            pad(shape, part(images, group * one.inChannels * pixels), padded);
            gatherWindows(shape, padded, right);
            divide({
              ...float32,
              ...{ m, n: columns, k, ldc: columns, activation },
              a: { region: part(w, group * weights), mode, packed: false, stride: k, batch: 0 },
              b: { region: right, mode: 'panels', packed: true, stride: 0, batch: 0 },
              c: part(results, group * m * columns),
              rowBias: bias && part(bias, group * m, m),
            });
          }
        }),
      );
      apart(results, y, batch, (columns / layout.images) * outChannels);
    });
  });
}

/** Convolves group after group tap by tap, or computes the gradient with respect to `x`. */
function eachGroup(
  { one, images, pixels, columns, weights }: ReturnType<typeof layoutOf>,
  groups: number,
  w: Region,
  x: Region,
  y: Region,
  gradient: boolean,
): void {
  const [inElements, outElements] = [one.inChannels * pixels, one.outChannels * columns];
  for (let group = 0; group < groups; group++) {
    const image = part(x, group * inElements, inElements);
    const result = part(y, group * outElements, outElements);
    const [from, to] = gradient ? [result, image] : [image, result];
    convolveTaps(one, images, { from, w: part(w, group * weights, weights), to, gradient });
  }
}

/** Copies the planes of a group into padded ones. */
function pad(shape: ConvolutionShape, from: Region, to: Region): void {
  const { one, images, row, plane, pixels, origin } = layoutOf(shape);
  forkRanges(one.inChannels, passTime(2 * one.inChannels * pixels), (first, planes) => {
    executor().launch(padPlanes({}), {
      from: part(from, first * pixels),
      to: part(to, first * plane),
      ...{ planes, height: shape.inHeight, width: shape.inWidth * images, pitch: row, origin, step: plane },
    });
  });
}

/** Packs the windows of all images as the right operand of a product. */
function gatherWindows(shape: ConvolutionShape, padded: Region, to: Region): void {
  const { outHeight, outWidth, kernel, stride, dilation } = shape;
  const { one, images, row, plane, columns, taps } = layoutOf(shape);
  const tile = tileOf(executor().target);
  const k = one.inChannels * taps;
  const panels = Math.ceil(columns / tile.columns);
  const vectors = tile.columns / tile.lanes;
  withScratch(panels * vectors + k, (tables) => {
    const numbers = integersOf(tables);
    let at = 0;
    for (let y = 0; y < outHeight; y++) {
      for (let x = 0; x < outWidth; x++) {
        const window = (y * stride[0] * row + x * stride[1] * images) * 4;
        for (let image = 0; image < images; image += tile.lanes) numbers[at++] = window + image * 4;
      }
    }
    // The last panel is filled up with windows that exist; what they give is not stored.
    numbers.fill(0, at, panels * vectors);
    at = panels * vectors;
    for (let channel = 0; channel < one.inChannels; channel++) {
      for (let r = 0; r < kernel[0]; r++) {
        for (let s = 0; s < kernel[1]; s++) {
          numbers[at++] = (channel * plane + r * dilation[0] * row + s * dilation[1] * images) * 4;
        }
      }
    }
    const step = depthStep(k);
    const placed = { lines: columns, width: tile.columns, step: tile.columns, lanes: tile.lanes };
    forkRanges(panels, passTime(2 * k * columns), (first, count) => {
      for (let start = 0; start < k; start += step) {
        const depth = Math.min(step, k - start);
        executor().launch(packWindows({ vectors }), {
          x: padded,
          windows: part(tables, first * vectors, count * vectors),
          taps: part(tables, panels * vectors + start, depth),
          to: part(to, packedOffset(placed, start, depth, first * tile.columns)),
          ...{ k: depth, panels: count, gap: (roundUp(depth, tile.lanes) - depth) * tile.columns },
        });
      }
    });
  });
}

/** Operands of a gradient with respect to the input. */
export interface BatchGradient {
  /** The forward convolution. */
  readonly shape: ConvolutionShape;
  readonly dy: Region;
  readonly w: Region;
  readonly dx: Region;
}

/** Multiplies the transposed weights of each group with the gradients of all images, and sums up what windows share. */
export function batchInputGradient({ shape, dy, w, dx }: BatchGradient): void {
  const { batch, groups, inChannels, outChannels, outHeight, outWidth } = shape;
  const layout = layoutOf(shape);
  const { one, images, columns, pixels, plane, row, taps, weights, origin } = layout;
  const tile = tileOf(executor().target);
  const k = one.outChannels;
  const stride = one.inChannels * taps;
  const most = Math.max(1, Math.floor(BLOCK_ELEMENTS / (taps * columns)));
  const mode = columns <= PANELS_IN_PLACE * tile.columns ? 'columns' : 'packColumns';
  withScratch(outChannels * columns, (gradients) => {
    together(dy, gradients, batch, (columns / images) * outChannels);
    withScratch(inChannels * pixels, (results) => {
      if (tapsPay(shape)) {
        eachGroup(layout, groups, w, results, gradients, true);
        apart(results, dx, batch, (pixels / images) * inChannels);
        return;
      }
      withScratch(packedRightElements(columns, k, 'f32'), (right) => {
        for (let group = 0; group < groups; group++) {
          const region = part(gradients, group * k * columns, k * columns);
          packRight({ region, stride: columns, transposed: false, n: columns, k, type: 'f32' }, right);
          forkRanges(one.inChannels, productTime(stride * k * columns), (first, count) => {
            for (let channel = first; channel < first + count; channel += most) {
              const channels = Math.min(most, first + count - channel);
              someChannels(group, channel, channels, right, results);
            }
          });
        }
      });
      apart(results, dx, batch, (pixels / images) * inChannels);
    });

    function someChannels(group: number, first: number, channels: number, right: Region, dxs: Region): void {
      const m = channels * taps;
      withScratch(m * columns + plane, (scratch) => {
        const product: Product = {
          ...float32,
          ...{ m, n: columns, k, ldc: columns, rowBias: undefined, activation: undefined },
          a: { region: part(w, group * weights + first * taps), mode, packed: false, stride, batch: 0 },
          b: { region: right, mode: 'panels', packed: true, stride: 0, batch: 0 },
          c: part(scratch, 0, m * columns),
        };
        runProduct(product, columnsOf(product, 0, columns));
        executor().launch(sumWindows({}), {
          windows: product.c,
          sums: part(scratch, m * columns, plane),
          y: part(dxs, (group * one.inChannels + first) * pixels, channels * pixels),
          channels,
          images: images / tile.lanes,
          rowVectors: (shape.inWidth * images) / tile.lanes,
          planeVectors: plane / tile.lanes,
          ...{ outHeight, outWidth, kernelHeight: shape.kernel[0], kernelWidth: shape.kernel[1] },
          tap: columns,
          strideY: shape.stride[0] * row,
          strideX: shape.stride[1] * images,
          tapY: shape.dilation[0] * row,
          tapX: shape.dilation[1] * images,
          ...{ row, height: shape.inHeight, origin },
        });
      });
    }
  });
}
