// Where bias, mask and weights lie in packed convolution weights.

import type { Storage } from '../../memory/storage.ts';
import type { ConvolutionShape } from '../../types.ts';
import { type Conv2dMethod, isWinograd } from './method.ts';
import { STRASSEN_PRODUCTS } from './strassen-forms.ts';
import { TILE_VECTORS } from './tile.ts';
import { winogradForms } from './winograd-transforms.ts';

/** The part of a convolution that its weights know; images of any size may be convolved with them. */
export type PackedConv2dShape = Pick<
  ConvolutionShape,
  'inChannels' | 'outChannels' | 'kernel' | 'stride' | 'padding' | 'dilation' | 'groups'
>;

/** Weights and bias of a convolution in the layout of one method on one target. */
export interface PackedConv2d extends PackedConv2dShape {
  readonly method: Conv2dMethod;
  /** Lanes of the target they were packed for. */
  readonly lanes: number;
  /** Lanes of the images that the method reads: `lanes`, or 1 for planes. */
  readonly inputLanes: number;
  readonly storage: Storage;
}

/** Input channels that the innermost loop unrolls; a block's last ones are padded to as many with zero weights. */
export const UNIT_CHANNELS = 4;

/** Consecutive groups of output blocks that are computed alike. */
export interface OutputPart {
  /** First block of output channels. */
  readonly block: number;
  /** Groups of `vectors` blocks. */
  readonly groups: number;
  readonly vectors: number;
  /** Halves of these blocks that hold channels, where weights of two inputs share a vector. */
  readonly halves: number | undefined;
  /** Elements before its weights, per matrix. */
  readonly elements: number;
}

/** A part whose outputs are all stored alike. */
export interface DirectOutputs extends OutputPart {
  /** Whether a mask keeps the padding of the last block zero. */
  readonly masked: boolean;
}

/** Layout of packed weights, in elements. */
export interface PackedLayout {
  readonly inGroup: number;
  readonly outGroup: number;
  /** Blocks of output channels of a group. */
  readonly outBlocks: number;
  /** Blocks of input channels of a group as the method counts them: planes if it reads planes. */
  readonly inBlocks: number;
  /** Inputs that are unrolled, units of a whole block, and of all blocks. */
  readonly unit: { readonly count: number; readonly step: number };
  readonly blockUnits: number;
  readonly units: number;
  /** Inputs times taps that each output sums up, padded to units. */
  readonly depth: number;
  /** Products of a Winograd method or of Strassen's, else 1. */
  readonly matrices: number;
  readonly parts: readonly OutputPart[];
  /** The parts as sums of products are launched: the group whose last block holds padding is one of its own. */
  readonly outputs: readonly DirectOutputs[];
  /** From one group's bias to the next. */
  readonly biasGroup: number;
  readonly mask: number;
  readonly weights: number;
  /** From one group's weights to the next. */
  readonly weightGroup: number;
  readonly elements: number;
}

/** Elements between the parts of the storage, so that each starts at a line of the cache. */
const LINE = 16;

type LayoutShape = PackedConv2dShape & { readonly method: Conv2dMethod; readonly lanes: number };

const known = new WeakMap<PackedConv2d, PackedLayout>();

/** The layout of weights, which is made once for each. */
export function layoutOf(packed: PackedConv2d): PackedLayout {
  let layout = known.get(packed);
  if (layout === undefined) {
    layout = packedLayout(packed);
    known.set(packed, layout);
  }
  return layout;
}

export function packedLayout(shape: LayoutShape): PackedLayout {
  const { lanes, method } = shape;
  const [inGroup, outGroup] = [shape.inChannels / shape.groups, shape.outChannels / shape.groups];
  const [kernelRows, kernelColumns] = shape.kernel;
  const matrices = isWinograd(method) ? winogradForms[method].size ** 2 : 1;
  const taps = isWinograd(method) ? 1 : kernelRows * kernelColumns;
  const aligned = (elements: number): number => Math.ceil(elements / LINE) * LINE;

  if (method === 'depthwise') {
    const blocks = Math.ceil(shape.outChannels / lanes);
    const mask = aligned(blocks * lanes);
    const weights = aligned(mask + lanes);
    return {
      ...{
        inGroup,
        outGroup,
        outBlocks: blocks,
        inBlocks: blocks,
        unit: { count: taps, step: 1 },
        blockUnits: 1,
      },
      ...{
        units: 1,
        depth: taps,
        matrices,
        parts: [],
        outputs: [],
        biasGroup: 0,
        mask,
        weights,
        weightGroup: 0,
      },
      elements: weights + blocks * lanes * taps,
    };
  }

  if (method === 'strassen') return strassenLayout(shape);

  const planar = method === 'planar';
  const outBlocks = Math.ceil(outGroup / lanes);
  const inBlocks = planar ? inGroup : Math.ceil(inGroup / lanes);
  const unit = planar ? { count: kernelColumns, step: shape.dilation[1] } : { count: UNIT_CHANNELS, step: 1 };
  const blockUnits = planar ? 1 : lanes / UNIT_CHANNELS;
  const units = planar ? inGroup : Math.ceil(inGroup / UNIT_CHANNELS);
  const depth = taps * (planar ? inGroup : units * UNIT_CHANNELS);
  const halved = method === 'direct' && shape.groups === 1;
  const parts = outputParts(outGroup, lanes, halved).map((each) => ({
    ...each,
    elements: each.block * lanes * depth,
  }));
  const mask = aligned(shape.groups * outBlocks * lanes);
  const weights = aligned(mask + lanes);
  const weightGroup = outBlocks * lanes * depth * matrices;
  return {
    ...{ inGroup, outGroup, outBlocks, inBlocks, unit, blockUnits, units, depth, matrices, parts },
    outputs: splitMasked(parts, outGroup, shape.outChannels, lanes, depth),
    ...{ biasGroup: outBlocks * lanes, mask, weights, weightGroup },
    elements: weights + shape.groups * weightGroup,
  };
}

/** Lanes of each vector of outputs that are stored, where a group of channels shares its block with others; else all. */
export function storedLanes(outGroup: number, outChannels: number, lanes: number): number | undefined {
  return outGroup < outChannels && outGroup < lanes ? outGroup : undefined;
}

/** Where the last block has padding, the group that it belongs to becomes a part of its own. */
function splitMasked(
  parts: readonly OutputPart[],
  outGroup: number,
  outChannels: number,
  lanes: number,
  depth: number,
): DirectOutputs[] {
  const outputs = parts.map((each) => ({ ...each, masked: false }));
  const last = outputs.at(-1)!;
  if (outGroup % lanes === 0 || storedLanes(outGroup, outChannels, lanes) !== undefined) return outputs;
  const rest = last.groups - 1;
  outputs[outputs.length - 1] = { ...last, groups: rest };
  outputs.push({
    ...last,
    block: last.block + rest * last.vectors,
    groups: 1,
    elements: last.elements + rest * last.vectors * lanes * depth,
    masked: true,
  });
  return outputs.filter(({ groups }) => groups > 0);
}

/** The layout of seven matrices of half the inputs by half the outputs; taps count as blocks of inputs. */
function strassenLayout({
  inChannels,
  outChannels,
  kernel,
  lanes,
}: PackedConv2dShape & { readonly lanes: number }): PackedLayout {
  const taps = kernel[0] * kernel[1];
  const [depth, outputs] = [(inChannels * taps) / 2, outChannels / 2];
  const blockUnits = lanes / UNIT_CHANNELS;
  const parts = outputParts(outputs, lanes, false).map((each) => ({
    ...each,
    elements: each.block * lanes * depth,
  }));
  const mask = outChannels;
  const weights = mask + Math.max(lanes, LINE);
  const weightGroup = STRASSEN_PRODUCTS * outputs * depth;
  return {
    ...{ inGroup: inChannels, outGroup: outChannels, outBlocks: outputs / lanes, inBlocks: depth / lanes },
    ...{ unit: { count: UNIT_CHANNELS, step: 1 }, blockUnits, units: depth / UNIT_CHANNELS, depth },
    ...{
      matrices: STRASSEN_PRODUCTS,
      parts,
      outputs: [],
      biasGroup: outChannels,
      mask,
      weights,
      weightGroup,
    },
    elements: weights + weightGroup,
  };
}

/** The groups from the `start`-th on, `count` of them, of all parts; `elements` are those of the weights of one block. */
export function someGroups<Part extends OutputPart>(
  parts: readonly Part[],
  start: number,
  count: number,
  elements: number,
): Part[] {
  let before = 0;
  return parts.flatMap((part) => {
    const first = Math.max(0, start - before);
    const groups = Math.min(part.groups, start + count - before) - first;
    before += part.groups;
    if (groups <= 0) return [];
    const blocks = first * part.vectors;
    return [{ ...part, block: part.block + blocks, groups, elements: part.elements + blocks * elements }];
  });
}

/** Lanes from which there are registers for tiles of more vectors than {@link TILE_VECTORS}. */
const WIDE_LANES = 16;

/**
 * Cuts the blocks of output channels into groups of {@link TILE_VECTORS}. On wide targets the last group takes a third
 * block rather than leave one by itself, whose every product would need an input of its own; where a block stays alone
 * or is at most half full, the last group is computed by halves if that is possible.
 */
function outputParts(outGroup: number, lanes: number, halved: boolean): Omit<OutputPart, 'elements'>[] {
  const blocks = Math.ceil(outGroup / lanes);
  const wide = lanes >= WIDE_LANES;
  const used = Math.ceil((2 * outGroup) / lanes);
  const odd = blocks % TILE_VECTORS;
  const last = blocks === 1 ? 1 : TILE_VECTORS + odd;
  const byHalves = wide && halved && (blocks === 1 || used % 2 === 1);
  const groupedLast = byHalves || (wide && odd > 0) ? last : odd;
  const before = blocks - groupedLast;
  return [
    { block: 0, groups: before / TILE_VECTORS, vectors: TILE_VECTORS, halves: undefined },
    {
      block: before,
      groups: 1,
      vectors: groupedLast,
      halves: byHalves ? used - 2 * before : undefined,
    },
  ].filter(({ groups, vectors }) => groups * vectors > 0);
}
