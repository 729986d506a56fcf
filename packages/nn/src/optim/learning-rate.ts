/** Learning rates, which may be tensors: then PyTorch computes with them in the tensor's dtype. */
import { Tensor } from '@sconce/tensor';
import { pythonFloat } from '../module/python-text.ts';

/** A learning rate for one step. */
export interface LearningRate {
  readonly value: number;
  /** Rounds what was computed from the rate. */
  round(value: number): number;
}

/** Reads a group's learning rate. @throws {Error} for one that is to be learned itself */
export function learningRate(lr: unknown): LearningRate {
  if (!(lr instanceof Tensor)) return { value: lr as number, round: identity };
  if (lr.requiresGrad)
    throw new Error(
      'lr: gradients with respect to the learning rate are not supported, expected a tensor that requires none',
    );
  return { value: Number(lr.item()), round: lr.dtype === 'float64' ? identity : Math.fround };
}

function identity(value: number): number {
  return value;
}

/** Refuses tensors of several elements, and rates below zero. @throws {Error} in PyTorch's words */
export function checkLearningRate(
  lr: unknown,
  message: (lr: string) => string = (value) => `Invalid learning rate: ${value}`,
): void {
  if (lr instanceof Tensor && lr.numel() !== 1) throw new Error('Tensor lr must be 1-element');
  checkAtLeast(0, lr, message);
}

/** Refuses numbers below a bound, NaN too. */
export function checkAtLeast(bound: number, value: unknown, message: (value: string) => string): void {
  const number = Number(value instanceof Tensor ? value.item() : value);
  if (!(number >= bound)) throw new Error(message(pythonFloat(number)));
}

/** Refuses betas outside of [0, 1). @throws {Error} in PyTorch's words */
export function checkBetas(betas: readonly unknown[]): void {
  betas.forEach((beta, i) => {
    const number = Number(beta instanceof Tensor ? beta.item() : beta);
    if (!(number >= 0 && number < 1))
      throw new Error(`Invalid beta parameter at index ${i}: ${pythonFloat(number)}`);
  });
}
