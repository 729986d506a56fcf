/** `nn.utils`: helpers around modules and their data. */
export {
  clipGradNorm_,
  clipGradsWithNorm_,
  clipGradValue_,
  getTotalNorm,
  type TensorOrTensors,
  type TotalNormArguments,
  type TotalNormOptions,
} from './clip-gradients.ts';
export { parametersToVector, vectorToParameters } from './convert-parameters.ts';
export {
  type FusibleNorm,
  fuseConvBnEval,
  fuseConvBnWeights,
  fuseLinearBnEval,
  fuseLinearBnWeights,
  type WeightedLayer,
} from './fusion.ts';
export * as parametrizations from './parametrizations/index.ts';
export * as parametrize from './parametrize.ts';
export * as prune from './prune.ts';
export * as rnn from './rnn.ts';
export { skipInit } from './skip-init.ts';
export { removeSpectralNorm, type SpectralNormOptions, spectralNorm } from './spectral-norm.ts';
export * as stateless from './stateless.ts';
export { removeWeightNorm, weightNorm } from './weight-norm.ts';
