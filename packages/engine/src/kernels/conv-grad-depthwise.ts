// The gradient of depthwise convolution with respect to its windows: sums of products lane by lane, on blocked images.

import { inout, input, integer } from '@sconce/codegen';
import { executor, withScratch } from '../runtime/executor.ts';
import { family } from '../runtime/family.ts';
import { part, type Region } from '../runtime/region.ts';
import { forkRanges, passTime } from '../threads/split.ts';
import type { ConvolutionShape } from '../types.ts';
import { blockedElements, from, viewIn } from './blocked/image.ts';
import { blockPlanes, unblockPlanes } from './blocked/layout.ts';
import { conv2dBorder, inputLanes } from './blocked/method.ts';
import { balanced } from './blocked/tile.ts';
import { withBlocked } from './conv-through-blocks.ts';

/** What {@link windowSums} is recorded for. */
interface WindowSumsSpec {
  /** Taps of a row that are summed at once, and of the rows, which are as many passes over the images. */
  readonly columns: number;
  readonly stride: number;
  readonly dilation: number;
  readonly add: boolean;
}

/** `dw[blocks][rows][columns][lanes] (+)= sum over pixels of x * dy`, both blocked. */
const windowSums = family(
  'conv-depthwise-windows',
  {
    x: input('f32'),
    dy: input('f32'),
    dw: inout('f32'),
    blocks: integer(),
    windowRows: integer(),
    tapRow: integer(),
    height: integer(),
    width: integer(),
    xBlock: integer(),
    xRow: integer(),
    dyBlock: integer(),
    dyRow: integer(),
    dwBlock: integer(),
    dwRow: integer(),
  },
  (k, spec: WindowSumsSpec) => {
    const lanes = k.lanes('f32');
    const columns = [...Array(spec.columns).keys()];
    const [x, dy, dw] = [k.pointer('x'), k.pointer('dy'), k.pointer('dw')];
    k.loop(k.integer('blocks'), () => {
      const [tapRow, to] = [k.variable(x), k.variable(dw)];
      k.loop(k.integer('windowRows'), () => {
        const sums = columns.map(() => k.zero('f32'));
        const [xRow, dyRow] = [k.variable(tapRow), k.variable(dy)];
        k.loop(k.integer('height'), () => {
          const [at, gradient] = [k.variable(xRow), k.variable(dyRow)];
          k.loop(k.integer('width'), () => {
            const factor = k.load(gradient);
            for (const c of columns) {
              k.accumulate(sums[c]!, k.load(at, c * spec.dilation * lanes), factor);
            }
            k.advance(at, spec.stride * lanes);
            k.advance(gradient, lanes);
          });
          k.advance(xRow, k.integer('xRow'));
          k.advance(dyRow, k.integer('dyRow'));
        });
        for (const c of columns) {
          k.store(spec.add ? k.add(k.load(to, c * lanes), sums[c]!) : sums[c]!, to, c * lanes);
        }
        k.advance(tapRow, k.integer('tapRow'));
        k.advance(to, k.integer('dwRow'));
      });
      k.advance(x, k.integer('xBlock'));
      k.advance(dy, k.integer('dyBlock'));
      k.advance(dw, k.integer('dwBlock'));
    });
  },
);

/** Taps of a row that are summed at once at most. */
const MOST_COLUMNS = 8;

/** Computes the windows' gradient, image after image. */
export function depthwiseWeightGradient({
  shape,
  x,
  dy,
  dw,
}: {
  readonly shape: ConvolutionShape;
  readonly x: Region;
  readonly dy: Region;
  readonly dw: Region;
}): void {
  const { batch, inChannels: channels, inHeight, inWidth, outHeight, outWidth } = shape;
  const [kernelRows, kernelColumns] = shape.kernel;
  const [top, , left] = shape.padding;
  const lanes = inputLanes('depthwise');
  const image = { batch: 1, channels, lanes };
  const border = conv2dBorder(shape, 'depthwise');
  const none = [0, 0, 0, 0] as const;
  const stage = { ...image, height: 1, width: kernelRows * kernelColumns, border: none };
  const [inElements, outElements] = [channels * inHeight * inWidth, channels * outHeight * outWidth];
  const xShape = { ...image, height: inHeight, width: inWidth, border };
  const dyShape = { ...image, height: outHeight, width: outWidth, border: none };
  withScratch(blockedElements(stage), (sums) =>
    withBlocked(xShape, (xs) =>
      withBlocked(dyShape, (dys) => {
        const to = viewIn(sums, stage);
        for (let at = 0; at < batch; at++) {
          blockPlanes(part(x, at * inElements, inElements), xs);
          blockPlanes(part(dy, at * outElements, outElements), dys);
          const time = passTime(2 * outElements * kernelRows * kernelColumns);
          forkRanges(xs.blocks, time, (block, blocks) => {
            let column = 0;
            for (const { size, count } of balanced(kernelColumns, MOST_COLUMNS)) {
              for (let i = 0; i < count; i++, column += size) {
                const spec = { columns: size, stride: shape.stride[1], dilation: shape.dilation[1] };
                const before = top * xs.row + (left - column * shape.dilation[1]) * lanes;
                executor().launch(windowSums({ ...spec, add: at > 0 }), {
                  x: from(xs, 0, block, before),
                  dy: from(dys, 0, block),
                  dw: part(to.region, block * to.block + column * lanes),
                  blocks,
                  windowRows: kernelRows,
                  tapRow: shape.dilation[0] * xs.row,
                  height: outHeight,
                  width: outWidth,
                  xBlock: xs.block,
                  xRow: shape.stride[0] * xs.row,
                  dyBlock: dys.block,
                  dyRow: dys.row,
                  dwBlock: to.block,
                  dwRow: kernelColumns * lanes,
                });
              }
            }
          });
        }
        unblockPlanes(to, dw);
      }),
    ),
  );
}
