/**
 * Operators whose results are not determined altogether, by a choice that PyTorch leaves to LAPACK or by memory that
 * nobody has written to, and what of their results is compared instead: the same that PyTorch's own tests compare.
 */
import { Tensor, zerosLike } from '@sconce/tensor';

/** What can be compared of one operator's outputs. */
export interface Gauge {
  /** Why the outputs themselves are not compared. */
  readonly reason: string;
  readonly of: (outputs: readonly unknown[]) => readonly unknown[];
}

const signs = 'each pair of singular vectors is determined up to its sign';

/** A = U diag(S) Vᵀ and S. */
const lowRank: Gauge = {
  reason: signs,
  of: (outputs) => {
    const [U, S, V] = outputs as [Tensor, Tensor, Tensor];
    return [U.mul(S.unsqueeze(-2)).matmul(V.transpose(-2, -1)), S];
  },
};

/** Shape and dtype. */
const uninitialised: Gauge = {
  reason: 'the elements are whatever the memory held',
  of: (outputs) => outputs.map((output) => (output instanceof Tensor ? zerosLike(output) : output)),
};

/** By the operator's name in the database. */
export const gauges: Readonly<Record<string, Gauge>> = {
  'linalg.eigh': {
    reason: 'each eigenvector is determined up to its sign',
    of: (outputs) => {
      const [values, vectors] = outputs as [Tensor, Tensor];
      return [values, vectors.abs()];
    },
  },
  empty: uninitialised,
  empty_like: uninitialised,
  empty_permuted: uninitialised,
  empty_strided: uninitialised,
  new_empty: uninitialised,
  new_empty_strided: uninitialised,
  pca_lowrank: lowRank,
  svd_lowrank: lowRank,
};
