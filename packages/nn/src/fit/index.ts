/** Training without a loop of one's own: `fit`, `evaluate`, and what they tell. */
export { accuracy } from './accuracy.ts';
export { evaluate, fit } from './fit.ts';
export { NanLossError } from './nan-loss.ts';
export { epochLine, type ProgressLineOptions, progressLine, textProgress } from './progress.ts';
export type {
  Batches,
  EpochResult,
  EvaluateOptions,
  FitOptimizer,
  FitOptions,
  FitProgress,
  FitResult,
  FitState,
  Loss,
  Means,
  Metric,
} from './types.ts';
