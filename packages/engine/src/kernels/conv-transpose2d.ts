// Transposed 2-D convolution: a matrix product gives every tap's contribution, and a kernel adds them up where
// they overlap.

import { inout, input, integer, output, scalar } from '@sconce/codegen';
import { checkWindows, convolutionOperands } from '../convolution-operands.ts';
import { executor, nothing, type Region, region, withScratch } from '../runtime/executor.ts';
import { family } from '../runtime/family.ts';
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
  const blockElements = packedBlockElements(n, k, tile.columns);
  const kernel = scatterKernel({
    kernel: [p.kernel[0], p.kernel[1]],
    strideX: p.stride[1],
    dilationX: p.dilation[1],
    bias: bias !== undefined,
    activation: activationKind(p.activation),
  });
  withScratch(m * k + m * n + planeElements + blockElements, (scratch) => {
    const a = region(scratch.address, m * k);
    const plane = region(a.address + a.bytes, planeElements);
    const contributions = region(plane.address + plane.bytes, m * n);
    const block = region(contributions.address + contributions.bytes, blockElements);
    for (let group = 0; group < p.groups; group++) {
      const weights = region(w.address + group * m * k * 4, m * k);
      packA({ region: weights, stride: m, transposed: true, m, k }, a);
      for (let image = 0; image < p.batch; image++) {
        const at = image * p.groups + group;
        const from = region(x.address + at * k * n * 4, k * n);
        const b = (depth: Block, columns: Block): BlockB => packedB(from, n, depth, columns, block);
        if (n > 0) blockedProduct({ m, n, k, a, b, c: contributions, ldc: n });
        const outElements = outGroup * p.outHeight * p.outWidth;
        current.launch(kernel, {
          contributions,
          plane,
          bias: bias ? region(bias.address + group * outGroup * 4, outGroup) : nothing,
          y: region(y.address + at * outElements * 4, outElements),
          channels: outGroup,
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
      }
    }
  });
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
  const packed = region(to.address, (panels + Math.sign(tail)) * tile.columns * depth.length);
  current.launch(packColumns({ columns: tile.columns, transposed: false }), {
    from: { address: image.address + first * 4, bytes: image.bytes - first * 4 },
    to: packed,
    k: depth.length,
    panels,
    tail,
    stride,
  });
  return { region: packed, packed: true, step: tile.columns, panel: tile.columns * depth.length };
}
