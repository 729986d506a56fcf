/** PyTorch's layers and `Module`: `import * as nn from '@sconce/nn'`. */
export {
  ModuleDict,
  type ModuleDictConstructor,
  type ModuleDictModule,
  type NamedModules,
} from './containers/module-dict.ts';
export { ModuleList } from './containers/module-list.ts';
export { type NamedParameters, ParameterDict } from './containers/parameter-dict.ts';
export { ParameterList } from './containers/parameter-list.ts';
export { Sequential, type SequentialConstructor, type SequentialModule } from './containers/sequential.ts';
export * as data from './data/index.ts';
export * from './fit/index.ts';
export * as functional from './functional/index.ts';
export * as init from './init.ts';
export * from './layers/activation-learned.ts';
export * from './layers/activation-plain.ts';
export * from './layers/activation-rectifiers.ts';
export * from './layers/activation-smooth.ts';
export * from './layers/adaptive-softmax.ts';
export * from './layers/attention.ts';
export * from './layers/batch-normalization.ts';
export * from './layers/bilinear.ts';
export * from './layers/convolution.ts';
export * from './layers/convolution-transpose.ts';
export * from './layers/distance.ts';
export * from './layers/dropout.ts';
export {
  Embedding,
  type EmbeddingArguments,
  type EmbeddingOptions,
  type PretrainedEmbeddingOptions,
  type TableOptions,
} from './layers/embedding.ts';
export * from './layers/embedding-bag.ts';
export * from './layers/fold.ts';
export type { InplaceOptions } from './layers/inplace.ts';
export * from './layers/instance-normalization.ts';
export * from './layers/lazy-convolution.ts';
export * from './layers/lazy-linear.ts';
export * from './layers/lazy-normalization.ts';
export * from './layers/linear.ts';
export type {
  ReductionArguments,
  ReductionOptions,
  WeightedLossArguments,
  WeightedLossOptions,
} from './layers/losses-base.ts';
export * from './layers/losses-classes.ts';
export * from './layers/losses-labels.ts';
export * from './layers/losses-linear.ts';
export * from './layers/losses-pairs.ts';
export * from './layers/losses-regression.ts';
export * from './layers/losses-sequences.ts';
export * from './layers/normalization.ts';
export * from './layers/padding.ts';
export * from './layers/pooling-adaptive.ts';
export * from './layers/pooling-average.ts';
export * from './layers/pooling-fractional.ts';
export * from './layers/pooling-max.ts';
export * from './layers/recurrent.ts';
export { type RecurrentMode, RNNBase, type RNNBaseOptions } from './layers/recurrent-base.ts';
export * from './layers/recurrent-cells.ts';
export * from './layers/resampling.ts';
export * from './layers/response-normalization.ts';
export * from './layers/shape.ts';
export type { Padding1, Padding2, Padding3, Size1, Size2, Size3 } from './layers/size.ts';
export * from './layers/softmax.ts';
export * from './layers/transformer.ts';
export * from './layers/transformer-decoder.ts';
export * from './layers/transformer-encoder.ts';
export type { DTypeOption, LayerArguments } from './module/arguments.ts';
export { deepcopy } from './module/deepcopy.ts';
export * as modules from './module/global-hooks.ts';
export type * from './module/hooks.ts';
export { Module, type NamedOptions } from './module/module.ts';
export { Buffer, Parameter } from './module/parameter.ts';
export { currentModuleScope, type ModuleScope } from './module/scope.ts';
export {
  type IncompatibleKeys,
  type LoadStateDictOptions,
  type ModuleMetadata,
  ModuleState,
  type StateDict,
  StateDictError,
  type StateDictLoad,
} from './module/state-dict.ts';
export {
  isUninitialized,
  UninitializedBuffer,
  type UninitializedOptions,
  UninitializedParameter,
} from './module/uninitialized.ts';
export * as optim from './optim/index.ts';
export * as utils from './utils/index.ts';
export { functionalCall, stackModuleState } from './utils/stateless.ts';
