// Between plain NCHW and channel-blocked images.

import {
  type Integer,
  input,
  integer,
  type KernelBuilder,
  output,
  type Pointer,
  type Vector,
} from '@sconce/codegen';
import { regionOf } from '../../operands.ts';
import { executor } from '../../runtime/executor.ts';
import { family } from '../../runtime/family.ts';
import { part, type Region } from '../../runtime/region.ts';
import { forkRanges, passTime } from '../../threads/split.ts';
import type { Slice } from '../../types.ts';
import { copyInside, zeroBorder } from './border.ts';
import { type BlockedImage, type BlockedView, blockRuns, from, viewIn, viewOf } from './image.ts';

/** What a layout kernel is recorded for: which way, and whether all lanes of its blocks are channels. */
interface LayoutSpec {
  readonly to: 'blocked' | 'plain';
  readonly whole: boolean;
}

/** Squares of `lanes` channels by `lanes` pixels are transposed in registers; what is left goes pixel by pixel. */
const layoutKernel = family(
  'blocked-layout',
  {
    x: input('f32'),
    y: output('f32'),
    blocks: integer(),
    channels: integer(),
    rows: integer(),
    columns: integer(),
    plane: integer(),
    plainRow: integer(),
    plainBlock: integer(),
    row: integer(),
    block: integer(),
  },
  (k, spec: LayoutSpec) => {
    const lanes = k.lanes('f32');
    const toBlocked = spec.to === 'blocked';
    const [x, y] = [k.pointer('x'), k.pointer('y')];
    const [plainBlock, blockedBlock] = toBlocked ? [x, y] : [y, x];
    const [plane, columns, channels] = [k.integer('plane'), k.integer('columns'), k.integer('channels')];
    k.loop(k.integer('blocks'), () => {
      const [plainRow, blockedRow] = [k.variable(plainBlock), k.variable(blockedBlock)];
      k.loop(k.integer('rows'), () => {
        const [plain, blocked] = [k.variable(plainRow), k.variable(blockedRow)];
        const single = (): void => {
          if (toBlocked) {
            const pixel = spec.whole
              ? k.loadStrided(plain, 0, plane)
              : k.loadStrided(plain, 0, plane, channels);
            k.store(pixel, blocked);
          } else if (spec.whole) k.storeStrided(k.load(blocked), plain, 0, plane);
          else k.storeStrided(k.load(blocked), plain, 0, plane, channels);
          k.advance(plain, 1);
          k.advance(blocked, lanes);
        };
        if (spec.whole) {
          k.loop(k.shr(columns, Math.log2(lanes)), () => {
            square(k, toBlocked, plain, plane, blocked);
            k.advance(plain, lanes);
            k.advance(blocked, lanes * lanes);
          });
          k.loop(k.and(columns, lanes - 1), single);
        } else k.loop(columns, single);
        k.advance(plainRow, k.integer('plainRow'));
        k.advance(blockedRow, k.integer('row'));
      });
      k.advance(plainBlock, k.integer('plainBlock'));
      k.advance(blockedBlock, k.integer('block'));
    });
  },
);

function square(
  k: KernelBuilder,
  toBlocked: boolean,
  plain: Pointer<'f32'>,
  plane: Integer,
  blocked: Pointer<'f32'>,
): void {
  const lanes = k.lanes('f32');
  const channel = k.variable(plain);
  const rows: Vector<'f32'>[] = [];
  for (let i = 0; i < lanes; i++) {
    rows.push(toBlocked ? k.load(channel) : k.load(blocked, i * lanes));
    if (toBlocked) k.advance(channel, plane);
  }
  for (const [i, row] of k.transpose(rows).entries()) {
    if (toBlocked) k.store(row, blocked, i * lanes);
    else k.store(row, channel);
    if (!toBlocked) k.advance(channel, plane);
  }
}

/** Runs the layout kernels over all images. */
function changeLayout(to: LayoutSpec['to'], plain: Region, image: BlockedView): void {
  const current = executor();
  const { channels, height, width, lanes } = image;
  const plane = height * width;
  const dense = image.row === width * lanes;
  forkRanges(image.batch * image.blocks, passTime(image.batch * channels * plane), (first, count) => {
    for (const run of blockRuns(image, first, count)) {
      const flat = part(plain, (run.image * channels + run.block * lanes) * plane);
      const blocked = from(image, run.image, run.block);
      const [x, y] = to === 'blocked' ? [flat, blocked] : [blocked, flat];
      current.launch(layoutKernel({ to, whole: !run.masked }), {
        x,
        y,
        blocks: run.blocks,
        channels: run.masked ? channels % lanes : lanes,
        rows: dense ? 1 : height,
        columns: dense ? plane : width,
        plane,
        plainRow: width,
        plainBlock: lanes * plane,
        row: image.row,
        block: image.block,
      });
    }
  });
}

/** Planes one after the other differ from plain NCHW by their border only. */
function asPlanes(plain: Region, { batch, channels, height, width }: BlockedView): BlockedView {
  return viewIn(plain, { batch, channels, height, width, border: [0, 0, 0, 0], lanes: 1 });
}

/** {@link toBlocked} between memory that is known to suffice. */
export function blockPlanes(plain: Region, image: BlockedView): void {
  zeroBorder(image);
  if (image.batch * image.height * image.width === 0) return;
  if (image.lanes === 1) copyInside(asPlanes(plain, image), image);
  else changeLayout('blocked', plain, image);
}

/** {@link fromBlocked} between memory that is known to suffice. */
export function unblockPlanes(image: BlockedView, plain: Region): void {
  if (image.batch * image.height * image.width === 0) return;
  if (image.lanes === 1) copyInside(image, asPlanes(plain, image));
  else changeLayout('plain', plain, image);
}

/**
 * Copies contiguous NCHW images into a blocked image, whose border and padding lanes become zero.
 * @throws EngineError when the image is invalid or a slice too small.
 */
export function toBlocked({ x, y }: { readonly x: Slice; readonly y: BlockedImage }): void {
  const image = viewOf('toBlocked', 'y', y);
  const elements = y.batch * y.channels * y.height * y.width;
  blockPlanes(regionOf('toBlocked', 'x', x, elements), image);
}

/**
 * Copies a blocked image into contiguous NCHW images.
 * @throws EngineError when the image is invalid or a slice too small.
 */
export function fromBlocked({ x, y }: { readonly x: BlockedImage; readonly y: Slice }): void {
  const image = viewOf('fromBlocked', 'x', x);
  const elements = x.batch * x.channels * x.height * x.width;
  unblockPlanes(image, regionOf('fromBlocked', 'y', y, elements));
}
