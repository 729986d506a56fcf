/** The namespace `linalg`: PyTorch's `torch.linalg`, of real matrices. */
export { matmul } from '../ops/matmul.ts';
export {
  type EighOptions,
  type EighResult,
  eigh,
  eigvalsh,
  type SvdOptions,
  type SvdResult,
  svd,
  svdvals,
} from './eigen.ts';
export {
  type CheckErrorsOptions,
  type CholeskyOptions,
  type CholeskyResult,
  cholesky,
  choleskyEx,
  type LdlFactorExResult,
  type LdlFactorResult,
  type LdlOptions,
  type LuFactorExResult,
  type LuFactorResult,
  type LuOptions,
  type LuResult,
  ldlFactor,
  ldlFactorEx,
  lu,
  luFactor,
  luFactorEx,
} from './factorizations.ts';
export {
  det,
  type InverseResult,
  inv,
  invEx,
  matrixPower,
  type SlogdetResult,
  slogdet,
  tensorinv,
} from './inverse.ts';
export {
  type LstsqDriver,
  type LstsqOptions,
  type LstsqResult,
  lstsq,
  type PinvOptions,
  pinv,
} from './least-squares.ts';
export { matrixExp } from './matrix-exp.ts';
export {
  cond,
  type LinalgNormOptions,
  type MatrixNormOptions,
  type MatrixNormOrder,
  matrixNorm,
  matrixRank,
  type NormOptions,
  norm,
  type Tolerance,
  type ToleranceOptions,
  type VectorNormOptions,
  vectorNorm,
} from './norms.ts';
export { householderProduct, type QrMode, type QrOptions, type QrResult, qr } from './orthogonal.ts';
export { cross, type DimOptions, multiDot, vander, vecdot } from './products.ts';
export {
  type LdlSolveOptions,
  type LuSolveOptions,
  ldlSolve,
  luSolve,
  type SolveExOptions,
  type SolveOptions,
  type SolveResult,
  solve,
  solveEx,
  type TensorsolveOptions,
  tensorsolve,
} from './solve.ts';
export { diagonal, type LinalgDiagonalOptions } from './triangles.ts';
export { type SolveTriangularOptions, solveTriangular } from './triangular.ts';
