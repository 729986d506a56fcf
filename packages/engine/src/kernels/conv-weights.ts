// Packs plain weights for the convolutions of blocked images within a call: fast, and as a convolution or its gradient reads
// them.

import { input, integer, output } from '@sconce/codegen';
import { executor, withScratch } from '../runtime/executor.ts';
import { family } from '../runtime/family.ts';
import { nothing, part, type Region } from '../runtime/region.ts';
import { forkRanges, passTime } from '../threads/split.ts';
import { viewIn } from './blocked/image.ts';
import { blockPlanes } from './blocked/layout.ts';
import { inputLanes, isWinograd } from './blocked/method.ts';
import { packPairs } from './blocked/pack-kernels.ts';
import { type PackedConv2d, type PackedLayout, packedLayout, UNIT_CHANNELS } from './blocked/packed.ts';
import { winogradForms } from './blocked/winograd-transforms.ts';
import { MOST_SQUARE_TAPS, packSquares } from './conv-pack-squares.ts';
import { transposeToLanes } from './conv-transpose-lanes.ts';

/** Weights of one group as they are stored, and how a convolution is to see them. */
export interface WeightSource {
  /** `[rows][columns][taps]`, contiguous. */
  readonly w: Region;
  readonly taps: number;
  /** Whether rows are the convolution's inputs and columns its outputs; the other way otherwise. */
  readonly transposed: boolean;
}

/** A convolution of one group, or a depthwise one, without weights. */
export type PackableConv2d = Omit<PackedConv2d, 'storage' | 'inputLanes'>;

/** Weights in vectors of outputs, `[vectors][inputs][taps][lanes]`, in the order in which a method reads them. */
const orderTaps = family(
  'conv-order-taps',
  {
    from: input('f32'),
    to: output('f32'),
    /** From one vector of outputs to the next. */
    vector: integer(),
    inputs: integer(),
    blockInputs: integer(),
    blocks: integer(),
  },
  (
    k,
    spec: {
      readonly vectors: number;
      readonly unit: number;
      readonly taps: number;
      readonly order: readonly number[];
    },
  ) => {
    const lanes = k.lanes('f32');
    const [from, to] = [k.pointer('from'), k.pointer('to')];
    const vectors = [...Array(spec.vectors).keys()];
    const left = k.integer('inputs');
    k.loop(k.integer('blocks'), () => {
      const inputs = k.min(left, k.integer('blockInputs'));
      k.assign(left, k.sub(left, inputs));
      for (const tap of spec.order) {
        const at = vectors.map(() => k.variable(from));
        for (const v of vectors.slice(1)) {
          k.assign(at[v]!, at[v - 1]!);
          k.advance(at[v]!, k.integer('vector'));
        }
        k.loop(inputs, () => {
          for (const v of vectors) k.store(k.load(at[v]!, tap * lanes), to, v * lanes);
          for (const v of vectors) k.advance(at[v]!, spec.taps * lanes);
          k.advance(to, spec.vectors * lanes);
        });
        if (spec.unit === 1) continue;
        k.loop(k.and(k.sub(k.variable(0), inputs), spec.unit - 1), () => {
          for (const v of vectors) k.store(0, to, v * lanes);
          k.advance(to, spec.vectors * lanes);
        });
      }
      k.advance(from, k.mul(inputs, spec.taps * lanes));
    });
  },
);

/** The same with the transform of a Winograd method: `[matrices][inputs][vectors * lanes]`. */
const orderWinograd = family(
  'conv-order-winograd',
  {
    from: input('f32'),
    to: output('f32'),
    vector: integer(),
    inputs: integer(),
    /** From one matrix to the next. */
    matrix: integer(),
  },
  (
    k,
    spec: {
      readonly method: keyof typeof winogradForms;
      readonly vectors: number;
      readonly taps: number;
      readonly order: readonly number[];
    },
  ) => {
    const lanes = k.lanes('f32');
    const { size, weight: transform } = winogradForms[spec.method];
    const [from, to] = [k.pointer('from'), k.pointer('to')];
    const [inputs, matrix] = [k.integer('inputs'), k.shl(k.integer('matrix'), 2)];
    k.loop(inputs, () => {
      const source = k.variable(from);
      for (let v = 0; v < spec.vectors; v++) {
        const columns = [0, 1, 2].map((s) =>
          transform(
            k,
            [0, 1, 2].map((r) => k.load(source, spec.order[3 * r + s]! * lanes)),
          ),
        );
        const place = k.variable(to);
        for (let i = 0; i < size; i++) {
          for (const value of transform(
            k,
            columns.map((column) => column[i]!),
          )) {
            k.store(value, place, v * lanes);
            k.advanceBytes(place, matrix);
          }
        }
        k.advance(source, k.integer('vector'));
      }
      k.advance(from, spec.taps * lanes);
      k.advance(to, spec.vectors * lanes);
    });
    k.loop(k.and(k.sub(k.variable(0), inputs), UNIT_CHANNELS - 1), () => {
      const place = k.variable(to);
      k.loop(size * size, () => {
        for (let v = 0; v < spec.vectors; v++) k.store(0, place, v * lanes);
        k.advanceBytes(place, matrix);
      });
      k.advance(to, spec.vectors * lanes);
    });
  },
);

/** The bias, filled up with zeros, and the mask of the last block, which are in front of the weights. */
const writeHead = family(
  'conv-head',
  {
    bias: input('f32'),
    to: output('f32'),
    mask: output('i32'),
    blocks: integer(),
    channels: integer(),
  },
  (k, spec: { readonly bias: boolean }) => {
    const lanes = k.lanes('f32');
    const [bias, to, mask] = [k.pointer('bias'), k.pointer('to'), k.pointer('mask')];
    const left = k.integer('channels');
    k.store(0, mask);
    k.loop(k.integer('blocks'), () => {
      if (spec.bias) k.store(k.loadPartial(bias, 0, left), to);
      else k.store(0, to);
      k.storePartial(-1, mask, 0, left);
      k.when(left, '>', lanes, () => {
        k.advance(bias, lanes);
        k.increment(left, -lanes);
        k.store(0, mask);
      });
      k.advance(to, lanes);
    });
  },
);

/** Elements that {@link packWeights} writes. */
export function packedElements(shape: PackableConv2d): number {
  return packedLayout(shape).elements;
}

/** One packing of the weights of a group. */
export interface PackTarget {
  /** Any method but `strassen`; channels, groups and lanes are those of all targets. */
  readonly shape: PackableConv2d;
  /** The stored tap of each tap of the convolution. */
  readonly order: readonly number[];
  /** Starts a storage. */
  readonly to: Region;
}

/** Packs the weights and the bias of one group, or of all channels of a depthwise convolution, in the layout of `blocked/packed.ts`, for each target. */
export function packWeights(
  source: WeightSource,
  bias: Region | undefined,
  targets: readonly PackTarget[],
): PackedConv2d[] {
  const all = targets.map((target) => ({ ...target, layout: packedLayout(target.shape) }));
  const depthwise = all.some(({ shape: { method } }) => method === 'depthwise');
  for (const { shape, layout, to } of all) {
    executor().launch(writeHead({ bias: bias !== undefined }), {
      bias: bias ? part(bias, 0, depthwise ? shape.outChannels : layout.outGroup) : nothing,
      to: part(to, 0, layout.outBlocks * shape.lanes),
      mask: part(to, layout.mask, shape.lanes),
      blocks: layout.outBlocks,
      channels: depthwise ? shape.outChannels : layout.outGroup,
    });
  }
  if (depthwise) packDepthwise(source, all);
  else for (const alike of alikeGroups(all)) packGroups(source, alike);
  return all.map(({ shape, to }) => ({
    ...shape,
    inputLanes: inputLanes(shape.method),
    storage: to.storage!,
  }));
}

/** Targets whose output vectors are grouped alike, so that they share what is brought into lanes. */
function alikeGroups(all: readonly LaidOut[]): LaidOut[][] {
  const found = new Map<string, LaidOut[]>();
  for (const target of all) {
    const key = target.layout.parts.map(({ groups, vectors }) => `${groups}x${vectors}`).join();
    const alike = found.get(key);
    if (alike) alike.push(target);
    else found.set(key, [target]);
  }
  return [...found.values()];
}

function packGroups(source: WeightSource, all: readonly LaidOut[]): void {
  const { layout, shape } = all[0]!;
  const groups = layout.parts.flatMap((each) =>
    Array.from({ length: each.groups }, (_, group) => ({ part: each, group })),
  );
  const read = layout.inGroup * layout.outGroup * source.taps;
  const written = all.reduce((sum, one) => sum + one.layout.elements, 0);
  const squares = fillsSquares(source, all);
  forkRanges(groups.length, passTime(4 * read + 2 * written), (first, count) => {
    if (squares) {
      for (const { part: each, group } of groups.slice(first, first + count)) {
        packFilled(all[0]!, source, layout.parts.indexOf(each), group);
      }
      return;
    }
    const stride = layout.inGroup * source.taps * shape.lanes + shape.lanes;
    withScratch(Math.max(...layout.parts.map(({ vectors }) => vectors)) * stride, (stage) => {
      for (const { part: each, group } of groups.slice(first, first + count)) {
        packGroup(all, source, layout.parts.indexOf(each), group, stage);
      }
    });
  });
}

/** Windows `[channels][taps]` of a depthwise convolution: `[blocks][taps][lanes]`. */
function packDepthwise({ w, taps }: WeightSource, targets: readonly LaidOut[]): void {
  const { layout, shape } = targets[0]!;
  const { lanes, outChannels: channels } = shape;
  const blocks = layout.outBlocks;
  withScratch(blocks * taps * lanes, (stage) => {
    const lanesOf = { from: part(w, 0, channels * taps), to: stage, channels, inputs: 1, taps };
    transposeToLanes({ ...lanesOf, stride: 0, block: taps * lanes });
    for (const { order, to, layout: one } of targets) {
      executor().launch(orderTaps({ vectors: 1, unit: 1, taps, order }), {
        ...{ from: stage, vector: 0, inputs: blocks, blockInputs: 1, blocks },
        to: part(to, one.weights, blocks * order.length * lanes),
      });
    }
  });
}

type LaidOut = PackTarget & { readonly layout: PackedLayout };

/** Whether weights go straight into the order of direct sums: one target, whose channels fill blocks. */
function fillsSquares({ taps }: WeightSource, targets: readonly LaidOut[]): boolean {
  const [{ shape, layout }, ...others] = targets as [LaidOut, ...LaidOut[]];
  const { inGroup, outGroup, parts } = layout;
  return (
    others.length === 0 &&
    shape.method === 'direct' &&
    taps <= MOST_SQUARE_TAPS &&
    inGroup % shape.lanes === 0 &&
    outGroup % shape.lanes === 0 &&
    parts.every(({ halves }) => halves === undefined)
  );
}

/** Packs one group of output vectors of such weights. */
function packFilled(
  { shape, order, to, layout }: LaidOut,
  { w, taps, transposed }: WeightSource,
  partIndex: number,
  group: number,
): void {
  const { lanes } = shape;
  const { inGroup, outGroup } = layout;
  const { block, vectors, elements } = layout.parts[partIndex]!;
  const first = (block + group * vectors) * lanes;
  const size = vectors * lanes * layout.depth;
  const blocks = inGroup / lanes;
  // Behind the last weights of all there is nothing that might be read.
  const whole = !transposed || taps === 1 || first + vectors * lanes < outGroup ? blocks : blocks - 1;
  executor().launch(packSquares({ vectors, taps, order, transposed }), {
    from: part(w, first * taps * (transposed ? 1 : inGroup)),
    to: part(to, layout.weights + elements + group * size, size),
    blocks: whole,
    rest: whole === blocks ? 0 : lanes - 1,
    last: whole === blocks ? 0 : 1,
    stride: (transposed ? outGroup : inGroup) * taps,
  });
}

/** Brings one group of output vectors into lanes, and those into the order of each target. */
function packGroup(
  targets: readonly LaidOut[],
  { w, taps, transposed }: WeightSource,
  partIndex: number,
  group: number,
  stage: Region,
): void {
  const { layout, shape } = targets[0]!;
  const { inGroup, outGroup } = layout;
  const { lanes } = shape;
  const { block, vectors } = layout.parts[partIndex]!;
  const first = (block + group * vectors) * lanes;
  const outputs = Math.min(outGroup - first, vectors * lanes);
  const run = inGroup * taps;
  const view = viewIn(stage, {
    ...{ batch: 1, channels: outputs, height: 1, width: run, border: [0, 0, 0, 0], lanes },
  });
  if (transposed) {
    transposeToLanes({
      from: part(w, first * taps, ((inGroup - 1) * outGroup + outputs) * taps),
      to: stage,
      channels: outputs,
      inputs: inGroup,
      taps,
      stride: outGroup * taps,
      block: view.block,
    });
  } else blockPlanes(part(w, first * run, outputs * run), view);
  const values = { from: part(stage, 0, vectors * view.block), vector: view.block, inputs: inGroup };
  for (const target of targets) order(target, target.layout.parts[partIndex]!, group, taps, values);
}

function order(
  { shape: { method, lanes }, order, to, layout }: LaidOut,
  { vectors, groups, halves, elements }: PackedLayout['parts'][number],
  group: number,
  taps: number,
  values: { readonly from: Region; readonly vector: number; readonly inputs: number },
): void {
  const current = executor();
  const weights = part(to, layout.weights);
  const size = vectors * lanes * layout.depth;
  if (isWinograd(method)) {
    const matrix = groups * size;
    const at = elements * layout.matrices + group * size;
    current.launch(orderWinograd({ method, vectors, taps, order }), {
      ...values,
      to: part(weights, at, (layout.matrices - 1) * matrix + size),
      matrix,
    });
    return;
  }
  const planar = method === 'planar';
  const unit = planar ? 1 : UNIT_CHANNELS;
  const at = part(weights, elements + group * size, size);
  current.launch(orderTaps({ vectors, unit, taps, order }), {
    ...values,
    to: at,
    blocks: layout.inBlocks,
    blockInputs: planar ? 1 : lanes,
  });
  if (halves !== undefined) {
    current.launch(packPairs({ vectors, halves }), { from: at, to: at, pairs: layout.depth / 2 });
  }
}
