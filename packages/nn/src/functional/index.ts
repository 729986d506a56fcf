/**
 * The layers' functions without state (`torch.nn.functional`). Most are the tensor package's operators; what PyTorch
 * has only here is composed of them, one file for each family.
 */

export {
  adaptiveAvgPool1d,
  adaptiveAvgPool2d,
  adaptiveAvgPool3d,
  adaptiveMaxPool1d,
  adaptiveMaxPool1dWithIndices,
  adaptiveMaxPool2d,
  adaptiveMaxPool2dWithIndices,
  adaptiveMaxPool3d,
  adaptiveMaxPool3dWithIndices,
  affineGrid,
  avgPool1d,
  avgPool2d,
  avgPool3d,
  col2im as fold,
  conv1d,
  conv2d,
  conv3d,
  convTranspose1d,
  convTranspose2d,
  convTranspose3d,
  embedding,
  embeddingBag,
  fractionalMaxPool2d,
  fractionalMaxPool3d,
  gelu,
  gridSample,
  groupNorm,
  hardshrink,
  im2col as unfold,
  interpolate,
  layerNorm,
  linear,
  logSoftmax,
  logsigmoid,
  lpPool1d,
  lpPool2d,
  lpPool3d,
  maxPool1d,
  maxPool1dWithIndices,
  maxPool2d,
  maxPool2dWithIndices,
  maxPool3d,
  maxPool3dWithIndices,
  maxUnpool1d,
  maxUnpool2d,
  maxUnpool3d,
  nllLoss,
  oneHot,
  pad,
  pdist,
  pixelShuffle,
  rmsNorm,
  sigmoid,
  softMarginLoss,
  softmax,
  softplus,
  softshrink,
  tanh,
} from '@sconce/tensor';
export * from './activation.ts';
export { type ScaledDotProductAttentionOptions, scaledDotProductAttention } from './attention.ts';
export * from './classification-losses.ts';
export * from './convolution.ts';
export * from './ctc-loss.ts';
export * from './distance.ts';
export * from './embedding-losses.ts';
export * from './grouped-matmul.ts';
export * from './in-place.ts';
export * from './linear-cross-entropy.ts';
export type { Loss, LossOptions } from './loss-reduction.ts';
export { type MultiHeadAttentionOptions, multiHeadAttentionForward } from './multi-head-attention.ts';
export * from './normalization.ts';
export * from './pooling.ts';
export * from './regression-losses.ts';
export * from './resampling.ts';
export * from './sampling.ts';
export * from './shuffling.ts';
