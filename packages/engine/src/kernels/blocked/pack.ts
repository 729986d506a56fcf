// Packs the weights and the bias of a convolution once, for all images to come.

import { checkWindows } from '../../convolution-operands.ts';
import { EngineError } from '../../errors.ts';
import { allocate } from '../../memory/allocate.ts';
import { checkSizes, regionOf } from '../../operands.ts';
import { executor, withScratch } from '../../runtime/executor.ts';
import { floatsOf, integersOf, part } from '../../runtime/region.ts';
import type { ConvolutionShape, Slice } from '../../types.ts';
import { blockedLanes } from './image.ts';
import {
  allowsStrassen,
  allowsWinograd,
  type Conv2dMethod,
  chooseConv2d,
  inputLanes,
  isDepthwise,
  isWinograd,
} from './method.ts';
import { type PackArguments, packPairs, packTaps, packWinograd } from './pack-kernels.ts';
import { type PackedConv2d, type PackedLayout, packedLayout, UNIT_CHANNELS } from './packed.ts';
import { strassenWeights } from './strassen-sums.ts';
import { winogradForms } from './winograd-transforms.ts';

/** Parameters of {@link packConv2dWeights}. */
export interface PackConv2dWeightsParameters extends ConvolutionShape {
  /** `[outChannels, inChannels / groups, kernel height, kernel width]`, contiguous. */
  readonly w: Slice;
  /** Length `outChannels`. */
  readonly bias?: Slice;
  /** The method; what {@link chooseConv2d} takes for the shape unless given. */
  readonly method?: Conv2dMethod;
  /** Forbids Winograd's and Strassen's methods. */
  readonly exact?: boolean;
}

const NAME = 'packConv2dWeights';

/**
 * Packs a convolution's weights for {@link blockedConv2d}. The shape's batch and image sizes serve the choice of the
 * method only. The result belongs to the caller: dispose of its storage, or drop it.
 * @throws EngineError when sizes are invalid, the method does not apply, or a slice is too small.
 */
export function packConv2dWeights(p: PackConv2dWeightsParameters): PackedConv2d {
  checkShape(p);
  const method = p.method ?? chooseConv2d(p, p.exact === undefined ? {} : { exact: p.exact });
  checkMethod(p, method);
  const { inChannels, outChannels, groups } = p;
  const lanes = blockedLanes();
  const [kernel, stride, padding, dilation] = [p.kernel, p.stride, p.padding, p.dilation];
  const shape = { inChannels, outChannels, groups, kernel, stride, padding, dilation, method, lanes };
  const layout = packedLayout(shape);
  const weights = regionOf(NAME, 'w', p.w, ((inChannels * outChannels) / groups) * kernel[0] * kernel[1]);
  const bias = p.bias && regionOf(NAME, 'bias', p.bias, outChannels);
  const storage = allocate(layout.elements * 4);
  const packed: PackedConv2d = { ...shape, inputLanes: inputLanes(method), storage };
  const to = regionOf(NAME, 'result', { storage, offset: 0 }, layout.elements);
  const head = floatsOf(part(to, 0, layout.weights)).fill(0);
  const values = bias && floatsOf(bias);
  for (let group = 0; values && group < biasGroups(layout, groups); group++) {
    const size = layout.biasGroup === 0 ? outChannels : layout.outGroup;
    head.set(values.subarray(group * size, (group + 1) * size), group * layout.biasGroup);
  }
  const channels = method === 'depthwise' ? outChannels : layout.outGroup;
  integersOf(part(to, layout.mask, lanes)).fill(-1, 0, channels % lanes || lanes);
  if (method === 'depthwise') {
    packGroup(shape, layout, weights, part(to, layout.weights));
  } else {
    const size = weights.bytes / 4 / groups;
    for (let group = 0; group < groups; group++) {
      const from = part(weights, group * size, size);
      packGroup(
        shape,
        layout,
        from,
        part(to, layout.weights + group * layout.weightGroup, layout.weightGroup),
      );
    }
  }
  return packed;
}

function biasGroups({ biasGroup }: PackedLayout, groups: number): number {
  return biasGroup === 0 ? 1 : groups;
}

function packGroup(
  p: Pick<PackedConv2d, 'method' | 'lanes' | 'kernel' | 'inChannels' | 'outChannels'>,
  layout: PackedLayout,
  w: PackArguments['w'],
  to: PackArguments['to'],
): void {
  const { launch } = bound();
  const taps = p.kernel[0] * p.kernel[1];
  const { inGroup, outGroup } = layout;
  const common = { taps, inputs: inGroup, stride: inGroup * taps, matrix: 0, blocks: layout.inBlocks };
  if (p.method === 'depthwise') {
    const groups = layout.outBlocks;
    const one = {
      ...common,
      groups,
      outputs: p.outChannels,
      inputs: 1,
      blockInputs: 1,
      blocks: 1,
      stride: taps,
    };
    launch(packTaps({ vectors: 1, unit: 1 }), { ...one, w, to });
    return;
  }
  if (p.method === 'strassen') {
    packStrassen(p, layout, w, to);
    return;
  }
  for (const { block, groups, vectors, halves, elements } of layout.parts) {
    const first = block * p.lanes;
    const outputs = Math.min(outGroup - first, groups * vectors * p.lanes);
    const from = part(w, first * inGroup * taps, outputs * inGroup * taps);
    const values = { ...common, groups, outputs, w: from };
    if (isWinograd(p.method)) {
      const spec = { method: p.method, vectors, unit: UNIT_CHANNELS };
      const matrix = groups * vectors * p.lanes * layout.depth;
      const at = part(to, elements * layout.matrices, matrix * layout.matrices);
      launch(packWinograd(spec), { ...values, to: at, matrix, blockInputs: 0 });
    } else {
      const planar = p.method === 'planar';
      const spec = { vectors, unit: planar ? 1 : UNIT_CHANNELS };
      const at = part(to, elements, groups * vectors * p.lanes * layout.depth);
      launch(packTaps(spec), { ...values, to: at, blockInputs: planar ? 1 : p.lanes });
      if (halves !== undefined) {
        launch(packPairs({ vectors, halves }), { from: at, to: at, pairs: layout.depth / 2 });
      }
    }
  }
}

/** Sums up quarters of the weights, and packs each of the seven results like weights of half as many channels. */
function packStrassen(
  p: Pick<PackedConv2d, 'lanes' | 'kernel' | 'inChannels' | 'outChannels'>,
  layout: PackedLayout,
  w: PackArguments['w'],
  to: PackArguments['to'],
): void {
  const { launch } = bound();
  const taps = p.kernel[0] * p.kernel[1];
  const [inputs, outputs] = [p.inChannels / 2, p.outChannels / 2];
  const size = inputs * outputs * taps;
  withScratch(layout.matrices * size, (scratch) => {
    launch(strassenWeights({}), { w, to: scratch, outputs: p.outChannels, inputs: p.inChannels * taps });
    for (const { block, groups, vectors, elements } of layout.parts) {
      const channels = vectors * p.lanes;
      const group = channels * layout.depth;
      for (let matrix = 0; matrix < layout.matrices * groups; matrix++) {
        const [of, product] = [Math.floor(matrix / layout.matrices), matrix % layout.matrices];
        const first = product * size + (block * p.lanes + of * channels) * layout.depth;
        launch(packTaps({ vectors, unit: UNIT_CHANNELS }), {
          ...{
            w: part(scratch, first, group),
            to: part(to, elements * layout.matrices + matrix * group, group),
          },
          ...{ groups: 1, outputs: channels, inputs, blockInputs: p.lanes, blocks: inputs / p.lanes },
          ...{ taps, stride: layout.depth, matrix: 0 },
        });
      }
    }
  });
}

function bound() {
  const current = executor();
  return { launch: current.launch.bind(current) as typeof current.launch };
}

function checkShape(p: ConvolutionShape): void {
  checkSizes(NAME, { inChannels: p.inChannels, outChannels: p.outChannels, groups: p.groups }, 1);
  for (const axis of [0, 1] as const) {
    const [kernel, stride, dilation] = [p.kernel[axis], p.stride[axis], p.dilation[axis]];
    checkSizes(
      NAME,
      { [`kernel ${axis}`]: kernel, [`stride ${axis}`]: stride, [`dilation ${axis}`]: dilation },
      1,
    );
  }
  p.padding.forEach((padding, side) => void checkSizes(NAME, { [`padding ${side}`]: padding }));
  if (p.inChannels % p.groups !== 0 || p.outChannels % p.groups !== 0) {
    const got = `${p.inChannels} in and ${p.outChannels} out`;
    throw new EngineError(NAME, 'channels do not divide into groups', `multiples of ${p.groups}`, got);
  }
  checkWindows(NAME, p, [p.inHeight, p.inWidth], [p.outHeight, p.outWidth]);
}

function checkMethod(p: ConvolutionShape, method: Conv2dMethod): void {
  const refuse = (expected: string): never => {
    throw new EngineError(NAME, `method '${method}' does not apply`, expected, describeShape(p));
  };
  if (isWinograd(method) && !allowsWinograd(p, method)) {
    refuse(`a 3x3 kernel, stride ${winogradForms[method].stride}, dilation 1, one group`);
  }
  if (method === 'depthwise' && !isDepthwise(p)) refuse('one group for each input and output channel');
  if (method === 'planar' && p.groups !== 1) refuse('one group');
  if (method === 'strassen' && !allowsStrassen(p, blockedLanes())) {
    refuse(`one group, channels that are multiples of ${2 * blockedLanes()}`);
  }
}

function describeShape({
  kernel,
  stride,
  dilation,
  groups,
  inChannels,
  outChannels,
}: ConvolutionShape): string {
  const window = `${kernel.join('x')} stride ${stride.join('x')} dilation ${dilation.join('x')}`;
  return `${window}, ${groups} groups of ${inChannels} and ${outChannels} channels`;
}
