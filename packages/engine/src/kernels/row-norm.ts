// Layer, RMS, group and instance normalization: rows of neighbours, each by its own statistics.

import { EngineError } from '../errors.ts';
import { floatLanes } from '../float-type.ts';
import { checkSizes, regionOf } from '../operands.ts';
import { executor } from '../runtime/executor.ts';
import { nothing, part, type Region } from '../runtime/region.ts';
import { forkRanges, passTime } from '../threads/split.ts';
import type { GroupNormParameters, LayerNormParameters, RmsNormParameters, Slice } from '../types.ts';
import { type RowNormSpec, rowNormKernel } from './row-norm-kernel.ts';

/**
 * `y = (x - mean) / sqrt(var + eps) * weight + bias` for each row of `x[outer, size]`; the variance is divided by `size`. As
 * PyTorch's layer_norm.
 *
 * @throws EngineError when a size is invalid or a slice too small.
 */
export function layerNorm(p: LayerNormParameters): void {
  checkSizes('layerNorm', { outer: p.outer, size: p.size });
  const shape = { batch: p.outer, groups: 1, channels: 1, inner: p.size };
  normalizeRows('layerNorm', p, { ...shape, center: true, per: 'element', parameters: p.size });
}

/**
 * `y = x / sqrt(mean(x * x) + eps) * weight` for each row of `x[outer, size]`. As PyTorch's rms_norm.
 *
 * @throws EngineError when a size is invalid or a slice too small.
 */
export function rmsNorm(p: RmsNormParameters): void {
  checkSizes('rmsNorm', { outer: p.outer, size: p.size });
  const shape = { batch: p.outer, groups: 1, channels: 1, inner: p.size };
  normalizeRows('rmsNorm', p, { ...shape, center: false, per: 'element', parameters: p.size });
}

/**
 * Normalizes each group of channels of each image of `x[batch, channels, inner]` as {@link layerNorm} does a row, then scales
 * and shifts each channel. As PyTorch's group_norm; with a group for each channel, its instance_norm.
 *
 * @throws EngineError when a size is invalid, the groups do not divide the channels, or a slice is too small.
 */
export function groupNorm(p: GroupNormParameters): void {
  const { batch, channels, inner, groups } = p;
  checkSizes('groupNorm', { batch, channels, inner });
  checkSizes('groupNorm', { groups }, 1);
  if (channels % groups !== 0) {
    throw new EngineError('groupNorm', 'groups do not divide channels', `a divisor of ${channels}`, groups);
  }
  const shape = { batch, groups, channels: channels / groups, inner };
  normalizeRows('groupNorm', p, { ...shape, center: true, per: 'channel', parameters: channels });
}

interface Rows extends Pick<RowNormSpec, 'center' | 'per'> {
  readonly batch: number;
  readonly groups: number;
  readonly channels: number;
  readonly inner: number;
  /** Length of weight and bias. */
  readonly parameters: number;
}

interface Operands extends Pick<LayerNormParameters, 'dtype'> {
  readonly x: Slice;
  readonly y: Slice;
  readonly weight?: Slice;
  readonly bias?: Slice;
  readonly mean?: Slice;
  readonly rstd?: Slice;
  readonly eps: number;
}

function normalizeRows(name: string, p: Operands, rows: Rows): void {
  const { batch, groups, channels, inner, center, per, parameters } = rows;
  const size = channels * inner;
  const { type, bytes } = floatLanes(name, p.dtype);
  const optional = (operand: 'weight' | 'bias' | 'mean' | 'rstd', elements: number): Region =>
    p[operand] === undefined ? nothing : regionOf(name, operand, p[operand], elements, bytes);
  const kernel = rowNormKernel[type]({
    center,
    per,
    weight: p.weight !== undefined,
    bias: p.bias !== undefined,
    mean: p.mean !== undefined,
    rstd: p.rstd !== undefined,
  });
  const current = executor();
  const x = regionOf(name, 'x', p.x, batch * groups * size, bytes);
  const y = regionOf(name, 'y', p.y, batch * groups * size, bytes);
  const weight = optional('weight', parameters);
  const bias = optional('bias', parameters);
  const mean = optional('mean', batch * groups);
  const rstd = optional('rstd', batch * groups);
  /** Some images, and some of their groups. */
  const launch = (image: number, images: number, group: number, count: number): void => {
    const row = image * groups + group;
    const some = (region: Region, from: number, elements: number): Region =>
      region === nothing ? nothing : part(region, from, elements, bytes);
    const perGroup = (region: Region): Region =>
      per === 'channel' ? some(region, group * channels, count * channels) : region;
    current.launch(kernel, {
      x: part(x, row * size, images * count * size, bytes),
      y: part(y, row * size, images * count * size, bytes),
      weight: perGroup(weight),
      bias: perGroup(bias),
      mean: some(mean, row, images * count),
      rstd: some(rstd, row, images * count),
      batch: images,
      groups: count,
      channels,
      inner,
      count: size,
      eps: p.eps,
    });
  };
  const time = passTime((3 * batch * groups * size * bytes) / 4);
  if (groups === 1 || batch >= 2 * current.threads) {
    forkRanges(batch, time, (first, count) => launch(first, count, 0, groups));
    return;
  }
  for (let image = 0; image < batch; image++) {
    forkRanges(groups, time / batch, (first, count) => launch(image, 1, first, count));
  }
}
