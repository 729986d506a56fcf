// Weights of a model here as variables of TensorFlow.js, in its layouts, and the layers that it needs more than a call for.

import type { Tensor } from '@sconce/tensor';
import type * as tfjs from '@tensorflow/tfjs';

type Tf = typeof tfjs;

const values = (tensor: Tensor): Float32Array => tensor.detach().toTypedArray() as Float32Array;

/** A vector, as it is. */
export const vector = (tf: Tf, tensor: Tensor): tfjs.Variable<tfjs.Rank.R1> =>
  tf.variable(tf.tensor1d(values(tensor)));

/** A linear layer's weight, [inputs, outputs]. */
export const matrix = (tf: Tf, tensor: Tensor): tfjs.Variable<tfjs.Rank.R2> =>
  tf.variable(tf.transpose(tf.tensor2d(values(tensor), tensor.shape as [number, number])));

/** Normalization with the moments of `axes`, which are kept. */
export function normalize(
  tf: Tf,
  x: tfjs.Tensor,
  axes: number[],
  weight: tfjs.Tensor,
  bias: tfjs.Tensor,
): tfjs.Tensor {
  const { mean, variance } = tf.moments(x, axes, true);
  const scaled = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5)));
  return tf.add(tf.mul(scaled, weight), bias);
}

/** `x @ weight + bias` over the last dimension. */
export function dense(tf: Tf, x: tfjs.Tensor, weight: tfjs.Tensor2D, bias: tfjs.Tensor1D): tfjs.Tensor {
  const rows = tf.reshape(x, [-1, weight.shape[0]]) as tfjs.Tensor2D;
  return tf.reshape(tf.add(tf.matMul(rows, weight), bias), [...x.shape.slice(0, -1), weight.shape[1]]);
}

/** The call that trains: one step, whose loss it gives. */
export function trainer(
  tf: Tf,
  optimizer: tfjs.Optimizer,
  labels: tfjs.Tensor,
  classes: number,
  forward: () => tfjs.Tensor,
): () => tfjs.Tensor {
  const wanted = tf.oneHot(labels as tfjs.Tensor1D, classes);
  return () =>
    optimizer.minimize(() => tf.losses.softmaxCrossEntropy(wanted, forward()) as tfjs.Scalar, true)!;
}
