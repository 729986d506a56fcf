// Calls of normalizations, softmax, and their gradients, for tests that compare executors.

import { batchNormTraining } from '../../kernels/batch-norm.ts';
import { batchNormBackward, groupNormBackward } from '../../kernels/channel-norm-backward.ts';
import { crossEntropyBackward } from '../../kernels/cross-entropy-backward.ts';
import { groupNorm, layerNorm } from '../../kernels/row-norm.ts';
import { layerNormBackward, rmsNormBackward } from '../../kernels/row-norm-backward.ts';
import { softmax } from '../../kernels/softmax.ts';
import { softmaxBackward } from '../../kernels/softmax-backward.ts';
import type { Slice } from '../../types.ts';
import { fromOne, positions, random, slice } from './operands.ts';

/** Calls of normalizations, softmax, and their gradients. */
export const normalizationCalls: Readonly<Record<string, () => Slice>> = {
  softmax: () => {
    const [outer, size, inner] = [fromOne(4), fromOne(70), random(2) === 1 ? 1 : fromOne(40)];
    const y = slice(outer * size * inner);
    softmax({ outer, size, inner, x: slice(outer * size * inner), y });
    return y;
  },
  layerNorm: () => {
    const [outer, size] = [fromOne(20), fromOne(90)];
    const y = slice(outer * size);
    const operands = { x: slice(outer * size), y, weight: slice(size), bias: slice(size) };
    layerNorm({ outer, size, eps: 1e-2, ...operands, mean: slice(outer), rstd: slice(outer) });
    return y;
  },
  groupNorm: () => {
    const [batch, groups, inner] = [fromOne(8), fromOne(9), fromOne(40)];
    const channels = groups * fromOne(3);
    const y = slice(batch * channels * inner);
    const operands = {
      x: slice(batch * channels * inner),
      y,
      weight: slice(channels),
      bias: slice(channels),
    };
    groupNorm({ batch, channels, inner, groups, eps: 1e-2, ...operands });
    return y;
  },
  batchNorm: () => {
    const [batch, channels, inner] = [fromOne(5), fromOne(40), random(2) === 1 ? 1 : fromOne(40)];
    const y = slice(batch * channels * inner);
    const statistics = { mean: slice(channels), variance: slice(channels), eps: 1e-2 };
    batchNormTraining({ batch, channels, inner, x: slice(batch * channels * inner), y, ...statistics });
    return y;
  },
  softmaxBackward: () => {
    const [outer, size, inner] = [fromOne(9), fromOne(70), random(2) === 1 ? 1 : fromOne(40)];
    const count = outer * size * inner;
    const dx = slice(count);
    softmaxBackward({ outer, size, inner, dy: slice(count), y: slice(count), dx, log: random(2) === 1 });
    return dx;
  },
  crossEntropyBackward: () => {
    const [outer, classes, inner] = [fromOne(9), fromOne(70), random(2) === 1 ? 1 : fromOne(40)];
    const dx = slice(outer * classes * inner);
    crossEntropyBackward({
      outer,
      classes,
      inner,
      logProbabilities: slice(outer * classes * inner),
      targets: positions(outer * inner, classes),
      scales: slice(outer * inner),
      dx,
    });
    return dx;
  },
  layerNormBackward: () => {
    const [outer, size] = [fromOne(200), fromOne(90)];
    // The gradients of weight and bias lie behind the input's.
    const dx = slice((outer + 2) * size);
    const [dweight, dbias] = [0, 1].map((row) => ({ ...dx, offset: (outer + row) * size })) as [Slice, Slice];
    const statistics = { mean: slice(outer), rstd: slice(outer) };
    const operands = { dy: slice(outer * size), x: slice(outer * size), weight: slice(size), ...statistics };
    layerNormBackward({ outer, size, ...operands, dx, dweight, dbias });
    return dx;
  },
  rmsNormBackward: () => {
    const [outer, size] = [fromOne(200), fromOne(90)];
    const dx = slice((outer + 1) * size);
    const operands = { dy: slice(outer * size), x: slice(outer * size), rstd: slice(outer) };
    rmsNormBackward({ outer, size, ...operands, dx, dweight: { ...dx, offset: outer * size } });
    return dx;
  },
  batchNormBackward: () => {
    const [batch, channels, inner] = [fromOne(5), fromOne(40), random(2) === 1 ? 1 : fromOne(40)];
    const count = batch * channels * inner;
    const dx = slice(count + 2 * channels);
    const operands = {
      dy: slice(count),
      x: slice(count),
      weight: slice(channels),
      mean: slice(channels),
      rstd: slice(channels),
      dx,
      dweight: { ...dx, offset: count },
      dbias: { ...dx, offset: count + channels },
    };
    batchNormBackward({ batch, channels, inner, ...operands });
    return dx;
  },
  groupNormBackward: () => {
    const [batch, groups, inner] = [fromOne(8), fromOne(9), fromOne(40)];
    const channels = groups * fromOne(3);
    const count = batch * channels * inner;
    const dx = slice(count + 2 * channels);
    const operands = {
      dy: slice(count),
      x: slice(count),
      weight: slice(channels),
      mean: slice(batch * groups),
      rstd: slice(batch * groups),
      dx,
      dweight: { ...dx, offset: count },
      dbias: { ...dx, offset: count + channels },
    };
    groupNormBackward({ batch, channels, inner, groups, ...operands });
    return dx;
  },
};
