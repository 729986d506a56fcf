/** `torch.autograd`. */
export { detectAnomaly, setDetectAnomaly } from './anomaly.ts';
export { type BackwardOptions, backward, type GradOptions, grad } from './api.ts';
export {
  Function,
  FunctionContext,
  type FunctionWithContext,
  type FunctionWithSetup,
} from './function.ts';
export * as functional from './functional.ts';
export { type GradcheckOptions, gradcheck, gradgradcheck } from './gradcheck.ts';
export * as graph from './graph.ts';
export { enableGrad, inferenceMode, noGrad, setGradEnabled as setGradMode } from './mode.ts';
