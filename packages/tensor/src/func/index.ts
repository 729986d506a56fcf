/**
 * Functions of functions (`torch.func`): gradients, Jacobians and batches of functions of tensors, which compose.
 *
 * What they differentiate with respect to are their arguments; nothing needs `requiresGrad`. Results are recorded where
 * something outside can ask for their gradient: another of these functions around, or an argument that requires one.
 */
export { type DerivativeArguments, type GradientOptions, grad, gradAndValue } from './gradients.ts';
export { hessian, jacfwd, jacrev, jvp, vjp } from './jacobians.ts';
export { type BatchDims, type InDims, type MappedOutput, vmap } from './vmap.ts';
