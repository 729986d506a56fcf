// Transposed 2-D convolution: a matrix product gives every tap's contribution, and a kernel adds them up where
// they overlap.

import { inout, input, integer, output, scalar } from '@sconce/codegen';
import { checkWindows, convolutionOperands } from '../convolution-operands.ts';
import { executor, withScratch } from '../runtime/executor.ts';
import { family } from '../runtime/family.ts';
import { after, nothing, part, type Region } from '../runtime/region.ts';
import { forkRanges, passTime, productTime } from '../threads/split.ts';
import type { ConvTranspose2dParameters } from '../types.ts';
import { type ActivationKind, activate, activationBounds, activationKind } from './activation.ts';
import { type BlockB, blockedProduct, packA, packedBlockElements } from './gemm-blocked.ts';
import { tileOf } from './gemm-micro.ts';
import { packColumns } from './gemm-pack.ts';
import { paddedPlane, type WindowShape } from './padded-plane.ts';

/** What the adding kernel is recorded for. */
interface ScatterSpec {
  readonly kernel: readonly [number, number];
  readonly strideX: number;
  readonly dilationX: number;
  readonly bias: boolean;
  readonly activation: ActivationKind;
}

/** Sums the contributions of each output channel in a padded plane and stores the part inside the padding. */
const scatterKernel = family(
  'conv-transpose-scatter',
  {
    contributions: input('f32'),
    plane: inout('f32'),
    bias: input('f32'),
    y: output('f32'),
    channels: integer(),
    planeElements: integer(),
    pitch: integer(),
    origin: integer(),
    inHeight: integer(),
    inWidth: integer(),
    rowStep: integer(),
    tapStep: integer(),
    outHeight: integer(),
    outWidth: integer(),
    min: scalar('f32'),
    max: scalar('f32'),
  },
  (k, spec: ScatterSpec) => {
    const lanes = k.lanes('f32');
    const [from, plane, bias, y] = [
      k.pointer('contributions'),
      k.pointer('plane'),
      k.pointer('bias'),
      k.pointer('y'),
    ];
    const [pitch, origin] = [k.integer('pitch'), k.integer('origin')];
    const [inHeight, inWidth] = [k.integer('inHeight'), k.integer('inWidth')];
    const [outHeight, outWidth] = [k.integer('outHeight'), k.integer('outWidth')];
    const [rowStep, tapStep] = [k.integer('rowStep'), k.integer('tapStep')];
    const bounds = { min: k.scalar('min'), max: k.scalar('max') };
    const inTail = k.and(inWidth, lanes - 1);
    const outTail = k.and(outWidth, lanes - 1);

    /** Adds a row of contributions to every `strideX`-th element from `at` on. */
    const addRow = (at: typeof from): void => {
      const add = (count: typeof inTail | undefined): void => {
        const before = spec.strideX === 1 ? load(at, count) : k.loadStrided(at, 0, spec.strideX, count);
        const sum = k.add(before, load(from, count));
        if (spec.strideX !== 1) k.storeStrided(sum, at, 0, spec.strideX, count);
        else if (count) k.storePartial(sum, at, 0, count);
        else k.store(sum, at);
      };
      k.loop(k.shr(inWidth, Math.log2(lanes)), () => {
        add(undefined);
        k.advance(at, lanes * spec.strideX);
        k.advance(from, lanes);
      });
      k.when(inTail, '>', 0, () => add(inTail));
      k.advance(from, inTail);
    };
    const load = (at: typeof from, count: typeof inTail | undefined) =>
      count ? k.loadPartial(at, 0, count) : k.load(at);

    k.loop(k.integer('channels'), () => {
      const clear = k.variable(plane);
      k.loop(k.shr(k.integer('planeElements'), Math.log2(lanes)), () => {
        k.store(0, clear);
        k.advance(clear, lanes);
      });
      const tapRow = k.variable(plane);
      k.loop(spec.kernel[0], () => {
        for (let s = 0; s < spec.kernel[1]; s++) {
          const row = k.variable(tapRow);
          k.advance(row, s * spec.dilationX);
          k.loop(inHeight, () => {
            addRow(k.variable(row));
            k.advance(row, rowStep);
          });
        }
        k.advance(tapRow, tapStep);
      });
      const shift = spec.bias ? k.broadcast(bias) : undefined;
      const result = (value: ReturnType<typeof k.zero<'f32'>>) =>
        activate(k, spec.activation, shift === undefined ? value : k.add(value, shift), bounds);
      const inside = k.variable(plane);
      k.advance(inside, origin);
      k.loop(outHeight, () => {
        const at = k.variable(inside);
        k.loop(k.shr(outWidth, Math.log2(lanes)), () => {
          k.store(result(k.load(at)), y);
          k.advance(at, lanes);
          k.advance(y, lanes);
        });
        k.storePartial(result(k.loadPartial(at, 0, outTail)), y, 0, outTail);
        k.advance(y, outTail);
        k.advance(inside, pitch);
      });
      if (spec.bias) k.advance(bias, 1);
    });
  },
);

/**
 * PyTorch's `conv_transpose2d` on NCHW images, then activation: the gradient of a convolution with respect to its
 * input, as an operator of its own. `outHeight` and `outWidth` include `outputPadding`.
 *
 * @throws EngineError when sizes are invalid, windows leave the output, or a slice is too small.
 */
export function convTranspose2d(p: ConvTranspose2dParameters): void {
  const { x, w, bias, y } = convolutionOperands('convTranspose2d', p);
  const extra = p.outputPadding ?? ([0, 0] as const);
  const window: WindowShape = {
    ...p,
    inHeight: p.outHeight,
    inWidth: p.outWidth,
    outHeight: p.inHeight,
    outWidth: p.inWidth,
  };
  const image = [p.outHeight - extra[0], p.outWidth - extra[1]] as const;
  checkWindows('convTranspose2d', window, image, [p.inHeight, p.inWidth]);
  if (p.batch === 0 || p.outHeight === 0 || p.outWidth === 0) return;
  const current = executor();
  const lanes = current.target.lanes('f32');
  const padded = paddedPlane(window, 1);
  const planeElements = Math.ceil(padded.elements / lanes) * lanes;
  const tile = tileOf(current.target);
  const outGroup = p.outChannels / p.groups;
  const m = outGroup * p.kernel[0] * p.kernel[1];
  const n = p.inHeight * p.inWidth;
  const k = p.inChannels / p.groups;
  const kernel = scatterKernel({
    kernel: [p.kernel[0], p.kernel[1]],
    strideX: p.stride[1],
    dilationX: p.dilation[1],
    bias: bias !== undefined,
    activation: activationKind(p.activation),
  });
  const outPlane = p.outHeight * p.outWidth;
  const taps = p.kernel[0] * p.kernel[1];
  const multiply = (a: Region, image: Region, contributions: Region): void => {
    if (n === 0) return;
    const someColumns = (start: number, length: number): void =>
      withScratch(packedBlockElements(length, k, tile.columns), (block) => {
        const b = (depth: Block, columns: Block): BlockB =>
          packedB(image, n, depth, { start: start + columns.start, length: columns.length }, block);
        blockedProduct({ m, n: length, k, a, b, c: part(contributions, start), ldc: n });
      });
    forkRanges(n, productTime(m * n * k), someColumns, tile.columns);
  };
  const scatter = (group: number, contributions: Region, to: Region): void => {
    const someChannels = (first: number, channels: number): void =>
      withScratch(planeElements, (plane) => {
        current.launch(kernel, {
          contributions: part(contributions, first * taps * n, channels * taps * n),
          plane,
          bias: bias ? part(bias, group * outGroup + first, channels) : nothing,
          y: part(to, first * outPlane, channels * outPlane),
          channels,
          planeElements,
          pitch: padded.pitch,
          origin: p.padding[0] * padded.pitch + p.padding[2],
          inHeight: p.inHeight,
          inWidth: p.inWidth,
          rowStep: p.stride[0] * padded.pitch,
          tapStep: p.dilation[0] * padded.pitch,
          outHeight: p.outHeight,
          outWidth: p.outWidth,
          ...activationBounds(p.activation),
        });
      });
    forkRanges(outGroup, passTime(outGroup * (3 * taps * n + 2 * planeElements)), someChannels);
  };
  const products = (first: number, count: number): void =>
    withScratch(m * k + m * n, (scratch) => {
      const a = part(scratch, 0, m * k);
      const contributions = after(a, m * n);
      for (let product = first; product < first + count; product++) {
        const group = Math.floor(product / p.batch);
        const image = product % p.batch;
        if (product === first || image === 0) {
          packA({ region: part(w, group * m * k, m * k), stride: m, transposed: true, m, k }, a);
        }
        const at = image * p.groups + group;
        multiply(a, part(x, at * k * n, k * n), contributions);
        scatter(group, contributions, part(y, at * outGroup * outPlane, outGroup * outPlane));
      }
    });
  // Threads take whole products where there are enough of them, otherwise columns and then channels of each.
  const count = p.groups * p.batch;
  if (count >= 2 * current.threads) forkRanges(count, productTime(count * m * n * k), products);
  else products(0, count);
}

interface Block {
  readonly start: number;
  readonly length: number;
}

/** Packs a block of the image's planes, which are B as they lie. */
function packedB(image: Region, stride: number, depth: Block, columns: Block, to: Region): BlockB {
  const current = executor();
  const tile = tileOf(current.target);
  const first = depth.start * stride + columns.start;
  const panels = Math.floor(columns.length / tile.columns);
  const tail = columns.length % tile.columns;
  const packed = part(to, 0, (panels + Math.sign(tail)) * tile.columns * depth.length);
  current.launch(packColumns({ columns: tile.columns, transposed: false }), {
    from: part(image, first),
    to: packed,
    k: depth.length,
    panels,
    tail,
    stride,
  });
  return { region: packed, packed: true, step: tile.columns, panel: tile.columns * depth.length };
}
