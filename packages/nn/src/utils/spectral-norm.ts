/** Spectral normalization by hooks, as PyTorch did it before there were parametrizations. */
import { linalg, noGrad, type Tensor } from '@sconce/tensor';
import { ConvTranspose1d, ConvTranspose2d, ConvTranspose3d } from '../layers/convolution-transpose.ts';
import { hooksOf } from '../module/hooked-module.ts';
import { type Module, registryOf } from '../module/module.ts';
import { Parameter } from '../module/parameter.ts';
import type { StateDictLoad } from '../module/state-dict.ts';
import { isUninitialized } from '../module/uninitialized.ts';
import { HookTags } from './hook-tags.ts';
import { tensorsOf } from './members.ts';
import { randomDirection, unit, weightMatrix } from './power-iteration.ts';

/** Options of spectral normalization. */
export interface SpectralNormOptions {
  /** How often the singular vectors are improved in each call in training mode (default 1). */
  readonly nPowerIterations?: number;
  /** Smallest norm that is divided by (default 1e-12). */
  readonly eps?: number;
  /** The dimension of the outputs; by default 1 for transposed convolutions and 0 for others. */
  readonly dim?: number | null;
}

interface SpectralNorm {
  readonly name: string;
  readonly dim: number;
  readonly iterations: number;
  readonly eps: number;
}

const tags: HookTags<SpectralNorm> = new HookTags();

/** Version of what is saved. */
const version = 1;

/** The dimension of a layer's outputs in its weight. */
export function outputDimension(module: Module): number {
  return module instanceof ConvTranspose1d ||
    module instanceof ConvTranspose2d ||
    module instanceof ConvTranspose3d
    ? 1
    : 0;
}

/**
 * Divides a parameter by its largest singular value in each call (Miyato et al., "Spectral normalization for generative
 * adversarial networks", 2018): `name` becomes `name_orig` with the buffers `name_u` and `name_v`
 * (`torch.nn.utils.spectral_norm`). `parametrizations.spectralNorm` is the newer form.
 *
 * @throws {Error} when the parameter is normalized already
 */
export function spectralNorm<M extends Module>(
  module: M,
  name: string = 'weight',
  options: SpectralNormOptions = {},
): M {
  const { nPowerIterations: iterations = 1, eps = 1e-12, dim } = options;
  if (tags.of(module).some((other) => other.name === name)) {
    throw new Error(`Cannot register two spectral_norm hooks on the same parameter ${name}`);
  }
  if (!(iterations > 0)) {
    throw new RangeError(
      `Expected n_power_iterations to be positive, but got n_power_iterations=${iterations}`,
    );
  }
  const norm: SpectralNorm = { name, dim: dim ?? outputDimension(module), iterations, eps };
  const members = tensorsOf(module);
  const weight = members[name];
  if (!(weight instanceof Parameter)) {
    throw new TypeError(`\`SpectralNorm\` cannot be applied as parameter \`${name}\` is None`);
  }
  if (isUninitialized(weight)) {
    throw new TypeError(
      "The module passed to `SpectralNorm` can't have uninitialized parameters. Make sure to run the dummy forward before applying spectral normalization",
    );
  }
  const [height, width] = weightMatrix(weight.data, norm.dim).shape as readonly [number, number];
  const u = randomDirection(weight, height, eps);
  const v = randomDirection(weight, width, eps);
  registryOf(module).remove('parameter', name);
  module.registerParameter(`${name}_orig`, weight);
  members[name] = weight.data;
  module.registerBuffer(`${name}_u`, u);
  module.registerBuffer(`${name}_v`, v);
  const hooks = hooksOf(module);
  hooks.forwardPre.add(
    tags.mark((self: Module): void => {
      tensorsOf(self)[name] = computeWeight(self, norm, self.training);
    }, norm),
  );
  hooks.statePost.add(
    tags.mark((_self, _state, _prefix, metadata): void => {
      const versions = { ...(metadata['spectral_norm'] as object | undefined), [`${name}.version`]: version };
      metadata['spectral_norm'] = versions;
    }, norm),
  );
  hooks.loadPre.add(tags.mark((_self: Module, load: StateDictLoad) => upgrade(norm, load), norm));
  return module;
}

/** Makes a plain parameter of it again (`torch.nn.utils.remove_spectral_norm`). @throws {Error} when there is none */
export function removeSpectralNorm<M extends Module>(module: M, name: string = 'weight'): M {
  const norm = tags.of(module).find((other) => other.name === name);
  if (norm === undefined) throw new Error(`spectral_norm of '${name}' not found in ${String(module)}`);
  const weight = noGrad(() => computeWeight(module, norm, false)).detach();
  const registry = registryOf(module);
  for (const buffer of [`${name}_u`, `${name}_v`]) registry.remove('buffer', buffer);
  registry.remove('parameter', `${name}_orig`);
  Reflect.deleteProperty(module, name);
  module.registerParameter(name, new Parameter(weight));
  tags.remove(module, norm);
  return module;
}

function computeWeight(
  module: Module,
  { name, dim, iterations, eps }: SpectralNorm,
  iterate: boolean,
): Tensor {
  const members = tensorsOf(module);
  const weight = members[`${name}_orig`] as Tensor;
  let u = members[`${name}_u`] as Tensor;
  let v = members[`${name}_v`] as Tensor;
  const matrix = weightMatrix(weight, dim);
  if (iterate) {
    noGrad(() => {
      for (let i = 0; i < iterations; i++) {
        v.copy_(unit(matrix.t().mv(u), eps));
        u.copy_(unit(matrix.mv(v), eps));
      }
    });
    // A later call writes to the buffers, which a backward pass of this one must not see.
    u = u.clone();
    v = v.clone();
  }
  return weight.div(u.dot(matrix.mv(v)));
}

/** State from before versions held the normalized weight instead of `v`. */
function upgrade({ name, dim }: SpectralNorm, load: StateDictLoad): void {
  const saved = load.metadata['spectral_norm'];
  const known = (saved as Record<string, unknown> | undefined)?.[`${name}.version`];
  if (typeof known === 'number' && known >= 1) return;
  const key = load.prefix + name;
  const { state } = load;
  const isNew = ['_orig', '_u', '_v'].every((suffix) => state.has(key + suffix)) && !state.has(key);
  if (known === undefined && isNew) return;
  const missing = ['_orig', '', '_u'].map((suffix) => key + suffix).filter((name) => !state.has(name));
  load.missingKeys.push(...missing);
  if (missing.length > 0) return;
  noGrad(() => {
    const original = state.get(`${key}_orig`) as Tensor;
    const sigma = original.div(state.get(key) as Tensor).mean();
    state.delete(key);
    const matrix = weightMatrix(original, dim);
    const u = state.get(`${key}_u`) as Tensor;
    const v = linalg.multiDot([matrix.t().mm(matrix).pinverse(), matrix.t(), u.unsqueeze(1)]).squeeze(1);
    state.set(`${key}_v`, v.mul(sigma.div(u.dot(matrix.mv(v)))));
  });
}
