/** Weights as directions and lengths. */
import type { Tensor } from '@sconce/tensor';
import { hooksOf } from '../../module/hooked-module.ts';
import { Module } from '../../module/module.ts';
import type { StateDictLoad } from '../../module/state-dict.ts';
import type { Parametrization } from '../parametrization-list.ts';
import { registerParametrization } from '../parametrize.ts';
import { normExceptDim, scaleToNorm } from '../weight-direction.ts';

/** Named as PyTorch's class, which is printed. */
class WeightNorm extends Module implements Parametrization {
  static override readonly className: string = '_WeightNorm';
  readonly dim: number;

  constructor(dim: number) {
    super();
    this.dim = dim;
  }

  override forward(g: Tensor, v: Tensor): Tensor {
    return scaleToNorm(v, g, this.dim);
  }

  rightInverse(weight: Tensor): readonly Tensor[] {
    return [normExceptDim(weight, this.dim), weight];
  }
}

/**
 * Learns a weight as lengths (`original0`) and directions (`original1`) (Salimans and Kingma, "Weight normalization",
 * 2016; `torch.nn.utils.parametrizations.weight_norm`). State dicts of the older form are understood.
 *
 * @param dim the dimension each of whose indices has a length of its own (default 0); null for one length in all
 */
export function weightNorm<M extends Module>(module: M, name: string = 'weight', dim: number | null = 0): M {
  registerParametrization(module, name, new WeightNorm(dim ?? -1), { unsafe: true });
  hooksOf(module).loadPre.add((_self: Module, { state, prefix }: StateDictLoad): void => {
    const g = state.get(`${prefix}${name}_g`);
    const v = state.get(`${prefix}${name}_v`);
    if (g === undefined || v === undefined) return;
    state.delete(`${prefix}${name}_g`);
    state.delete(`${prefix}${name}_v`);
    state.set(`${prefix}parametrizations.${name}.original0`, g);
    state.set(`${prefix}parametrizations.${name}.original1`, v);
  });
  return module;
}
