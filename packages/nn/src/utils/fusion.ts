/** Batch normalization in evaluation mode put into the weights of the layer before it. */
import { onesLike, type Tensor, zerosLike } from '@sconce/tensor';
import { deepcopy } from '../module/deepcopy.ts';
import type { Module } from '../module/module.ts';
import { Parameter } from '../module/parameter.ts';

/** A layer with a weight, and perhaps a bias. */
export interface WeightedLayer extends Module {
  weight: Parameter;
  bias: Parameter | null;
}

/** What fusion needs of a batch normalization layer. */
export interface FusibleNorm extends Module {
  readonly numFeatures: number;
  readonly eps: number;
  readonly weight: Parameter | null;
  readonly bias: Parameter | null;
  readonly running_mean: Tensor | null;
  readonly running_var: Tensor | null;
}

function statistics(layer: Module, norm: FusibleNorm): [mean: Tensor, variance: Tensor] {
  if (layer.training || norm.training) throw new Error('Fusion only for eval!');
  const { running_mean: mean, running_var: variance } = norm;
  if (mean === null || variance === null) {
    throw new Error('bn.running_mean and bn.running_var must not be None');
  }
  return [mean, variance];
}

/**
 * A copy of a convolution that also does the batch normalization behind it (`torch.nn.utils.fuse_conv_bn_eval`).
 *
 * @param transpose whether the convolution is a transposed one
 * @throws {Error} unless both are in evaluation mode
 */
export function fuseConvBnEval<Conv extends WeightedLayer>(
  conv: Conv,
  norm: FusibleNorm,
  transpose: boolean = false,
): Conv {
  const [mean, variance] = statistics(conv, norm);
  const fused = deepcopy(conv);
  const { weight, bias } = fused;
  [fused.weight, fused.bias] = fuseConvBnWeights(
    weight,
    bias,
    mean,
    variance,
    norm.eps,
    norm.weight,
    norm.bias,
    transpose,
  );
  return fused;
}

/** Weight and bias of a convolution that also does a batch normalization (`torch.nn.utils.fuse_conv_bn_weights`). */
export function fuseConvBnWeights(
  weight: Tensor,
  bias: Tensor | null,
  mean: Tensor,
  variance: Tensor,
  eps: number,
  normWeight: Tensor | null,
  normBias: Tensor | null,
  transpose: boolean = false,
): [weight: Parameter, bias: Parameter] {
  const oldBias = bias ?? zerosLike(mean);
  const scale = normWeight ?? onesLike(mean);
  const shift = normBias ?? zerosLike(mean);
  const inverse = variance.add(eps).rsqrt();
  const kernel = weight.shape.slice(2).map(() => 1);
  const factor = scale.mul(inverse).reshape(transpose ? [1, -1, ...kernel] : [-1, 1, ...kernel]);
  const fusedBias = oldBias.sub(mean).mul(inverse).mul(scale).add(shift);
  return [
    new Parameter(weight.mul(factor).to(weight.dtype).detach(), weight.requiresGrad),
    new Parameter(fusedBias.to(bias === null ? weight.dtype : bias.dtype).detach(), oldBias.requiresGrad),
  ];
}

/**
 * A copy of a fully connected layer that also does the batch normalization behind it
 * (`torch.nn.utils.fuse_linear_bn_eval`).
 *
 * @throws {Error} unless both are in evaluation mode and as many features are normalized as there are outputs, or one
 */
export function fuseLinearBnEval<Layer extends WeightedLayer & { readonly outFeatures: number }>(
  linear: Layer,
  norm: FusibleNorm,
): Layer {
  const [mean, variance] = statistics(linear, norm);
  const { outFeatures } = linear;
  if (outFeatures !== norm.numFeatures && norm.numFeatures !== 1) {
    throw new Error(
      `To fuse, linear.out_features == bn.num_features or bn.num_features == 1, got linear.out_features=${outFeatures} and bn.num_features=${norm.numFeatures}`,
    );
  }
  const fused = deepcopy(linear);
  const { weight, bias } = fused;
  [fused.weight, fused.bias] = fuseLinearBnWeights(
    weight,
    bias,
    mean,
    variance,
    norm.eps,
    norm.weight ?? onesLike(mean),
    norm.bias ?? zerosLike(mean),
  );
  return fused;
}

/** Weight and bias of a fully connected layer that also does a batch normalization (`torch.nn.utils.fuse_linear_bn_weights`). */
export function fuseLinearBnWeights(
  weight: Tensor,
  bias: Tensor | null,
  mean: Tensor,
  variance: Tensor,
  eps: number,
  normWeight: Tensor,
  normBias: Tensor,
): [weight: Parameter, bias: Parameter] {
  const oldBias = bias ?? zerosLike(mean);
  const scale = normWeight.mul(variance.add(eps).rsqrt());
  const fusedWeight = weight.mul(scale.unsqueeze(-1).to(weight.dtype));
  const fusedBias = oldBias.sub(mean).mul(scale).add(normBias);
  return [
    new Parameter(fusedWeight.detach(), weight.requiresGrad),
    new Parameter(fusedBias.to(bias === null ? weight.dtype : bias.dtype).detach(), oldBias.requiresGrad),
  ];
}
