// Batch normalization in training: each channel by its own statistics over the batch.

import { checkSizes, regionOf } from '../operands.ts';
import { executor } from '../runtime/executor.ts';
import { part } from '../runtime/region.ts';
import { forkRanges, LINE_ELEMENTS, passTime } from '../threads/split.ts';
import type { BatchNormTrainingParameters, Expression, StridedSlice } from '../types.ts';
import { channelMomentsKernel } from './channel-moments.ts';
import { fusedElementwise } from './fused-elementwise.ts';

const [x, mean, factor, bias]: readonly Expression[] = [
  { input: 0 },
  { input: 1 },
  { input: 2 },
  { input: 3 },
];
const centered: Expression = { op: 'sub', args: [x!, mean!] };
const scaled: Expression = { op: 'mul', args: [centered, factor!] };
const shifted: readonly Expression[] = [{ op: 'add', args: [scaled, bias!] }];
const unshifted: readonly Expression[] = [scaled];

/** Inputs: variance, then the weight if there is one; parameter: eps. */
const deviation: Expression = { op: 'sqrt', args: [{ op: 'add', args: [{ input: 0 }, { parameter: 0 }] }] };
const weightedFactor: readonly Expression[] = [{ op: 'div', args: [{ input: 1 }, deviation] }];
const plainFactor: readonly Expression[] = [{ op: 'reciprocal', args: [deviation] }];

/**
 * `y = (x - mean) / sqrt(variance + eps) * weight + bias` for each channel of `x[batch, channels, inner]`, with the mean and
 * variance of that channel, which it gives out. As PyTorch's batch_norm in training; the running statistics are the caller's.
 *
 * @throws EngineError when a size is invalid or a slice too small.
 */
export function batchNormTraining(p: BatchNormTrainingParameters): void {
  const { batch, channels, inner } = p;
  checkSizes('batchNormTraining', { batch, channels, inner });
  const count = batch * channels * inner;
  regionOf('batchNormTraining', 'y', p.y, count);
  if (p.weight) regionOf('batchNormTraining', 'weight', p.weight, channels);
  if (p.bias) regionOf('batchNormTraining', 'bias', p.bias, channels);
  const current = executor();
  const x = regionOf('batchNormTraining', 'x', p.x, count);
  const mean = regionOf('batchNormTraining', 'mean', p.mean, channels);
  const variance = regionOf('batchNormTraining', 'variance', p.variance, channels);
  const kernel = channelMomentsKernel({ along: inner === 1 ? 'columns' : 'planes' });
  const someChannels = (first: number, some: number): void =>
    current.launch(kernel, {
      x: part(x, first * inner, Math.max(0, (batch - 1) * channels + some) * inner),
      mean: part(mean, first, some),
      variance: part(variance, first, some),
      batch,
      channels: some,
      inner,
      step: channels * inner,
      count: batch * inner,
    });
  forkRanges(channels, passTime(2 * count), someChannels, inner === 1 ? LINE_ELEMENTS : 1);
  const storage = current.memory.borrow(channels * 4);
  try {
    const factors = { storage, offset: 0 };
    const alone = (slice: Omit<StridedSlice, 'strides'>): StridedSlice => ({ ...slice, strides: [1] });
    fusedElementwise({
      expressions: p.weight ? weightedFactor : plainFactor,
      inputs: [alone(p.variance), ...(p.weight ? [alone(p.weight)] : [])],
      outputs: [alone(factors)],
      shape: [channels],
      parameters: [p.eps],
    });
    const dense = [channels * inner, inner, 1];
    const each = (slice: Omit<StridedSlice, 'strides'>): StridedSlice => ({ ...slice, strides: [0, 1, 0] });
    fusedElementwise({
      expressions: p.bias ? shifted : unshifted,
      inputs: [{ ...p.x, strides: dense }, each(p.mean), each(factors), ...(p.bias ? [each(p.bias)] : [])],
      outputs: [{ ...p.y, strides: dense }],
      shape: [batch, channels, inner],
    });
  } finally {
    storage.dispose();
  }
}
