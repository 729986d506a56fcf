/** Weight normalization by hooks, as PyTorch did it before there were parametrizations. */
import type { Tensor } from '@sconce/tensor';
import { hooksOf } from '../module/hooked-module.ts';
import { type Module, registryOf } from '../module/module.ts';
import { Parameter } from '../module/parameter.ts';
import { isUninitialized } from '../module/uninitialized.ts';
import { HookTags } from './hook-tags.ts';
import { tensorsOf } from './members.ts';
import { normExceptDim, scaleToNorm } from './weight-direction.ts';

interface WeightNorm {
  readonly name: string;
  readonly dim: number;
}

const tags: HookTags<WeightNorm> = new HookTags();

function computeWeight(module: Module, { name, dim }: WeightNorm): Tensor {
  const members = tensorsOf(module);
  return scaleToNorm(members[`${name}_v`] as Tensor, members[`${name}_g`] as Tensor, dim);
}

/**
 * Learns a parameter as a direction and a length (Salimans and Kingma, "Weight normalization", 2016): `name` becomes
 * `name_g`, the lengths, and `name_v` (`torch.nn.utils.weight_norm`). `parametrizations.weightNorm` is the newer form.
 *
 * @param dim the dimension each of whose indices has a length of its own (default 0); null for one length in all
 * @throws {Error} when the parameter is normalized already
 */
export function weightNorm<M extends Module>(module: M, name: string = 'weight', dim: number | null = 0): M {
  if (tags.of(module).some((other) => other.name === name)) {
    throw new Error(`Cannot register two weight_norm hooks on the same parameter ${name}`);
  }
  const norm: WeightNorm = { name, dim: dim ?? -1 };
  const members = tensorsOf(module);
  const weight = members[name] as Tensor;
  if (isUninitialized(weight)) {
    throw new TypeError(
      "The module passed to `WeightNorm` can't have uninitialized parameters. Make sure to run the dummy forward before applying weight normalization",
    );
  }
  registryOf(module).remove('parameter', name);
  module.registerParameter(`${name}_g`, new Parameter(normExceptDim(weight, norm.dim).detach()));
  module.registerParameter(`${name}_v`, new Parameter(weight.data));
  members[name] = computeWeight(module, norm);
  hooksOf(module).forwardPre.add(
    tags.mark((self: Module): void => {
      tensorsOf(self)[name] = computeWeight(self, norm);
    }, norm),
  );
  return module;
}

/** Makes one parameter of the two again (`torch.nn.utils.remove_weight_norm`). @throws {Error} when there are none */
export function removeWeightNorm<M extends Module>(module: M, name: string = 'weight'): M {
  const norm = tags.of(module).find((other) => other.name === name);
  if (norm === undefined) throw new Error(`weight_norm of '${name}' not found in ${String(module)}`);
  const weight = computeWeight(module, norm).detach();
  for (const own of [`${name}_g`, `${name}_v`]) registryOf(module).remove('parameter', own);
  Reflect.deleteProperty(module, name);
  module.registerParameter(name, new Parameter(weight));
  tags.remove(module, norm);
  return module;
}
