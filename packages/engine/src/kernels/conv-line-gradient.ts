// The gradient of convolution of few channels with respect to its weights: sums of products along lines of pixels, a vector of
// partial sums for each of several channels and taps in registers.

import { inout, input, integer, output, type Pointer, type Target } from '@sconce/codegen';
import { executor, withScratch } from '../runtime/executor.ts';
import { family } from '../runtime/family.ts';
import { part, type Region } from '../runtime/region.ts';
import { forkRanges, productTime } from '../threads/split.ts';
import type { ConvolutionShape } from '../types.ts';
import { balanced, type Cut } from './blocked/tile.ts';
import { zeroVectors } from './conv-line-kernel.ts';
import { paddedArguments } from './conv-lines.ts';
import { sliceOf } from './conv-through-blocks.ts';
import { copyPlane, paddedPlane } from './padded-plane.ts';
import { reduce } from './reduce.ts';

/** What {@link lineGradient} is recorded for. */
interface LineGradientSpec {
  /** Output channels of a tile, and taps of a row: the usual number, then a smaller one if they do not divide evenly. */
  readonly channels: readonly number[];
  readonly taps: readonly number[];
  readonly dilation: number;
  /** Whether the last vector of a line is part of one. */
  readonly tail: boolean;
}

/** `dw[groups][outputs][inputs][rows][columns] = sum over images and pixels of x * dy`, stride one. */
const lineGradient = family(
  'conv-line-gradient',
  {
    x: input('f32'),
    /** Holds the padded planes of all images. */
    planes: inout('f32'),
    dy: input('f32'),
    dw: output('f32'),
    vectors: integer(),
    copies: integer(),
    images: integer(),
    groups: integer(),
    inputs: integer(),
    inHeight: integer(),
    inWidth: integer(),
    pitch: integer(),
    plane: integer(),
    origin: integer(),
    kernelRows: integer(),
    tapRow: integer(),
    channelTiles: integer(),
    lastChannelTiles: integer(),
    tapTiles: integer(),
    lastTapTiles: integer(),
    outHeight: integer(),
    /** Whole vectors of a line, and outputs of the last one. */
    columns: integer(),
    tail: integer(),
    outPlane: integer(),
    xImage: integer(),
    dyImage: integer(),
    dwChannel: integer(),
  },
  (k, spec: LineGradientSpec) => {
    const lanes = k.lanes('f32');
    const [x, planes, dy, dw] = [k.pointer('x'), k.pointer('planes'), k.pointer('dy'), k.pointer('dw')];
    zeroVectors(k, planes, k.integer('vectors'));
    const inside = k.variable(planes);
    k.advance(inside, k.integer('origin'));
    k.loop(k.integer('copies'), () => {
      const copy = { height: k.integer('inHeight'), width: k.integer('inWidth'), pitch: k.integer('pitch') };
      copyPlane(k, { from: x, to: inside, ...copy });
      k.advance(inside, k.integer('plane'));
    });
    // Lanes behind the end of a line count nothing, whatever they hold.
    const inLine = spec.tail
      ? k.compare(
          k.constant('i32', (lane) => lane),
          '<',
          k.splat(k.integer('tail')),
        )
      : undefined;
    k.loop(k.integer('groups'), () => {
      for (const [i, channels] of spec.channels.entries()) {
        k.loop(k.integer(i === 0 ? 'channelTiles' : 'lastChannelTiles'), () => {
          const plane = k.variable(planes);
          const to = k.variable(dw);
          k.loop(k.integer('inputs'), () => {
            const row = k.variable(plane);
            k.loop(k.integer('kernelRows'), () => {
              const at = k.variable(row);
              for (const [j, taps] of spec.taps.entries()) {
                k.loop(k.integer(j === 0 ? 'tapTiles' : 'lastTapTiles'), () => {
                  tile(channels, taps, at, to);
                  k.advance(at, taps * spec.dilation);
                  k.advance(to, taps);
                });
              }
              k.advance(row, k.integer('tapRow'));
            });
            k.advance(plane, k.integer('plane'));
          });
          for (let c = 0; c < channels; c++) {
            k.advance(dy, k.integer('outPlane'));
            k.advance(dw, k.integer('dwChannel'));
          }
        });
      }
      k.loop(k.integer('inputs'), () => k.advance(planes, k.integer('plane')));
    });

    function tile(channels: number, taps: number, x: Pointer<'f32'>, to: Pointer<'f32'>): void {
      const outputs = [...Array(channels).keys()];
      const columns = [...Array(taps).keys()];
      const sums = outputs.map(() => columns.map(() => k.zero('f32')));
      const [xImage, dyImage] = [k.variable(x), k.variable(dy)];
      k.loop(k.integer('images'), () => {
        const line = k.variable(xImage);
        const from = [k.variable(dyImage)];
        for (const c of outputs.slice(1)) {
          const next = k.variable(from[c - 1]!);
          k.advance(next, k.integer('outPlane'));
          from.push(next);
        }
        k.loop(k.integer('outHeight'), () => {
          const at = k.variable(line);
          const vector = (partial: boolean): void => {
            const gradients = from.map((each) =>
              partial ? k.loadPartial(each, 0, k.integer('tail')) : k.load(each),
            );
            for (const s of columns) {
              const loaded = k.load(at, s * spec.dilation);
              const image = partial && inLine ? k.select(inLine, loaded, 0) : loaded;
              for (const c of outputs) k.accumulate(sums[c]![s]!, image, gradients[c]!);
            }
          };
          k.loop(k.integer('columns'), () => {
            vector(false);
            k.advance(at, lanes);
            for (const each of from) k.advance(each, lanes);
          });
          if (spec.tail) {
            vector(true);
            for (const each of from) k.advance(each, k.integer('tail'));
          }
          k.advance(line, k.integer('pitch'));
        });
        k.advance(xImage, k.integer('xImage'));
        k.advance(dyImage, k.integer('dyImage'));
      });
      const place = k.variable(to);
      for (const line of sums) {
        for (const s of columns) k.storeFirst(k.reduceSum(line[s]!), place, s);
        k.advance(place, k.integer('dwChannel'));
      }
    }
  },
);

/** Taps of a row that share a tile. */
const MOST_TAPS = 6;

/** Tiles whose sums, gradients and one input are held in registers, beside a mask where that is a vector. */
function tiling(shape: ConvolutionShape, target: Target): { channels: Cut[]; taps: Cut[] } {
  const free = target.vectorRegisters - (target.fusedMultiplyAdd ? 2 : 3);
  const taps = balanced(shape.kernel[1], target.vectorRegisters > 16 ? MOST_TAPS : MOST_TAPS - 1);
  const channels = Math.max(1, Math.floor(free / (taps[0]!.size + 1)));
  return { channels: balanced(shape.outChannels / shape.groups, Math.min(8, channels)), taps };
}

/** Bytes of images that all tiles of a chunk pass over; they stay in the second-level cache. */
const CHUNK_BYTES = 256 * 1024;

/** Chunks, at least, that a batch is cut into, so that threads have something to share. */
const LEAST_CHUNKS = 8;

/** Computes `dw`: sums of chunks of images, however many threads there are, and then the sum of those. */
export function lineWeightGradient(p: {
  readonly shape: ConvolutionShape;
  readonly x: Region;
  readonly dy: Region;
  readonly dw: Region;
}): void {
  const { shape, x, dy, dw } = p;
  const { batch, inChannels, outChannels, groups } = shape;
  const { target } = executor();
  const lanes = target.lanes('f32');
  const [rows, columns] = shape.kernel;
  const padded = paddedPlane(shape, lanes);
  const [inPlane, outPlane] = [shape.inHeight * shape.inWidth, shape.outHeight * shape.outWidth];
  const [xElements, dyElements] = [inChannels * padded.elements, outChannels * outPlane];
  const held = Math.floor(CHUNK_BYTES / 4 / (xElements + dyElements));
  const images = Math.max(1, Math.min(held, Math.ceil(batch / LEAST_CHUNKS)));
  const chunks = Math.ceil(batch / images);
  const dwChannel = (inChannels / groups) * rows * columns;
  const size = outChannels * dwChannel;
  const { channels, taps } = tiling(shape, target);
  const tail = shape.outWidth % lanes;
  const kernel = lineGradient({
    ...{ channels: channels.map((cut) => cut.size), taps: taps.map((cut) => cut.size) },
    ...{ dilation: shape.dilation[1], tail: tail > 0 },
  });
  const sum = (to: Region): void =>
    forkRanges(chunks, productTime(batch * size * outPlane), (first, count) =>
      withScratch(images * xElements + lanes, (planes) => {
        for (let chunk = first; chunk < first + count; chunk++) {
          const start = chunk * images;
          const some = Math.min(images, batch - start);
          executor().launch(kernel, {
            x: part(x, start * inChannels * inPlane),
            planes,
            dy: part(dy, start * dyElements),
            dw: part(to, chunk * size, size),
            vectors: Math.ceil((some * xElements) / lanes),
            copies: some * inChannels,
            images: some,
            groups,
            inputs: inChannels / groups,
            ...paddedArguments(shape, padded),
            kernelRows: rows,
            tapRow: shape.dilation[0] * padded.pitch,
            channelTiles: channels[0]!.count,
            lastChannelTiles: channels[1]?.count ?? 0,
            tapTiles: taps[0]!.count,
            lastTapTiles: taps[1]?.count ?? 0,
            outHeight: shape.outHeight,
            columns: Math.floor(shape.outWidth / lanes),
            tail,
            outPlane,
            xImage: xElements,
            dyImage: dyElements,
            dwChannel,
          });
        }
      }),
    );
  if (chunks === 1) sum(dw);
  else {
    withScratch(chunks * size, (sums) => {
      sum(sums);
      reduce({ op: 'sum', x: sliceOf(sums), y: sliceOf(dw), outer: 1, size: chunks, inner: size });
    });
  }
}
