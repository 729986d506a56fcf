/** PyTorch's optimizers (`torch.optim`): `new nn.optim.SGD(model.parameters(), { lr: 0.1 })`. */
export { Adadelta, type AdadeltaArguments, type AdadeltaOptions } from './adadelta.ts';
export { Adafactor, type AdafactorArguments, type AdafactorOptions } from './adafactor.ts';
export { Adagrad, type AdagradArguments, type AdagradOptions } from './adagrad.ts';
export {
  Adam,
  type AdamArguments,
  type AdamOptions,
  AdamW,
  type AdamWArguments,
  type AdamWOptions,
  type Betas,
} from './adam.ts';
export { Adamax, type AdamaxArguments, type AdamaxOptions } from './adamax.ts';
export { ASGD, type ASGDArguments, type ASGDOptions } from './asgd.ts';
export { LBFGS, type LBFGSArguments, type LBFGSOptions } from './lbfgs.ts';
export * as lrScheduler from './lr-scheduler/index.ts';
export { Muon, type MuonArguments, type MuonOptions } from './muon.ts';
export { NAdam, type NAdamArguments, type NAdamOptions } from './nadam.ts';
export * from './optimizer.ts';
export type { CapturableOption, CommonOptions, FusedOption } from './options.ts';
export type { GroupInput, NamedTensor, ParameterList, ParamGroup, Params } from './param-groups.ts';
export { RAdam, type RAdamArguments, type RAdamOptions } from './radam.ts';
export { RMSprop, type RMSpropArguments, type RMSpropOptions } from './rmsprop.ts';
export { Rprop, type RpropArguments, type RpropOptions } from './rprop.ts';
export { SGD, type SGDArguments, type SGDOptions } from './sgd.ts';
export type { LoadableOptimizerState, OptimizerStateDict, ParameterState } from './state-dict.ts';
export * as swaUtils from './swa-utils.ts';
