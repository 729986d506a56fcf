// A convolutional network as a list of layers in the order in which they run; tensors go by names.

import type { Activation, Padding, Pair } from '@sconce/engine';

/** Channels, height and width of an image. */
export type Extent = readonly [channels: number, height: number, width: number];

interface Between {
  /** Names of the tensors that are read. */
  readonly inputs: readonly string[];
  /** Name of the tensor that is written. */
  readonly output: string;
}

/** A convolution, and what follows it in its epilogue: the residual, then the activation. */
export interface Convolution extends Between {
  readonly kind: 'convolution';
  readonly shape: readonly [outChannels: number, groupChannels: number, height: number, width: number];
  readonly weights: Float32Array;
  readonly bias: Float32Array;
  readonly stride: Pair;
  readonly padding: Padding;
  readonly dilation: Pair;
  readonly groups: number;
  /** The tensor that is added; among the inputs too. */
  readonly residual?: string;
  readonly activation?: Activation;
}

/** `x * scale + shift` for each channel: a batch normalization with fixed statistics. */
interface Affine extends Between {
  readonly kind: 'affine';
  readonly scale: Float32Array;
  readonly shift: Float32Array;
}

interface MaxPool extends Between {
  readonly kind: 'maxPool';
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly padding: Padding;
}

/** `w x + bias`, `w[outputs, inputs]`. */
interface Linear extends Between {
  readonly kind: 'linear';
  readonly outputs: number;
  readonly weights: Float32Array;
  readonly bias: Float32Array;
}

interface ActivationLayer extends Between {
  readonly kind: 'activation';
  readonly activation: Activation;
}

/** Repeats each pixel. */
interface Upsample extends Between {
  readonly kind: 'upsample';
  readonly factors: Pair;
}

/** A product with one number. */
interface Scale extends Between {
  readonly kind: 'scale';
  readonly factor: number;
}

interface Simple extends Between {
  /** `concatenation` is along channels. */
  readonly kind: 'addition' | 'globalAverage' | 'flatten' | 'sigmoid' | 'concatenation';
}

export type Layer = Convolution | Affine | MaxPool | Linear | ActivationLayer | Upsample | Scale | Simple;

/** A network of one image in and any number of tensors out. */
export interface Network {
  readonly input: { readonly name: string; readonly extent: Extent };
  readonly layers: readonly Layer[];
  readonly outputs: readonly string[];
}

/** How many layers read each tensor; what leaves the network counts as well. */
export function readersOf({ layers, outputs }: Network): Map<string, number> {
  const readers = new Map<string, number>();
  for (const name of [...layers.flatMap(({ inputs }) => inputs), ...outputs]) {
    readers.set(name, (readers.get(name) ?? 0) + 1);
  }
  return readers;
}
