/** Momentum that changes along with the learning rate: `momentum`, or the first of `betas`. */
import type { Optimizer } from '../optimizer.ts';
import type { ParamGroup } from '../param-groups.ts';
import { perGroup } from './scheduler.ts';

/** The bounds of each group's momentum. */
export interface MomentumBounds {
  /** Whether it is the first of `betas`. */
  readonly useBeta1: boolean;
  readonly base: readonly number[];
  readonly max: readonly number[];
}

/** Sets the momentum that a group begins with, and notes its bounds there. @throws {Error} where there is none, in PyTorch's words */
export function prepareMomentum(
  optimizer: Optimizer,
  base: number | readonly number[],
  max: number | readonly number[],
  begins: boolean,
): MomentumBounds {
  const { defaults } = optimizer;
  if (!('momentum' in defaults) && !('betas' in defaults))
    throw new Error('optimizer must support momentum or beta1 with `cycle_momentum` option enabled');
  const bounds = {
    useBeta1: 'betas' in defaults,
    base: perGroup('base_momentum', optimizer, base),
    max: perGroup('max_momentum', optimizer, max),
  };
  if (begins) {
    optimizer.paramGroups.forEach((group, i) => {
      setMomentum(group, bounds.useBeta1, bounds.max[i]!);
      group['maxMomentum'] = bounds.max[i];
      group['baseMomentum'] = bounds.base[i];
    });
  }
  return bounds;
}

/** Sets a group's momentum. */
export function setMomentum(group: ParamGroup, useBeta1: boolean, value: number): void {
  if (useBeta1) group['betas'] = [value, ...(group['betas'] as readonly unknown[]).slice(1)];
  else group['momentum'] = value;
}
