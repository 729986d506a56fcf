// The gradient of a convolution of batches of small images with respect to its input: one matrix product for all of them, whose
// windows are summed up.

import { inout, input, integer, output } from '@sconce/codegen';
import { executor, withScratch } from '../runtime/executor.ts';
import { family } from '../runtime/family.ts';
import { part, type Region } from '../runtime/region.ts';
import { forkRanges, productTime } from '../threads/split.ts';
import type { ConvolutionShape } from '../types.ts';
import { apart, eachGroup, float32, layoutOf, together } from './conv-batch-layout.ts';
import { tapsPay } from './conv-batch-taps.ts';
import { PANELS_IN_PLACE } from './gemm.ts';
import { columnsOf, type Product, runProduct } from './gemm-blocked.ts';
import { tileOf } from './gemm-micro.ts';
import { packedRightElements, packRight } from './gemm-operand.ts';

/** Elements of a block of window gradients, which stays in the second-level cache until it is summed up. */
const BLOCK_ELEMENTS = 1 << 17;

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
