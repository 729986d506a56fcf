/** `nn.utils.parametrizations`: parametrizations that are ready to use. */
export { type OrthogonalMap, type OrthogonalOptions, orthogonal } from './orthogonal.ts';
export { spectralNorm } from './spectral-norm.ts';
export { weightNorm } from './weight-norm.ts';
