// Fusions: what follows a convolution becomes part of its weights or of its epilogue. Each takes a network and gives an
// equal one.

import { type Convolution, type Layer, type Network, readersOf } from './layers.ts';

/** Applies all fusions. */
export function fuse(network: Network): Network {
  return [foldAffine, fuseAddition, fuseActivation, foldScale].reduce((one, fusion) => fusion(one), network);
}

/** Batch normalizations scale the weights of the convolutions before them. */
function foldAffine(network: Network): Network {
  return afterConvolutions(network, (convolution, layer) => {
    if (layer.kind !== 'affine' || convolution.residual || convolution.activation) return undefined;
    return scaled(convolution, (channel) => layer.scale[channel]!, layer.shift);
  });
}

/** A product with a positive number may go before a ReLU, and so into the weights. */
function foldScale(network: Network): Network {
  return afterConvolutions(network, (convolution, layer) => {
    const { residual, activation } = convolution;
    if (layer.kind !== 'scale' || residual || layer.factor <= 0 || activation?.kind === 'clamp')
      return undefined;
    return scaled(convolution, () => layer.factor);
  });
}

function fuseActivation(network: Network): Network {
  return afterConvolutions(network, (convolution, layer) =>
    layer.kind === 'activation' && !convolution.activation
      ? { ...convolution, activation: layer.activation }
      : undefined,
  );
}

/** The first of two added tensors that a convolution makes for this purpose alone takes the other one as its residual. */
function fuseAddition(network: Network): Network {
  return afterConvolutions(network, (convolution, layer) => {
    if (layer.kind !== 'addition' || convolution.residual || convolution.activation) return undefined;
    const residual = layer.inputs.find((name) => name !== convolution.output)!;
    return { ...convolution, inputs: [...convolution.inputs, residual], residual };
  });
}

/** Replaces convolutions and what alone reads them by what `merge` makes of both, in the place of the latter. */
function afterConvolutions(
  network: Network,
  merge: (convolution: Convolution, layer: Layer) => Convolution | undefined,
): Network {
  const readers = readersOf(network);
  const layers = new Map(network.layers.map((layer) => [layer.output, layer]));
  for (const layer of network.layers) {
    for (const name of layer.inputs) {
      const before = layers.get(name);
      if (before?.kind !== 'convolution' || readers.get(name) !== 1) continue;
      const merged = merge(before, layer);
      if (merged === undefined) continue;
      layers.delete(name);
      layers.delete(layer.output);
      layers.set(layer.output, { ...merged, output: layer.output });
      break;
    }
  }
  // Those that were merged stand where the later one stood: after everything that either reads.
  return { ...network, layers: network.layers.flatMap(({ output }) => layers.get(output) ?? []) };
}

function scaled(
  convolution: Convolution,
  factor: (channel: number) => number,
  shift?: Float32Array,
): Convolution {
  const { weights, bias } = convolution;
  const each = weights.length / bias.length;
  return {
    ...convolution,
    weights: weights.map((value, i) => value * factor(Math.floor(i / each))),
    bias: bias.map((value, channel) => value * factor(channel) + (shift?.[channel] ?? 0)),
  };
}
