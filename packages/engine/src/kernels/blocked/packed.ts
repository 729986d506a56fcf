// Where bias, mask and weights lie in packed convolution weights.

import type { Storage } from '../../memory/storage.ts';
import type { ConvolutionShape } from '../../types.ts';
import { type Conv2dMethod, isWinograd } from './method.ts';
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
  /** Elements before its weights, per matrix. */
  readonly elements: number;
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
  /** Products of a Winograd method, else 1. */
  readonly matrices: number;
  readonly parts: readonly OutputPart[];
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

export function packedLayout(
  shape: PackedConv2dShape & { readonly method: Conv2dMethod; readonly lanes: number },
): PackedLayout {
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
      ...{ units: 1, depth: taps, matrices, parts: [], biasGroup: 0, mask, weights, weightGroup: 0 },
      elements: weights + blocks * lanes * taps,
    };
  }

  const planar = method === 'planar';
  const outBlocks = Math.ceil(outGroup / lanes);
  const inBlocks = planar ? inGroup : Math.ceil(inGroup / lanes);
  const unit = planar ? { count: kernelColumns, step: shape.dilation[1] } : { count: UNIT_CHANNELS, step: 1 };
  const blockUnits = planar ? 1 : lanes / UNIT_CHANNELS;
  const units = planar ? inGroup : Math.ceil(inGroup / UNIT_CHANNELS);
  const depth = taps * (planar ? inGroup : units * UNIT_CHANNELS);
  const pairs = Math.floor(outBlocks / TILE_VECTORS);
  const rest = outBlocks - pairs * TILE_VECTORS;
  const parts = [
    { block: 0, groups: pairs, vectors: TILE_VECTORS, elements: 0 },
    { block: outBlocks - rest, groups: 1, vectors: rest, elements: (outBlocks - rest) * lanes * depth },
  ].filter(({ groups, vectors }) => groups * vectors > 0);
  const mask = aligned(shape.groups * outBlocks * lanes);
  const weights = aligned(mask + lanes);
  const weightGroup = outBlocks * lanes * depth * matrices;
  return {
    ...{ inGroup, outGroup, outBlocks, inBlocks, unit, blockUnits, units, depth, matrices, parts },
    ...{ biasGroup: outBlocks * lanes, mask, weights, weightGroup },
    elements: weights + shape.groups * weightGroup,
  };
}
