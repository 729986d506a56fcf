// Convolution of batches of small images as one matrix product of all of them.

import { input, integer, output } from '@sconce/codegen';
import { executor, withScratch } from '../runtime/executor.ts';
import { family } from '../runtime/family.ts';
import { floatsOf, integersOf, part, type Region } from '../runtime/region.ts';
import { forkRanges, passTime } from '../threads/split.ts';
import type { Activation, ConvolutionShape } from '../types.ts';
import { apart, eachGroup, float32, layoutOf, together } from './conv-batch-layout.ts';
import { tapsPay } from './conv-batch-taps.ts';
import { divide, PANELS_IN_PLACE } from './gemm.ts';
import { depthStep, packedElements, packedOffset, roundUp } from './gemm-blocked.ts';
import { tileOf } from './gemm-micro.ts';
import { padPlanes } from './pad-planes.ts';

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

/** A convolution whose weights are as they are. */
export interface BatchConvolution {
  readonly shape: ConvolutionShape;
  readonly x: Region;
  readonly w: Region;
  readonly bias: Region | undefined;
  readonly y: Region;
  readonly activation: Activation | undefined;
}

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
