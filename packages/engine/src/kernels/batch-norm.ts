// Batch normalization in training: each channel by its own statistics over the batch.

import type { Expression, TypedSlice } from '../elementwise-types.ts';
import { floatLanes } from '../float-type.ts';
import { checkSizes, regionOf } from '../operands.ts';
import { executor } from '../runtime/executor.ts';
import { part } from '../runtime/region.ts';
import { forkRanges, LINE_ELEMENTS, passTime } from '../threads/split.ts';
import type { BatchNormTrainingParameters, Slice } from '../types.ts';
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
  const { dtype = 'float32' } = p;
  const { type, bytes } = floatLanes('batchNormTraining', dtype);
  const count = batch * channels * inner;
  regionOf('batchNormTraining', 'y', p.y, count, bytes);
  if (p.weight) regionOf('batchNormTraining', 'weight', p.weight, channels, bytes);
  if (p.bias) regionOf('batchNormTraining', 'bias', p.bias, channels, bytes);
  const current = executor();
  const x = regionOf('batchNormTraining', 'x', p.x, count, bytes);
  const mean = regionOf('batchNormTraining', 'mean', p.mean, channels, bytes);
  const variance = regionOf('batchNormTraining', 'variance', p.variance, channels, bytes);
  const kernel = channelMomentsKernel[type]({ along: inner === 1 ? 'columns' : 'planes' });
  const someChannels = (first: number, some: number): void =>
    current.launch(kernel, {
      x: part(x, first * inner, Math.max(0, (batch - 1) * channels + some) * inner, bytes),
      mean: part(mean, first, some, bytes),
      variance: part(variance, first, some, bytes),
      batch,
      channels: some,
      inner,
      step: channels * inner,
      count: batch * inner,
    });
  forkRanges(channels, passTime((2 * count * bytes) / 4), someChannels, inner === 1 ? LINE_ELEMENTS : 1);
  const storage = current.borrow(channels * bytes);
  try {
    const factors = { storage, offset: 0 };
    const alone = (slice: Slice): TypedSlice => ({ ...slice, strides: [1], dtype });
    fusedElementwise({
      expressions: p.weight ? weightedFactor : plainFactor,
      inputs: [alone(p.variance), ...(p.weight ? [alone(p.weight)] : [])],
      outputs: [alone(factors)],
      shape: [channels],
      parameters: [p.eps],
    });
    const dense = [channels * inner, inner, 1];
    const each = (slice: Slice): TypedSlice => ({ ...slice, strides: [0, 1, 0], dtype });
    fusedElementwise({
      expressions: p.bias ? shifted : unshifted,
      inputs: [
        { ...p.x, strides: dense, dtype },
        each(p.mean),
        each(factors),
        ...(p.bias ? [each(p.bias)] : []),
      ],
      outputs: [{ ...p.y, strides: dense, dtype }],
      shape: [batch, channels, inner],
    });
  } finally {
    current.release(storage);
  }
}
